//! What operators can ask of the running host.

use std::sync::Arc;

use super::{letters, waiting};
use crate::{
    config::Settings,
    control::{
        Control, ConverterState, ConverterStatus, ReplayReport, Request, Response, RolledBack,
    },
    converter::{ConverterInfo, FileState, Watcher},
    replay::Replayer,
    spool::Spool,
};

/// Why commands on dead letters are refused if they are not kept.
const NOT_KEPT: &str = "this host keeps no dead letters: deadLetters.enabled is false";

/// Answers the commands that come over the control socket.
pub(super) struct Operator {
    pub(super) watcher: Arc<Watcher>,
    pub(super) replayer: Option<Arc<Replayer>>,
    pub(super) spool: Spool,
    /// As of the start: those of the spool take effect then.
    pub(super) settings: Settings,
}

impl Control for Operator {
    async fn handle(&self, request: Request) -> Result<Response, String> {
        match request {
            Request::Converters => {
                let converters = self.watcher.converters();
                Ok(Response::Converters(
                    converters.into_iter().map(status).collect(),
                ))
            }
            Request::Rollback { name } => match self.watcher.rollback(&name).await {
                Ok(done) => Ok(Response::RolledBack(RolledBack {
                    name,
                    from: done.from,
                    to: done.to,
                })),
                Err(error) => Err(error.to_string()),
            },
            Request::ReplayDeadLetters { filter, ids } => {
                let replayer = self.replayer.as_ref().ok_or(NOT_KEPT)?;
                let replayed = replayer
                    .replay(&letters::filter(&filter), &ids)
                    .await
                    .map_err(|error| error.to_string())?;
                Ok(Response::Replayed(ReplayReport {
                    replayed: replayed.decoded,
                    failed: replayed.failed,
                    left: replayed.left,
                    entities: replayed.entities,
                }))
            }
            Request::DeadLetters { .. }
            | Request::DeadLetter { .. }
            | Request::RemoveDeadLetters { .. } => {
                let replayer = self.replayer.as_ref().ok_or(NOT_KEPT)?;
                letters::answer(&replayer.store, request).await
            }
            Request::SpoolStatus | Request::SpoolRecords { .. } => {
                waiting::answer(&self.spool, &self.settings, request).await
            }
        }
    }
}

fn status(info: ConverterInfo) -> ConverterStatus {
    ConverterStatus {
        name: info.name,
        kind: info.kind,
        version: info.version,
        bytes: info.bytes,
        loaded_at_ms: info.loaded_ms,
        calls: info.calls,
        errors: info.errors,
        state: match info.state {
            FileState::Serves => ConverterState::Serving,
            FileState::Broken => ConverterState::FileBroken,
            FileState::Removed => ConverterState::FileRemoved,
            FileState::RolledBack => ConverterState::RolledBack,
            FileState::Failed => ConverterState::Failed,
        },
        detail: info.detail,
        previous: info.previous,
    }
}
