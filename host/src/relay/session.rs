//! One session with ThingsBoard, from the credentials to whatever ends it.

use std::sync::Arc;

use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tracing::info;

use super::{
    connect::{Connection, connect},
    creation::Creator,
    entities::Entities,
    error::SessionError,
    exchange::Exchange,
    memory::Memory,
    reader::Reader,
    reports::Reports,
    sender::{self, Sender},
};
use crate::{
    config::{Proxy, ThingsBoard},
    dead_letters::DeadLetters,
    message::Delivery,
    spool::Spool,
};

/// What a session needs.
#[derive(Clone, Copy)]
pub(super) struct Context<'session> {
    pub(super) settings: &'session ThingsBoard,
    pub(super) spool: &'session Spool,
    pub(super) entities: &'session Entities,
    pub(super) downlinks: &'session mpsc::Sender<Delivery>,
    /// Takes what ThingsBoard does not, if it is to be kept.
    pub(super) dead_letters: Option<&'session DeadLetters>,
    pub(super) memory: &'session Memory,
    /// What there is to tell of the edge itself.
    pub(super) reports: &'session Reports,
}

/// Runs one session to its end. `accepted` is called once ThingsBoard has
/// accepted the credentials.
pub(super) async fn run(context: Context<'_>, accepted: impl FnOnce()) -> SessionError {
    let Context {
        settings,
        spool,
        entities,
        downlinks,
        dead_letters,
        memory,
        reports,
    } = context;
    let Connection {
        edge,
        circumstances,
        outbound,
        mut inbound,
    } = match connect(settings).await {
        Ok(connection) => connection,
        Err(end) => return end,
    };
    info!(
        host = settings.host,
        port = settings.port,
        tls = settings.tls.enabled,
        proxy = settings.proxy.as_ref().map(Proxy::address),
        edge = edge.name,
        "connected to ThingsBoard"
    );
    accepted();
    let server_limit = circumstances.server_limit;
    let exchange = Arc::new(Exchange::new(outbound, settings.acknowledge_timeout()));
    let synchronised = Notify::new();
    let reader = Reader {
        entities,
        circumstances,
        exchange: exchange.clone(),
        downlinks,
        memory,
        synchronised: &synchronised,
    };
    let creator = Creator::new(&edge, entities, &memory.customers);
    let context = sender::Context {
        spool,
        entities,
        exchange: &exchange,
        creator: &creator,
        dead_letters,
        attributes: &memory.attributes,
        limits: sender::Limits::new(settings, server_limit),
    };
    let sending = async {
        // Assignments made while we were away are told by a synchronisation
        // only. Before it is complete a device that we do not know may exist.
        entities.begin_sync(edge.id);
        if let Err(end) = exchange.request_sync().await {
            return end;
        }
        if timeout(settings.sync_timeout(), synchronised.notified())
            .await
            .is_err()
        {
            return SessionError::SyncTimedOut(settings.sync_timeout());
        }
        tokio::select! {
            end = Sender::new(context).run() => end,
            end = reports.send(&exchange, edge.id, settings.rate_limit_pause()) => end,
        }
    };
    memory.attributes.set_session(Some(exchange.clone()));
    let end = tokio::select! {
        end = reader.run(&mut inbound) => end,
        end = sending => end,
    };
    memory.attributes.set_session(None);
    end
}
