//! Requests and answers as lines of JSON.
//!
//! Both sides skip fields that they do not know, so either may be the newer
//! one; a command that the host does not know is refused in words.

use serde::{Deserialize, Serialize};

use super::protocol::{MAX_LISTED, MAX_RECORDS, Request, Response};

/// Every command, to tell one that is unknown from one that is malformed.
const COMMANDS: [&str; 8] = [
    "converters",
    "rollback",
    "dead-letters",
    "dead-letter",
    "replay-dead-letters",
    "remove-dead-letters",
    "spool-status",
    "spool-records",
];

/// The answer's line: `{"ok":…}` or `{"error":{"message":…}}`.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reply {
    /// It was done.
    Ok(Response),
    /// It was not.
    Error {
        /// Why, for people.
        message: String,
    },
}

/// `message` as a line.
pub(super) fn to_line(message: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads a request; the error says in words what is wrong with it.
pub(super) fn parse_request(line: &[u8]) -> Result<Request, String> {
    #[derive(Deserialize)]
    struct Named {
        command: String,
    }
    let error = match serde_json::from_slice(line) {
        Ok(Request::DeadLetters { filter, limit }) => {
            return Ok(Request::DeadLetters {
                filter,
                limit: limit.min(MAX_LISTED),
            });
        }
        Ok(Request::SpoolRecords {
            from,
            before,
            limit,
        }) => {
            return Ok(Request::SpoolRecords {
                from,
                before,
                limit: limit.min(MAX_RECORDS),
            });
        }
        Ok(request) => return Ok(request),
        Err(error) => error,
    };
    Err(match serde_json::from_slice::<Named>(line) {
        Err(_) => "this is no request: send one line of JSON such as \
                   {\"command\":\"converters\"}"
            .to_owned(),
        Ok(Named { command }) if !COMMANDS.contains(&command.as_str()) => {
            format!("this host does not know the command {command}; is it an older version?")
        }
        Ok(Named { command }) => format!("the command {command} cannot be used: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{LetterFilter, ReplayReport, testing::every_request};

    #[test]
    fn requests_look_as_documented() {
        let lines: Vec<_> = every_request()
            .iter()
            .map(|request| serde_json::to_string(request).unwrap())
            .collect();
        assert_eq!(
            lines,
            [
                r#"{"command":"converters"}"#,
                r#"{"command":"rollback","name":"csv"}"#,
                r#"{"command":"dead-letters","filter":{"integration":"meters","converter":null},"limit":50}"#,
                r#"{"command":"dead-letter","id":17}"#,
                r#"{"command":"replay-dead-letters","filter":{"integration":null,"converter":"csv"},"ids":[]}"#,
                r#"{"command":"remove-dead-letters","filter":{"integration":null,"converter":null},"ids":[17,18]}"#,
                r#"{"command":"spool-status"}"#,
                r#"{"command":"spool-records","from":7,"before":90,"limit":20}"#,
            ]
        );
        for (line, request) in lines.iter().zip(every_request()) {
            assert_eq!(parse_request(line.as_bytes()).unwrap(), request);
        }
    }

    #[test]
    fn names_are_the_commands_as_sent() {
        for (request, command) in every_request().iter().zip(COMMANDS) {
            let sent = serde_json::to_value(request).unwrap();
            assert_eq!(sent["command"], command);
            assert_eq!(request.name(), command);
        }
    }

    #[test]
    fn unknown_fields_are_skipped_and_filters_may_be_partial() {
        for (line, request) in [
            (
                r#"{"command":"converters","verbose":true}"#,
                Request::Converters,
            ),
            (
                r#"{"limit":3,"filter":{"since":5,"converter":"csv"},"command":"dead-letters"}"#,
                Request::DeadLetters {
                    filter: LetterFilter {
                        integration: None,
                        converter: Some("csv".to_owned()),
                    },
                    limit: 3,
                },
            ),
        ] {
            assert_eq!(parse_request(line.as_bytes()), Ok(request));
        }
    }

    #[test]
    fn a_list_is_never_longer_than_the_bound() {
        for (line, request) in [
            (
                r#"{"command":"dead-letters","filter":{},"limit":4000000000}"#,
                Request::DeadLetters {
                    filter: LetterFilter::default(),
                    limit: MAX_LISTED,
                },
            ),
            (
                r#"{"command":"spool-records","from":1,"limit":4000000000}"#,
                Request::SpoolRecords {
                    from: 1,
                    before: None,
                    limit: MAX_RECORDS,
                },
            ),
        ] {
            assert_eq!(parse_request(line.as_bytes()), Ok(request));
        }
    }

    #[test]
    fn what_is_no_request_is_refused_in_words() {
        let no_request =
            "this is no request: send one line of JSON such as {\"command\":\"converters\"}";
        for (line, message) in [
            (&b"GET / HTTP/1.1\r"[..], no_request),
            (b"", no_request),
            (b"\xff\xfe", no_request),
            (b"[]", no_request),
            (b"{\"command\":7}", no_request),
            (
                b"{\"command\":\"self-destruct\"}",
                "this host does not know the command self-destruct; is it an older version?",
            ),
            (
                b"{\"command\":\"rollback\"}",
                "the command rollback cannot be used: missing field `name`",
            ),
            // Leaving `ids` out must not mean every letter.
            (
                b"{\"command\":\"remove-dead-letters\",\"filter\":{}}",
                "the command remove-dead-letters cannot be used: missing field `ids`",
            ),
        ] {
            assert_eq!(
                parse_request(line),
                Err(message.to_owned()),
                "{}",
                line.escape_ascii()
            );
        }
    }

    #[test]
    fn replies_look_as_documented() {
        let ok = Reply::Ok(Response::Replayed(ReplayReport {
            replayed: 3,
            failed: 2,
            left: 1,
            entities: 9,
        }));
        let error = Reply::Error {
            message: "no".to_owned(),
        };
        for (reply, line) in [
            (
                ok,
                r#"{"ok":{"replayed":{"replayed":3,"failed":2,"left":1,"entities":9}}}"#,
            ),
            (error, r#"{"error":{"message":"no"}}"#),
        ] {
            assert_eq!(
                to_line(&reply).unwrap(),
                format!("{line}\n").as_bytes(),
                "{line}"
            );
            assert_eq!(serde_json::from_str::<Reply>(line).unwrap(), reply);
        }
    }
}
