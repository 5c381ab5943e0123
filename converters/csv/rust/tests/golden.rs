//! The golden cases beside this crate.

#![cfg(not(target_arch = "wasm32"))]

use converter_csv::Csv;
use tb_converter::testing;

#[test]
fn uplink() {
    testing::check_uplink::<Csv>("../uplink");
}
