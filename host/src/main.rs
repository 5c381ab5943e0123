//! The `tb-tcp` binary: arguments, log, signals, exit code.

#![forbid(unsafe_code)]

use std::{net::SocketAddr, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use tb_tcp::{
    cli::{Cli, Command, LogFormat, RunArgs, StandinArgs},
    config, demo, frame,
    run::Host,
    standin::{self, Standin},
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

/// Wrong arguments or settings; clap uses the same.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match start(cli) {
        Ok(code) => code,
        Err(error) => {
            report(&error);
            match error.downcast_ref::<config::ConfigError>() {
                Some(_) => ExitCode::from(EXIT_USAGE),
                None => ExitCode::FAILURE,
            }
        }
    }
}

fn report(error: &anyhow::Error) {
    eprintln!("tb-tcp: {error:#}");
}

fn start(cli: Cli) -> Result<ExitCode> {
    start_log(&cli)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(async {
        match cli.command {
            Command::Run(arguments) => run(arguments).await,
            // Whatever goes wrong there is in the arguments or what they name.
            Command::Frame(arguments) => frame::run(&arguments).or_else(|error| {
                report(&error);
                Ok(ExitCode::from(EXIT_USAGE))
            }),
            Command::Standin(arguments) => serve_standin(arguments).await,
            Command::Demo(arguments) => demo::run(&arguments, stop_signal()?).await,
        }
    })
}

fn start_log(cli: &Cli) -> Result<()> {
    let filter = EnvFilter::try_new(&cli.log)
        .with_context(|| format!("--log {}: not a log filter", cli.log))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    match cli.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

async fn run(arguments: RunArgs) -> Result<ExitCode> {
    let stop = stop_signal()?;
    let environment = |name: &str| std::env::var(name).ok();
    let loaded = config::load(arguments.config.as_deref(), environment)?;
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    let host = Host::start(loaded.settings).await?;
    stop.await;
    let stopped = host.stop().await;
    Ok(match stopped.lost {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

async fn serve_standin(arguments: StandinArgs) -> Result<ExitCode> {
    let stop = stop_signal()?;
    if !arguments.bind.is_loopback() {
        warn!(bind = %arguments.bind, "the stand-in can be reached from other machines; it protects nothing");
    }
    let standin = Standin::bind(standin::Settings {
        grpc_address: SocketAddr::new(arguments.bind, arguments.grpc_port),
        http_address: SocketAddr::new(arguments.bind, arguments.http_port),
        routing_key: arguments.routing_key,
        secret: arguments.secret,
    })
    .await?;
    info!(
        grpc = %standin.grpc_address(), http = %standin.http_address(),
        "stand-in for ThingsBoard started"
    );
    standin.serve(stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// Resolves when the process is asked to stop. The handlers are in place as
/// soon as this function returns.
fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot handle SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot handle SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
