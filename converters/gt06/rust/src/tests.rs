//! Golden cases, and input that nobody would send.

use proptest::prelude::*;
use tb_converter::testing;

use super::*;

#[test]
fn golden_cases_pass() {
    testing::check_uplink::<Gt06>("../uplink");
    testing::check_downlink::<Gt06>("../downlink");
}

/// A packet's number and content, without the envelope.
const CONTENTS: [&str; 7] = [
    "010352887071911998",
    "120f0a140e150bc505e51e780293a9e800540000f601006e0055da",
    "22120616083817c5050cc8c801a819d600152400e8011dbf00333200000000",
    "2612030c063816c3026c10540c38c9700144030901cc002866000eee0c0604030200",
    "94 0b 02e3",
    "15 0b 00000007 4f4b3a31323334 0002",
    "21 00000007 02 0043006f",
];

proptest! {
    #[test]
    fn no_input_panics(
        noise in prop::collection::vec(any::<u8>(), 1..64),
        index in 0..CONTENTS.len(),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
    ) {
        let context = Context::new().with_session("352887071911998");
        let _ = Gt06::decode(&noise, &context);
        let mut body = testing::hex(CONTENTS[index]);
        for (place, byte) in changes {
            let place = place % body.len();
            body[place] = byte;
        }
        let _ = Gt06::decode(&packet::sealed(&[&[0], &body[..], &[0, 1]].concat()), &context);
    }

    #[test]
    fn framing_moves_on(
        noise in prop::collection::vec(
            prop_oneof![Just(0x78), Just(0x79), Just(0x0d), Just(0x0a), any::<u8>()],
            1..400,
        ),
    ) {
        let step = Gt06::cut(&noise).unwrap();
        prop_assert_ne!(step, Step::skip(0));
        prop_assert_ne!(step, Step::Need(0));
        testing::frames::<Gt06>(&noise).unwrap();
    }
}
