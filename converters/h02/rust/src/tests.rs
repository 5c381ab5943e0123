//! Golden cases, and input that nobody would send.

use proptest::prelude::*;
use tb_converter::testing;

use super::*;

#[test]
fn golden_cases_pass() {
    testing::check_uplink::<H02>("../uplink");
    testing::check_downlink::<H02>("../downlink");
}

const SENTENCES: [&str; 5] = [
    "*HQ,4210051415,V1,164549,A,0956.3869,N,08406.7068,W,000.00,000,221215,FFFFFBFF,712,01,0,0,6#",
    "*HQ,1451316485,V1,121557,A,-23-35.3408,S,-48-2.8926,W,0.1,158,4,241115,FFFFFFFF#",
    "*TH,2020916012,V4,S20,DONE,130305,050316,A,2212.8745,N,11346.6574,E,14.28,028,220902,F7FFFBFF#",
    "*HQ,1700086468,LINK,180902,15,0,84,0,0,240517,FFFFFBFF#",
    "*HQ,135790246811220,HTBT,100#",
];

const PACKETS: [&str; 2] = [
    "24410600082621532131081504419390060740418306000000fffffbfdff0015",
    "2435248308419329301047591808172627335900074412294e024138feffffffff01120064ba73005ecc",
];

fn changed(mut message: Vec<u8>, changes: &[(usize, u8)]) -> Vec<u8> {
    for (place, byte) in changes {
        let place = place % message.len();
        message[place] = *byte;
    }
    message
}

proptest! {
    #[test]
    fn no_input_panics(
        noise in "[*$XHQV14,.ANSEW#0-9é-]{0,60}",
        bytes in prop::collection::vec(any::<u8>(), 0..50),
        sentence in prop::sample::select(SENTENCES.as_slice()),
        packet in prop::sample::select(PACKETS.as_slice()),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
        base in any::<i32>(),
    ) {
        let context = Context::new().with_session(format!("4210051415;{base}"));
        let _ = H02::decode(noise.as_bytes(), &context);
        let _ = H02::decode(&bytes, &context);
        let _ = H02::decode(&changed(sentence.as_bytes().to_vec(), &changes), &context);
        let _ = H02::decode(&changed(testing::hex(packet), &changes), &context);
    }

    #[test]
    fn framing_moves_on(
        noise in prop::collection::vec(
            prop_oneof![Just(b'$'), Just(b'*'), Just(b'X'), Just(b','), Just(0x12), any::<u8>()],
            1..200,
        ),
    ) {
        let step = H02::cut(&noise).unwrap();
        prop_assert_ne!(step, Step::skip(0));
        prop_assert_ne!(step, Step::Need(0));
        testing::frames::<H02>(&noise).unwrap();
    }

    /// A time stands for the call for which it was made.
    #[test]
    fn a_call_is_found_by_its_time(request_id in prop_oneof![0..200_000_i32, any::<i32>()]) {
        prop_assume!(request_id > i32::MIN + 86_400);
        let context = Context::new().with_session("4210051415");
        let clock = Session::of(&context).clock_of(request_id, &context);
        prop_assert_eq!(Session::of(&context).call_of(&clock), Some(request_id));
    }
}
