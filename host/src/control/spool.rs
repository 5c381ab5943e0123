//! `tb-tcp spool`: what waits for ThingsBoard.

mod destination;
mod export;
mod progress;

use std::{io::Write, path::Path, process::ExitCode, time::Duration};

use anyhow::Result;
use tokio::time::{Instant, sleep};

use super::{
    client,
    error::ControlError,
    print,
    protocol::{Request, Response},
};
use crate::{
    cli::{SpoolArgs, SpoolCommand},
    output::Output,
};

/// How long a host may take that has just started, or is about to end, and has
/// the store open without answering: a little more than the default of
/// `shutdownTimeoutMs`.
const PATIENCE: Duration = Duration::from_secs(12);
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Runs the command against the host whose data folder is `folder`; what it
/// answers goes to `output`, or to the file that the arguments name.
///
/// While no host runs, `offline` answers from the store itself; it has to say
/// [`ControlError::StoreInUse`] if a process holds it. A host may come and go
/// meanwhile: each request is asked of whoever has the store then.
///
/// The code is [`ExitCode::FAILURE`] if the status tells of damage.
///
/// # Errors
/// The store cannot be read, or what was read is damaged in part; nobody
/// answers for some seconds; the output or the file cannot be written.
pub async fn run(
    arguments: &SpoolArgs,
    folder: &Path,
    output: &mut Output<impl Write>,
    offline: impl AsyncFn(Request) -> Result<Response, ControlError>,
) -> Result<ExitCode> {
    let ask = async |request| ask(folder, request, &offline).await;
    match &arguments.command {
        None | Some(SpoolCommand::Status) => {
            let response = ask(Request::SpoolStatus).await?;
            print::response(output, &response, arguments.host.json)?;
            output.flush()?;
            Ok(match response {
                Response::Spool(status) if status.damage.is_some() => ExitCode::FAILURE,
                _ => ExitCode::SUCCESS,
            })
        }
        Some(SpoolCommand::Export(export)) => {
            export::export(export, arguments.host.json, output, ask).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Asks the host, or the store if none runs.
async fn ask(
    folder: &Path,
    request: Request,
    offline: &impl AsyncFn(Request) -> Result<Response, ControlError>,
) -> Result<Response, ControlError> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let answered = match client::request(folder, &request).await {
            Err(ControlError::NotRunning { .. }) => offline(request.clone()).await,
            answered => answered,
        };
        match answered {
            Err(ControlError::StoreInUse { .. } | ControlError::BrokenOff { .. })
                if Instant::now() < give_up =>
            {
                sleep(ASK_AGAIN).await;
            }
            answered => return answered,
        }
    }
}

#[cfg(test)]
mod tests;
