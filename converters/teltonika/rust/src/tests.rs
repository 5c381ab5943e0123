//! Golden cases, and input that nobody would send.

use proptest::prelude::*;
use tb_converter::{FramingConverter, Step, UplinkConverter, testing};

use super::*;

#[test]
fn golden_cases_pass() {
    testing::check_uplink::<Teltonika>("../uplink");
    testing::check_downlink::<Teltonika>("../downlink");
}

/// A packet of each codec.
const PACKETS: [&str; 4] = [
    "000f313233343536373839303132333435",
    "000000000000002b080100000140d4e3ec6e000cc661d01674a5e0fffc00000900000004020100f00002423223180000\
     00000100007a04",
    "000000000000004a8e010000016b412cee000100000000000000000000000000000000010005000100010100010011001d\
     00010010015e2c880002000b000000003544c87a000e000000001dd7e06a00000100002994",
    "00000000000000100c010600000008494e493a32303139010000c3f4",
];

/// Data of a packet with bytes replaced, in an envelope that fits.
fn damaged(index: usize, changes: &[(usize, u8)]) -> Vec<u8> {
    let packet = testing::hex(PACKETS[index % PACKETS.len()]);
    let mut data = match packet.get(8..packet.len().saturating_sub(4)) {
        Some(data) if packet[0] == 0 && packet[1] == 0 => data.to_vec(),
        _ => packet,
    };
    for (place, byte) in changes {
        let place = place % data.len();
        data[place] = *byte;
    }
    packet::seal(&data).unwrap_or_default()
}

proptest! {
    #[test]
    fn no_input_panics(
        noise in prop::collection::vec(any::<u8>(), 1..64),
        index in any::<usize>(),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
    ) {
        let context = Context::new().with_session("123456789012345");
        let _ = Teltonika::decode(&noise, &context);
        let _ = Teltonika::decode(&damaged(index, &changes), &context);
    }

    #[test]
    fn framing_moves_on(noise in prop::collection::vec(prop_oneof![Just(0), any::<u8>()], 1..64)) {
        let step = Teltonika::cut(&noise).unwrap();
        prop_assert_ne!(step, Step::skip(0));
        prop_assert_ne!(step, Step::Need(0));
        testing::frames::<Teltonika>(&noise).unwrap();
    }
}
