//! What a connection's frames show that is wrong, said in the log, once or within a
//! budget.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use tracing::{info, warn};

use super::{calls::Unasked, diagnosis, integration::Integration, stream::StreamError};
use crate::{
    converter::{Actions, CallError, Converter, Event, RpcAnswer},
    hex::hex_start,
    log_budget::LogBudget,
    message::UplinkRef,
};

/// Lines a second that one connection may write to the log about bad frames.
const LOG_LINES_PER_SECOND: u32 = 10;

/// Speaks for one connection.
pub(super) struct Remarks {
    integration: Arc<Integration>,
    peer: SocketAddr,
    log: LogBudget,
    /// What was advised already; once a connection is enough.
    said_nothing_to_save: bool,
    said_seconds: bool,
}

impl Remarks {
    pub(super) fn new(integration: Arc<Integration>, peer: SocketAddr) -> Self {
        Self {
            integration,
            peer,
            log: LogBudget::new(LOG_LINES_PER_SECOND),
            said_nothing_to_save: false,
            said_seconds: false,
        }
    }

    /// Points out what looks wrong in data that can be stored.
    pub(super) fn advise<'records>(
        &mut self,
        converter: &Converter,
        frame: &Bytes,
        records: impl ExactSizeIterator<Item = UplinkRef<'records>> + Clone,
        actions: Option<&Actions>,
    ) {
        // A login that is replied to needs no entity.
        if !self.said_nothing_to_save
            && actions.is_none()
            && let Some(advice) = diagnosis::nothing_to_save(records.clone())
        {
            self.said_nothing_to_save = true;
            info!(
                integration = &*self.integration.name, peer = %self.peer,
                converter = converter.name(), version = converter.version(),
                frame_length = frame.len(), frame_hex = hex_start(frame), %advice,
                "nothing to save"
            );
        }
        if !self.said_seconds
            && let Some(advice) = diagnosis::wrong_time_unit(records)
        {
            self.said_seconds = true;
            warn!(
                integration = &*self.integration.name, peer = %self.peer,
                converter = converter.name(), version = converter.version(),
                frame_length = frame.len(), frame_hex = hex_start(frame), %advice,
                "telemetry time looks wrong"
            );
        }
    }

    /// Says that bytes could not be cut into a frame.
    pub(super) fn report_framing(&mut self, error: &StreamError) {
        if self.may_log() {
            warn!(integration = &*self.integration.name, peer = %self.peer, %error, "frame skipped");
        }
    }

    /// Says that a frame could not be decoded.
    pub(super) fn report_converter(
        &mut self,
        converter: &Converter,
        frame: &Bytes,
        error: &CallError,
    ) {
        if !self.may_log() {
            return;
        }
        let advice = diagnosis::split_or_merged(self.integration.handler(), frame);
        warn!(
            integration = &*self.integration.name,
            peer = %self.peer,
            converter = converter.name(),
            version = converter.version(),
            frame_length = frame.len(),
            frame_hex = hex_start(frame),
            %error,
            advice = advice.map(tracing::field::display),
            "frame not decoded"
        );
    }

    /// Says that a call beside frames failed.
    pub(super) fn report_event(&mut self, converter: &Converter, event: Event, error: &CallError) {
        if self.may_log() {
            warn!(
                integration = &*self.integration.name, peer = %self.peer,
                converter = converter.name(), version = converter.version(),
                function = event.function(), %error,
                "the converter failed"
            );
        }
    }

    /// Says that a device's answer to a call goes nowhere.
    pub(super) fn report_unasked(&mut self, answer: &RpcAnswer, why: &Unasked) {
        if self.may_log() {
            warn_unasked(&self.integration, self.peer, answer, why);
        }
    }

    fn may_log(&mut self) -> bool {
        let admission = self.log.admit();
        if admission.suppressed > 0 {
            warn!(
                peer = %self.peer, suppressed = admission.suppressed,
                "further bad frames of this connection were not logged"
            );
        }
        admission.admitted
    }
}

/// Says, whatever the budget, that a device's answer to a call goes nowhere.
pub(super) fn warn_unasked(
    integration: &Integration,
    peer: SocketAddr,
    answer: &RpcAnswer,
    why: &Unasked,
) {
    warn!(
        integration = &*integration.name, %peer,
        device = answer.device, request_id = answer.request_id,
        "an answer to a call is dropped: {why}"
    );
}
