//! Host-side bindings of `wit/converter.wit`, made by wasmtime.

#![allow(missing_docs, unreachable_pub, clippy::all)]

wasmtime::component::bindgen!({
    inline: "
        package tb:host;

        // Both directions at once: a component exports the one or the other,
        // and each is looked up by itself.
        world host {
            import tb:converter/context@0.1.0;
            import tb:converter/logging@0.1.0;
            export tb:converter/uplink@0.1.0;
            export tb:converter/downlink@0.1.0;
        }
    ",
    path: "../wit",
});

pub use exports::tb::converter::{downlink, uplink};
pub use tb::converter::{context, logging, types};
