//! One session with ThingsBoard, from the credentials to whatever ends it.

use std::sync::Arc;

use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tracing::info;

use super::{
    connect::{Connection, connect},
    entities::Entities,
    error::SessionError,
    exchange::Exchange,
    reader::Reader,
    sender::Sender,
    spool::Spool,
};
use crate::{
    config::{Proxy, ThingsBoard},
    message::Downlink,
};

/// Runs one session to its end. `accepted` is called once ThingsBoard has
/// accepted the credentials.
pub(super) async fn run(
    settings: &ThingsBoard,
    spool: &Spool,
    entities: &Entities,
    downlinks: &mpsc::Sender<Downlink>,
    accepted: impl FnOnce(),
) -> SessionError {
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
    let exchange = Arc::new(Exchange::new(outbound, settings.acknowledge_timeout()));
    let synchronised = Notify::new();
    let reader = Reader {
        entities,
        circumstances,
        exchange: exchange.clone(),
        downlinks,
        synchronised: &synchronised,
    };
    let sender = Sender {
        spool,
        entities,
        exchange: &exchange,
        edge: &edge,
        max_records: settings.max_records_per_message,
    };
    let sending = async {
        // Assignments made while we were away are told by a synchronisation
        // only. Before it is complete a device that we do not know may exist.
        entities.begin_sync();
        if let Err(end) = exchange.request_sync().await {
            return end;
        }
        if timeout(settings.sync_timeout(), synchronised.notified())
            .await
            .is_err()
        {
            return SessionError::SyncTimedOut(settings.sync_timeout());
        }
        sender.run().await
    };
    tokio::select! {
        end = reader.run(&mut inbound) => end,
        end = sending => end,
    }
}
