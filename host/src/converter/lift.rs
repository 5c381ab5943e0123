//! The way of a frame into a guest's memory, and of entities out of it.
//!
//! wasmtime would make a tree of texts and lists of what a guest returns, field by field through its
//! general machinery, which costs more than the guest's own work; and it gives the memory back to the
//! guest before anybody else could look. So entities are read here, in one pass, while wasmtime
//! lets us: into one text and one list, whatever their number.
//!
//! One of this crate's three places with `unsafe`. wasmtime's traits for such types may be
//! implemented by promising that the type is laid out as wasmtime will believe. Here
//! nothing is promised that wasmtime does not say itself: layout and type check
//! are those of its own `Vec<Entity>` and `[u8]`, and what is read of a guest's memory is read from a
//! slice, with bounds checked. Whatever a guest writes there, the worst is an error of that call.

#![allow(unsafe_code)]

use std::{mem::MaybeUninit, str};

use bytes::Bytes;
use wasmtime::component::{
    __internal::{
        CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext,
        wasmtime_environ::component::StringEncoding,
    },
    ComponentType, Lift, Lower,
};

use super::{
    bindings::types::{Entity, EntityKind, KeyValue, Sample},
    lifted::{Item, Lifted, Text, Value},
};

/// A frame on its way into a guest: `list<u8>`.
pub(super) struct Frame(pub(super) Bytes);

// SAFETY: all is that of `[u8]`.
unsafe impl ComponentType for Frame {
    type Lower = <[u8] as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = <[u8] as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <[u8]>::typecheck(ty, types)
    }
}

// SAFETY: as above.
unsafe impl Lower for Frame {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        to: &mut MaybeUninit<Self::Lower>,
    ) -> wasmtime::Result<()> {
        <[u8]>::linear_lower_to_flat(&self.0, cx, ty, to)
    }

    fn linear_lower_to_memory<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        offset: usize,
    ) -> wasmtime::Result<()> {
        <[u8]>::linear_lower_to_memory(&self.0, cx, ty, offset)
    }
}

// SAFETY: layout and type are those of `Vec<Entity>`.
unsafe impl ComponentType for Lifted {
    type Lower = <Vec<Entity> as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = <Vec<Entity> as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <Vec<Entity>>::typecheck(ty, types)
    }
}

// SAFETY: as above; and nothing is read but through slices.
unsafe impl Lift for Lifted {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        _: InterfaceType,
        [start, length]: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        let list = (start.get_u32() as usize, length.get_u32() as usize);
        Reader::new(cx).entities(list)
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        _: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        let list = pointer_pair(bytes, 0)?;
        Reader::new(cx).entities(list)
    }
}

/// Where fields are in the contract's records, by the rules of the canonical ABI: each
/// at the next multiple of its alignment.
mod at {
    /// Of an entity.
    pub(super) const KIND: usize = 0;
    pub(super) const NAME: usize = 4;
    pub(super) const PROFILE: usize = 12;
    pub(super) const LABEL: usize = 20;
    pub(super) const CUSTOMER: usize = 32;
    pub(super) const GROUP: usize = 44;
    pub(super) const TELEMETRY: usize = 56;
    pub(super) const ATTRIBUTES: usize = 64;
    /// Of a sample.
    pub(super) const TS: usize = 0;
    pub(super) const VALUES: usize = 16;
    /// Of a pair.
    pub(super) const KEY: usize = 0;
    pub(super) const VALUE: usize = 8;
    /// Behind the case of an option or variant, if something in it is aligned to 4, or to 8.
    pub(super) const PAYLOAD_4: usize = 4;
    pub(super) const PAYLOAD_8: usize = 8;
}

const ENTITY_BYTES: usize = <Entity as ComponentType>::SIZE32;
const SAMPLE_BYTES: usize = <Sample as ComponentType>::SIZE32;
const PAIR_BYTES: usize = <KeyValue as ComponentType>::SIZE32;
const _: () = assert!(ENTITY_BYTES == at::ATTRIBUTES + 8);
const _: () = assert!(SAMPLE_BYTES == at::VALUES + 8);
const _: () = assert!(PAIR_BYTES == at::VALUE + 16);

/// In compact UTF-16 this bit of a length tells UTF-16 from Latin-1.
const UTF16: usize = 1 << 31;

struct Reader<'cx, 'store> {
    cx: &'cx mut LiftContext<'store>,
    memory: &'store [u8],
    encoding: StringEncoding,
    lifted: Lifted,
}

impl<'cx, 'store> Reader<'cx, 'store> {
    fn new(cx: &'cx mut LiftContext<'store>) -> Self {
        Self {
            memory: cx.memory(),
            encoding: cx.options().string_encoding,
            cx,
            lifted: Lifted::new(),
        }
    }

    fn entities(mut self, list: (usize, usize)) -> wasmtime::Result<Lifted> {
        let entities = self.list::<Entity>(list, ENTITY_BYTES, 4)?;
        self.lifted.entities = list.1;
        for entity in entities.chunks_exact(ENTITY_BYTES) {
            self.entity(entity)?;
        }
        Ok(self.lifted)
    }

    fn entity(&mut self, entity: &'store [u8]) -> wasmtime::Result<()> {
        let kind = match byte(entity, at::KIND)? {
            0 => EntityKind::Device,
            1 => EntityKind::Asset,
            other => return Err(no_case("entity-kind", other)),
        };
        let name = self.text(pointer_pair(entity, at::NAME)?)?;
        let profile = self.text(pointer_pair(entity, at::PROFILE)?)?;
        let label = self.option(entity, at::LABEL)?;
        let customer = self.option(entity, at::CUSTOMER)?;
        let group = self.option(entity, at::GROUP)?;
        let list = pointer_pair(entity, at::TELEMETRY)?;
        let samples = self.list::<Sample>(list, SAMPLE_BYTES, 8)?;
        self.lifted.items.push(Item::Entity {
            kind,
            name,
            profile,
            label,
            customer,
            group,
            samples: list.1,
        });
        for sample in samples.chunks_exact(SAMPLE_BYTES) {
            let ts = match byte(sample, at::TS)? {
                0 => None,
                1 => Some(i64::from_le_bytes(array(sample, at::TS + at::PAYLOAD_8)?)),
                other => return Err(no_case("option", other)),
            };
            let list = pointer_pair(sample, at::VALUES)?;
            self.lifted.items.push(Item::Sample { ts, pairs: list.1 });
            self.pairs(list)?;
        }
        let list = pointer_pair(entity, at::ATTRIBUTES)?;
        self.lifted.items.push(Item::Attributes { pairs: list.1 });
        self.pairs(list)
    }

    fn pairs(&mut self, list: (usize, usize)) -> wasmtime::Result<()> {
        let pairs = self.list::<KeyValue>(list, PAIR_BYTES, 8)?;
        self.lifted.pairs = self.lifted.pairs.saturating_add(list.1);
        for pair in pairs.chunks_exact(PAIR_BYTES) {
            let key = self.text(pointer_pair(pair, at::KEY)?)?;
            let payload = at::VALUE + at::PAYLOAD_8;
            let value = match byte(pair, at::VALUE)? {
                0 => Value::Boolean(byte(pair, payload)? != 0),
                1 => Value::Long(i64::from_le_bytes(array(pair, payload)?)),
                2 => Value::Double(f64::from_le_bytes(array(pair, payload)?)),
                3 => Value::Text(self.text(pointer_pair(pair, payload)?)?),
                4 => Value::Json(self.text(pointer_pair(pair, payload)?)?),
                other => return Err(no_case("value", other)),
            };
            self.lifted.items.push(Item::Pair { key, value });
        }
        Ok(())
    }

    fn option(&mut self, of: &[u8], at: usize) -> wasmtime::Result<Option<Text>> {
        match byte(of, at)? {
            0 => Ok(None),
            1 => {
                let text = pointer_pair(of, at + at::PAYLOAD_4)?;
                self.text(text).map(Some)
            }
            other => Err(no_case("option", other)),
        }
    }

    /// The elements of a list, which take `bytes` each in the guest's memory. They count
    /// against the limit of what a call may hand over with what a `T` takes in ours.
    fn list<T>(
        &mut self,
        (start, length): (usize, usize),
        bytes: usize,
        align: usize,
    ) -> wasmtime::Result<&'store [u8]> {
        let whole = length
            .checked_mul(bytes)
            .and_then(|bytes| self.memory.get(start..start.checked_add(bytes)?))
            .ok_or_else(|| error("list pointer/length out of bounds of memory"))?;
        if !start.is_multiple_of(align) {
            return Err(error("list pointer is not aligned"));
        }
        self.cx.consume_fuel_array(length, size_of::<T>())?;
        Ok(whole)
    }

    fn text(&mut self, (pointer, length): (usize, usize)) -> wasmtime::Result<Text> {
        let start = self.lifted.texts.len();
        match self.encoding {
            StringEncoding::Utf8 => {
                let bytes = self.text_bytes(pointer, length)?;
                self.lifted.texts.push_str(str::from_utf8(bytes)?);
            }
            StringEncoding::CompactUtf16 if length & UTF16 == 0 => {
                let bytes = self.text_bytes(pointer, length)?;
                let latin1 = bytes.iter().map(|byte| char::from(*byte));
                self.lifted.texts.extend(latin1);
            }
            StringEncoding::Utf16 | StringEncoding::CompactUtf16 => {
                let units = match self.encoding {
                    StringEncoding::CompactUtf16 => length ^ UTF16,
                    StringEncoding::Utf16 | StringEncoding::Utf8 => length,
                };
                let bytes = self.text_bytes(pointer, units.saturating_mul(2))?;
                if !pointer.is_multiple_of(2) {
                    return Err(error("string pointer not aligned to 2"));
                }
                self.push_utf16(bytes)?;
            }
        }
        let end = self.lifted.texts.len();
        Ok(Text { start, end })
    }

    fn push_utf16(&mut self, bytes: &[u8]) -> wasmtime::Result<()> {
        let (units, _) = bytes.as_chunks();
        // Most keys and names are ASCII.
        let is_ascii = units.iter().all(|[low, high]| *high == 0 && low.is_ascii());
        let units = units.iter();
        if is_ascii {
            let ascii = units.map(|[low, _]| char::from(*low));
            self.lifted.texts.extend(ascii);
            return Ok(());
        }
        for character in char::decode_utf16(units.map(|unit| u16::from_le_bytes(*unit))) {
            self.lifted.texts.push(character?);
        }
        Ok(())
    }

    fn text_bytes(&mut self, start: usize, length: usize) -> wasmtime::Result<&'store [u8]> {
        let bytes = start
            .checked_add(length)
            .and_then(|end| self.memory.get(start..end))
            .ok_or_else(|| error("string pointer/length out of bounds of memory"))?;
        self.cx.consume_fuel(length)?;
        Ok(bytes)
    }
}

fn array<const N: usize>(of: &[u8], at: usize) -> wasmtime::Result<[u8; N]> {
    of.get(at..)
        .and_then(|rest| rest.first_chunk().copied())
        .ok_or_else(|| error("record out of bounds of memory"))
}

fn byte(of: &[u8], at: usize) -> wasmtime::Result<u8> {
    array::<1>(of, at).map(|[byte]| byte)
}

/// Where a text or list begins, and its length.
fn pointer_pair(of: &[u8], at: usize) -> wasmtime::Result<(usize, usize)> {
    let start = u32::from_le_bytes(array(of, at)?);
    let length = u32::from_le_bytes(array(of, at + 4)?);
    Ok((start as usize, length as usize))
}

fn no_case(of: &str, case: u8) -> wasmtime::Error {
    error(&format!("{case} is no case of {of}"))
}

fn error(text: &str) -> wasmtime::Error {
    wasmtime::Error::msg(text.to_owned())
}
