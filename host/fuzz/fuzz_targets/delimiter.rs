//! Fuzzes the decoder of `TEXT` with other separators.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use tb_tcp_fuzz::{Case, Delimiter};

fuzz_target!(|input: &[u8]| -> Corpus {
    match Case::<Delimiter>::read(input) {
        Some(case) if case.check() => Corpus::Keep,
        _ => Corpus::Reject,
    }
});
