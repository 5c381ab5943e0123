//! Golden cases, and input that nobody would send.

use proptest::prelude::*;
use tb_converter::testing;

use super::*;

#[test]
fn golden_cases_pass() {
    testing::check_uplink::<Wialon>("../uplink");
    testing::check_downlink::<Wialon>("../downlink");
}

#[test]
fn what_is_wrong_stands_in_the_log() {
    let context = Context::new().with_session("1.1;868204005647838");
    let _ = testing::logged();
    let line = b"#SD#270413;205601;9944.6025;N;03739.6834;E;1;2;3;4";
    assert_eq!(Wialon::decode(line, &context).unwrap(), []);
    let lines: Vec<String> = testing::logged()
        .into_iter()
        .map(|(_, line)| line)
        .collect();
    assert_eq!(
        lines,
        ["868204005647838: #SD#: latitude: 9944.6025 is out of range"]
    );
}

const LINES: [&str; 6] = [
    "#L#2.0;868204005647838;NA;C3B8",
    "#SD#270413;205601;5544.6025;N;03739.6834;E;1;2;3;4",
    "#D#220323;114150.25;2234.80479;N;11354.87786;E;0;NA;59;11;1.2;3;1;1.5,NA;AB12;b:1:94,v:2:2.5,h:3:V4",
    "#B#270413;205601;5544.6025;N;03739.6834;E;1;2;3;4|270413;205602;NA;NA;NA;NA;1;2;3;4",
    "#M#hello",
    "#AM#0",
];

proptest! {
    #[test]
    fn no_input_panics(
        noise in "[#;|:,.NASEW0-9é-]{0,60}",
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        index in 0..LINES.len(),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
        version in prop_oneof![Just("1.1"), Just("2.0")],
    ) {
        let context = Context::new().with_session(format!("{version};868204005647838"));
        let _ = Wialon::decode(&bytes, &context);
        for kind in ["L", "SD", "D", "B", "M", "AM", ""] {
            let _ = Wialon::decode(format!("#{kind}#{noise}").as_bytes(), &context);
        }
        let mut line = LINES[index].as_bytes().to_vec();
        for (place, byte) in changes {
            let place = place % line.len();
            line[place] = byte;
        }
        let _ = Wialon::decode(&line, &context);
    }
}
