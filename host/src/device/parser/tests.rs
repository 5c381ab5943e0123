use proptest::prelude::*;

use super::*;
use crate::device::conversation::{Part, Size};

fn parsed(text: &str) -> Conversation {
    parse(text, &[]).map(|parsed| parsed.conversation).unwrap()
}

fn wrong(text: &str) -> String {
    parse(text, &[]).unwrap_err().to_string()
}

/// The statements as far as they can be told apart by name.
fn actions(text: &str) -> Vec<String> {
    let conversation = parsed(text);
    let names = conversation.steps.iter().map(|step| {
        let action = format!("{:?}", step.action);
        let end = action.find([' ', '(']).unwrap_or(action.len());
        format!("{}:{}", step.line, &action[..end])
    });
    names.collect()
}

#[test]
fn statements_are_lines() {
    let text = r#"
# A comment, then a blank line.

set serial = 1          # another one
connect
send "a" 0d 0A # with a comment
expect "b" within 200ms
expect nothing for 1s
expect close
expect close within 2s
wait 1s to 2s
close
reset
"#;
    assert_eq!(
        actions(text),
        [
            "4:Set",
            "5:Connect",
            "6:Send",
            "7:Expect",
            "8:Silence",
            "9:ExpectClose",
            "10:ExpectClose",
            "11:Wait",
            "12:Close",
            "13:Reset"
        ]
    );
}

#[test]
fn windows_line_ends_are_line_ends() {
    assert_eq!(
        actions("send 00\r\nrepeat 2 {\r\nclose\r\n}\r\n"),
        ["1:Send", "2:Repeat", "3:Close", "2:Again"]
    );
}

#[test]
fn loops_are_jumps() {
    let conversation = parsed("repeat 2 {\nsend 00\nrepeat forever {\nsend 01\n}\n}\nsend 02");
    let jumps: Vec<_> = conversation
        .steps
        .iter()
        .enumerate()
        .filter_map(|(at, step)| match step.action {
            Action::Repeat { end, .. } => Some((at, end)),
            Action::Again { start } => Some((at, start)),
            _ => None,
        })
        .collect();
    assert_eq!(jumps, [(0, 6), (2, 5), (4, 3), (5, 1)]);
}

#[test]
fn values_of_the_command_line_come_first_and_move_the_jumps() {
    let given = [("count".to_owned(), "2".to_owned())];
    let parsed = parse("repeat count {\nsend {count}\n}", &given).unwrap();
    assert_eq!(parsed.taken, [true]);
    assert_eq!(parsed.settable, ["count"]);
    let steps = parsed.conversation.steps;
    assert!(matches!(steps[0].action, Action::Set { slot: 0, .. }));
    assert!(matches!(steps[1].action, Action::Repeat { end: 4, .. }));
    assert!(matches!(steps[3].action, Action::Again { start: 2 }));
}

#[test]
fn text_and_hex_beside_each_other_are_one_literal() {
    let conversation = parsed(r#"expect "a\r\n\0\x7f\"\\\{" 0D0a ?? 78?? 'b\"{'"#);
    let Action::Expect { pattern, .. } = &conversation.steps[0].action else {
        panic!("{conversation:?}");
    };
    let literals: Vec<_> = pattern
        .parts
        .iter()
        .map(|part| match part {
            Part::Literal(literal) => literal.escape_ascii().to_string(),
            Part::Any => "??".to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        literals,
        [r#"a\r\n\x00\x7f\"\\{\r\n"#, "??", "x", "??", r#"b\\\"{"#]
    );
}

#[test]
fn brackets_go_over_lines() {
    let text = "send 00 data[ # a packet\n  01 # its type\n\n  more[ 02 ]\n] {len(data):u8}\nclose";
    let conversation = parsed(text);
    let Action::Send(template) = &conversation.steps[0].action else {
        panic!("{conversation:?}");
    };
    assert_eq!(template.pieces.len(), 3);
    assert_eq!(template.blocks.len(), 2);
    assert_eq!(conversation.names, ["data", "more"]);
    assert_eq!(conversation.steps[1].line, 6);
}

#[test]
fn captures_have_sizes() {
    let conversation = parsed(r#"expect <a> "," <n:u16be> <b:n-4> <c:2>"#);
    let Action::Expect { pattern, .. } = &conversation.steps[0].action else {
        panic!("{conversation:?}");
    };
    let sizes: Vec<_> = pattern
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Capture { size, .. } => Some(match size {
                Size::UpToNext => "up to",
                Size::Rest => "the rest",
                Size::Number(_) => "number",
                Size::Bytes(_) => "bytes",
            }),
            _ => None,
        })
        .collect();
    assert_eq!(sizes, ["up to", "number", "bytes", "bytes"]);
}

#[test]
fn the_last_capture_of_a_value_takes_the_rest() {
    let conversation = parsed("take copy: <a> 00 b[ <c> ]");
    let Action::Take { pattern, .. } = &conversation.steps[0].action else {
        panic!("{conversation:?}");
    };
    let sizes = pattern.parts.iter().filter_map(|part| match part {
        Part::Capture { size, .. } => Some(matches!(size, Size::Rest)),
        _ => None,
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn reactions_are_kept_apart() {
    let conversation =
        parsed("on \"ping\" <id> \"\\n\" {\n  send \"pong\" {id}\n}\nsend \"hello\"\nwait 1s");
    assert_eq!(conversation.reactions.len(), 1);
    assert_eq!(conversation.reactions[0].line, 1);
    assert_eq!(conversation.reactions[0].steps.len(), 1);
    assert!(matches!(conversation.steps[0].action, Action::On));
    assert_eq!(conversation.steps.len(), 3);
}

#[test]
fn a_colon_of_a_time_begins_no_format() {
    for text in ["send {now:%H:%M}", "send {now:%d%m%y;%H:%M:%S}"] {
        assert_eq!(actions(text), ["1:Send"]);
    }
}

#[test]
fn what_may_go_well_is_not_refused() {
    for text in [
        "send {255:u8}",
        "send {copy / 1}",
        "set a = random(1, 2)",
        "set a = \"{copy}\" + 1",
        "set a = escaped(now, \"7e=7d02\")",
    ] {
        assert_eq!(parsed(text).steps.len(), 1, "{text}");
    }
}

/// Each error has its place, and says what to write.
#[test]
fn errors_name_place_and_remedy() {
    for (text, expected) in [
        (
            "sned 00",
            "1:1: sned where a statement should begin: write send, ",
        ),
        ("send", "1:1: send needs something to send"),
        (
            "send 0",
            "1:6: 0 has an odd number of hexadecimal digits: a byte has two; a number stands in braces",
        ),
        (
            "send hello",
            "1:6: hello is not hex: text stands in quotes, \"hello\", and a variable in braces",
        ),
        (
            "send ??",
            "1:6: ?? stands for any byte in what is expected only",
        ),
        ("expect 7?", "1:8: 7?: a wildcard is a whole byte, ??"),
        ("send <a:1>", "1:6: < > captures what comes"),
        ("send \"a", "1:6: this \" is never closed in its line"),
        ("send 'a\n'", "1:6: this ' is never closed in its line"),
        ("send \"\\q\"", "1:7: there is no such escape"),
        ("send \"\\x4\"", "1:7: \\x takes two hexadecimal digits"),
        (
            "send {a}",
            "1:7: a never gets a value: write `set a = …` above",
        ),
        ("set a = 1\nsend {a:u9}", "2:9: there is no format \"u9\""),
        (
            "send {1 2}",
            "1:9: '2' in braces, where an operator, a colon with a format, or } should be",
        ),
        ("send {1", "1:8: the end of the file in braces"),
        ("send 00 {\nclose", "1:9: '{' where the line should end"),
        ("send {len()}", "1:11: ')' where a value should be"),
        ("send {random(1)}", "1:7: random takes 2 values"),
        ("send {len(1,2)}", "1:7: len takes one value"),
        (
            "send {length(1)}",
            "1:7: there is no function length; there are len, crc16_arc",
        ),
        ("send {len}", "1:7: len is a function: write len(…)"),
        ("send {12ab}", "1:7: 12ab is not a number"),
        ("send 00 within 5s", "1:9: 'w' where the line should end"),
        ("send a[ 00", "1:7: this [ is never closed with ]"),
        (
            "send {now:%H%M%S:bcd3}",
            "1:11: %H%M%S:bcd3 are two formats: put the value with the first into a variable, `set t = \"{now:%H%M%S}\"`, and write {t:bcd3} here",
        ),
        ("send {1 : u8:bcd}", "1:11: u8:bcd are two formats"),
        ("send {300:u8}", "1:7: 300 does not fit into u8"),
        ("send \"{-1:x}\"", "1:8: -1 does not fit into hexadecimal"),
        ("send {copy / 0}", "1:12: a division by zero"),
        ("send {7 % (2 - 2)}", "1:9: a division by zero"),
        ("set a = copy + \"x\"", "1:14: \"x\" is not a number"),
        ("set a = -[ 61 ]", "1:9: \"a\" is not a number"),
        ("set a = unhex(\"0\")", "1:9: unhex: 1 hexadecimal digits"),
        ("set a = random(2, 1)", "1:9: random(2, 1): the first"),
        (
            "set a = escaped(now, \"7e=7d02 7e=7d01\")",
            "1:9: escaped and unescaped: 7e=7d01: one side of it stands in another pair",
        ),
        (
            "expect {unescaped([ 00 ], \"7e\")}",
            "1:9: escaped and unescaped: 7e is no pair of hex",
        ),
        (
            "take copy 00",
            "1:11: '0' where a colon should be: write `take value: 01 <name:4>`",
        ),
        ("take copy:", "1:1: nothing to compare with"),
        ("take a[ 00 ]: 00", "1:7: '[' where a colon"),
        (
            "take [ b[ 00 ] ]: 00",
            "1:8: a block cannot have a name here",
        ),
        ("take copy: <a> <b:1>", "1:1: a capture without a size"),
        (
            "take copy: 00 within 5s",
            "1:15: 'w' where the line should end",
        ),
        (
            "send b[ 00 ] b[ 01 ]",
            "1:14: two blocks of this line are called b",
        ),
        ("send len[ 00 ]", "1:6: len has a meaning already"),
        ("send 9a[ 00 ]", "1:6: \"9a\" is no name of a variable"),
        ("send )", "1:6: ')' where bytes should be"),
        (
            "set a 1",
            "1:7: '1' where = should be: write `set name = value`",
        ),
        (
            "set copy = 1",
            "1:5: copy has a meaning already: take another name",
        ),
        ("set a = 1 1", "1:11: '1' where the line should end"),
        ("expect", "1:1: nothing to compare with"),
        ("expect \"\"", "1:1: nothing to compare with"),
        ("expect nothing", "1:1: write `expect nothing for 200ms`"),
        ("expect 00 within 5", "1:18: \"5\" is not a length of time"),
        (
            "expect close 5s",
            "1:14: only a limit of time can stand here",
        ),
        (
            "expect <a>",
            "1:1: a capture without a size takes all up to the text or hex behind it",
        ),
        ("expect <a> <b:1>", "1:1: a capture without a size"),
        (
            "expect <a",
            "1:10: the end of the file in a capture: write <a> for all",
        ),
        (
            "expect {len(b):u8} b[ 00 ]",
            "1:13: b is not known before its ]: capture the length",
        ),
        (
            "expect {len([ b[ 00 ] ]):u8}",
            "1:15: a block cannot have a name here",
        ),
        ("wait 5s to 1s", "1:9: the second time is shorter"),
        ("wait 5s or 1s", "1:9: write `wait 5s`, or `wait 5s to 10s`"),
        (
            "repeat 3",
            "1:9: the end of the file where the line should end with {, as in `repeat 10 {`",
        ),
        (
            "repeat 3 { close }",
            "1:10: '{' where the line should end with {",
        ),
        (
            "repeat 3 {\nclose",
            "1:1: the { of this line is never closed with }",
        ),
        ("close\n}", "2:1: this } closes nothing"),
        ("repeat 3 {\n} close", "2:3: 'c' where the line should end"),
        (
            "repeat 3 {\non \"a\" {\n}\n}",
            "2:1: on stands outside of loops",
        ),
        ("# é\nsend \"é\" x", "2:10: x is not hex"),
    ] {
        let error = wrong(text);
        assert!(
            error.starts_with(expected) || error.contains(expected),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn nesting_and_chains_are_bounded() {
    let deep = |open: &str, close: &str| {
        format!("set a = {}1{}", open.repeat(100_000), close.repeat(100_000))
    };
    for text in [
        deep("(", ")"),
        deep("-", ""),
        format!("set a = {}", "[ \"{".repeat(100_000)),
        format!(
            "send {}",
            (0..100)
                .map(|number| format!("b{number}_[ "))
                .collect::<String>()
        ),
        "repeat 1 {\n".repeat(1000),
    ] {
        assert!(
            wrong(&text).contains("inside each other"),
            "{}",
            &text[..30]
        );
    }
    let chain = format!("set a = 1{}", " + 1".repeat(100_000));
    assert!(wrong(&chain).contains("more than 500 operators in a line"));
    let blocks: String = (0..65).map(|number| format!("b{number}_[ 00 ] ")).collect();
    assert!(wrong(&format!("send {blocks}")).contains("more than 64 blocks in a line"));
    let names: String = (0..1001)
        .map(|number| format!("set v{number} = 1\n"))
        .collect();
    assert!(wrong(&names).contains("1001:5: more than 1000 variables"));
    assert!(wrong(&"close\n".repeat(100_001)).contains("100001:1: more than 100000 statements"));
    assert!(wrong(&" ".repeat(MAX_FILE + 1)).contains("longer than 1 MiB"));
}

/// Words of the language, put together at random, get further than random
/// characters.
fn soup() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "send",
        "expect",
        "take",
        "escaped(",
        "set",
        "wait",
        "repeat",
        "on",
        "connect",
        "close",
        "nothing",
        "for",
        "within",
        "forever",
        "to",
        "5s",
        " ",
        " ",
        " ",
        "\n",
        "\n",
        "\r\n",
        "{",
        "{\n",
        "}",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "a",
        "b",
        "=",
        "78",
        "0d0a",
        "??",
        "\"",
        "'",
        "\\",
        "\\x0",
        ":",
        "u16be",
        "bcd8",
        "%d",
        "len(",
        "random(1,",
        "crc16_x25(a)",
        "copy",
        "now",
        "+",
        "-",
        "*",
        "/",
        "%",
        ",",
        "#",
        "1",
        "0x",
        "é",
        "\0",
    ]);
    proptest::collection::vec(words, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in prop_oneof![soup(), any::<String>()]) {
        if let Err(error) = parse(&text, &[]) {
            prop_assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1);
            prop_assert!(error.column >= 1);
            prop_assert!(!error.text.is_empty());
        }
        let _ = check_given("a", &text);
    }

    /// What a transcript shows can be pasted into a file.
    #[test]
    fn what_is_shown_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
        use crate::device::notation;
        for shown in [notation::pairs(&bytes), notation::quoted(&bytes)] {
            let conversation = parsed(&format!("expect {shown}"));
            let Action::Expect { pattern, .. } = &conversation.steps[0].action else {
                panic!("{conversation:?}");
            };
            let [Part::Literal(literal)] = pattern.parts.as_slice() else {
                panic!("{pattern:?}");
            };
            prop_assert_eq!(literal, &bytes);
        }
    }
}
