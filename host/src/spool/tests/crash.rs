//! The process is killed while it writes.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rand_like::Random;
use tempfile::TempDir;

use crate::{
    config::{Fsync, SpoolSettings},
    message::Value,
    spool::testing::{Batch, all, names, numbered, open_as, positions, with_values},
};

const FOLDER: &str = "TB_TCP_SPOOL_TEST_FOLDER";
const POLICY: &str = "TB_TCP_SPOOL_TEST_POLICY";
const FIRST: &str = "TB_TCP_SPOOL_TEST_FIRST";

/// Numbers that look random, the same with each run.
pub(super) mod rand_like {
    pub(in super::super) struct Random(pub(in super::super) u64);

    impl Random {
        /// From 0 up to `below`, which is left out.
        pub(in super::super) fn below(&mut self, below: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % below
        }
    }
}

fn settings(policy: &str) -> SpoolSettings {
    SpoolSettings {
        fsync: serde_json::from_value(policy.into()).unwrap(),
        fsync_interval_ms: 20,
        ..SpoolSettings::default()
    }
}

/// What the child said of itself.
#[derive(Debug, Default)]
struct Said {
    /// The last number that was stored.
    stored: Option<u64>,
    /// The last that was acknowledged before that.
    acknowledged: Option<u64>,
}

fn start(test: &str, folder: &Path, policy: &str, first: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(POLICY, policy)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Listens until the child has said so many lines, kills it, and listens to
/// what it had said before.
fn kill_after(mut child: Child, lines: u64, wait: Duration) -> Said {
    let mut said = Said::default();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut heard = 0;
    for line in output.lines() {
        let line = line.unwrap();
        let number = |word: &str| line.split_once(word)?.1.trim().parse().ok();
        if let Some(number) = number("stored ") {
            said.stored = Some(number);
            heard += 1;
        }
        if let Some(number) = number("acknowledged ") {
            said.acknowledged = Some(number);
        }
        if heard == lines {
            heard += 1;
            std::thread::sleep(wait);
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    said
}

/// Appends until it is killed. Not a test: [`what_was_stored_survives_a_kill`]
/// starts it.
#[test]
#[ignore = "run by what_was_stored_survives_a_kill"]
fn child_that_appends() {
    let Ok(folder) = env::var(FOLDER) else {
        return;
    };
    let settings = settings(&env::var(POLICY).unwrap());
    let mut next: u64 = env::var(FIRST).unwrap().parse().unwrap();
    let mut random = Random(next * 2 + 1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (spool, _) = open_as(Path::new(&folder), &settings);
        let mut reader = spool.reader();
        loop {
            let most = if random.below(8) == 0 { 400 } else { 8 };
            let count = 1 + random.below(most);
            let uplinks = (next..next + count).map(|number| {
                let text = "x".repeat(usize::try_from(random.below(300)).unwrap());
                with_values(&number.to_string(), &[("t", Value::Text(text))])
            });
            spool.append(uplinks.collect::<Batch>()).await.unwrap();
            next += count;
            println!("stored {}", next - 1);
            let records = reader.try_next(usize::try_from(random.below(30)).unwrap(), 1 << 20);
            if let Some(last) = names(&records).last() {
                println!("acknowledged {last}");
                spool.acknowledge(positions(&records));
            }
            std::io::stdout().flush().unwrap();
        }
    });
}

#[test]
fn what_was_stored_survives_a_kill() {
    let test = "spool::tests::crash::child_that_appends";
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut random = Random(0x5eed);
    for policy in ["interval", "never", "always"] {
        let folder = TempDir::new().unwrap();
        let mut next = 0;
        for round in 0..25 {
            let child = start(test, folder.path(), policy, next);
            let lines = 1 + random.below(if policy == "always" { 30 } else { 300 });
            let wait = Duration::from_micros(random.below(2000));
            let said = kill_after(child, lines, wait);
            let stored = said.stored.unwrap();
            let (spool, _) = open_as(folder.path(), &settings(policy));
            let found = runtime.block_on(all(&spool));
            let context = format!("{policy}, round {round}: {said:?}");
            // All that was told, and maybe what was about to be.
            let last = found.last().copied().unwrap_or(stored);
            assert!(last >= stored, "{context}: ends with {last}");
            assert!(last < stored + 401, "{context}: ends with {last}");
            // In order and without gaps, from what was not acknowledged on.
            let first = found.first().copied().unwrap_or(last + 1);
            let acknowledged = said.acknowledged.map_or(0, |number| number + 1);
            assert!(
                first <= acknowledged.max(next),
                "{context}: begins with {first}"
            );
            assert_eq!(found, (first..=last).collect::<Vec<_>>(), "{context}");
            next = last + 1;
        }
    }
}

/// Appends more than the limit of the file's size allows, then has the limit
/// lifted. Not a test by itself.
#[test]
#[ignore = "run by a_disk_that_refuses_is_waited_for"]
fn child_with_a_small_disk() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Ok(folder) = env::var(FOLDER) else {
        return;
    };
    let settings = settings("interval");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (spool, _) = open_as(Path::new(&folder), &settings);
        let text = "x".repeat(10_000);
        let mut number = 0;
        let mut waiting = 'refused: loop {
            let uplink = with_values(&number.to_string(), &[("t", Value::Text(text.clone()))]);
            let own = spool.clone();
            let mut call = tokio::spawn(async move { own.append(vec![uplink]).await });
            let soon = Duration::from_millis(20);
            while tokio::time::timeout(soon, &mut call).await.is_err() {
                if spool.status().disk_error.is_some() {
                    break 'refused call;
                }
            }
            number += 1;
        };
        let error = spool.status().disk_error.unwrap();
        println!("refused {number} {error}");
        // Others wait with it, and what is stored can be read.
        assert_eq!(all(&spool).await.len() as u64, number);
        let limit = getrlimit(Resource::Fsize);
        setrlimit(
            Resource::Fsize,
            Rlimit {
                current: limit.maximum,
                ..limit
            },
        )
        .unwrap();
        (&mut waiting).await.unwrap().unwrap();
        spool.append(numbered([number + 1])).await.unwrap();
        assert_eq!(spool.status().disk_error, None);
        assert_eq!(all(&spool).await, (0..=number + 1).collect::<Vec<_>>());
        println!("resumed");
    });
}

#[test]
fn a_disk_that_refuses_is_waited_for() {
    let folder = TempDir::new().unwrap();
    // Files of 1 MiB at most; the signal about it would end the process.
    let script = r#"trap "" XFSZ; ulimit -S -f 1024; exec "$0" "$@""#;
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "spool::tests::crash::child_with_a_small_disk"])
        .args(["--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("refused ") && said.contains("resumed"),
        "{said}"
    );
}

#[test]
fn the_policies_have_the_names_of_the_settings() {
    assert_eq!(settings("always").fsync, Fsync::Always);
}
