//! What goes out on the request stream, and how it becomes bytes.

use bytes::{BufMut, Bytes};
use prost::{
    Message,
    encoding::{WireType, encode_key, encode_varint, int32},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    GrpcMethod, Request as Call, Status, Streaming,
    client::Grpc,
    codec::{BufferSettings, Codec, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::Channel,
};
use tonic_prost::ProstDecoder;

use crate::proto::edge::{RequestMsg, RequestMsgType, ResponseMsg, UplinkMsg};

/// The service and its one method.
const SERVICE: &str = "edge.EdgeRpcService";
const METHOD: &str = "handleMsgs";
const PATH: &str = "/edge.EdgeRpcService/handleMsgs";

/// Field numbers of `edge.proto`.
const REQUEST_MSG_TYPE: u32 = 1;
const REQUEST_UPLINK_MSG: u32 = 3;
const UPLINK_MSG_ID: u32 = 1;

/// One message of the stream.
#[derive(Debug)]
pub(super) enum Request {
    /// One of the generated messages.
    Plain(Box<RequestMsg>),
    /// The `UplinkMsg` of this id whose `entityData` are encoded already.
    Data { id: i32, parts: Bytes },
}

/// What an uplink message carries.
#[derive(Debug)]
pub(super) enum Content {
    /// Anything but data of many entities.
    Plain(UplinkMsg),
    /// Data, as [`Parts`](super::uplink::Parts) makes them.
    Data(Bytes),
}

impl From<UplinkMsg> for Content {
    fn from(message: UplinkMsg) -> Self {
        Self::Plain(message)
    }
}

impl From<RequestMsg> for Request {
    fn from(message: RequestMsg) -> Self {
        Self::Plain(Box::new(message))
    }
}

impl Request {
    /// The uplink message of that id, which is not 0.
    pub(super) fn uplink(id: i32, content: Content) -> Self {
        match content {
            Content::Plain(message) => Self::from(RequestMsg {
                msg_type: RequestMsgType::UplinkRpcMessage.into(),
                uplink_msg: Some(UplinkMsg {
                    uplink_msg_id: id,
                    ..message
                }),
                ..RequestMsg::default()
            }),
            Content::Data(parts) => Self::Data { id, parts },
        }
    }

    fn encode(&self, buffer: &mut impl BufMut) {
        match self {
            Self::Plain(message) => message.encode_raw(buffer),
            Self::Data { id, parts } => {
                let kind = RequestMsgType::UplinkRpcMessage.into();
                int32::encode(REQUEST_MSG_TYPE, &kind, buffer);
                encode_key(REQUEST_UPLINK_MSG, WireType::LengthDelimited, buffer);
                let length = int32::encoded_len(UPLINK_MSG_ID, id) + parts.len();
                encode_varint(length as u64, buffer);
                int32::encode(UPLINK_MSG_ID, id, buffer);
                buffer.put_slice(parts);
            }
        }
    }
}

#[cfg(test)]
impl Request {
    /// The uplink message, as the server reads it.
    pub(super) fn uplink_msg(&self) -> UplinkMsg {
        let mut bytes = Vec::new();
        self.encode(&mut bytes);
        let read = RequestMsg::decode(bytes.as_slice()).unwrap();
        read.uplink_msg.unwrap()
    }
}

/// Opens the stream of a session over `channel`, whose messages are `requests`.
pub(super) async fn open(
    channel: Channel,
    requests: mpsc::Receiver<Request>,
    max_inbound_message: usize,
) -> Result<Streaming<ResponseMsg>, Status> {
    let mut client = Grpc::new(channel).max_decoding_message_size(max_inbound_message);
    client
        .ready()
        .await
        .map_err(|error| Status::from_error(error.into()))?;
    let mut call = Call::new(ReceiverStream::new(requests));
    call.extensions_mut()
        .insert(GrpcMethod::new(SERVICE, METHOD));
    let path = PathAndQuery::from_static(PATH);
    let answer = client.streaming(call, path, EdgeCodec).await?;
    Ok(answer.into_inner())
}

/// The service's messages, where what was encoded before is not encoded again.
#[derive(Clone, Copy, Debug)]
struct EdgeCodec;

impl Codec for EdgeCodec {
    type Encode = Request;
    type Decode = ResponseMsg;
    type Encoder = Self;
    type Decoder = ProstDecoder<ResponseMsg>;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstDecoder::default()
    }
}

impl Encoder for EdgeCodec {
    type Item = Request;
    type Error = Status;

    fn encode(&mut self, request: Request, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        request.encode(buffer);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        message::{Batch, Value, testing::with_values},
        relay::uplink::Parts,
    };

    fn bytes(request: &Request) -> Vec<u8> {
        let mut bytes = Vec::new();
        request.encode(&mut bytes);
        bytes
    }

    #[test]
    fn encoded_data_is_the_message_that_it_stands_for() {
        let batch = Batch::of(&[with_values("m", &[("t", Value::Long(-1))])]);
        let mut parts = Parts::default();
        parts.append(batch.at(0), Uuid::from_u128(7));
        let parts = parts.encoded();
        for id in [1, 300, i32::MAX] {
            let request = Request::uplink(id, Content::Data(parts.clone()));
            let message = request.uplink_msg();
            assert_eq!(message.uplink_msg_id, id);
            assert_eq!(message.entity_data[0].entity_id_lsb, 7);
            let plain = Request::uplink(id, message.into());
            assert_eq!(bytes(&plain), bytes(&request));
        }
    }
}
