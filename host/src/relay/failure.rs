//! What an end of the gRPC stream means.

use std::{error::Error, io};

use tonic::{Code, Status};

use super::{connect::MAX_INBOUND_MESSAGE, dial::Clues, error::SessionError};
use crate::config::ThingsBoard;

/// What has to be known to name the end of a session.
#[derive(Debug)]
pub(super) struct Circumstances<'session> {
    pub(super) settings: &'session ThingsBoard,
    /// What the connection heard.
    pub(super) clues: Clues,
    /// Largest message that the server takes, in bytes, once it has told.
    pub(super) server_limit: Option<u32>,
}

impl Circumstances<'_> {
    /// An end before the server has accepted: as a rule somebody else listens
    /// there.
    pub(super) fn before_acceptance(&self, status: &Status) -> SessionError {
        let peer = self.settings.address();
        if let Some(code) = gateway_code(status) {
            return SessionError::Gateway { peer, code };
        }
        if let Some(error) = self.clues.explain(self.settings) {
            return error.into();
        }
        if let Some(named) = self.at_any_time(status) {
            return named;
        }
        let detail = match status.code() {
            Code::Unavailable => return SessionError::ServerUnavailable,
            Code::Unimplemented => "it speaks gRPC, but has no such service; on ThingsBoard \
                 EDGES_ENABLED has to be true"
                .to_owned(),
            _ => self.words(status),
        };
        SessionError::NotEdgeService { peer, detail }
    }

    /// An end of an accepted session.
    pub(super) fn after_acceptance(&self, status: &Status) -> SessionError {
        if let Some(named) = self.at_any_time(status) {
            return named;
        }
        let detail = self.words(status);
        match status.code() {
            Code::Unavailable => SessionError::WentAway { detail },
            _ => SessionError::Broken(detail),
        }
    }

    /// What has a name whenever it happens.
    fn at_any_time(&self, status: &Status) -> Option<SessionError> {
        match self.clues.go_away() {
            // gRPC servers add too_many_pings; nothing else uses the code.
            Some(h2::Reason::ENHANCE_YOUR_CALM) => {
                return Some(SessionError::TooManyPings {
                    keep_alive: self.settings.keep_alive(),
                });
            }
            Some(h2::Reason::NO_ERROR) if is_broken(status) => {
                return Some(SessionError::WentAway {
                    detail: "it closes its connections".to_owned(),
                });
            }
            _ => {}
        }
        // The library does not tell that it gave up waiting for an answer.
        if is_broken(status) && self.clues.end().is_none() {
            return Some(SessionError::KeepAlive {
                timeout: self.settings.keep_alive_timeout(),
            });
        }
        let limit = self.server_limit;
        match status.code() {
            // As grpc-java, grpc-go and tonic word it.
            Code::ResourceExhausted
                if ["maximum size", "larger than max", "too large"]
                    .iter()
                    .any(|words| status.message().contains(words)) =>
            {
                Some(SessionError::UplinkTooLarge { limit })
            }
            Code::OutOfRange if status.message().contains("too large") => {
                Some(SessionError::DownlinkTooLarge {
                    limit: MAX_INBOUND_MESSAGE,
                })
            }
            _ if is_reset(status) => Some(SessionError::Reset { limit }),
            _ => None,
        }
    }

    /// A status with its causes, the innermost last.
    fn words(&self, status: &Status) -> String {
        if let Some(end) = self.clues.end().filter(|_| is_broken(status)) {
            return end;
        }
        let mut text = match status.message() {
            "" => status.code().description().to_owned(),
            message => message.to_owned(),
        };
        for cause in causes(status) {
            let words = cause.to_string();
            if !text.contains(&words) {
                text = format!("{text}: {words}");
            }
        }
        text
    }
}

/// The HTTP status of an answer that is not gRPC's.
fn gateway_code(status: &Status) -> Option<u16> {
    let (_, code) = status.message().split_once("HTTP status code ")?;
    code.trim().parse().ok()
}

/// Whether the connection broke, rather than that the server said something.
fn is_broken(status: &Status) -> bool {
    causes(status).any(|error| {
        let http2 = error.downcast_ref::<h2::Error>();
        http2.is_some_and(h2::Error::is_io) || error.is::<io::Error>()
    })
}

/// Whether the server broke off the stream alone.
fn is_reset(status: &Status) -> bool {
    let http2 = causes(status).find_map(|error| error.downcast_ref::<h2::Error>());
    http2.is_some_and(|error| error.is_reset() && error.is_remote())
}

fn causes(status: &Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(status.source(), |error: &&(dyn Error + 'static)| {
        (*error).source()
    })
}
