//! A converter that does on its connection what a frame asks it to.
//!
//! Frames are lines; with `handlerType = "CONVERTER"` they stand between `<` and `>`.
//! A frame holds commands, with `;` between them. The session value is the device's
//! name and the number of frames since, as `NAME 3`.

use tb_converter::{
    Context, DownlinkConverter, Entity, Error, FramingConverter, LifecycleConverter, Message,
    Result, Step, UplinkConverter, export, number,
};

/// Both directions, with everything that an uplink converter may add.
#[derive(Debug)]
pub struct Talker;

/// The session value.
struct Known {
    name: String,
    frames: i64,
}

impl Known {
    fn read(context: &Context) -> Result<Known> {
        let session = context.session();
        let session = tb_converter::text(&session)?;
        let (name, frames) = session.split_once(' ').unwrap_or((session, "0"));
        Ok(Known {
            name: name.to_owned(),
            frames: number::parse_long(frames)?,
        })
    }

    fn write(&self, context: &Context) {
        context.set_session(format!("{} {}", self.name, self.frames));
    }

    fn entity(&self) -> Entity {
        Entity::device(&*self.name, "talker")
    }
}

impl UplinkConverter for Talker {
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>> {
        let text = tb_converter::text(frame)?.trim_matches(['<', '>']);
        let mut known = Known::read(context)?;
        known.frames += 1;
        known.write(context);
        let mut entities = Vec::new();
        for command in text.split(';') {
            entities.extend(obey(command, &mut known, context)?);
        }
        Ok(entities)
    }
}

fn obey(command: &str, known: &mut Known, context: &Context) -> Result<Option<Entity>> {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let (word, more) = rest.split_once(' ').unwrap_or((rest, ""));
    match verb {
        "login" => {
            *known = Known {
                name: rest.to_owned(),
                frames: 0,
            };
            known.write(context);
            context.reply(format!("hello {rest}\n"));
        }
        "value" => {
            let value = number::parse_long(more)?;
            return Ok(Some(known.entity().telemetry(word, value)));
        }
        "frames" => return Ok(Some(known.entity().telemetry("frames", known.frames))),
        "say" => context.reply(format!("{rest}\n")),
        "flood" => context.reply(vec![b'x'; 2 << 20]),
        "fill" => context.set_session(vec![b'x'; 5000]),
        "answer" => context.answer_rpc(&known.name, id(word), more),
        "fail" => context.fail_rpc(&known.name, id(word), more),
        "close" => context.close(),
        "spin" => {
            let mut turns = 0_u64;
            loop {
                turns = std::hint::black_box(turns.wrapping_add(1));
            }
        }
        "bad" => return Err(Error::from("as asked")),
        other => return Err(format!("unknown command {other}").into()),
    }
    Ok(None)
}

/// `-` is the oldest call.
fn id(word: &str) -> Option<i32> {
    word.parse().ok()
}

impl LifecycleConverter for Talker {
    fn on_connect(context: &Context) -> Result<Vec<Entity>> {
        context.reply("who?\n");
        Ok(Vec::new())
    }

    fn on_idle(context: &Context) -> Result<Vec<Entity>> {
        let known = Known::read(context)?;
        context.reply(format!("still there, {}?\n", known.name));
        Ok(Vec::new())
    }

    fn on_close(context: &Context) -> Result<Vec<Entity>> {
        let known = Known::read(context)?;
        Ok(vec![known.entity().telemetry("online", 0)])
    }
}

impl FramingConverter for Talker {
    fn cut(bytes: &[u8]) -> Result<Step> {
        let Some(start) = bytes.iter().position(|byte| *byte == b'<') else {
            return Ok(Step::skip(bytes.len()));
        };
        let rest = &bytes[start..];
        if rest.starts_with(b"<lost>") {
            return Err("the stream is lost".into());
        }
        if rest.starts_with(b"<spin>") {
            loop {
                std::hint::black_box(start);
            }
        }
        Ok(match rest.iter().position(|byte| *byte == b'>') {
            Some(end) => Step::Frame {
                skip: start,
                length: end + 1,
            },
            None if start > 0 => Step::skip(start),
            None => Step::Need(1),
        })
    }
}

impl DownlinkConverter for Talker {
    fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
        let Some(call) = msg.rpc_call()? else {
            return Ok(vec![msg.body().into()]);
        };
        let id = context.metadata("requestId").unwrap_or_default();
        match &*call.method {
            "ask" => context.expect_answer(),
            "echo" => {
                let name = context.metadata("deviceName").unwrap_or_default();
                context.answer_rpc(&name, id.parse().ok(), "at once");
                return Ok(Vec::new());
            }
            "leave" => {
                context.reply("bye, ");
                context.close();
            }
            // The session value, changed by the direction that did not set it.
            "count" => {
                let mut known = Known::read(context)?;
                known.frames += 100;
                known.write(context);
            }
            // Metadata that are fetched make the host call once more.
            "limit" => {
                let mut known = Known::read(context)?;
                known.frames += 1000;
                known.write(context);
                let limit = context.metadata("ss_limit").unwrap_or_default();
                return Ok(vec![format!("limit {limit}").into_bytes()]);
            }
            _ => {}
        }
        Ok(vec![format!("{} {id}", call.method).into_bytes()])
    }
}

export!(
    uplink = Talker,
    downlink = Talker,
    lifecycle = Talker,
    framing = Talker,
);
