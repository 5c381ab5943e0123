//! A converter's own golden cases, run before it goes live.
//!
//! `NAME.cases/` beside `NAME.wasm` holds them in the layout of the guest SDK
//! (`tb_converter::testing`), whose runner runs them: each case on a fresh
//! instance and on one that has served all others. A converter that passes only
//! on one of them keeps state between calls, which the host does not promise to
//! keep for it.

use std::{
    cell::{Cell, RefCell},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use tb_converter::testing;

use super::{
    Metadata,
    actions::Actions,
    call::{CallContext, Missed, NOWHERE},
    component::Converter,
    error::{CallError, LoadError},
    instance::{Failure, Instance, Time},
    session::Session,
    single::Single,
    trial,
};

/// Calls that had to be stopped after which none is made any more: a runaway
/// would take its deadline for each case three times.
const MAX_STOPPED: u32 = 3;

/// Runs the golden cases of `folder` on `converter` and says how many passed.
/// Blocks; must be called within a tokio runtime, but on none of its threads.
///
/// # Errors
/// Names the cases that failed, or what is wrong with the folder.
pub fn check_cases(converter: &Arc<Converter>, folder: &Path) -> Result<usize, LoadError> {
    run_cases(converter, folder).map_err(|report| LoadError::Cases(report.to_string()))
}

/// Rewrites the results of the golden cases of `folder` to what `converter`
/// gives, and names the files that changed. Called like [`check_cases`].
///
/// # Errors
/// What is wrong with the folder, or a case that gives nothing to expect.
pub fn update_cases(
    converter: &Arc<Converter>,
    folder: &Path,
) -> Result<Vec<PathBuf>, testing::Report> {
    let directions = testing::directions(folder)?;
    let single = || RefCell::new(Single::new(converter.clone()));
    let stopped = Cell::new(0);
    let mut changed = Vec::new();
    let mut note = |folder: &Path, names: Vec<String>| {
        changed.extend(names.into_iter().map(|name| folder.join(name)));
    };
    if let Some(folder) = &directions.uplink {
        let names = testing::update_uplink(folder, |frame, context| {
            decode((&single(), &stopped), frame, context)
        })?;
        note(folder, names);
    }
    if let Some(folder) = &directions.downlink {
        let names = testing::update_downlink(folder, |message, context| {
            encode((&single(), &stopped), message, context)
        })?;
        note(folder, names);
    }
    Ok(changed)
}

/// As [`check_cases`], with a report that tells the cases apart.
///
/// # Errors
/// The cases that failed, or what is wrong with the folder.
pub fn run_cases(converter: &Arc<Converter>, folder: &Path) -> Result<usize, testing::Report> {
    let directions = testing::directions(folder)?;
    let single = || RefCell::new(Single::new(converter.clone()));
    let (used, stopped) = (single(), Cell::new(0));
    let mut passed = 0;
    if let Some(folder) = &directions.uplink {
        passed += testing::run_uplink_on(
            folder,
            |frame, context| decode((&single(), &stopped), frame, context),
            |frame, context| decode((&used, &stopped), frame, context),
        )?;
    }
    if let Some(folder) = &directions.downlink {
        passed += testing::run_downlink_on(
            folder,
            |message, context| encode((&single(), &stopped), message, context),
            |message, context| encode((&used, &stopped), message, context),
        )?;
    }
    Ok(passed)
}

/// Who serves a case, and how many calls trapped so far.
type Serving<'a> = (&'a RefCell<Single>, &'a Cell<u32>);

/// Makes a call unless too many trapped before.
fn call<T>(
    (single, stopped): Serving<'_>,
    call: impl FnOnce(&mut Instance) -> Result<T, Failure>,
) -> Result<T, CallError> {
    if stopped.get() >= MAX_STOPPED {
        let text = format!("not called any more, after {MAX_STOPPED} calls that failed");
        return Err(CallError::Trapped(text));
    }
    let mut single = single.borrow_mut();
    let result = single.call(call);
    if result.is_err() && single.is_spent() {
        stopped.set(stopped.get() + 1);
    }
    result
}

fn decode(
    serving: Serving<'_>,
    frame: &[u8],
    context: &tb_converter::Context,
) -> tb_converter::Result<Vec<tb_converter::Entity>> {
    let host = Arc::new(CallContext::Uplink {
        integration: Arc::new(metadata(context.metadata_entries())),
        peer: NOWHERE,
        local: NOWHERE,
        session: Session::new(context.session().into()),
    });
    let frame = Bytes::copy_from_slice(frame);
    let output = call(serving, |instance| trial::decode(instance, &frame, &host))?;
    note(output.actions, context);
    Ok(output.value)
}

fn encode(
    serving: Serving<'_>,
    message: &tb_converter::Message,
    context: &tb_converter::Context,
) -> tb_converter::Result<Vec<Vec<u8>>> {
    let host = Arc::new(CallContext::Downlink {
        integration: Arc::new(metadata(context.integration_metadata_entries())),
        message: Arc::new(metadata(context.metadata_entries())),
        missed: Missed::default(),
        peer: NOWHERE,
        session: Session::new(context.session().into()),
    });
    let output = call(serving, |instance| {
        instance.encode(message.body(), message.msg_type(), &host, Time::Whole)
    })?;
    note(output.actions, context);
    Ok(output.value)
}

/// Brings what the component asked for to where the runner looks for it.
pub(super) fn note(actions: Option<Box<Actions>>, context: &tb_converter::Context) {
    let Some(actions) = actions else {
        return;
    };
    if let Some(session) = actions.session {
        context.set_session(session);
    }
    if !actions.reply.is_empty() {
        context.reply(actions.reply);
    }
    if actions.close {
        context.close();
    }
    if actions.expects_answer {
        context.expect_answer();
    }
    for answer in actions.answers {
        match answer.response {
            Ok(json) => {
                let value = tb_converter::Value::Json(json);
                context.answer_rpc(&answer.device, answer.request_id, value);
            }
            Err(error) => context.fail_rpc(&answer.device, answer.request_id, error),
        }
    }
}

fn metadata(entries: impl IntoIterator<Item = (String, String)>) -> Metadata {
    entries.into_iter().collect()
}
