//! Fuzzes the decoder of `JSON`.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use tb_tcp_fuzz::{Case, Json};

fuzz_target!(|input: &[u8]| -> Corpus {
    match Case::<Json>::read(input) {
        Some(case) if case.check() => Corpus::Keep,
        _ => Corpus::Reject,
    }
});
