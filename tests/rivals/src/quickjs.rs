//! QuickJS, with the scripts that V8 gets, too.

use std::hint::black_box;

use rquickjs::{Context, Ctx, Function, Object, Persistent, Runtime, TypedArray, Value};
use serde_json::{Map, Value as Json, json};

use crate::{Engine, Failure, Frame, processor_time, version};

/// The scripts, by the format of the frames.
const SCRIPTS: [(&str, &str); 4] = [
    ("csv", include_str!("../scripts/csv.js")),
    ("json", include_str!("../scripts/json.js")),
    ("binary", include_str!("../scripts/binary.js")),
    ("teltonika", include_str!("../scripts/teltonika.js")),
];

/// A result as Rust code would go on with it.
#[derive(Clone, Debug, PartialEq)]
enum Plain {
    Nothing,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Plain>),
    Object(Vec<(String, Plain)>),
}

/// QuickJS's runtime with one context.
pub(crate) struct QuickJs {
    // Before the context, which it belongs to.
    loaded: Option<(Persistent<Function<'static>>, Frame)>,
    context: Context,
}

impl QuickJs {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self {
            loaded: None,
            context: Context::full(&Runtime::new()?)?,
        })
    }

    fn calls(&self, calls: u64) -> Result<Plain, Failure> {
        let (decode, frame) = self.loaded.as_ref().ok_or("nothing is loaded")?;
        self.context.with(|context| {
            let decode = decode.clone().restore(&context)?;
            let mut last = Plain::Nothing;
            for _ in 0..calls {
                let result: Value<'_> = match frame {
                    Frame::Text(bytes) => decode.call((str::from_utf8(bytes)?,))?,
                    Frame::Bytes(bytes) => {
                        let array = TypedArray::<u8>::new(context.clone(), bytes.as_slice())?;
                        decode.call((array,))?
                    }
                };
                last = black_box(plain(&context, &result)?);
            }
            Ok(last)
        })
    }
}

impl Engine for QuickJs {
    fn name(&self) -> String {
        format!("QuickJS-NG (rquickjs {})", version("rquickjs"))
    }

    fn load(&mut self, format: &str, frame: Frame) -> Result<bool, Failure> {
        let Some((_, script)) = SCRIPTS.iter().find(|(name, _)| *name == format) else {
            return Ok(false);
        };
        let decode = self.context.with(|context| {
            let source = format!("(() => {{ {script}\nreturn decode; }})()");
            let decode: Function<'_> = context.eval(source)?;
            Ok::<_, rquickjs::Error>(Persistent::save(&context, decode))
        })?;
        self.loaded = Some((decode, frame));
        Ok(true)
    }

    fn check(&mut self) -> Result<Json, Failure> {
        Ok(json_of(&self.calls(1)?))
    }

    fn turn(&mut self, calls: u64) -> Result<u128, Failure> {
        let start = processor_time();
        self.calls(calls)?;
        Ok((processor_time() - start).as_nanos())
    }
}

fn plain<'js>(context: &Ctx<'js>, value: &Value<'js>) -> Result<Plain, rquickjs::Error> {
    if let Some(number) = value.as_number() {
        return Ok(Plain::Number(number));
    }
    if let Some(text) = value.as_string() {
        return Ok(Plain::Text(text.to_string()?));
    }
    if let Some(flag) = value.as_bool() {
        return Ok(Plain::Flag(flag));
    }
    if let Some(list) = value.as_array() {
        let items = list.iter::<Value<'js>>();
        let items = items.map(|item| plain(context, &item?));
        return Ok(Plain::List(items.collect::<Result<_, _>>()?));
    }
    match value.as_object() {
        Some(object) => object_of(context, object),
        None => Ok(Plain::Nothing),
    }
}

fn object_of<'js>(context: &Ctx<'js>, object: &Object<'js>) -> Result<Plain, rquickjs::Error> {
    let entries = object.props::<String, Value<'js>>().map(|entry| {
        let (key, value) = entry?;
        Ok((key, plain(context, &value)?))
    });
    Ok(Plain::Object(
        entries.collect::<Result<_, rquickjs::Error>>()?,
    ))
}

fn json_of(plain: &Plain) -> Json {
    match plain {
        Plain::Nothing => Json::Null,
        Plain::Flag(flag) => json!(flag),
        Plain::Number(number) => json!(number),
        Plain::Text(text) => json!(text),
        Plain::List(items) => items.iter().map(json_of).collect(),
        Plain::Object(entries) => {
            let entries = entries.iter();
            let entries: Map<_, _> = entries
                .map(|(key, value)| (key.clone(), json_of(value)))
                .collect();
            Json::Object(entries)
        }
    }
}
