//! The standard library as the judge of what the nearest double is.

use super::*;
use proptest::prelude::*;

fn check(text: &str) {
    let expected: f64 = text.parse().unwrap();
    let found = parse(text).unwrap();
    assert_eq!(found.to_bits(), expected.to_bits(), "{text}: {found:e}");
}

#[test]
fn hard_numbers_are_read_as_the_standard_library_reads_them() {
    let table = [
        "0",
        "-0",
        "0.0e99",
        "1e22",
        "1e23",
        "9007199254740993",
        "9007199254740992.5",
        "9007199254740991e22",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "179769313486231580793e289",
        "1e308",
        "1e309",
        "1e-323",
        "1e-324",
        "1e-400",
        "1e999999999999",
        "1e-999999999999",
        "0e999999999999",
        "8.5e-323",
        "6929495644600919.5",
        "3.141592653589793238462643383279502884197",
        "0.000000000000000000000000000000000000000000000000025",
    ];
    for text in table {
        check(text);
    }
}

#[test]
fn a_digit_far_behind_the_middle_decides() {
    // 1 + 2^-53 lies in the middle, where the even neighbour is 1.
    let middle = "1.00000000000000011102230246251565404236316680908203125";
    check(middle);
    for zeros in [0, 100, 600, 720, 1000, 5000] {
        check(&format!("{middle}{}1", "0".repeat(zeros)));
        check(&format!("{middle}{}1e-5", "0".repeat(zeros)));
    }
    check(&format!("0.{}1e1001", "0".repeat(1000)));
    check(&format!("{}e-1000", "9".repeat(1000)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn doubles_printed_in_full_are_read_back(bits in any::<u64>()) {
        let double = f64::from_bits(bits);
        prop_assume!(double.is_finite());
        check(&format!("{double:e}"));
    }

    #[test]
    fn middles_between_doubles_are_rounded_as_the_standard_library_does(
        bits in 0..f64::MAX.to_bits(),
        tail in "[0-9]{0,3}",
    ) {
        // Seventeen digits, and the same with more behind them, come close to a middle.
        let double = f64::from_bits(bits);
        let (digits, exponent) = format!("{double:.17e}")
            .split_once('e')
            .map(|(digits, exponent)| (digits.to_owned(), exponent.to_owned()))
            .unwrap();
        check(&format!("{digits}5{tail}e{exponent}"));
    }

    #[test]
    fn any_text_is_a_number_here_if_it_is_one_there(text in "[-+]?[0-9.eE+-]{0,24}") {
        let expected: Option<f64> = text.parse().ok();
        prop_assert_eq!(parse(&text).map(f64::to_bits), expected.map(f64::to_bits), "{}", text);
    }
}
