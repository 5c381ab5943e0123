//! The stand-in as a process, and its HTTP API.

use std::{net::SocketAddr, path::Path};

use serde_json::{Value as Json, json};

use crate::{port::Port, process::Process, wait_for};

/// Key and secret that the stand-in expects.
pub(crate) const KEY: &str = "end-to-end-key";
pub(crate) const SECRET: &str = "end-to-end-secret";
/// What the stand-in logs when it listens.
const STARTED: &str = "stand-in for ThingsBoard started";

/// A stand-in for ThingsBoard.
pub struct Standin {
    /// The process, for its log.
    pub process: Process,
    /// Where the Edge service listens.
    pub grpc: SocketAddr,
    /// Where the HTTP API listens.
    pub http: SocketAddr,
    /// Arguments besides the ports and the credentials.
    more: Vec<String>,
}

impl Standin {
    /// Starts one on free ports.
    pub fn start() -> Self {
        Self::start_with(0, &[])
    }

    /// Starts one with the Edge service on `port`.
    pub fn start_on(port: &Port) -> Self {
        Self::start_with(port.number(), &[])
    }

    /// Starts one with more arguments.
    pub fn start_with(grpc_port: u16, more: &[&str]) -> Self {
        Self::start_as(grpc_port, more, &[])
    }

    /// Starts one with more arguments and with variables of the environment, which it has
    /// until it is started again.
    pub fn start_as(grpc_port: u16, more: &[&str], environment: &[(&str, &str)]) -> Self {
        let process = launch((grpc_port, 0), more, environment);
        let started = process.wait_for_log(STARTED);
        let address = |key: &str| started[key].as_str().unwrap().parse().unwrap();
        Self {
            grpc: address("grpc"),
            http: address("http"),
            more: more.iter().map(ToString::to_string).collect(),
            process,
        }
    }

    /// Ends the process with SIGKILL, as a crash does, and returns its log.
    pub fn kill(&mut self) -> Vec<Json> {
        self.process.kill()
    }

    /// Starts a killed one again on the same ports, with the same arguments.
    /// [`Standin::wait_until_started`] waits for it.
    pub fn start_again(&mut self) {
        let more: Vec<_> = self.more.iter().map(String::as_str).collect();
        self.process = launch((self.grpc.port(), self.http.port()), &more, &[]);
    }

    /// Waits until the process listens.
    #[track_caller]
    pub fn wait_until_started(&self) {
        self.process.wait_for_log(STARTED);
    }

    /// GET; none if the answer is an error.
    pub fn get(&self, path: &str) -> Option<Json> {
        let mut response = ureq::get(self.url(path)).call().ok()?;
        response.body_mut().read_json().ok()
    }

    /// POST; the status and the answer, whatever they are.
    pub fn post(&self, path: &str, body: &Json) -> (u16, Json) {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build();
        let mut response = ureq::Agent::from(agent)
            .post(self.url(path))
            .send_json(body)
            .unwrap();
        let json = response.body_mut().read_json().unwrap_or_default();
        (response.status().as_u16(), json)
    }

    /// POST that has to succeed.
    #[track_caller]
    pub fn must_post(&self, path: &str, body: &Json) -> Json {
        let (status, answer) = self.post(path, body);
        assert!(
            (200..300).contains(&status),
            "POST {path}: {status} {answer}"
        );
        answer
    }

    /// DELETE that has to succeed.
    #[track_caller]
    pub fn must_delete(&self, path: &str) {
        ureq::delete(self.url(path)).call().unwrap();
    }

    /// Sets a shared attribute.
    #[track_caller]
    pub fn share(&self, device: &str, attributes: &Json) {
        self.must_post(
            &format!("/devices/{device}/attributes/SHARED_SCOPE"),
            attributes,
        );
    }

    /// The latest value of a device's telemetry key.
    pub fn latest(&self, device: &str, key: &str) -> Option<Json> {
        let telemetry = self.get(&format!("/devices/{device}/telemetry"))?;
        Some(telemetry.get(key)?.get(0)?["value"].clone())
    }

    /// All values of a device's telemetry key, in order of arrival.
    pub fn history(&self, device: &str, key: &str) -> Vec<Json> {
        let telemetry = self.get(&format!("/devices/{device}/telemetry/history?keys={key}"));
        let points = telemetry
            .and_then(|all| all.get(key).cloned())
            .unwrap_or_default();
        let points = points.as_array().cloned().unwrap_or_default();
        points
            .into_iter()
            .map(|point| point["value"].clone())
            .collect()
    }

    /// The latest value of a telemetry key of the edge itself.
    pub fn latest_of_edge(&self, key: &str) -> Option<Json> {
        let telemetry = self.get("/edge/telemetry")?;
        Some(telemetry.get(key)?.get(0)?["value"].clone())
    }

    /// What was counted of a telemetry key whose values are numbers of samples,
    /// in sum over all devices.
    pub fn sequence(&self, key: &str) -> Json {
        let answer = self.get(&format!("/sequence?key={key}&only=total"));
        answer.map_or(Json::Null, |answer| answer["total"].clone())
    }

    /// Makes many devices, named `prefix` with a number from 1 on.
    #[track_caller]
    pub fn add_devices(&self, count: usize, prefix: &str, profile: &str) {
        let body = json!({"count": count, "prefix": prefix, "profile": profile});
        self.must_post("/devices/bulk", &body);
    }

    /// Waits until the latest value of a key is `value`.
    #[track_caller]
    pub fn wait_for_latest(&self, device: &str, key: &str, value: impl Into<Json>) {
        let value = value.into();
        wait_for(&format!("{device} shows {key} = {value}"), || {
            (self.latest(device, key)? == value).then_some(())
        });
    }

    /// The names of all devices.
    pub fn device_names(&self) -> Vec<String> {
        let devices = self.get("/devices").unwrap_or_else(|| json!([]));
        let names = devices.as_array().unwrap().iter();
        names
            .map(|device| device["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits until the edge is connected and has all devices.
    #[track_caller]
    pub fn wait_for_edge(&self) {
        wait_for("the edge is synchronised", || {
            let edge = self.get("/edge")?;
            (edge["connected"] == true && edge["synced"] == true).then_some(())
        });
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/api{path}", self.http)
    }
}

fn launch(
    (grpc_port, http_port): (u16, u16),
    more: &[&str],
    environment: &[(&str, &str)],
) -> Process {
    let (grpc_port, http_port) = (grpc_port.to_string(), http_port.to_string());
    let arguments = [
        "standin",
        "--grpc-port",
        &grpc_port,
        "--http-port",
        &http_port,
        "--routing-key",
        KEY,
        "--secret",
        SECRET,
    ];
    let arguments = [&arguments, more].concat();
    Process::start_in(Path::new("."), "stand-in", &arguments, environment)
}
