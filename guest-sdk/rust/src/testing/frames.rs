//! Trying a converter's framing on a stream.

use crate::{FramingConverter, Result, Step};

/// Cuts a whole stream as the host would that gets it at once, byte by byte, and in
/// pieces of seven bytes, and returns the frames. What is left unfinished at the end
/// is no frame.
///
/// ```
/// use tb_converter::{FramingConverter, Result, Step, testing};
///
/// /// A byte with the length, and as many behind it.
/// struct Short;
///
/// impl FramingConverter for Short {
///     fn cut(bytes: &[u8]) -> Result<Step> {
///         Ok(Step::frame(1 + usize::from(bytes[0])))
///     }
/// }
///
/// let frames = testing::frames::<Short>(b"\x02ab\x01c\x05d")?;
/// assert_eq!(frames, [b"\x02ab".to_vec(), b"\x01c".to_vec()]);
/// # Ok::<(), tb_converter::Error>(())
/// ```
///
/// # Errors
///
/// What the converter said where it could not find the next frame.
///
/// # Panics
///
/// If the frames depend on how the stream came in, or the converter finds a frame of
/// no bytes and skips none: the host closes such connections.
#[track_caller]
pub fn frames<C: FramingConverter>(stream: &[u8]) -> Result<Vec<Vec<u8>>> {
    let whole = cut::<C>(stream, stream.len().max(1))?;
    for piece in [1, 7] {
        let other = cut::<C>(stream, piece)?;
        assert_eq!(
            whole, other,
            "the frames differ when the stream comes in pieces of {piece}"
        );
    }
    Ok(whole)
}

#[track_caller]
fn cut<C: FramingConverter>(stream: &[u8], piece: usize) -> Result<Vec<Vec<u8>>> {
    let (mut frames, mut start) = (Vec::new(), 0);
    let (mut come, mut wanted) = (0, 1);
    while come < stream.len() {
        come = stream.len().min(come + piece);
        while start < come && come - start >= wanted {
            match C::cut(&stream[start..come])? {
                Step::Need(more) => wanted = come - start + more.max(1),
                Step::Frame { skip: 0, length: 0 } => {
                    panic!("a frame of no bytes, and none skipped")
                }
                Step::Frame { skip, length } => {
                    let end = start + skip + length;
                    if end > stream.len() {
                        return Ok(frames);
                    }
                    if length > 0 {
                        frames.push(stream[start + skip..end].to_vec());
                    }
                    (start, come, wanted) = (end, come.max(end), 1);
                }
            }
        }
    }
    Ok(frames)
}
