//! Version 1.

use guest_version::Version;

tb_converter::export!(uplink = Version<1>);
