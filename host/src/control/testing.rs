//! What the tests of this room share.

use std::{future::pending, path::Path, sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    Control, ControlServer, ConverterState, ConverterStatus, LetterFilter, LetterList,
    LetterSummary, Removed, ReplayReport, Request, Response, RolledBack, SpoolDropped, SpoolPage,
    SpoolStatus,
};

/// One request of each kind.
pub(super) fn every_request() -> [Request; 8] {
    let filter = LetterFilter::default;
    [
        Request::Converters,
        Request::Rollback {
            name: "csv".to_owned(),
        },
        Request::DeadLetters {
            filter: LetterFilter {
                integration: Some("meters".to_owned()),
                ..filter()
            },
            limit: 50,
        },
        Request::DeadLetter { id: 17 },
        Request::ReplayDeadLetters {
            filter: LetterFilter {
                converter: Some("csv".to_owned()),
                ..filter()
            },
            ids: Vec::new(),
        },
        Request::RemoveDeadLetters {
            filter: filter(),
            ids: vec![17, 18],
        },
        Request::SpoolStatus,
        Request::SpoolRecords {
            from: 7,
            before: Some(90),
            limit: 20,
        },
    ]
}

/// The answer to each of [`every_request`].
pub(super) fn every_response() -> [Response; 8] {
    [
        Response::Converters(vec![status("csv")]),
        Response::RolledBack(RolledBack {
            name: "csv".to_owned(),
            from: "1.3.0".to_owned(),
            to: "1.2.0".to_owned(),
        }),
        Response::Letters(LetterList {
            letters: vec![letter(17)],
            total: 1,
            bytes: 120,
            dropped: 0,
        }),
        Response::Letter(letter(17)),
        Response::Replayed(ReplayReport {
            replayed: 3,
            failed: 0,
            left: 0,
            entities: 9,
        }),
        Response::Removed(Removed { letters: 2 }),
        Response::Spool(spool_status()),
        Response::SpoolRecords(SpoolPage {
            lines: vec![r#"{"position":7,"name":"SN-1"}"#.to_owned()],
            next: Some(8),
            unreadable: 0,
        }),
    ]
}

/// A converter that serves.
pub(super) fn status(name: &str) -> ConverterStatus {
    ConverterStatus {
        name: name.to_owned(),
        kind: "uplink".to_owned(),
        version: "1.3.0".to_owned(),
        bytes: 100_000,
        loaded_at_ms: 1_767_323_045_678,
        calls: 1000,
        errors: 2,
        state: ConverterState::Serving,
        detail: None,
        previous: Vec::new(),
    }
}

/// Of a running host, with 83 records.
pub(super) fn spool_status() -> SpoolStatus {
    SpoolStatus {
        running: true,
        folder: "/d/spool".to_owned(),
        exists: true,
        records: 83,
        bytes: 4_000,
        max_bytes: 1 << 30,
        disk_bytes: 32_768,
        oldest_age_ms: Some(95_500),
        next_position: 90,
        dropped: Some(SpoolDropped {
            full: 0,
            expired: 2,
            damaged: 0,
        }),
        disk_error: None,
        damage: None,
    }
}

/// A letter whose frame is "HELLO, WORLD\n".
pub(super) fn letter(id: u64) -> LetterSummary {
    LetterSummary {
        id,
        received_ms: 1_767_323_045_678,
        integration: "meters".to_owned(),
        peer: "10.0.0.7:40312".to_owned(),
        converter: "csv".to_owned(),
        version: "1.3.0".to_owned(),
        session_hex: String::new(),
        entity: None,
        tries: 2,
        error: "field 3 is no number".to_owned(),
        frame_length: 13,
        frame_hex: "48454c4c4f2c20574f524c440a".to_owned(),
    }
}

/// How a [`Fake`] behaves.
pub(super) enum Fake {
    /// Answers [`every_request`] with [`every_response`], in their order.
    Host,
    /// Answers everything with this.
    Says(Box<Result<Response, String>>),
    /// Never answers; tells when it was asked.
    Hangs(Arc<Notify>),
    /// Panics.
    Panics,
}

impl Fake {
    pub(super) fn says(answer: Result<Response, String>) -> Self {
        Self::Says(Box::new(answer))
    }
}

impl Control for Fake {
    async fn handle(&self, request: Request) -> Result<Response, String> {
        match self {
            Self::Host => every_request()
                .into_iter()
                .zip(every_response())
                .find_map(|(asked, response)| (asked == request).then_some(response))
                .ok_or_else(|| format!("the test does not know {request:?}")),
            Self::Says(answer) => answer.as_ref().clone(),
            Self::Hangs(asked) => {
                asked.notify_one();
                pending().await
            }
            Self::Panics => panic!("as the test wants it"),
        }
    }
}

/// A server that runs on a folder of its own.
pub(super) struct Running {
    folder: TempDir,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(super) async fn start(control: impl Control) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = ControlServer::bind(folder.path()).await.unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(server.serve(control, stop.clone()));
        Self { folder, stop, task }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connection as any program can make one.
    pub(super) async fn connect(&self) -> UnixStream {
        let path = self.folder().join("control.sock");
        UnixStream::connect(path).await.unwrap()
    }

    /// What is answered to `bytes`.
    pub(super) async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        read(&mut stream).await
    }

    /// Returns the folder when the server has stopped.
    pub(super) async fn stop(self) -> TempDir {
        self.stop.cancel();
        let stopped = timeout(Duration::from_secs(10), self.task).await;
        stopped.expect("the server stops by itself").unwrap();
        self.folder
    }
}

/// All that comes until the other side ends or resets the connection.
pub(super) async fn read(stream: &mut UnixStream) -> String {
    let mut bytes = Vec::new();
    // A reset comes behind what was sent before it.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}
