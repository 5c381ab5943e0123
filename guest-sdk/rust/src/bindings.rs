//! What `wit-bindgen` makes of the contract, one module a world.
//!
//! All worlds share the imports and the types of [`uplink`], so that an author
//! sees one family of types. Each world has an export macro of its own, because
//! a component must not announce an export that it lacks.

pub mod uplink {
    //! The world `uplink-converter`.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "uplink-converter",
        pub_export_macro: true,
        export_macro_name: "export_uplink",
        default_bindings_module: "tb_converter::bindings::uplink",
        additional_derives: [PartialEq],
    });
}

pub mod downlink {
    //! The world `downlink-converter`.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "downlink-converter",
        pub_export_macro: true,
        export_macro_name: "export_downlink",
        default_bindings_module: "tb_converter::bindings::downlink",
        with: {
            "tb:converter/connection@0.1.0": crate::bindings::uplink::tb::converter::connection,
            "tb:converter/context@0.1.0": crate::bindings::uplink::tb::converter::context,
            "tb:converter/logging@0.1.0": crate::bindings::uplink::tb::converter::logging,
            "tb:converter/types@0.1.0": crate::bindings::uplink::tb::converter::types,
        },
    });
}

pub mod lifecycle {
    //! The world `lifecycle-converter`.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "lifecycle-converter",
        pub_export_macro: true,
        export_macro_name: "export_lifecycle",
        default_bindings_module: "tb_converter::bindings::lifecycle",
        with: {
            "tb:converter/connection@0.1.0": crate::bindings::uplink::tb::converter::connection,
            "tb:converter/context@0.1.0": crate::bindings::uplink::tb::converter::context,
            "tb:converter/logging@0.1.0": crate::bindings::uplink::tb::converter::logging,
            "tb:converter/types@0.1.0": crate::bindings::uplink::tb::converter::types,
        },
    });
}

pub mod framing {
    //! The world `framing-converter`.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "framing-converter",
        pub_export_macro: true,
        export_macro_name: "export_framing",
        default_bindings_module: "tb_converter::bindings::framing",
        with: {
            "tb:converter/logging@0.1.0": crate::bindings::uplink::tb::converter::logging,
        },
    });
}
