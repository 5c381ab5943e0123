//! The runner on converters that keep state, each with a static of its own:
//! tests run at the same time.

use std::cell::{Cell, RefCell};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::tests::{folder, report};
use super::*;

const NOTE: &str = "
The converter keeps state between calls, as a rule in a static, a thread_local or a global. The host
does not promise to keep it: any call may go to a new instance, or to one that served others. A result
may depend on frame or message and metadata only; the clock, random numbers and the order of a HashMap
are state too.
";

fn named(name: &str) -> Result<Vec<Entity>> {
    Ok(vec![Entity::device(name, "t")])
}

fn result(name: &str) -> String {
    format!(r#"{{"deviceName":"{name}","deviceType":"t"}}"#)
}

/// Two results of one device that differ in the name.
fn names(before: &str, after: &str) -> String {
    format!("-     \"deviceName\": {before:?},\n+     \"deviceName\": {after:?},\n")
}

/// The lines of a report that say what kind of failure it is.
fn causes(report: &str) -> Vec<&str> {
    let of_state = |line: &&str| line.starts_with("keeps state");
    report.lines().filter(of_state).collect()
}

/// Counts its calls in its results.
struct Counter;

static CALLS: AtomicI64 = AtomicI64::new(0);

impl UplinkConverter for Counter {
    fn decode(_: &[u8], _: &Context) -> Result<Vec<Entity>> {
        let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        named(&format!("call {calls}"))
    }
}

#[test]
fn a_counter_in_the_result_shows_with_a_single_case() {
    let files = [("payload.txt", ""), ("result.json", &result("call 1"))];
    let diff = names("call 1", "call 2");
    let expected = format!(
        "1 of 1 cases in DIR failed (- expected, + found)\n\npayload.txt -> result.json\n\
         keeps state between calls: the result differs when the case runs again \
         (- first run, + later run)\n    {{\n      \"attributes\": {{}},\n{diff}      \
         \"deviceType\": \"t\",\n      \"telemetry\": []\n{NOTE}"
    );
    let found = report(&files, |dir| check_uplink::<Counter>(dir));
    assert_eq!(found, Some(expected));
}

/// Takes the last device's name for a frame without one.
fn last_name(memory: &mut String, frame: &[u8]) -> Result<Vec<Entity>> {
    let name = crate::text(frame)?;
    if !name.is_empty() {
        name.clone_into(memory);
    }
    match memory.as_str() {
        "" => Err("no name".into()),
        name => named(name),
    }
}

struct LastName;

static LAST_NAME: Mutex<String> = Mutex::new(String::new());

impl UplinkConverter for LastName {
    fn decode(frame: &[u8], _: &Context) -> Result<Vec<Entity>> {
        last_name(&mut LAST_NAME.lock().unwrap(), frame)
    }
}

#[test]
fn a_name_remembered_from_an_earlier_case_shows_in_reverse_order() {
    let files = [
        ("payload_1.txt", "A"),
        ("result_1.json", &*result("A")),
        ("payload_2.txt", ""),
        ("result_2.json", &result("A")),
        ("payload_3.txt", "B"),
        ("result_3.json", &result("B")),
    ];
    let dir = folder(&files);
    let report = run_uplink(&dir, LastName::decode).unwrap_err();
    assert_eq!((report.failed(), report.total()), (1, 3));
    assert!(report.keeps_state());
    let failure = &report.failures()[0];
    assert_eq!(failure.payload_file, "payload_2.txt");
    assert_eq!(failure.result_file, "result_2.json");
    assert!(failure.keeps_state);
    let (cause, diff) = failure.detail.split_once('\n').unwrap();
    assert_eq!(
        cause,
        "keeps state between calls: the result differs when the case runs again \
         (- first run, + later run)"
    );
    assert!(diff.contains(&names("A", "B")), "{diff}");
}

/// What is remembered here is the same in both orders: only a fresh instance
/// does not know it.
#[test]
fn a_name_remembered_in_every_order_shows_on_a_fresh_instance() {
    let files = [
        ("payload_1.txt", "A"),
        ("result_1.json", &*result("A")),
        ("payload_2.txt", ""),
        ("result_2.json", &result("A")),
    ];
    let dir = folder(&files);
    let mut memory = String::new();
    let one = run_uplink(&dir, |frame, _| last_name(&mut memory, frame));
    assert_eq!(one, Ok(2));

    let mut memory = String::new();
    let both = run_uplink_on(
        &dir,
        |frame, _| last_name(&mut String::new(), frame),
        |frame, _| last_name(&mut memory, frame),
    );
    let report = both.unwrap_err();
    assert_eq!(report.failed(), 1);
    let text = report.to_string();
    assert_eq!(
        causes(&text),
        [
            "keeps state between calls: a fresh instance is wrong where a used one is right \
             (- fresh, + used)"
        ]
    );
    // First what was expected and not found, then the state.
    let found = text.find("+ {\n+   \"error\": \"no name\"\n+ }\n").unwrap();
    assert!(found < text.find("keeps state").unwrap(), "{text}");
    assert!(text.ends_with(NOTE), "{text}");
}

/// Refuses every frame but the first, with a text that is always the same.
struct OnlyOnce;

static SERVED: AtomicBool = AtomicBool::new(false);

impl UplinkConverter for OnlyOnce {
    fn decode(_: &[u8], _: &Context) -> Result<Vec<Entity>> {
        match SERVED.swap(true, Ordering::Relaxed) {
            false => named("A"),
            true => Err("duplicate".into()),
        }
    }
}

/// Counts in its errors only.
struct ErrorCounter;

static ERRORS: AtomicI64 = AtomicI64::new(0);

impl UplinkConverter for ErrorCounter {
    fn decode(_: &[u8], _: &Context) -> Result<Vec<Entity>> {
        let errors = ERRORS.fetch_add(1, Ordering::Relaxed) + 1;
        Err(format!("error {errors}").into())
    }
}

/// Panics from its second call on.
struct Brittle;

static BROKEN: AtomicBool = AtomicBool::new(false);

impl UplinkConverter for Brittle {
    fn decode(_: &[u8], _: &Context) -> Result<Vec<Entity>> {
        assert!(!BROKEN.swap(true, Ordering::Relaxed), "broken");
        named("A")
    }
}

type Decode = fn(&[u8], &Context) -> Result<Vec<Entity>>;

#[test]
fn state_that_only_makes_errors_shows() {
    let table: [(Decode, String, &str); 3] = [
        (
            OnlyOnce::decode,
            result("A"),
            "+ {\n+   \"error\": \"duplicate\"\n+ }\n",
        ),
        (
            ErrorCounter::decode,
            r#"{"error":"error 1"}"#.to_owned(),
            "  {\n-   \"error\": \"error 1\"\n+   \"error\": \"error 2\"\n  }\n",
        ),
        (
            Brittle::decode,
            result("A"),
            "+ \"the converter panicked: broken\"\n",
        ),
    ];
    for (decode, result, diff) in table {
        let dir = folder(&[("payload.txt", ""), ("result.json", &result)]);
        let report = run_uplink(&dir, decode).unwrap_err();
        assert!(report.keeps_state(), "{report}");
        assert!(report.failures()[0].detail.ends_with(diff), "{report}");
    }
}

#[test]
fn which_instance_is_wrong_is_named() {
    let table = [
        (
            "fresh",
            "a used instance is wrong where a fresh one is right",
        ),
        (
            "used",
            "a fresh instance is wrong where a used one is right",
        ),
        ("neither", "a fresh and a used instance differ"),
    ];
    for (right, cause) in table {
        let dir = folder(&[("payload.txt", ""), ("result.json", &result(right))]);
        let report = run_uplink_on(&dir, |_, _| named("fresh"), |_, _| named("used")).unwrap_err();
        let text = report.to_string();
        let cause = format!("keeps state between calls: {cause} (- fresh, + used)");
        assert_eq!(causes(&text), [cause]);
        assert!(text.contains(&names("fresh", "used")), "{text}");
        // The fresh result is compared with the expected one as well.
        let compared = text.contains(&names(right, "fresh"));
        assert_eq!(compared, right != "fresh", "{text}");
    }
}

#[test]
fn state_in_a_downlink_shows() {
    let files = [
        ("payload.json", "{}"),
        ("result.json", r#"{"contentType":"TEXT","data":"1"}"#),
    ];
    let dir = folder(&files);
    let calls = Cell::new(0);
    let encode = |_: &Message, _: &Context| {
        calls.set(calls.get() + 1);
        Ok(vec![calls.get().to_string().into_bytes()])
    };
    let one = run_downlink(&dir, encode).unwrap_err();
    assert!(one.to_string().contains("+     \"data\": \"2\"\n"), "{one}");

    calls.set(0);
    let fresh = |_: &Message, _: &Context| Ok(vec![b"1".to_vec()]);
    let both = run_downlink_on(&dir, fresh, encode).unwrap_err();
    assert!(both.keeps_state());
    assert_eq!(calls.get(), 2);
}

#[test]
fn a_used_instance_has_served_all_cases_when_it_serves_them_in_reverse() {
    let files = ["1", "2", "3"].map(|n| (format!("payload_{n}.txt"), format!("result_{n}.json")));
    let a = result("A");
    let files: Vec<_> = files
        .iter()
        .flat_map(|(payload, result)| [(payload.as_str(), &payload[8..9]), (result, &a)])
        .collect();
    let dir = folder(&files);
    let calls = RefCell::new(String::new());
    let call = |instance: &str, frame: &[u8]| {
        let mut calls = calls.borrow_mut();
        calls.push_str(instance);
        calls.push_str(crate::text(frame)?);
        named("A")
    };
    let passed = run_uplink_on(
        &dir,
        |frame, _| call(" f", frame),
        |frame, _| call(" u", frame),
    );
    assert_eq!(passed, Ok(3));
    assert_eq!(calls.take(), " f1 f2 f3 u1 u2 u3 u3 u2 u1");

    assert_eq!(run_uplink(&dir, |frame, _| call(" ", frame)), Ok(3));
    assert_eq!(calls.take(), " 1 2 3 3 2 1");
}

#[test]
fn a_pure_converter_that_is_wrong_is_not_called_stateful() {
    let dir = folder(&[("payload.txt", ""), ("result.json", &result("A"))]);
    for faulty in [|| named("B"), || Err("no".into()), || named("")] {
        let one = run_uplink(&dir, |_, _| faulty()).unwrap_err();
        let both = run_uplink_on(&dir, |_, _| faulty(), |_, _| faulty()).unwrap_err();
        assert_eq!(one, both);
        assert_eq!((one.failed(), one.keeps_state()), (1, false));
        assert!(!one.to_string().contains("state"), "{one}");
    }
}

#[test]
fn the_checks_on_both_instances_panic_with_the_report() {
    let uplink = [("payload.txt", ""), ("result.json", &*result("A"))];
    let downlink = [("payload.json", "{}"), ("result.json", "[]")];
    let pass = |_: &Message, _: &Context| Ok(Vec::new());
    let fail = |_: &Message, _: &Context| Ok(vec![Vec::new()]);
    let checks: [(Option<String>, Option<String>); 2] = [
        (
            report(&uplink, |dir| {
                check_uplink_on(dir, |_, _| named("A"), |_, _| named("A"));
            }),
            report(&uplink, |dir| {
                check_uplink_on(dir, |_, _| named("A"), |_, _| named("B"));
            }),
        ),
        (
            report(&downlink, |dir| check_downlink_on(dir, pass, pass)),
            report(&downlink, |dir| check_downlink_on(dir, pass, fail)),
        ),
    ];
    for (passed, failed) in checks {
        assert_eq!(passed, None);
        let failed = failed.unwrap();
        let cause = "keeps state between calls: a used instance is wrong where a fresh one is \
                     right (- fresh, + used)";
        assert_eq!(causes(&failed), [cause]);
    }
}
