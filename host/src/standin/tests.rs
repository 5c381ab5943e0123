//! The stand-in over real sockets, seen by a client of the generated code.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod acks;
mod api;
mod arrivals;
mod bulk;
mod customers;
mod downlink;
mod edge;
mod edit;
mod faults;
mod kept;
mod limit;
mod messages;
mod request;
mod rpc;
mod session;
mod sync;
mod uplink;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use uuid::Uuid;

use self::messages::*;
use super::entities::{halves, whole};
use super::*;
use crate::proto::edge::edge_rpc_service_client::EdgeRpcServiceClient;
use crate::proto::edge::*;
use crate::proto::transport::*;

const KEY: &str = "test-key";
const SECRET: &str = "test-secret";
/// Only a broken test waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

type Client = EdgeRpcServiceClient<Channel>;

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("nothing happened")
}

/// A running stand-in.
struct World {
    grpc: SocketAddr,
    http: SocketAddr,
    stop: CancellationToken,
    served: JoinHandle<Result<(), Error>>,
}

fn settings() -> Settings {
    Settings {
        grpc_address: "127.0.0.1:0".parse().unwrap(),
        http_address: "127.0.0.1:0".parse().unwrap(),
        routing_key: KEY.to_owned(),
        secret: SECRET.to_owned(),
        tls: None,
        data: None,
        kept_points: KEPT_POINTS,
    }
}

impl World {
    async fn start() -> Self {
        Self::start_with(settings()).await
    }

    async fn start_with(settings: Settings) -> Self {
        let standin = Standin::bind(settings).await.unwrap();
        let stop = CancellationToken::new();
        Self {
            grpc: standin.grpc_address(),
            http: standin.http_address(),
            served: tokio::spawn(standin.serve(stop.clone().cancelled_owned())),
            stop,
        }
    }

    /// A stream without a word said.
    async fn stream(&self) -> Edge {
        self.stream_with(|client| client).await
    }

    async fn stream_with(&self, prepare: impl FnOnce(Client) -> Client) -> Edge {
        let address = format!("http://{}", self.grpc);
        let client = soon(EdgeRpcServiceClient::connect(address)).await.unwrap();
        let mut client = prepare(client);
        let (requests, stream) = mpsc::channel(1000);
        let stream = ReceiverStream::new(stream);
        let responses = soon(client.handle_msgs(stream)).await.unwrap().into_inner();
        Edge {
            requests,
            responses,
            tenant: Uuid::nil(),
            downlinks: Vec::new(),
        }
    }

    /// An accepted session.
    async fn edge(&self) -> Edge {
        let mut edge = self.stream().await;
        let response = edge.connect(KEY, SECRET).await;
        assert_eq!(response.response_code(), ConnectResponseCode::Accepted);
        let configuration = response.configuration.unwrap();
        edge.tenant = whole(configuration.tenant_id_msb, configuration.tenant_id_lsb);
        edge
    }

    async fn http(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.http).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        soon(stream.read_to_string(&mut response)).await.unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    async fn call(&self, method: &str, path: &str, body: Json) -> (u16, Json) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let (status, text) = self.http(method, path, &body).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    /// A GET that succeeds.
    async fn get(&self, path: &str) -> Json {
        let (status, json) = self.call("GET", path, Json::Null).await;
        assert_eq!(status, 200, "{path}: {json}");
        json
    }

    /// A POST that succeeds.
    async fn post(&self, path: &str, body: Json) -> Json {
        let (status, json) = self.call("POST", path, body).await;
        assert_eq!(status, 200, "{path}: {json}");
        json
    }
}

/// The client's end of a stream.
struct Edge {
    requests: mpsc::Sender<RequestMsg>,
    responses: Streaming<ResponseMsg>,
    tenant: Uuid,
    /// Downlinks that came while something else was waited for.
    downlinks: Vec<DownlinkMsg>,
}

impl Edge {
    async fn send(&self, msg_type: RequestMsgType, mut message: RequestMsg) {
        message.set_msg_type(msg_type);
        self.requests.send(message).await.unwrap();
    }

    async fn next(&mut self) -> Result<Option<ResponseMsg>, Status> {
        soon(self.responses.message()).await
    }

    async fn connect(&mut self, key: &str, secret: &str) -> ConnectResponseMsg {
        let message = RequestMsg {
            connect_request_msg: Some(ConnectRequestMsg {
                edge_routing_key: key.to_owned(),
                edge_secret: secret.to_owned(),
                edge_version: 10,
                max_inbound_message_size: None,
            }),
            ..RequestMsg::default()
        };
        self.send(RequestMsgType::ConnectRpcMessage, message).await;
        self.next()
            .await
            .unwrap()
            .unwrap()
            .connect_response_msg
            .unwrap()
    }

    async fn send_uplink(&self, uplink: UplinkMsg) {
        let message = RequestMsg {
            uplink_msg: Some(uplink),
            ..RequestMsg::default()
        };
        self.send(RequestMsgType::UplinkRpcMessage, message).await;
    }

    async fn answer(&mut self) -> UplinkResponseMsg {
        loop {
            let response = self.next().await.unwrap().unwrap();
            if let Some(answer) = response.uplink_response_msg {
                return answer;
            }
            self.downlinks.extend(response.downlink_msg);
        }
    }

    /// Sends a message and waits for its answer.
    async fn uplink(&mut self, mut uplink: UplinkMsg) -> Result<(), String> {
        uplink.uplink_msg_id = rand::random();
        let id = uplink.uplink_msg_id;
        self.send_uplink(uplink).await;
        let answer = self.answer().await;
        assert_eq!(answer.uplink_msg_id, id);
        if answer.success {
            Ok(())
        } else {
            Err(answer.error_msg)
        }
    }

    async fn downlink(&mut self) -> DownlinkMsg {
        if self.downlinks.is_empty() {
            let response = self.next().await.unwrap().unwrap();
            return response.downlink_msg.expect("not a downlink");
        }
        self.downlinks.remove(0)
    }

    async fn ack(&self, downlink: &DownlinkMsg) {
        let ack = DownlinkResponseMsg {
            success: true,
            downlink_msg_id: downlink.downlink_msg_id,
            ..DownlinkResponseMsg::default()
        };
        let message = RequestMsg {
            downlink_response_msg: Some(ack),
            ..RequestMsg::default()
        };
        self.send(RequestMsgType::UplinkRpcMessage, message).await;
    }

    /// Starts a synchronisation and acknowledges the profiles; the devices are next.
    async fn sync_profiles(&mut self, profiles: usize) {
        self.request_sync().await;
        for _ in 0..profiles {
            assert!(is_profile(&self.take().await));
        }
    }

    /// The next downlink, acknowledged.
    async fn take(&mut self) -> DownlinkMsg {
        let downlink = self.downlink().await;
        self.ack(&downlink).await;
        downlink
    }

    async fn request_sync(&self) {
        let message = RequestMsg {
            sync_request_msg: Some(SyncRequestMsg {
                full_sync: Some(false),
            }),
            ..RequestMsg::default()
        };
        self.send(RequestMsgType::SyncRequestRpcMessage, message)
            .await;
    }

    /// Everything a synchronisation tells of devices and assets, up to its end.
    async fn sync(&mut self) -> Vec<DownlinkMsg> {
        self.request_sync().await;
        let mut told = Vec::new();
        loop {
            let message = self.take().await;
            if message.sync_completed_msg.is_some() {
                return told;
            }
            if !is_profile(&message) {
                told.push(message);
            }
        }
    }

    fn tenant_id(&self) -> Json {
        json!({"entityType": "TENANT", "id": self.tenant.to_string()})
    }

    fn device_json(&self, name: &str) -> Json {
        json!({"tenantId": self.tenant_id(), "name": name, "type": "meter", "createdTime": 1000})
    }

    async fn create(&mut self, id: Uuid, name: &str) -> Result<(), String> {
        let json = self.device_json(name);
        self.uplink(device_uplink(id, &json.to_string())).await
    }
}
