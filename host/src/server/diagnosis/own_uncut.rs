//! Why `MARKS`, `FIXED_LENGTH` and `CHOICE` cut nothing out of a connection.

use bytes::BytesMut;
use tokio_util::codec::Decoder;

use super::{Advice, ending::counted, never_cut};
use crate::{
    config::{HandlerConfiguration, HandlerType},
    framing::Framer,
};

const HUNG_UP: &str = "unless the device hung up in the middle of a message";

/// No end mark came, or not as the settings tell marks.
pub(super) fn of_marks(
    handler: &HandlerConfiguration,
    received: &[u8],
    total: u64,
) -> Option<Advice> {
    let mut framer = Framer::new(handler).ok()?;
    let mut buffer = BytesMut::from(received);
    // Reported already, or cut and skipped as empty.
    if !matches!(framer.decode(&mut buffer), Ok(None)) {
        return None;
    }
    let marks = [&handler.start_mark, &handler.start_mark_hex];
    let has_start = marks.iter().any(|mark| mark.is_some());
    let setting = match handler.end_mark {
        Some(_) => "endMark",
        None => "endMarkHex",
    };
    let what_hides = match handler.quote_hex.is_some() || handler.escape_hex.is_some() {
        true => ", and quoteHex and escapeHex, which can hide the mark",
        false => "",
    };
    Some(Advice::new(
        setting,
        format!(
            "no frame {}ended in the {} that came",
            if has_start { "began and " } else { "" },
            counted(total, "byte")
        ),
        format!("check {setting}{what_hides}, {HUNG_UP}"),
    ))
}

/// Less came than one frame has.
pub(super) fn of_fixed_length(handler: &HandlerConfiguration, total: u64) -> Option<Advice> {
    let length = handler.frame_length;
    (total < length as u64).then(|| {
        Advice::new(
            "frameLength",
            format!(
                "only {} came, less than frameLength {length}",
                counted(total, "byte")
            ),
            format!("check frameLength, {HUNG_UP}"),
        )
    })
}

/// What is wrong with the framing that the first bytes chose.
pub(super) fn of_choice(
    handler: &HandlerConfiguration,
    received: &[u8],
    total: u64,
) -> Option<Advice> {
    let Framer::Choice(decoder) = Framer::new(handler).ok()? else {
        return None;
    };
    let (index, rest) = decoder.at_front(received)?;
    let entry = handler.framings.get(index)?;
    if entry.handler_type == HandlerType::Choice {
        return None;
    }
    let before = received.len().saturating_sub(rest.len()) as u64;
    let advice = never_cut(entry, rest, total.saturating_sub(before))?;
    Some(Advice::new(
        advice.setting,
        format!("framings[{index}]: {}", advice.cause),
        advice.fix,
    ))
}

#[cfg(test)]
mod tests {
    use super::never_cut;

    #[test]
    fn why_no_frame_was_whole_is_told() {
        const MARKS: &str = r#"{"handlerType":"MARKS","startMark":"(","endMark":")"}"#;
        const QUOTED: &str = r#"{"handlerType":"MARKS","endMarkHex":"0d","quoteHex":"24"}"#;
        const FLAGS: &str = r#"{"handlerType":"MARKS","startMarkHex":"7e","endMarkHex":"7e"}"#;
        const FIXED: &str = r#"{"handlerType":"FIXED_LENGTH","frameLength":32}"#;
        const CHOICE: &str = r##"{"handlerType":"CHOICE","framings":[
            {"startsWith":"$","handlerType":"FIXED_LENGTH","frameLength":32},
            {"startsWith":"*","handlerType":"MARKS","startMark":"*","endMark":"#"},
            {"handlerType":"BINARY"}]}"##;
        type Case = (
            &'static str,
            &'static [u8],
            Option<(&'static str, &'static str)>,
        );
        let cases: [Case; 10] = [
            (
                MARKS,
                b"(013612345678BR00",
                Some((
                    "endMark",
                    "no frame began and ended in the 17 bytes that came: check endMark, unless the \
                     device hung up in the middle of a message",
                )),
            ),
            (MARKS, b"013612345678BR00", None),
            (
                QUOTED,
                b"a$b\r",
                Some(("endMarkHex", "no frame ended in the 4 bytes")),
            ),
            (
                QUOTED,
                b"ab",
                Some(("endMarkHex", "which can hide the mark")),
            ),
            (
                FLAGS,
                b"\x7eabc",
                Some(("endMarkHex", "no frame began and")),
            ),
            (
                FIXED,
                b"0123",
                Some((
                    "frameLength",
                    "only 4 bytes came, less than frameLength 32: ",
                )),
            ),
            (
                CHOICE,
                b"$123",
                Some(("frameLength", "framings[0]: only 4 bytes came")),
            ),
            (
                CHOICE,
                b"*HQ,1",
                Some(("endMark", "framings[1]: no frame began and ended")),
            ),
            (
                CHOICE,
                b"\x09\0abc",
                Some(("lengthFieldOffset", "framings[2]: length field at offset 0")),
            ),
            (CHOICE, b"", None),
        ];
        for (settings, received, expected) in cases {
            let handler = serde_json::from_str(settings).unwrap();
            let advice = never_cut(&handler, received, received.len() as u64);
            let shown = received.escape_ascii();
            match (&advice, expected) {
                (Some(advice), Some((setting, text))) => {
                    assert_eq!(advice.setting, setting, "{shown}: {advice}");
                    assert!(advice.to_string().contains(text), "{shown}: {advice}");
                }
                (advice, expected) => assert_eq!(advice.is_some(), expected.is_some(), "{shown}"),
            }
        }
    }
}
