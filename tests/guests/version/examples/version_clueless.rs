//! A version that decodes nothing.

use guest_version::Clueless;

tb_converter::export!(uplink = Clueless);
