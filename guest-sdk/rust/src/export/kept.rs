//! Exports without a post-return: what a call returns stays where it is.
//!
//! By the contract of components the host calls a second function, the post-return, which frees
//! what the first one returned. Here all of a call's memory is free again when it ends
//! ([`arena`](crate::arena)), and nothing writes to it before the next one begins: so the host
//! reads it undisturbed, and is spared a call into the converter, and the converter a walk
//! through its result: one instruction in 25 of what a CSV line of two values costs.
//!
//! The macros of `wit-bindgen` announce a world and then expand a macro for each of its
//! interfaces, by a path of which the beginning is ours to give. The modules here mirror that path; at
//! its end are macros of the same names that define the exports, and no post-return.

/// Defines a function that the host calls, as `wit-bindgen` does, and ends the call.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_kept {
    ($glue:ident, $interface:ident, $($name:literal $lower:ident($($argument:ident: $type:ty),*)),+) => {
        const _: () = {
            use $crate::bindings::$interface::exports::tb::converter::$interface as lowered;
            $(const _: () = {
                #[unsafe(export_name = $name)]
                unsafe extern "C" fn export($($argument: $type),*) -> *mut u8 {
                    // Safety: the host passes what it has put into this memory for this call.
                    let result = unsafe { lowered::$lower::<$glue>($($argument),*) };
                    $crate::__private::end();
                    result
                }
            };)+
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_kept_uplink {
    ($glue:ident with_types_in $($path:tt)*) => {
        $crate::__export_kept!($glue, uplink,
            "tb:converter/uplink@0.1.0#decode" _export_decode_cabi(frame: *mut u8, length: usize));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_kept_downlink {
    ($glue:ident with_types_in $($path:tt)*) => {
        $crate::__export_kept!($glue, downlink,
            "tb:converter/downlink@0.1.0#encode"
            _export_encode_cabi(msg: *mut u8, length: usize, msg_type: *mut u8, type_length: usize));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_kept_lifecycle {
    ($glue:ident with_types_in $($path:tt)*) => {
        $crate::__export_kept!($glue, lifecycle,
            "tb:converter/lifecycle@0.1.0#on-connect" _export_on_connect_cabi(),
            "tb:converter/lifecycle@0.1.0#on-idle" _export_on_idle_cabi(),
            "tb:converter/lifecycle@0.1.0#on-close" _export_on_close_cabi());
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_kept_framing {
    ($glue:ident with_types_in $($path:tt)*) => {
        $crate::__export_kept!($glue, framing,
            "tb:converter/framing@0.1.0#cut" _export_cut_cabi(bytes: *mut u8, length: usize));
    };
}

#[allow(missing_docs, reason = "the names are those of the macros' path")]
pub mod exports {
    pub mod tb {
        pub mod converter {
            pub mod uplink {
                pub use crate::__export_kept_uplink as __export_tb_converter_uplink_0_1_0_cabi;
            }
            pub mod downlink {
                pub use crate::__export_kept_downlink as __export_tb_converter_downlink_0_1_0_cabi;
            }
            pub mod lifecycle {
                pub use crate::__export_kept_lifecycle as __export_tb_converter_lifecycle_0_1_0_cabi;
            }
            pub mod framing {
                pub use crate::__export_kept_framing as __export_tb_converter_framing_0_1_0_cabi;
            }
        }
    }
}
