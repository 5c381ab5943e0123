//! Host-side bindings of `wit/converter.wit`, made by wasmtime, and the names of
//! what they bind.

#![allow(missing_docs, unreachable_pub, clippy::all)]

wasmtime::component::bindgen!({
    inline: "
        package tb:host;

        // All exports at once: a component has some of them, and each is looked
        // up by itself.
        world host {
            import tb:converter/connection@0.1.0;
            import tb:converter/context@0.1.0;
            import tb:converter/logging@0.1.0;
            export tb:converter/uplink@0.1.0;
            export tb:converter/lifecycle@0.1.0;
            export tb:converter/framing@0.1.0;
            export tb:converter/downlink@0.1.0;
        }
    ",
    path: "../wit",
    additional_derives: [PartialEq],
});

pub use exports::tb::converter::{downlink, framing};
pub use tb::converter::{connection, context, logging, types};

/// The contract's package and version.
pub(crate) const CONTRACT: &str = "tb:converter@0.1.0";
/// What a component may export of it.
pub(crate) const UPLINK: &str = "tb:converter/uplink@0.1.0";
/// The function of [`UPLINK`].
pub(crate) const DECODE: &str = "decode";
pub(crate) const LIFECYCLE: &str = "tb:converter/lifecycle@0.1.0";
pub(crate) const FRAMING: &str = "tb:converter/framing@0.1.0";
pub(crate) const DOWNLINK: &str = "tb:converter/downlink@0.1.0";
