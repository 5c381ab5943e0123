//! The `tb-tcp` binary: arguments, log, signals, exit code.

#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr)]

use std::{io::IsTerminal, net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, bail};
use clap::Parser;
use tb_tcp::{
    allocator,
    cli::{
        Cli, Command, ComponentizeArgs, ConvertersArgs, DeadLettersArgs, HostArgs, LogFormat,
        RunArgs, SpoolArgs, SpoolCommand, StandinArgs,
    },
    componentize,
    config::{self, Settings},
    control, demo, device, frame,
    output::{Output, line, remark},
    run::{self, Host, SettingsFile},
    scaffold,
    standin::{self, Standin},
    workshop,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};
use tracing::{info, level_filters::LevelFilter, warn};
use tracing_subscriber::EnvFilter;

/// Wrong arguments or settings; clap uses the same.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    allocator::share();
    let cli = Cli::parse();
    match start(cli) {
        Ok(code) => code,
        Err(error) => {
            report(&error);
            let usage = error.is::<config::ConfigError>()
                || error.is::<workshop::WrongArguments>()
                || error.is::<device::Unusable>();
            match usage {
                true => ExitCode::from(EXIT_USAGE),
                false => ExitCode::FAILURE,
            }
        }
    }
}

/// Prints an error with its causes, those left out that it quotes itself.
fn report(error: &anyhow::Error) {
    let mut text = String::from("tb-tcp");
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    remark(text);
}

fn start(cli: Cli) -> Result<ExitCode> {
    start_log(&cli)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(async {
        match cli.command {
            Command::Run(arguments) => serve(arguments).await,
            Command::Converters(arguments) => converters(arguments).await,
            Command::DeadLetters(arguments) => dead_letters(arguments).await,
            Command::Spool(arguments) => spool(arguments).await,
            // Whatever goes wrong there is in the arguments or what they name.
            Command::Frame(arguments) => frame::run(&arguments).or_else(|error| {
                report(&error);
                Ok(ExitCode::from(EXIT_USAGE))
            }),
            Command::Test(arguments) => workshop::test(&arguments),
            Command::Decode(arguments) => workshop::decode(&arguments),
            Command::Encode(arguments) => workshop::encode(&arguments),
            Command::New(arguments) => scaffold::new(&arguments),
            Command::Componentize(arguments) => componentize(&arguments),
            Command::Standin(arguments) => serve_standin(arguments).await,
            Command::Device(arguments) => device::run(&arguments, stop_signal()?).await,
            Command::Demo(arguments) => demo::run(&arguments, stop_signal()?).await,
        }
    })
}

fn start_log(cli: &Cli) -> Result<()> {
    let filter = match cli.log.parse::<LevelFilter>() {
        // Of the libraries only what an operator can act on: at debug level
        // the compiler alone writes thousands of lines a converter.
        Ok(level) => format!(
            "{},tb_tcp={level},converter={level}",
            level.min(LevelFilter::WARN)
        ),
        Err(_) => cli.log.clone(),
    };
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("--log {}: not a log filter", cli.log))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // They would go to standard error, which is what failed, and panic.
        .log_internal_errors(false);
    match cli.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

async fn serve(arguments: RunArgs) -> Result<ExitCode> {
    let stop = stop_signal()?;
    let asked = reload_signal()?;
    let path = arguments.config.as_deref();
    let load = || config::load(path, environment);
    let file = path.map(|path| SettingsFile::new(path.to_owned(), load, asked));
    let loaded = load()?;
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    let host = Host::start(loaded.settings).await?;
    match file {
        None => stop.await,
        Some(file) => tokio::select! {
            () = stop => {}
            () = file.follow(&host) => {}
        },
    }
    host.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The settings of the host that a tool talks to, as far as tools need them.
fn settings_of(host: &HostArgs) -> Result<Settings> {
    let mut settings = match &host.config {
        Some(path) => config::load_unchecked(path)?,
        None => Settings::default(),
    };
    if let Some(folder) = &host.data_folder {
        settings.data_folder.clone_from(folder);
    }
    Ok(settings)
}

async fn converters(arguments: ConvertersArgs) -> Result<ExitCode> {
    let settings = settings_of(&arguments.host)?;
    control::converters::run(&arguments, &settings.data_folder, &mut Output::standard()).await
}

async fn dead_letters(arguments: DeadLettersArgs) -> Result<ExitCode> {
    let settings = settings_of(&arguments.host)?;
    let offline = async |request| run::answer_offline(&settings, request).await;
    let output = &mut Output::standard();
    control::dead_letters::run(&arguments, &settings.data_folder, output, offline).await
}

async fn spool(arguments: SpoolArgs) -> Result<ExitCode> {
    let settings = settings_of(&arguments.host)?;
    let offline = async |request| run::look_offline(&settings, request).await;
    let output = &mut Output::standard();
    let spool = control::spool::run(&arguments, &settings.data_folder, output, offline);
    match &arguments.command {
        // What there is of the file has to go.
        Some(SpoolCommand::Export(export)) if export.output.is_some() => {
            let stop = stop_signal()?;
            tokio::select! {
                done = spool => done,
                () = stop => bail!("stopped before everything was exported; no file was written"),
            }
        }
        _ => spool.await,
    }
}

fn componentize(arguments: &ComponentizeArgs) -> Result<ExitCode> {
    let bytes = componentize::componentize(&arguments.core, &arguments.out)?;
    line(format_args!(
        "built {} ({bytes} bytes)",
        arguments.out.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve_standin(arguments: StandinArgs) -> Result<ExitCode> {
    let stop = stop_signal()?;
    if !arguments.bind.is_loopback() {
        warn!(bind = %arguments.bind, "the stand-in can be reached from other machines; it protects nothing");
    }
    let tls = match (arguments.tls_cert, arguments.tls_key) {
        (Some(certificate), Some(key)) => Some(standin::TlsFiles {
            certificate,
            key,
            client_authority: arguments.tls_client_ca,
        }),
        _ => None,
    };
    let credentials = format!(
        "INTEGRATION_ROUTING_KEY={} INTEGRATION_SECRET={}",
        arguments.routing_key, arguments.secret
    );
    let standin = Standin::bind(standin::Settings {
        grpc_address: SocketAddr::new(arguments.bind, arguments.grpc_port),
        http_address: SocketAddr::new(arguments.bind, arguments.http_port),
        routing_key: arguments.routing_key,
        secret: arguments.secret,
        tls,
        data: arguments.data,
        kept_points: arguments.history,
    })
    .await?;
    info!(
        grpc = %standin.grpc_address(), http = %standin.http_address(),
        "stand-in for ThingsBoard started"
    );
    // Standard output, not the log: its key and secret protect nothing, but no log shows any.
    line(format_args!(
        "A host reaches it with\n\n  export RPC_HOST={} RPC_PORT={} {credentials}\n\nand curl \
         http://{}/ lists what it can be asked and told.",
        standin.grpc_address().ip(),
        standin.grpc_address().port(),
        standin.http_address(),
    ))?;
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

/// Is notified whenever the process is asked to look at its settings again.
fn reload_signal() -> Result<Arc<Notify>> {
    let mut hangup = signal(SignalKind::hangup()).context("cannot handle SIGHUP")?;
    let asked = Arc::new(Notify::new());
    let notify = asked.clone();
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            notify.notify_one();
        }
    });
    Ok(asked)
}
