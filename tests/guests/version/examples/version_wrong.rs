//! A version that decodes wrong data.

use guest_version::Wrong;

tb_converter::export!(uplink = Wrong);
