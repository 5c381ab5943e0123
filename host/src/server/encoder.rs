//! Downlinks of one connection become bytes, by the downlink converter.

use std::{net::SocketAddr, sync::Arc};

use super::integration::Integration;
use crate::{
    converter::{CallContext, Converter, Metadata, Missed, Output, Session, Workers},
    message::{DeviceMetadata, Downlink},
};

/// What `encode` gave.
pub(super) type Encoded = Result<Output<Vec<Vec<u8>>>, String>;

/// Encodes for one connection.
pub(super) struct Encoder {
    pub(super) integration: Arc<Integration>,
    pub(super) workers: Workers,
    /// Knows more of devices than a downlink says.
    pub(super) device_metadata: Arc<dyn DeviceMetadata>,
    pub(super) session: Session,
    pub(super) peer: SocketAddr,
}

/// What of a downlink the converter needs. The downlink itself stays with the
/// writer, who may have to give it back.
pub(super) struct Message {
    device: String,
    msg: String,
    msg_type: String,
    metadata: Arc<Metadata>,
}

impl Message {
    pub(super) fn of(downlink: &Downlink) -> Self {
        Self {
            device: downlink.device.clone(),
            msg: downlink.msg.clone(),
            msg_type: downlink.msg_type.clone(),
            metadata: downlink.metadata.clone(),
        }
    }
}

impl Encoder {
    /// Encodes a message.
    pub(super) async fn encode(self, message: Message) -> Encoded {
        let live = self.integration.live();
        let converter = live.downlink.current().ok_or(
            "there is no downlink converter: put one in the converters folder, or name one in \
             downlinkConverter",
        )?;
        let context = |metadata, missed| CallContext::Downlink {
            integration: live.metadata.clone(),
            message: metadata,
            missed,
            peer: self.peer,
            session: self.session.clone(),
        };
        let missed = Missed::noted();
        let first = context(message.metadata.clone(), missed.clone());
        let encoded = self.call(&converter, &message, first).await;
        let keys = missed.take();
        if keys.is_empty() {
            return encoded;
        }
        // A converter is a function of what it reads: if it reads what has to be
        // looked up it is called once more, and costs nobody else anything. The
        // first call has changed nothing then, and asked for nothing.
        let mut found = self.device_metadata.look_up(&message.device, &keys).await;
        let own = message.metadata.iter();
        found.extend(own.map(|(key, value)| (key.clone(), value.clone())));
        let second = context(Arc::new(found), Missed::default());
        self.call(&converter, &message, second).await
    }

    async fn call(
        &self,
        converter: &Arc<Converter>,
        message: &Message,
        context: CallContext,
    ) -> Encoded {
        self.workers
            .encode(
                converter.clone(),
                message.msg.clone(),
                message.msg_type.clone(),
                Arc::new(context),
            )
            .await
            .map_err(|stopped| stopped.to_string())?
            .map_err(|error| format!("{} {}: {error}", converter.name(), converter.version()))
    }
}
