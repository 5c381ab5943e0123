//! Version 2.

use guest_version::Version;

tb_converter::export!(uplink = Version<2>);
