//! What the end-to-end tests drive: the `tb-tcp` binary as host and as
//! stand-in, devices on real sockets, and the built `.wasm` files.
//!
//! Everything waits for what it wants to see, with a deadline; nothing relies
//! on time alone. A failure shows the log of the processes involved.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a panic is how a test fails"
)]

mod device;
mod files;
mod host;
mod hostile;
mod port;
mod process;
mod standin;
mod stop;
mod tool;

use std::time::{Duration, Instant};

pub use device::Device;
pub use files::{bare_module, binary, component, converter, guest, repository, target};
pub use host::{Host, HostBuilder};
pub use hostile::hostile;
pub use port::Port;
pub use process::Process;
pub use standin::Standin;
pub use stop::StopAtEnd;
pub use tool::Tool;

/// Longest wait for anything. Machines that run tests can be slow.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until `look` finds something; `what` says what is missing otherwise.
#[track_caller]
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
