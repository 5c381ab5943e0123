//! Fuzzes the decoder of `BINARY`.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use tb_tcp_fuzz::{Case, LengthField};

fuzz_target!(|input: &[u8]| -> Corpus {
    match Case::<LengthField>::read(input) {
        Some(case) if case.check() => Corpus::Keep,
        _ => Corpus::Reject,
    }
});
