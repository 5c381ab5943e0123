//! A host that answers, one that comes and goes, and none.

use std::{
    fs,
    sync::{Mutex, PoisonError},
};

use clap::Parser;
use tempfile::TempDir;

use super::*;
use crate::control::{
    Control, MAX_RECORDS, SpoolPage, SpoolStatus,
    testing::{Fake, Running, spool_status},
};

#[derive(Debug, Parser)]
struct Tool {
    #[command(flatten)]
    arguments: SpoolArgs,
}

fn arguments(line: &str) -> SpoolArgs {
    let words = ["spool"].into_iter().chain(line.split_whitespace());
    Tool::try_parse_from(words).unwrap().arguments
}

/// A spool with records from 5 up to `end`, of which 7 is lost, as host and as
/// store; remembers what it was asked.
struct Store {
    end: u64,
    lost: u64,
    page: usize,
    asked: Mutex<Vec<Request>>,
}

impl Store {
    fn up_to(end: u64) -> Self {
        Self {
            end,
            lost: 0,
            page: 4,
            asked: Mutex::default(),
        }
    }

    fn answer(&self, request: &Request) -> Response {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(request.clone());
        match *request {
            Request::SpoolStatus => Response::Spool(SpoolStatus {
                records: self.end - 5,
                next_position: self.end,
                running: false,
                dropped: None,
                ..spool_status()
            }),
            Request::SpoolRecords {
                from,
                before,
                limit,
            } => {
                // More come all the time.
                let end = before.unwrap();
                let mut positions = from.max(5)..end;
                let lines = positions.by_ref().filter(|position| *position != self.lost);
                let lines = lines.take(limit.min(self.page));
                let lines: Vec<_> = lines.map(line).collect();
                let next = positions.start;
                Response::SpoolRecords(SpoolPage {
                    lines,
                    next: (next < end).then_some(next),
                    unreadable: u64::from((from..next).contains(&self.lost)),
                })
            }
            _ => panic!("{request:?}"),
        }
    }
}

impl Control for Store {
    async fn handle(&self, request: Request) -> Result<Response, String> {
        Ok(self.answer(&request))
    }
}

fn line(position: u64) -> String {
    format!(r#"{{"position":{position}}}"#)
}

fn lines(positions: impl IntoIterator<Item = u64>) -> String {
    let lines = positions.into_iter().map(|position| line(position) + "\n");
    lines.collect()
}

/// The code, or the error, and what was printed.
async fn outcome(
    line: &str,
    folder: &Path,
    offline: impl AsyncFn(Request) -> Result<Response, ControlError>,
) -> (Result<ExitCode, String>, String) {
    let mut printed = Vec::new();
    let mut output = Output::new(&mut printed);
    let code = run(&arguments(line), folder, &mut output, offline).await;
    let text = String::from_utf8(printed).unwrap();
    (code.map_err(|error| error.to_string()), text)
}

async fn never(request: Request) -> Result<Response, ControlError> {
    panic!("{request:?} went past the host")
}

#[tokio::test]
async fn a_running_host_is_asked() {
    let running = Running::start(Fake::Host).await;
    for line in ["", "status"] {
        let (code, text) = outcome(line, running.folder(), never).await;
        assert_eq!(code, Ok(ExitCode::SUCCESS));
        assert!(text.starts_with("host       runs\n"), "{text}");
    }
    let (_, text) = outcome("status --json", running.folder(), never).await;
    let status: SpoolStatus = serde_json::from_str(&text).unwrap();
    assert_eq!(status, spool_status());
    let running = Running::start(Store::up_to(15)).await;
    let (code, text) = outcome("export", running.folder(), never).await;
    assert_eq!((code, text), (Ok(ExitCode::SUCCESS), lines(5..15)));
}

#[tokio::test]
async fn without_a_host_the_store_is_asked_page_by_page() {
    let folder = TempDir::new().unwrap();
    let store = Store::up_to(15);
    let offline = async |request| Ok(store.answer(&request));
    let (code, text) = outcome("export", folder.path(), offline).await;
    assert_eq!((code, text), (Ok(ExitCode::SUCCESS), lines(5..15)));
    let page = |from| Request::SpoolRecords {
        from,
        before: Some(15),
        limit: MAX_RECORDS,
    };
    let asked = store.asked.into_inner().unwrap();
    assert_eq!(asked, [Request::SpoolStatus, page(1), page(9), page(13)]);
}

#[tokio::test]
async fn a_limit_is_kept_to_the_record() {
    let folder = TempDir::new().unwrap();
    for (limit, end) in [(1, 6), (4, 9), (6, 11), (10, 15), (99, 15)] {
        let store = Store::up_to(15);
        let offline = async |request| Ok(store.answer(&request));
        let line = format!("export --limit {limit}");
        let (code, text) = outcome(&line, folder.path(), offline).await;
        assert_eq!((code, text), (Ok(ExitCode::SUCCESS), lines(5..end)));
    }
}

#[tokio::test]
async fn damage_is_told_when_everything_else_is_exported() {
    let folder = TempDir::new().unwrap();
    let store = Store {
        lost: 7,
        ..Store::up_to(15)
    };
    let offline = async |request| Ok(store.answer(&request));
    let file = folder.path().join("e.jsonl");
    let line = format!("export --output {}", file.display());
    let (code, text) = outcome(&line, folder.path(), offline).await;
    assert_eq!(
        code.unwrap_err(),
        "the spool in /d/spool is damaged: 1 record cannot be read; what can be read was exported, \
         and nothing was changed"
    );
    assert_eq!(text, format!("9 records written to {}.\n", file.display()));
    let exported = fs::read_to_string(&file).unwrap();
    assert_eq!(exported, lines((5..15).filter(|position| *position != 7)));

    let damaged = async |_| {
        Ok(Response::Spool(SpoolStatus {
            running: false,
            damage: Some("its log is damaged".to_owned()),
            ..spool_status()
        }))
    };
    let (code, text) = outcome("status", folder.path(), damaged).await;
    assert_eq!(code, Ok(ExitCode::FAILURE));
    assert!(text.ends_with("damaged    its log is damaged\n"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_there_is_refused_before_anything_is_asked() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("e.jsonl");
    fs::write(&file, "mine").unwrap();
    let line = format!("export --output {}", file.display());
    let (code, _) = outcome(&line, folder.path(), never).await;
    assert!(code.unwrap_err().contains("is there already"));
    let store = Store::up_to(7);
    let offline = async |request| Ok(store.answer(&request));
    let line = format!("{line} --force --json");
    let (code, text) = outcome(&line, folder.path(), offline).await;
    assert_eq!(code, Ok(ExitCode::SUCCESS));
    let report = format!("{{\"file\":\"{}\",\"records\":2}}\n", file.display());
    assert_eq!(text, report);
    assert_eq!(fs::read_to_string(&file).unwrap(), lines(5..7));
}

#[tokio::test]
async fn without_a_spool_an_export_is_empty() {
    let folder = TempDir::new().unwrap();
    let none = async |request| {
        assert_eq!(request, Request::SpoolStatus);
        Ok(Response::Spool(SpoolStatus::default()))
    };
    let (code, text) = outcome("export", folder.path(), none).await;
    assert_eq!((code, text.as_str()), (Ok(ExitCode::SUCCESS), ""));
    let (code, text) = outcome("status", folder.path(), none).await;
    assert_eq!(code, Ok(ExitCode::SUCCESS));
    assert!(text.contains("there is none in"), "{text}");
}

#[tokio::test]
async fn nobody_reads_any_more_so_nothing_more_is_asked() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let folder = TempDir::new().unwrap();
    let store = Store::up_to(1000);
    let offline = async |request| Ok(store.answer(&request));
    let mut output = Output::new(Closed);
    let code = run(&arguments("export"), folder.path(), &mut output, offline).await;
    assert_eq!(code.unwrap(), ExitCode::SUCCESS);
    assert_eq!(store.asked.into_inner().unwrap().len(), 2);
}

/// A host that starts, or is about to end, has the store and answers nobody.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_held_is_asked_for_again_for_some_seconds() {
    let folder = TempDir::new().unwrap();
    let held = || ControlError::StoreInUse {
        message: "spool.db is in use".to_owned(),
    };
    let start = Instant::now();
    let (code, _) = outcome("status", folder.path(), async |_| Err(held())).await;
    assert_eq!(
        code.unwrap_err(),
        "spool.db is in use; a host that starts or stops answers no commands: try again when it has"
    );
    assert_eq!(start.elapsed().as_secs(), 12);

    let start = Instant::now();
    let later = async |_| match start.elapsed().as_secs() {
        0..2 => Err(held()),
        _ => Ok(Response::Spool(spool_status())),
    };
    let (code, _) = outcome("status", folder.path(), later).await;
    assert_eq!(code, Ok(ExitCode::SUCCESS));
}

#[tokio::test]
async fn a_host_that_refuses_is_not_gone_past() {
    let running = Running::start(Fake::says(Err("no\x1b".to_owned()))).await;
    let (code, text) = outcome("export", running.folder(), never).await;
    assert_eq!(code, Err(r"no\u{1b}".to_owned()));
    assert_eq!(text, "");
}
