//! What a device can do wrong with its framing.

/// A stretch of the byte stream that is no frame. The framer has skipped it.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The frame is longer than `maxFrameLength`.
    #[error(
        "frame of {length} bytes or more exceeds maxFrameLength = {max}: raise maxFrameLength, \
         or check that the handler configuration matches the device's framing"
    )]
    TooLong {
        /// Bytes seen of it, without its delimiter.
        length: usize,
        /// The limit.
        max: usize,
    },
    /// Required by [`tokio_util::codec::Decoder`]; framers do no I/O.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
