//! Fuzzes the decoder of `TEXT` with the system line separator.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use tb_tcp_fuzz::{Case, Line};

fuzz_target!(|input: &[u8]| -> Corpus {
    match Case::<Line>::read(input) {
        Some(case) if case.check() => Corpus::Keep,
        _ => Corpus::Reject,
    }
});
