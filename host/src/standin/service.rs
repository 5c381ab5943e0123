//! The Edge service on gRPC. Written out, not generated, because uplink messages
//! are to come as bytes: most of them hold telemetry only, which is taken without
//! building the whole message ([`super::telemetry`]).

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codec::{CompressionEncoding, EnabledCompressionEncodings};
use tonic::codegen::{BoxFuture, Bytes, http};
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::Service;

use super::session::{EdgeService, MOST_INBOUND};
use crate::proto::edge::{ConnectRequestMsg, DownlinkResponseMsg, ResponseMsg, SyncRequestMsg};

/// The service's name on the wire.
const NAME: &str = "edge.EdgeRpcService";
/// The path of its one method.
const PATH: &str = "/edge.EdgeRpcService/handleMsgs";

/// A `RequestMsg` whose uplink message is not read yet; the same bytes on the wire.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Inbound {
    #[prost(int32, tag = "1")]
    pub(super) msg_type: i32,
    #[prost(message, optional, tag = "2")]
    pub(super) connect_request_msg: Option<ConnectRequestMsg>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub(super) uplink_msg: Option<Bytes>,
    #[prost(message, optional, tag = "4")]
    pub(super) downlink_response_msg: Option<DownlinkResponseMsg>,
    #[prost(message, optional, tag = "5")]
    pub(super) sync_request_msg: Option<SyncRequestMsg>,
}

/// What the gRPC server calls.
#[derive(Clone)]
pub(super) struct EdgeServer(pub(super) Arc<EdgeService>);

impl NamedService for EdgeServer {
    const NAME: &'static str = NAME;
}

impl Service<http::Request<Body>> for EdgeServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move {
            if request.uri().path() != PATH {
                return Ok(Status::unimplemented("").into_http());
            }
            let mut accepted = EnabledCompressionEncodings::default();
            accepted.enable(CompressionEncoding::Gzip);
            let mut grpc = Grpc::new(ProstCodec::<ResponseMsg, Inbound>::default())
                .apply_compression_config(accepted, EnabledCompressionEncodings::default())
                .apply_max_message_size_config(Some(MOST_INBOUND), None);
            Ok(grpc.streaming(server, request).await)
        })
    }
}

impl StreamingService<Inbound> for EdgeServer {
    type Response = ResponseMsg;
    type ResponseStream = ReceiverStream<Result<ResponseMsg, Status>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Streaming<Inbound>>) -> Self::Future {
        let service = Arc::clone(&self.0);
        Box::pin(async move { service.handle_msgs(request) })
    }
}
