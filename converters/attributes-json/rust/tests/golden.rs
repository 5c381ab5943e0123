//! The golden cases beside this crate.

#![cfg(not(target_arch = "wasm32"))]

use converter_attributes_json::AttributesJson;
use tb_converter::testing;

#[test]
fn downlink() {
    testing::check_downlink::<AttributesJson>("../downlink");
}
