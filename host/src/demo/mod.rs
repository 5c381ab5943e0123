//! The tutorial of ThingsBoard's TCP integration page, played for real: a
//! stand-in, a host, and devices on real sockets, all in this process.

mod player;
mod thingsboard;

use std::{net::Ipv4Addr, net::SocketAddr, path::Path, process::ExitCode};

use anyhow::{Context, Result, bail, ensure};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::DemoArgs,
    config::{Integration, Secret, Settings},
    output::line,
    run::Host,
    standin::{self, Standin},
};
use player::Player;
use thingsboard::ThingsBoard;

/// Credentials between the demo's own host and stand-in, on loopback.
const KEY: &str = "demo-key";
const SECRET: &str = "demo-secret";
/// Ports of the demo: ThingsBoard's own, and one for the stand-in's HTTP API.
const GRPC_PORT: u16 = 7070;
const HTTP_PORT: u16 = 7080;

/// Plays the tutorial. With `--check` it ends then, otherwise it stays until
/// `stop`.
///
/// # Errors
/// Whatever step went wrong, and why.
pub async fn run(arguments: &DemoArgs, stop: impl Future<Output = ()>) -> Result<ExitCode> {
    check_converters(&arguments.converters)?;
    let port = |port| if arguments.check { 0 } else { port };
    let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let standin = Standin::bind(standin::Settings {
        grpc_address: loopback(port(GRPC_PORT)),
        http_address: loopback(port(HTTP_PORT)),
        routing_key: KEY.to_owned(),
        secret: SECRET.to_owned(),
        tls: None,
        data: None,
        kept_points: standin::KEPT_POINTS,
    })
    .await?;
    let (grpc, http) = (standin.grpc_address(), standin.http_address());
    let stop_standin = CancellationToken::new();
    let serving = tokio::spawn(standin.serve(stop_standin.clone().cancelled_owned()));

    let data = tempfile::tempdir().context("cannot make a folder for the host's data")?;
    let host = Host::start(settings(arguments, grpc, data.path())).await?;
    let (_, device_address) = host.addresses().first().context("the host has no port")?;
    let thingsboard = ThingsBoard::new(http);
    let player = Player {
        device_port: device_address.port(),
        thingsboard: &thingsboard,
    };
    let mut stop = std::pin::pin!(stop);
    let played = tokio::select! {
        played = player.play() => played,
        () = &mut stop => bail!("stopped before the last step"),
    };
    if played.is_ok() && !arguments.check {
        line(commands_to_try(player.device_port, http))?;
        stop.await;
    }
    let stopped = host.stop().await;
    stop_standin.cancel();
    serving.await.context("the stand-in panicked")??;
    played?;
    ensure!(
        stopped.waiting == 0,
        "{} records were not delivered",
        stopped.waiting
    );
    if arguments.check {
        line("demo-check: all of it was seen")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check_converters(folder: &Path) -> Result<()> {
    for name in ["csv.wasm", "attributes-json.wasm"] {
        let path = folder.join(name);
        ensure!(
            path.is_file(),
            "{} is not there: run `./justw build-converters`, or name the folder with --converters",
            path.display()
        );
    }
    Ok(())
}

fn settings(arguments: &DemoArgs, grpc: SocketAddr, data: &Path) -> Settings {
    let mut settings = Settings {
        data_folder: data.to_owned(),
        ..Settings::default()
    };
    settings.thingsboard.host = grpc.ip().to_string();
    settings.thingsboard.port = grpc.port();
    settings.thingsboard.routing_key = KEY.to_owned();
    settings.thingsboard.secret = Secret::new(SECRET);
    settings.converters.folder.clone_from(&arguments.converters);
    let mut integration = Integration {
        uplink_converter: Some("csv".to_owned()),
        downlink_converter: Some("attributes-json".to_owned()),
        ..Integration::default()
    };
    if arguments.check {
        integration.client_configuration.port = 0;
        integration.client_configuration.bind_address = Ipv4Addr::LOCALHOST.into();
    }
    settings.integrations = vec![integration];
    settings
}

fn commands_to_try(port: u16, http: SocketAddr) -> String {
    format!(
        "
Everything stays up. Try in another terminal:

  a device sends one value, then two:
    echo -e 'SN-002,default,temperature,25.7' | nc -q0 localhost {port}
    echo -e 'SN-002,default,temperature,25.7\\nSN-002,default,humidity,69' | nc -q1 -w1 localhost {port}
  what ThingsBoard knows:
    curl http://{http}/api/devices
    curl http://{http}/api/devices/SN-002/telemetry
  a device that listens; type SN-002,default,temperature,25.7 and leave it open:
    nc localhost {port}
  meanwhile, set a shared attribute, or call the device:
    curl -X POST -d '{{\"powerState\":\"on\"}}' http://{http}/api/devices/SN-002/attributes/SHARED_SCOPE
    curl -X POST -d '{{\"method\":\"reboot\"}}' http://{http}/api/devices/SN-002/rpc
  change converters/csv/rust/src/lib.rs, then bring it live:
    ./justw build-converters

Ctrl-C ends the demo."
    )
}
