//! Fuzzes the decoder of `CHOICE`, with decoders of all kinds in it.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use tb_tcp_fuzz::{Case, Choice};

fuzz_target!(|input: &[u8]| -> Corpus {
    match Case::<Choice>::read(input) {
        Some(case) if case.check() => Corpus::Keep,
        _ => Corpus::Reject,
    }
});
