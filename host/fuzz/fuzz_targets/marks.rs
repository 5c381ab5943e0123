//! Fuzzes the decoder of `MARKS`.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use tb_tcp_fuzz::{Case, Marks};

fuzz_target!(|input: &[u8]| -> Corpus {
    match Case::<Marks>::read(input) {
        Some(case) if case.check() => Corpus::Keep,
        _ => Corpus::Reject,
    }
});
