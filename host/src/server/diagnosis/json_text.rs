//! Recognises JSON objects and arrays in text that need not be any.

use serde::de::IgnoredAny;

/// How far bytes are JSON objects and arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Json {
    /// Not at all.
    No,
    /// So many whole ones and nothing else.
    Whole(usize),
    /// So many whole ones and the beginning of one more.
    Begun(usize),
    /// The closing brackets of one.
    End,
}

/// How far `bytes` are JSON objects and arrays.
pub(super) fn recognise(bytes: &[u8]) -> Json {
    let text = bytes.trim_ascii();
    let is_closing = |byte: &u8| matches!(byte, b'}' | b']' | b',') || byte.is_ascii_whitespace();
    if matches!(text.first(), Some(b'}' | b']')) && text.iter().all(is_closing) {
        return Json::End;
    }
    if !begins_json(text) {
        return Json::No;
    }
    let mut documents = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    let mut whole = 0;
    loop {
        let rest = text[documents.byte_offset()..].trim_ascii_start();
        if rest.is_empty() {
            return Json::Whole(whole);
        }
        if !begins_json(rest) {
            return Json::No;
        }
        match documents.next() {
            Some(Ok(_)) => whole += 1,
            Some(Err(error)) if error.is_eof() => return Json::Begun(whole),
            Some(Err(_)) | None => return Json::No,
        }
    }
}

/// Whether an object or array begins here that no other protocol in brackets
/// looks like: a quotation mark or a bracket follows, if anything does.
fn begins_json(text: &[u8]) -> bool {
    let follows = |rest: &[u8], allowed: &[u8]| {
        rest.trim_ascii_start()
            .first()
            .is_none_or(|byte| allowed.contains(byte))
    };
    match text {
        [b'{', rest @ ..] => follows(rest, b"\"}"),
        [b'[', rest @ ..] => follows(rest, b"{[\"]"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_other_text_in_brackets() {
        let cases: [(&[u8], Json); 22] = [
            (b"", Json::No),
            (b"SN-002,default", Json::No),
            (b"{}", Json::Whole(1)),
            (b" [{\"a\":1}]\r\n", Json::Whole(1)),
            (b"{\"a\":\"}\"} \n{\"b\":[2]}", Json::Whole(2)),
            (b"{", Json::Begun(0)),
            (b"[", Json::Begun(0)),
            (b"{\"a\":1,", Json::Begun(0)),
            (b"{\"a\":1}{\"b\"", Json::Begun(1)),
            (b"[{\"a\":1},", Json::Begun(0)),
            (b"}", Json::End),
            (b"  },", Json::End),
            (b"]}", Json::End),
            (b"} else", Json::No),
            (b"{\"a\":1}garbage", Json::No),
            (b"{\"a\":1},{\"b\":2}", Json::No),
            (b"{\"a\":1}25", Json::No),
            (b"{\"a\":nonsense", Json::No),
            (b"{1,25.7", Json::No),
            (b"[12,34", Json::No),
            (b"[3G*8800000015*0002*LK", Json::No),
            (b"[\"a\":1", Json::No),
        ];
        for (bytes, expected) in cases {
            assert_eq!(recognise(bytes), expected, "{}", bytes.escape_ascii());
        }
        // No recursion, whatever the depth.
        assert_eq!(recognise(&b"[".repeat(100_000)), Json::Begun(0));
    }
}
