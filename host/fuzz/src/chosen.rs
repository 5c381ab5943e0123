//! The parameters of `CHOICE` and of the framings in it, as bytes of an input.

use crate::{
    framing::{Charset, ChoiceDecoder, FixedLengthDecoder, Framer, Prefix},
    marked::Marks,
    parameters::{Delimiter, Json, LengthField, Line, Parameters, Reader, write_size},
};

/// `CHOICE` of at most 255 framings.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice(pub Vec<(Vec<Option<u8>>, Framing)>);

/// An entry of `framings`.
#[derive(Debug, PartialEq, Eq)]
pub enum Framing {
    /// `TEXT` with the system line separator.
    Line(Line),
    /// `TEXT` with other separators.
    Delimiter(Delimiter),
    /// `BINARY`.
    LengthField(LengthField),
    /// `JSON`.
    Json(Json),
    /// `MARKS`.
    Marks(Marks),
    /// `FIXED_LENGTH`.
    FixedLength(usize),
}

impl Framing {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(match reader.byte()? % 6 {
            0 => Self::Line(Line::read(reader)?),
            1 => Self::Delimiter(Delimiter::read(reader)?),
            2 => Self::LengthField(LengthField::read(reader)?),
            3 => Self::Json(Json::read(reader)?),
            4 => Self::Marks(Marks::read(reader)?),
            _ => Self::FixedLength(reader.size()?),
        })
    }

    fn write(&self, input: &mut Vec<u8>) {
        let kind = match self {
            Self::Line(_) => 0,
            Self::Delimiter(_) => 1,
            Self::LengthField(_) => 2,
            Self::Json(_) => 3,
            Self::Marks(_) => 4,
            Self::FixedLength(_) => 5,
        };
        input.push(kind);
        match self {
            Self::Line(params) => params.write(input),
            Self::Delimiter(params) => params.write(input),
            Self::LengthField(params) => params.write(input),
            Self::Json(params) => params.write(input),
            Self::Marks(params) => params.write(input),
            Self::FixedLength(length) => write_size(input, *length),
        }
    }

    fn framer(&self) -> Option<Framer> {
        let utf8 = Charset::new("UTF-8").ok()?;
        Some(match self {
            Self::Line(params) => Framer::Line(params.decoder()?, utf8),
            Self::Delimiter(params) => Framer::Delimiter(params.decoder()?, utf8),
            Self::LengthField(params) => Framer::LengthField(params.decoder()?),
            Self::Json(params) => Framer::Json(params.decoder()?),
            Self::Marks(params) => Framer::Marks(params.decoder()?),
            Self::FixedLength(length) => {
                Framer::FixedLength(FixedLengthDecoder::new(*length).ok()?)
            }
        })
    }

    fn most_kept(&self) -> usize {
        match self {
            Self::Line(params) => params.most_kept(),
            Self::Delimiter(params) => params.most_kept(),
            Self::LengthField(params) => params.most_kept(),
            Self::Json(params) => params.most_kept(),
            Self::Marks(params) => params.most_kept(),
            Self::FixedLength(length) => length.saturating_sub(1),
        }
    }
}

impl Parameters for Choice {
    type Decoder = ChoiceDecoder;

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let framings = (0..reader.byte()?).map(|_| {
            let prefix = (0..reader.byte()?).map(|_| match reader.flags()? {
                [true] => Some(Some(reader.byte()?)),
                [false] => Some(None),
            });
            let prefix = prefix.collect::<Option<_>>()?;
            Some((prefix, Framing::read(reader)?))
        });
        framings.collect::<Option<_>>().map(Self)
    }

    fn write(&self, input: &mut Vec<u8>) {
        input.push(self.0.len() as u8);
        for (prefix, framing) in &self.0 {
            input.push(prefix.len() as u8);
            for byte in prefix {
                input.push(u8::from(byte.is_some()));
                input.extend(byte);
            }
            framing.write(input);
        }
    }

    fn decoder(&self) -> Option<ChoiceDecoder> {
        let framings = self.0.iter();
        let framings = framings
            .map(|(prefix, framing)| Some((Prefix::new(prefix.clone()), framing.framer()?)));
        ChoiceDecoder::new(framings.collect::<Option<_>>()?).ok()
    }

    fn most_kept(&self) -> usize {
        let framings = self.0.iter();
        let most = framings.map(|(prefix, framing)| framing.most_kept().max(prefix.len()));
        most.max().unwrap_or_default()
    }
}
