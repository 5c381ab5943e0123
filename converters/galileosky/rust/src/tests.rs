//! Golden cases, and input that nobody would send.

use proptest::prelude::*;
use tb_converter::testing;

use super::*;

#[test]
fn golden_cases_pass() {
    testing::check_uplink::<Galileosky>("../uplink");
    testing::check_downlink::<Galileosky>("../downlink");
}

const TAGS: &str = "0111 02e6 03383633353931303238393630323437 043200 102702 20dbd2f051 300a90cf740328ac5903 \
                    3300000000 347600 3512 400124 41e92e 42500f 431f 440006c814 500000 c000000000 d471020000 \
                    e007000000 e1024f4b ea0100 043200 20dbd2f051";

proptest! {
    #[test]
    fn no_input_panics(
        noise in prop::collection::vec(any::<u8>(), 0..64),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
    ) {
        let context = Context::new().with_session("863591028960247");
        let _ = Galileosky::decode(&noise, &context);
        let _ = Galileosky::decode(&packet::seal(&noise).unwrap(), &context);
        let mut tags = testing::hex(TAGS);
        for (place, byte) in changes {
            let place = place % tags.len();
            tags[place] = byte;
        }
        let _ = Galileosky::decode(&packet::seal(&tags).unwrap(), &context);
    }

    /// All tags of the table are read, each into a record that has it once.
    #[test]
    fn a_repeated_tag_begins_a_record(count in 1..20_usize) {
        let tags = testing::hex(TAGS);
        let one = record::all(&tags).unwrap().len();
        prop_assert_eq!(one, 2);
        let many = tags.repeat(count);
        // The second record of each goes on with the tags before 04 of the next.
        prop_assert_eq!(record::all(&many).unwrap().len(), count * 2);
    }
}
