//! The steps of the tutorial.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::thingsboard::ThingsBoard;
use crate::output::line;

/// Longest wait for a downlink on the device's side.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays device and administrator.
pub(super) struct Player<'demo> {
    pub(super) device_port: u16,
    pub(super) thingsboard: &'demo ThingsBoard,
}

impl Player<'_> {
    /// All steps; prints each one and what it showed.
    pub(super) async fn play(&self) -> Result<()> {
        self.one_message().await.context("step 1, one message")?;
        self.two_messages().await.context("step 2, two messages")?;
        self.downlink().await.context("step 3, a downlink")?;
        self.show().await
    }

    async fn one_message(&self) -> Result<()> {
        line("1. A device sends: SN-002,default,temperature,25.7")?;
        self.send_and_close("SN-002,default,temperature,25.7\n")
            .await?;
        let expected = |json: &Json| latest(json, "temperature") == Some(&json!(25.7));
        self.thingsboard
            .wait_for("/devices/SN-002/telemetry", "temperature 25.7", expected)
            .await?;
        line("   ThingsBoard has created SN-002 and shows temperature 25.7")?;
        Ok(())
    }

    async fn two_messages(&self) -> Result<()> {
        line("2. It sends two lines at once, humidity 69 in the second")?;
        self.send_and_close("SN-002,default,temperature,25.7\nSN-002,default,humidity,69\n")
            .await?;
        // The converter reads numbers as the tutorial's parseFloat does.
        let expected = |json: &Json| latest(json, "humidity").and_then(Json::as_f64) == Some(69.0);
        self.thingsboard
            .wait_for("/devices/SN-002/telemetry", "humidity 69", expected)
            .await?;
        line("   ThingsBoard shows humidity 69")?;
        Ok(())
    }

    async fn downlink(&self) -> Result<()> {
        line("3. It stays connected; the shared attribute powerState = on is added")?;
        let mut device = BufReader::new(self.connect().await?);
        device
            .write_all(b"SN-002,default,temperature,26.1\n")
            .await?;
        // Only an uplink tells the host which device this connection is.
        let expected = |json: &Json| latest(json, "temperature") == Some(&json!(26.1));
        self.thingsboard
            .wait_for("/devices/SN-002/telemetry", "temperature 26.1", expected)
            .await?;
        self.thingsboard
            .post(
                "/devices/SN-002/attributes/SHARED_SCOPE",
                json!({ "powerState": "on" }),
            )
            .await?;
        let mut received = String::new();
        timeout(PATIENCE, device.read_line(&mut received))
            .await
            .context("nothing came back on the device's connection")??;
        ensure!(
            received == "{\"powerState\":\"on\"}\n",
            "the device received {received:?}"
        );
        line(format_args!(
            "   The device receives: {}",
            received.trim_end()
        ))?;
        Ok(())
    }

    async fn show(&self) -> Result<()> {
        line("\nWhat ThingsBoard knows now:")?;
        let devices = self.thingsboard.get("/devices").await?;
        for device in devices.as_array().into_iter().flatten() {
            let name = device["name"].as_str().unwrap_or_default();
            line(format_args!(
                "  device {name}, type {}",
                device["type"].as_str().unwrap_or_default()
            ))?;
            let telemetry = self
                .thingsboard
                .get(&format!("/devices/{name}/telemetry"))
                .await?;
            for key in telemetry
                .as_object()
                .into_iter()
                .flat_map(|keys| keys.keys())
            {
                line(format_args!(
                    "    {key} = {}",
                    latest(&telemetry, key).unwrap_or(&Json::Null)
                ))?;
            }
            let attributes = self
                .thingsboard
                .get(&format!("/devices/{name}/attributes"))
                .await?;
            for (scope, values) in attributes.as_object().into_iter().flatten() {
                for (key, value) in values.as_object().into_iter().flatten() {
                    line(format_args!("    {key} = {value} ({scope})"))?;
                }
            }
        }
        Ok(())
    }

    async fn send_and_close(&self, text: &str) -> Result<()> {
        let mut device = self.connect().await?;
        device.write_all(text.as_bytes()).await?;
        device.shutdown().await?;
        Ok(())
    }

    async fn connect(&self) -> Result<TcpStream> {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.device_port))
            .await
            .with_context(|| format!("cannot connect to port {}", self.device_port))
    }
}

/// The value of `key` in ThingsBoard's `{"key":[{"ts":1,"value":2}]}`.
fn latest<'json>(telemetry: &'json Json, key: &str) -> Option<&'json Json> {
    telemetry.get(key)?.get(0)?.get("value")
}
