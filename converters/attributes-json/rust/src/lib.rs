//! The encoder of ThingsBoard's TCP tutorial: the message, as JSON on one line.
//!
//! A message's body is JSON text already, so nothing is parsed. Only white
//! space between its tokens is dropped: a line feed there would end the line
//! that the device reads. Numbers and escapes stay as ThingsBoard wrote them.

use tb_converter::{Context, DownlinkConverter, Message, Result, export};

/// Encodes the body of any message as compact JSON.
#[derive(Debug)]
pub struct AttributesJson;

impl DownlinkConverter for AttributesJson {
    fn encode(msg: &Message, _context: &Context) -> Result<Vec<Vec<u8>>> {
        Ok(vec![compact(msg.body())])
    }
}

/// JSON text without the white space between its tokens.
fn compact(json: &str) -> Vec<u8> {
    let mut line = Vec::with_capacity(json.len());
    let mut in_string = false;
    let mut escaped = false;
    // All that matters here is ASCII, which is never part of another character.
    for byte in json.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        } else {
            in_string = byte == b'"';
        }
        line.push(byte);
    }
    line
}

export!(downlink = AttributesJson);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_between_tokens_and_stays_in_strings() {
        let table = [
            (r#"{"powerState":"on"}"#, r#"{"powerState":"on"}"#),
            ("{ \"a\" :\t[ 1 ,\r\n 2 ] }\n", r#"{"a":[1,2]}"#),
            (r#"{ "a b" : " c " }"#, r#"{"a b":" c "}"#),
            (r#"[ "\" : \\" , " \\\" " ]"#, r#"["\" : \\"," \\\" "]"#),
            (r#"{ "°C" : "水 " }"#, r#"{"°C":"水 "}"#),
            ("", ""),
        ];
        for (json, line) in table {
            assert_eq!(compact(json), line.as_bytes(), "{json}");
        }
    }
}
