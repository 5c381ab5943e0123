//! Running a folder's cases, more than once each.
//!
//! The host reuses instances and throws them away, so that a result may depend
//! on nothing but the call. A converter that keeps state can pass each case
//! once; it cannot give the same results to the same cases in another order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::{Value as Json, json};

use super::cases::{self, Case};
use super::report::{Failure, Report};
use super::{contract, diff, shape};
use crate::error::describe;
use crate::{Context, Entity, Message, Result};

/// The key of a downlink's `metadata.json` that holds the message's type.
const MSG_TYPE_KEY: &str = "msgType";

/// The type of a message whose case gives none: what a changed shared
/// attribute, the commonest downlink, arrives as.
const DEFAULT_MSG_TYPE: &str = "ATTRIBUTES_UPDATED";

/// A result in normal form, an error of the converter included, or why there is
/// none that could be expected.
pub(super) type Outcome = std::result::Result<Json, String>;

type Call<'a> = &'a mut dyn FnMut(&Case) -> Outcome;

/// Who serves the cases.
enum Instances<'a> {
    /// One that cannot be renewed, as a native converter.
    One(Call<'a>),
    /// A new one for each call, and one that serves all calls.
    FreshAndUsed { fresh: Call<'a>, used: Call<'a> },
}

/// Runs any function that decodes on the cases of a folder. Each case is run
/// twice, as the [layout](super#hidden-state) describes.
///
/// Returns how many cases there are, all of which passed.
///
/// # Errors
///
/// A [`Report`] if a case fails or the folder breaks the [layout's](super)
/// rules. A panic of `decode` costs its case only.
pub fn run_uplink(
    dir: impl AsRef<Path>,
    mut decode: impl FnMut(&[u8], &Context) -> Result<Vec<Entity>>,
) -> std::result::Result<usize, Report> {
    let mut call = |case: &Case| decoded(case, &mut decode);
    run(
        dir.as_ref(),
        shape::normal_uplink,
        Instances::One(&mut call),
    )
}

/// Runs any function that encodes on the cases of a folder, as [`run_uplink`]
/// does.
///
/// # Errors
///
/// As [`run_uplink`].
pub fn run_downlink(
    dir: impl AsRef<Path>,
    mut encode: impl FnMut(&Message, &Context) -> Result<Vec<Vec<u8>>>,
) -> std::result::Result<usize, Report> {
    let mut call = |case: &Case| encoded(case, &mut encode);
    run(
        dir.as_ref(),
        shape::normal_downlink,
        Instances::One(&mut call),
    )
}

/// Runs the cases of a folder on fresh instances and on a used one: for a built
/// `.wasm`, of which both can be had.
///
/// `fresh` makes a new instance for each call. `used` makes one at its first
/// call and keeps it, unless the converter traps. Each case is run once by
/// `fresh` and twice by `used`, as the [layout](super#hidden-state) describes.
///
/// Returns how many cases there are, all of which passed.
///
/// # Errors
///
/// As [`run_uplink`].
pub fn run_uplink_on(
    dir: impl AsRef<Path>,
    mut fresh: impl FnMut(&[u8], &Context) -> Result<Vec<Entity>>,
    mut used: impl FnMut(&[u8], &Context) -> Result<Vec<Entity>>,
) -> std::result::Result<usize, Report> {
    let instances = Instances::FreshAndUsed {
        fresh: &mut |case| decoded(case, &mut fresh),
        used: &mut |case| decoded(case, &mut used),
    };
    run(dir.as_ref(), shape::normal_uplink, instances)
}

/// Runs the cases of a folder on fresh instances and on a used one, as
/// [`run_uplink_on`] does.
///
/// # Errors
///
/// As [`run_uplink`].
pub fn run_downlink_on(
    dir: impl AsRef<Path>,
    mut fresh: impl FnMut(&Message, &Context) -> Result<Vec<Vec<u8>>>,
    mut used: impl FnMut(&Message, &Context) -> Result<Vec<Vec<u8>>>,
) -> std::result::Result<usize, Report> {
    let instances = Instances::FreshAndUsed {
        fresh: &mut |case| encoded(case, &mut fresh),
        used: &mut |case| encoded(case, &mut used),
    };
    run(dir.as_ref(), shape::normal_downlink, instances)
}

pub(super) fn decoded(
    case: &Case,
    decode: &mut impl FnMut(&[u8], &Context) -> Result<Vec<Entity>>,
) -> Outcome {
    let context = context(case);
    guarded(|| match decode(&case.payload, &context) {
        Ok(entities) => {
            contract::check(&entities).map(|()| shape::uplink_result(&entities, &context.actions()))
        }
        Err(error) => Ok(json!({ "error": describe(&error) })),
    })
}

pub(super) fn encoded(
    case: &Case,
    encode: &mut impl FnMut(&Message, &Context) -> Result<Vec<Vec<u8>>>,
) -> Outcome {
    guarded(|| {
        let body = crate::text(&case.payload).map_err(|error| error.to_string())?;
        let msg_type = case
            .metadata
            .get(MSG_TYPE_KEY)
            .map_or(DEFAULT_MSG_TYPE, String::as_str);
        let mut context = context(case).of_downlink();
        context.remove_metadata(MSG_TYPE_KEY);
        match encode(&Message::new(body, msg_type), &context) {
            Ok(frames) => Ok(shape::downlink_result(&frames, &context.actions())),
            Err(error) => Ok(json!({ "error": describe(&error) })),
        }
    })
}

fn context(case: &Case) -> Context {
    let mut context = Context::new().with_session(&case.session);
    for (key, value) in &case.metadata {
        context = context.with_metadata(key, value);
    }
    for (key, value) in &case.integration_metadata {
        context = context.with_integration_metadata(key, value);
    }
    context
}

/// Calls the converter such that a panic costs one case, as it costs one frame
/// in the host.
fn guarded(call: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("a value that is not text");
        Err(format!("the converter panicked: {message}"))
    })
}

/// Runs each case of a folder. `normal` brings an expected result into the
/// shape that a call returns.
fn run(
    dir: &Path,
    normal: impl Fn(&Json) -> Outcome,
    instances: Instances<'_>,
) -> std::result::Result<usize, Report> {
    let cases = cases::read(dir).map_err(Report::Folder)?;
    let fresh_and_used = matches!(instances, Instances::FreshAndUsed { .. });
    let failures: Vec<Failure> = call_all(&cases, instances)
        .iter()
        .zip(&cases)
        .filter_map(|(outcomes, case)| {
            let expected = normal(&case.expected);
            let failure = Failure {
                payload_file: case.payload_file.clone(),
                result_file: case.result_file.clone(),
                keeps_state: outcomes.other.is_some(),
                detail: wrong(case, &expected, &outcomes.first)
                    + &state(&expected, outcomes, fresh_and_used),
            };
            (!failure.detail.is_empty()).then_some(failure)
        })
        .collect();
    if failures.is_empty() {
        return Ok(cases.len());
    }
    Err(Report::Cases {
        dir: dir.to_owned(),
        total: cases.len(),
        failures,
    })
}

/// What became of a case.
struct Outcomes {
    /// Of the first run, which is on the fresh instance if there is one.
    first: Outcome,
    /// Of the earliest later run that had another outcome.
    other: Option<Outcome>,
}

impl Outcomes {
    fn of(case: &Case, call: Call<'_>) -> Outcomes {
        Outcomes {
            first: call(case),
            other: None,
        }
    }

    fn again(&mut self, case: &Case, call: Call<'_>) {
        let outcome = call(case);
        if self.other.is_none() && outcome != self.first {
            self.other = Some(outcome);
        }
    }
}

/// Runs all cases in order, and in reverse order afterwards. A used instance
/// serves them in order before that, so that a single case meets its own traces
/// too.
fn call_all(cases: &[Case], instances: Instances<'_>) -> Vec<Outcomes> {
    let first = |call: Call<'_>| -> Vec<Outcomes> {
        cases.iter().map(|case| Outcomes::of(case, call)).collect()
    };
    let (mut all, call) = match instances {
        Instances::One(call) => (first(call), call),
        Instances::FreshAndUsed { fresh, used } => {
            let mut all = first(fresh);
            for (outcomes, case) in all.iter_mut().zip(cases) {
                outcomes.again(case, used);
            }
            (all, used)
        }
    };
    for (outcomes, case) in all.iter_mut().zip(cases).rev() {
        outcomes.again(case, call);
    }
    all
}

/// How the first outcome differs from the expected one; empty if it does not.
fn wrong(case: &Case, expected: &Outcome, found: &Outcome) -> String {
    match (expected, found) {
        (Err(fault), _) => format!("{}: {fault}\n", case.result_file),
        (_, Err(fault)) => format!("the case cannot pass: {fault}\n"),
        (Ok(expected), Ok(found)) if expected != found => diff::diff(expected, found),
        _ => String::new(),
    }
}

/// How the outcome changed with what was called before; empty if it did not.
fn state(expected: &Outcome, outcomes: &Outcomes, fresh_and_used: bool) -> String {
    let Some(other) = &outcomes.other else {
        return String::new();
    };
    let first = &outcomes.first;
    let what = match (first == expected, other == expected) {
        _ if !fresh_and_used => {
            "the result differs when the case runs again (- first run, + later run)"
        }
        (true, _) => "a used instance is wrong where a fresh one is right (- fresh, + used)",
        (_, true) => "a fresh instance is wrong where a used one is right (- fresh, + used)",
        _ => "a fresh and a used instance differ (- fresh, + used)",
    };
    // A fault is shown as a JSON string, which no result is.
    let shown = |outcome: &Outcome| outcome.clone().unwrap_or_else(Json::String);
    let diff = diff::diff(&shown(first), &shown(other));
    format!("keeps state between calls: {what}\n{diff}")
}
