//! The same questions with and without a host, and answers that stay small.

use std::path::Path;

use serde_json::Value as Json;

use super::*;
use crate::message::{Batch, Uplink, Value, testing::with_values};

fn uplink(number: u64, text: &str) -> Uplink {
    let values = [
        ("n", Value::Long(i64::try_from(number).unwrap())),
        ("t", Value::Text(text.to_owned())),
    ];
    let mut uplink = with_values(&format!("SN-{number}"), &values);
    uplink.entity.profile = "default".to_owned();
    uplink.entity.telemetry[0].ts = Some(5);
    uplink
}

fn settings(data: &Path) -> Settings {
    Settings {
        data_folder: data.to_owned(),
        ..Settings::default()
    }
}

fn open(settings: &Settings) -> Spool {
    let folder = settings.spool.folder(&settings.data_folder);
    Spool::open(&folder, &settings.spool).unwrap().0
}

fn records(from: u64, before: Option<u64>, limit: usize) -> Request {
    Request::SpoolRecords {
        from,
        before,
        limit,
    }
}

fn page(response: Response) -> SpoolPage {
    let Response::SpoolRecords(page) = response else {
        panic!("{response:?}");
    };
    page
}

fn status(response: Response) -> SpoolStatus {
    let Response::Spool(status) = response else {
        panic!("{response:?}");
    };
    status
}

fn positions(page: &SpoolPage) -> Vec<u64> {
    let lines = page.lines.iter();
    lines
        .map(|line| {
            let line: Json = serde_json::from_str(line).unwrap();
            let position = line["position"].as_u64().unwrap();
            assert_eq!(line["telemetry"][0]["values"]["n"], position);
            position
        })
        .collect()
}

#[tokio::test]
async fn a_host_and_the_store_alone_answer_the_same() {
    let data = tempfile::tempdir().unwrap();
    let settings = settings(data.path());
    let spool = open(&settings);
    let uplinks: Batch = (1..=30).map(|number| uplink(number, "x")).collect();
    spool.append(uplinks).await.unwrap();
    spool.acknowledge((1..=3).map(Position::at));

    let running = answer(&spool, &settings, Request::SpoolStatus).await;
    let running = status(running.unwrap());
    assert!(running.running && running.exists);
    assert_eq!((running.records, running.next_position), (27, 31));
    assert_eq!(running.dropped, Some(SpoolDropped::default()));
    assert!(running.bytes > 0 && running.disk_bytes > 0);
    assert_eq!(running.max_bytes, 1 << 30);
    assert_eq!(
        running.folder,
        data.path().join("spool").display().to_string()
    );
    let questions = [
        records(1, None, 1000),
        records(1, Some(31), 10),
        records(14, Some(20), 1000),
        records(31, None, 10),
    ];
    let mut answers = Vec::new();
    for question in &questions {
        answers.push(page(
            answer(&spool, &settings, question.clone()).await.unwrap(),
        ));
    }
    assert_eq!(positions(&answers[0]), (4..=30).collect::<Vec<_>>());
    assert_eq!(positions(&answers[1]), (4..=13).collect::<Vec<_>>());
    assert_eq!(answers[1].next, Some(14));
    assert_eq!(positions(&answers[2]), (14..=19).collect::<Vec<_>>());
    assert_eq!(answers[2].next, None);
    assert_eq!(answers[3], SpoolPage::default());

    let held = answer_offline(&settings, &Request::SpoolStatus).unwrap_err();
    assert!(matches!(held, ControlError::StoreInUse { .. }), "{held}");
    drop(spool);
    let alone = status(answer_offline(&settings, &Request::SpoolStatus).unwrap());
    assert!(alone.exists && !alone.running);
    assert_eq!((alone.dropped, alone.damage.as_deref()), (None, None));
    assert_eq!((alone.records, alone.next_position), (27, 31));
    for (question, answered) in questions.iter().zip(&answers) {
        let alone = page(answer_offline(&settings, question).unwrap());
        assert_eq!(alone.lines, answered.lines, "{question:?}");
        assert_eq!(alone.unreadable, 0);
    }
}

#[tokio::test]
async fn an_answer_is_bounded_in_records_and_in_bytes() {
    let data = tempfile::tempdir().unwrap();
    let settings = settings(data.path());
    let spool = open(&settings);
    // A control character takes one byte in the spool and six in a line.
    let text = "\u{1}".repeat(8 * 1024);
    for first in [1, 51, 101] {
        let uplinks = (first..first + 50).map(|number| uplink(number, &text));
        spool.append(uplinks.collect::<Batch>()).await.unwrap();
    }
    let small: Batch = (151..=1200).map(|number| uplink(number, "")).collect();
    spool.append(small).await.unwrap();

    let (mut from, mut seen, mut pages) = (1, Vec::new(), 0);
    loop {
        let question = records(from, None, usize::MAX);
        let page = page(answer(&spool, &settings, question).await.unwrap());
        let bytes: usize = page.lines.iter().map(String::len).sum();
        assert!(bytes < MAX_RECORD_BYTES + 50 * 1024, "{bytes}");
        assert!(page.lines.len() <= MAX_RECORDS);
        seen.extend(positions(&page));
        pages += 1;
        match page.next {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!(seen, (1..=1200).collect::<Vec<_>>());
    assert!(pages >= 3, "{pages}");
}

#[test]
fn without_a_spool_nothing_is_made() {
    let data = tempfile::tempdir().unwrap();
    let settings = settings(data.path());
    let alone = status(answer_offline(&settings, &Request::SpoolStatus).unwrap());
    assert!(!alone.exists && !alone.running);
    assert_eq!((alone.records, alone.max_bytes), (0, 1 << 30));
    let none = page(answer_offline(&settings, &records(1, None, 10)).unwrap());
    assert_eq!(none, SpoolPage::default());
    assert_eq!(data.path().read_dir().unwrap().count(), 0);
}

#[test]
fn what_is_missing_is_counted_once() {
    let record = |position| {
        let batch = Batch::of(&[uplink(position, &"\u{1}".repeat(700 * 1024))]);
        crate::spool::Record::new(Position::at(position), batch.into(), 0)
    };
    let whole = Page {
        records: vec![record(3), record(9)],
        next: None,
        unreadable: vec![1..3, 4..9, 10..12, 14..15],
    };
    let first = lines(&whole, None);
    assert_eq!((first.lines.len(), first.next), (1, Some(9)));
    assert_eq!(first.unreadable, 7);
    let rest = Page {
        records: vec![record(9)],
        next: None,
        unreadable: vec![10..12, 14..15],
    };
    let rest = lines(&rest, None);
    assert_eq!((rest.lines.len(), rest.next, rest.unreadable), (1, None, 3));
}
