//! The way from a converter's traits to a component's exports.
//!
//! The glue is made for `wasm32` only. Natively [`export!`](crate::export) just
//! checks that the traits are implemented: the names of a component's exports
//! are no names for a native linker.

#[cfg(target_arch = "wasm32")]
pub mod kept;
#[cfg(any(target_arch = "wasm32", test))]
mod returned;

/// Makes a component of a converter: the one line that ends its `lib.rs`.
///
/// Give the type that implements [`UplinkConverter`](crate::UplinkConverter),
/// the one that implements [`DownlinkConverter`](crate::DownlinkConverter), or
/// both:
///
/// ```
/// # use tb_converter::{Context, DownlinkConverter, Entity, Message, Result, UplinkConverter};
/// struct Meter;
///
/// impl UplinkConverter for Meter {
///     fn decode(_frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
///         Ok(Vec::new())
///     }
/// }
///
/// impl DownlinkConverter for Meter {
///     fn encode(_msg: &Message, _context: &Context) -> Result<Vec<Vec<u8>>> {
///         Ok(Vec::new())
///     }
/// }
///
/// tb_converter::export!(uplink = Meter, downlink = Meter);
/// # fn main() {}
/// ```
///
/// A panic in an exported converter is written to the host's log, with its
/// file and line, before it ends the call as a trap.
///
/// The built `.wasm` carries the custom section `tb-converter-sdk`, in which
/// the host reads what the file was made with: `rust`, a space and the version
/// of this crate.
///
/// An uplink converter may add `lifecycle =`, a
/// [`LifecycleConverter`](crate::LifecycleConverter), and `framing =`, a
/// [`FramingConverter`](crate::FramingConverter).
#[macro_export]
macro_rules! export {
    ($($export:ident = $converter:ty),+ $(,)?) => {
        $($crate::__export_glue!($export $converter);)+
    };
}

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
#[macro_export]
macro_rules! __export_glue {
    (uplink $converter:ty) => {
        const _: () = {
            use $crate::bindings::uplink as bindings;
            struct Glue;
            impl bindings::exports::tb::converter::uplink::Guest for Glue {
                fn decode(
                    frame: ::std::vec::Vec<u8>,
                ) -> ::std::result::Result<::std::vec::Vec<$crate::Entity>, ::std::string::String>
                {
                    $crate::__private::decode::<$converter>(&frame)
                }
            }
    bindings::export_uplink!(Glue with_types_in $crate::__private::kept);
        };
    };
    (downlink $converter:ty) => {
        const _: () = {
            use $crate::bindings::downlink as bindings;
            struct Glue;
            impl bindings::exports::tb::converter::downlink::Guest for Glue {
                fn encode(
                    msg: ::std::string::String,
                    msg_type: ::std::string::String,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<::std::vec::Vec<u8>>,
                    ::std::string::String,
                > {
                    $crate::__private::encode::<$converter>(msg, msg_type)
                }
            }
    bindings::export_downlink!(Glue with_types_in $crate::__private::kept);
        };
    };
    (lifecycle $converter:ty) => {
        const _: () = {
            use $crate::bindings::lifecycle as bindings;
            type Entities =
                ::std::result::Result<::std::vec::Vec<$crate::Entity>, ::std::string::String>;
            struct Glue;
            impl bindings::exports::tb::converter::lifecycle::Guest for Glue {
                fn on_connect() -> Entities {
                    $crate::__private::happened(
                        <$converter as $crate::LifecycleConverter>::on_connect,
                    )
                }
                fn on_idle() -> Entities {
                    $crate::__private::happened(<$converter as $crate::LifecycleConverter>::on_idle)
                }
                fn on_close() -> Entities {
                    $crate::__private::happened(
                        <$converter as $crate::LifecycleConverter>::on_close,
                    )
                }
            }
    bindings::export_lifecycle!(Glue with_types_in $crate::__private::kept);
        };
    };
    (framing $converter:ty) => {
        const _: () = {
            use bindings::exports::tb::converter::framing;
            use $crate::bindings::framing as bindings;
            struct Glue;
            impl framing::Guest for Glue {
                fn cut(
                    bytes: ::std::vec::Vec<u8>,
                ) -> ::std::result::Result<framing::Step, ::std::string::String> {
                    $crate::__private::cut::<$converter>(&bytes).map(|step| match step {
                        $crate::__private::WireStep::Need(count) => framing::Step::Need(count),
                        $crate::__private::WireStep::Frame { skip, length } => {
                            framing::Step::Frame(framing::Frame { skip, length })
                        }
                    })
                }
            }
    bindings::export_framing!(Glue with_types_in $crate::__private::kept);
        };
    };
}

#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __export_glue {
    (uplink $converter:ty) => {
        const _: $crate::__private::Decode = <$converter as $crate::UplinkConverter>::decode;
    };
    (downlink $converter:ty) => {
        const _: $crate::__private::Encode = <$converter as $crate::DownlinkConverter>::encode;
    };
    (lifecycle $converter:ty) => {
        const _: $crate::__private::Happened =
            <$converter as $crate::LifecycleConverter>::on_connect;
    };
    (framing $converter:ty) => {
        const _: $crate::__private::Cut = <$converter as $crate::FramingConverter>::cut;
    };
}

/// What the macro's expansion calls.
#[cfg(target_arch = "wasm32")]
pub(crate) mod glue {
    use std::sync::Once;

    use super::returned;
    use crate::error::describe;
    use crate::{
        Context, DownlinkConverter, Entity, FramingConverter, Message, Step, UplinkConverter,
        arena, log,
    };

    pub use crate::arena::end;

    const SDK: &str = concat!("rust ", env!("CARGO_PKG_VERSION"));

    /// Becomes the section of that name. It stands beside what both exports
    /// call, because the linker takes sections from linked object files only.
    #[used]
    #[unsafe(link_section = "tb-converter-sdk")]
    static SDK_SECTION: [u8; SDK.len()] = {
        let mut bytes = [0; SDK.len()];
        bytes.copy_from_slice(SDK.as_bytes());
        bytes
    };

    /// The export `decode`, whose error is text.
    pub fn decode<C: UplinkConverter>(frame: &[u8]) -> Result<Vec<Entity>, String> {
        arena::begin([frame]);
        report_panics();
        returned(C::decode(frame, &Context::default()), |entities| {
            returned::entities(entities)
        })
    }

    /// The export `encode`, whose error is text.
    pub fn encode<C: DownlinkConverter>(
        body: String,
        msg_type: String,
    ) -> Result<Vec<Vec<u8>>, String> {
        arena::begin([body.as_bytes(), msg_type.as_bytes()]);
        report_panics();
        let msg = Message::new(body, msg_type);
        returned(C::encode(&msg, &Context::default()), |frames| {
            returned::frames(frames)
        })
    }

    /// An export of `lifecycle`, whose error is text.
    pub fn happened(
        function: fn(&Context) -> crate::Result<Vec<Entity>>,
    ) -> Result<Vec<Entity>, String> {
        arena::begin([]);
        report_panics();
        returned(function(&Context::default()), |entities| {
            returned::entities(entities)
        })
    }

    /// [`Step`] with the contract's numbers.
    pub enum WireStep {
        /// Bytes that are missing.
        Need(u32),
        /// The next frame.
        Frame {
            /// Bytes before it.
            skip: u32,
            /// Bytes of it.
            length: u32,
        },
    }

    /// The export `cut`, whose error is text.
    pub fn cut<C: FramingConverter>(bytes: &[u8]) -> Result<WireStep, String> {
        arena::begin([bytes]);
        report_panics();
        // What goes beyond 32 bits goes beyond every limit of the host, too.
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let step = C::cut(bytes).map(|step| match step {
            Step::Need(count) => WireStep::Need(number(count)),
            Step::Frame { skip, length } => WireStep::Frame {
                skip: number(skip),
                length: number(length),
            },
        });
        returned(step, |_| 0)
    }

    /// The result with the error's text, after the arena has heard in how many pieces of memory it
    /// will lie.
    fn returned<T>(
        result: crate::Result<T>,
        pieces: impl FnOnce(&T) -> usize,
    ) -> Result<T, String> {
        let result = result.map_err(|error| describe(&error));
        arena::keep(match &result {
            Ok(value) => pieces(value),
            Err(text) => returned::text(text),
        });
        result
    }

    /// Sends panics to the host's log. Without it the host sees an
    /// `unreachable` instruction and nothing else.
    fn report_panics() {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            std::panic::set_hook(Box::new(|panic| {
                let message = panic.payload_as_str().unwrap_or("a value that is not text");
                match panic.location() {
                    Some(place) => {
                        log::error!("panicked at {}:{}: {message}", place.file(), place.line());
                    }
                    None => log::error!("panicked: {message}"),
                }
            }));
        });
    }
}
