//! `tb-tcp device`: devices that hold a written conversation with any TCP
//! server, one or thousands of them.

mod calendar;
mod clock;
mod conversation;
mod crowd;
pub(crate) mod duration;
mod engine;
mod evaluate;
mod failure;
mod files;
mod format;
mod function;
mod link;
mod notation;
mod parser;
mod pattern;
mod random;
mod report;
mod server;
mod stuffing;
mod tally;
mod transcript;
mod value;

use std::{io::Write, process::ExitCode, sync::Arc, time::Instant};

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::{
    cli::DeviceArgs,
    output::{Output, line, remark},
};
use crowd::{Model, Plan};
use engine::Rules;
use report::Report;
use server::TcpServer;

pub use files::Unusable;

/// File descriptors that the process needs besides one for each copy.
const OWN_FILES: u64 = 64;

/// Checks the files, or holds their conversations until they end or `stop`.
///
/// # Errors
/// Files or arguments that cannot be used ([`Unusable`]), a name that cannot be
/// looked up, or an output that cannot be written.
pub async fn run(arguments: &DeviceArgs, stop: impl Future<Output = ()>) -> Result<ExitCode> {
    let conversations = files::read(&arguments.files, &arguments.set)?;
    if arguments.check {
        for file in conversations {
            line(format_args!("{}", file.summary()))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let servers = files::servers(&arguments.to, conversations.len())?;
    let mut models = Vec::new();
    for (file, server) in conversations.into_iter().zip(servers) {
        let looked_up = TcpServer::look_up(&server).await;
        models.push(Model {
            file: file.name,
            conversation: Arc::new(file.conversation),
            server: Arc::new(
                looked_up.with_context(|| format!("--to {server}: cannot look it up"))?,
            ),
            tally: Arc::default(),
        });
    }
    let one = arguments.copies == 1 && models.len() == 1;
    let kinds = u64::try_from(models.len()).unwrap_or(1);
    allow_files(u64::from(arguments.copies) * kinds + OWN_FILES);
    let seed = arguments
        .seed
        .unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let plan = Plan {
        copies: arguments.copies,
        ramp: arguments.ramp,
        end_after: arguments.end_after,
        seed,
        rules: Rules {
            timeout: arguments.timeout,
            lenient: arguments.lenient,
        },
    };
    let talks = one && !arguments.quiet && !arguments.json;
    let transcript = talks.then(|| Box::new(Output::standard()) as Box<dyn Write + Send>);
    let tells = !one && !arguments.quiet;
    let start = Instant::now();
    crowd::run(&models, plan, transcript, stop, |elapsed| {
        if tells {
            remark(report::progress(&models, elapsed));
        }
    })
    .await;
    let report = Report::new(&models, plan.copies, start.elapsed(), seed);
    let mut output = Output::standard();
    match arguments.json {
        true => writeln!(output, "{}", report.json())?,
        false => {
            if !one {
                report.print(&mut output)?;
            }
            for failed in report.failures() {
                remark(format_args!("tb-tcp: {failed}"));
            }
        }
    }
    output.flush()?;
    Ok(match report.failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Raises the limit of open files to what the copies need, as far as the system
/// lets us.
fn allow_files(needed: u64) {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return;
    }
    let most = limit.maximum.unwrap_or(needed);
    limit.current = Some(needed.min(most));
    if setrlimit(Resource::Nofile, limit).is_err() || most < needed {
        remark(format_args!(
            "tb-tcp: {needed} files would be open at once, and the limit is {most}: raise it with \
             `ulimit -n`"
        ));
    }
}
