//! What the host keeps beside one instance, and the contract's imports.

use std::sync::{Arc, Mutex, PoisonError};

use tracing::{debug, error, info, trace, warn};
use wasmtime::{ResourceLimiter, component::ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::{
    actions::Asked,
    bindings::{
        connection, context,
        logging::{self, Level},
        types::Value,
    },
    call::CallContext,
    component::Converter,
    deadline::Deadline,
    stdio::LogLines,
};
use crate::{config::ConverterLimits, log_budget::LogBudget};

/// Longest line that a converter can write to the log, in bytes.
const MAX_LOG_LINE: usize = 1024;
/// Most elements of the instance's tables together: function pointers of a
/// large program are some thousands.
const MAX_TABLE_ELEMENTS: usize = 100_000;
/// Most core instances, tables and memories that one component may be made of.
/// Components of other languages' toolchains have some ten instances.
const MAX_PARTS: usize = 256;

/// The store's data of one instance.
pub(super) struct GuestState {
    converter: Arc<str>,
    limits: ConverterLimits,
    /// What all memories of the instance take, and its tables.
    pub(super) memory_bytes: usize,
    fresh_memory_bytes: usize,
    table_elements: usize,
    wasi: WasiCtx,
    resources: ResourceTable,
    /// When the call at hand has had its time.
    pub(super) deadline: Deadline,
    /// None between calls and while an instance is made.
    pub(super) call: Option<Arc<CallContext>>,
    /// What the call at hand asks for.
    pub(super) asked: Asked,
    /// The last line that the guest logged as an error during this call, else
    /// what it printed: what its panic said, if the call ends in a trap.
    pub(super) last_error: Option<String>,
    /// Whether the memory limit stopped the guest.
    pub(super) out_of_memory: bool,
    budget: Arc<Mutex<LogBudget>>,
    /// What the guest logs, if it is not to be written to the log.
    pub(super) captured: Option<Vec<(&'static str, String)>>,
    stdio: LogLines,
}

impl GuestState {
    pub(super) fn new(converter: &Converter) -> Self {
        let limits = converter.limits;
        let stdio = LogLines::default();
        let wasi = WasiCtx::builder()
            .stdout(stdio.clone())
            .stderr(stdio.clone())
            .build();
        Self {
            converter: converter.name.clone(),
            limits,
            memory_bytes: 0,
            fresh_memory_bytes: 0,
            table_elements: 0,
            wasi,
            resources: ResourceTable::new(),
            deadline: Deadline::new(limits.call_timeout),
            call: None,
            asked: Asked::default(),
            last_error: None,
            out_of_memory: false,
            budget: converter.log_budget.clone(),
            captured: None,
            stdio,
        }
    }

    /// Readies the state for the next call.
    pub(super) fn begin(&mut self, call: Arc<CallContext>, deadline: Deadline) {
        if self.fresh_memory_bytes == 0 {
            self.fresh_memory_bytes = self.memory_bytes;
        }
        self.call = Some(call);
        self.asked = Asked::default();
        self.deadline = deadline;
        self.last_error = None;
        self.out_of_memory = false;
    }

    /// Whether the instance takes more than `mark`, and more than it took when
    /// it was made: replacing it would not help otherwise.
    pub(super) fn has_grown_beyond(&self, mark: usize) -> bool {
        self.memory_bytes > mark.max(self.fresh_memory_bytes)
    }

    /// Writes what the guest printed during the call to the log.
    pub(super) fn flush_stdio(&mut self) {
        let lines = self.stdio.take();
        for line in &lines {
            self.write(Level::Info, line);
        }
        if self.last_error.is_none() && !lines.is_empty() {
            self.last_error = Some(truncated(&lines.join(" ")).to_owned());
        }
    }

    fn write(&mut self, level: Level, message: &str) {
        let admission = self
            .budget
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .admit();
        if admission.first_refused {
            warn!(
                converter = &*self.converter,
                log_lines_per_second = self.limits.log_lines_per_second,
                "converter logs too much; what it logs beyond logLinesPerSecond is left out"
            );
        }
        if !admission.admitted {
            return;
        }
        let message = truncated(message);
        if let Some(captured) = &mut self.captured {
            captured.push((level_name(level), message.to_owned()));
            return;
        }
        let converter = &*self.converter;
        let peer = self
            .call
            .as_ref()
            .map(|call| call.peer())
            .map(tracing::field::display);
        match level {
            Level::Trace => trace!(target: "converter", converter, peer, "{message}"),
            Level::Debug => debug!(target: "converter", converter, peer, "{message}"),
            Level::Info => info!(target: "converter", converter, peer, "{message}"),
            Level::Warn => warn!(target: "converter", converter, peer, "{message}"),
            Level::Error => error!(target: "converter", converter, peer, "{message}"),
        }
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// `text`, or its start if it is too long for a log line.
pub(super) fn truncated(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_LOG_LINE)]
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.resources,
        }
    }
}

impl context::Host for GuestState {
    fn metadata(&mut self, key: String) -> Option<String> {
        self.call.as_ref()?.metadata(&key)
    }

    fn metadata_entries(&mut self) -> Vec<(String, String)> {
        self.call
            .as_ref()
            .map(|call| call.entries().into_iter().collect())
            .unwrap_or_default()
    }

    fn integration_metadata(&mut self, key: String) -> Option<String> {
        self.call.as_ref()?.integration_metadata(&key)
    }
}

impl connection::Host for GuestState {
    fn session(&mut self) -> Vec<u8> {
        let Some(call) = &self.call else {
            return Vec::new();
        };
        self.asked.session(call.session()).to_vec()
    }

    fn set_session(&mut self, value: Vec<u8>) {
        self.asked.set_session(value, &self.limits);
    }

    fn reply(&mut self, bytes: Vec<u8>) {
        self.asked.reply(&bytes, &self.limits);
    }

    fn close(&mut self) {
        self.asked.close();
    }

    fn expect_answer(&mut self) {
        self.asked.expect_answer();
    }

    fn answer_rpc(
        &mut self,
        device_name: String,
        request_id: Option<i32>,
        response: Result<Value, String>,
    ) {
        self.asked
            .answer(device_name, request_id, response, &self.limits);
    }
}

impl logging::Host for GuestState {
    fn log(&mut self, level: Level, message: String) {
        self.write(level, &message);
        if level == Level::Error {
            self.last_error = Some(truncated(&message).to_owned());
        }
    }
}

impl ResourceLimiter for GuestState {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self
            .memory_bytes
            .saturating_add(desired.saturating_sub(current));
        if total <= self.limits.memory_bytes {
            self.memory_bytes = total;
            return Ok(true);
        }
        // Ending the call gives a clear error; refusing would end in whatever
        // the guest's allocator does without memory.
        self.out_of_memory = true;
        Err(wasmtime::Error::msg("memory limit reached"))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self
            .table_elements
            .saturating_add(desired.saturating_sub(current));
        let allowed = total <= MAX_TABLE_ELEMENTS;
        if allowed {
            self.table_elements = total;
        }
        Ok(allowed)
    }

    fn instances(&self) -> usize {
        MAX_PARTS
    }

    fn tables(&self) -> usize {
        MAX_PARTS
    }

    fn memories(&self) -> usize {
        MAX_PARTS
    }
}
