//! Who gets what, in which order, and what is left after the process has gone.

mod order;

use std::{fs, path::Path, sync::Arc, sync::atomic::Ordering::SeqCst};

use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;
use crate::{
    message::Metadata,
    redb_file::testing::{Disk, logged},
};

const MINUTE: Duration = Duration::from_secs(60);

fn downlink(device: &str, msg: &str) -> Downlink {
    Downlink {
        device: device.to_owned(),
        msg: msg.to_owned(),
        msg_type: "ATTRIBUTES_UPDATED".to_owned(),
        metadata: Arc::default(),
        expires: None,
        outcome: None,
    }
}

fn open(folder: &Path) -> Directory {
    Directory::open(KeptDownlinks::open(folder).unwrap(), 3, MINUTE).unwrap()
}

fn directory() -> (Directory, TempDir) {
    let folder = TempDir::new().unwrap();
    (open(folder.path()), folder)
}

/// The file as a process that is killed now leaves it.
async fn killed(directory: &Directory, folder: &TempDir) -> TempDir {
    directory.written().await;
    let left = TempDir::new().unwrap();
    let file = "downlinks.redb";
    fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    left
}

fn route(connection: u64, capacity: usize) -> (Route, Arc<Outbox>) {
    let outbox = Outbox::new(capacity);
    let route = Route {
        connection,
        outbox: outbox.clone(),
    };
    (route, outbox)
}

/// Takes what is in a writer's outbox.
fn taken(outbox: &Outbox) -> Vec<Handed> {
    std::iter::from_fn(|| outbox.take_downlink()).collect()
}

/// Connection 1 of device A, whose writer has taken the first of three downlinks.
fn one_in_hand(directory: &Directory) -> (Arc<Outbox>, Handed) {
    let (route, outbox) = route(1, 2);
    directory.seen("A", &route);
    for msg in ["1", "2"] {
        directory.deliver(downlink("A", msg));
    }
    let first = outbox.take_downlink().unwrap();
    directory.deliver(downlink("A", "3"));
    (outbox, first)
}

fn texts(handed: &[Handed]) -> Vec<&str> {
    let texts = handed.iter().map(|handed| handed.downlink.msg.as_str());
    texts.collect()
}

/// Writes all that comes out of an outbox to the device.
fn written(directory: &Directory, outbox: &Outbox) -> Vec<String> {
    let handed = std::iter::from_fn(|| {
        let handed = outbox.take_downlink()?;
        let text = handed.downlink.msg.clone();
        directory.finish(handed, DownlinkOutcome::Sent);
        Some(text)
    });
    handed.collect()
}

/// What `device` gets when it connects.
fn waiting_for(directory: &Directory, device: &str) -> Vec<String> {
    let (route, outbox) = route(99, 8);
    directory.seen(device, &route);
    written(directory, &outbox)
}

#[tokio::test]
async fn a_downlink_goes_to_the_connection_of_the_last_uplink() {
    let (directory, _folder) = directory();
    let ((one, first), (two, second)) = (route(1, 8), route(2, 8));
    directory.seen("A", &one);
    directory.deliver(downlink("A", "1"));
    assert_eq!(written(&directory, &first), ["1"]);
    directory.seen("A", &two);
    directory.deliver(downlink("A", "2"));
    assert_eq!(written(&directory, &second), ["2"]);
    directory.seen("A", &one);
    directory.deliver(downlink("A", "3"));
    assert_eq!(written(&directory, &first), ["3"]);
    assert_eq!(written(&directory, &second), Vec::<String>::new());
}

#[tokio::test]
async fn downlinks_wait_in_order_and_the_oldest_go_first() {
    let (directory, folder) = directory();
    for msg in ["1", "2", "3", "4"] {
        directory.deliver(downlink("A", msg));
    }
    assert_eq!(directory.waiting(), 3);
    let later = open(killed(&directory, &folder).await.path());
    for directory in [directory, later] {
        assert_eq!(waiting_for(&directory, "B"), Vec::<String>::new());
        assert_eq!(waiting_for(&directory, "A"), ["2", "3", "4"]);
        assert_eq!(directory.waiting(), 0);
    }
}

#[tokio::test]
async fn the_oldest_of_all_devices_go_first() {
    let (directory, folder) = directory();
    for (device, msg) in [("A", "1"), ("B", "2"), ("A", "3"), ("B", "4"), ("C", "5")] {
        directory.deliver(downlink(device, msg));
    }
    let later = open(killed(&directory, &folder).await.path());
    for directory in [directory, later] {
        for (device, expected) in [("A", "3"), ("B", "4"), ("C", "5")] {
            assert_eq!(waiting_for(&directory, device), [expected], "{device}");
        }
    }
}

#[tokio::test]
async fn what_was_dropped_is_counted() {
    let (directory, _folder) = directory();
    for number in 0..3 {
        directory.deliver(downlink("A", &number.to_string()));
    }
    let mut inner = directory.lock();
    for number in 3..20 {
        let waiting = Waiting {
            age: Age::new(),
            downlink: downlink("A", "late"),
        };
        inner.queues.insert(number, waiting);
    }
    let said = logged(|| directory.trim(&mut inner));
    assert_eq!(said.lines().count(), 10, "{said}");
    assert!(said.contains("since_start=10"), "{said}");
    assert!(said.contains("cacheSize downlinks wait"), "{said}");
    assert_eq!(inner.drops.since_start, 17);
}

#[tokio::test]
async fn large_downlinks_are_bounded_by_their_bytes() {
    let folder = TempDir::new().unwrap();
    let kept = KeptDownlinks::open(folder.path()).unwrap();
    let directory = Directory::open(kept, 1000, MINUTE).unwrap();
    let text = |number: usize| format!("{number}{}", "x".repeat(MAX_WAITING_BYTES / 4));
    for number in 0..5 {
        directory.deliver(downlink("A", &text(number)));
    }
    assert_eq!(directory.waiting(), 3);
    assert_eq!(waiting_for(&directory, "A"), [text(2), text(3), text(4)]);
    assert_eq!(directory.lock().queues.bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_downlink_that_waited_too_long_is_dropped() {
    let (directory, folder) = directory();
    directory.deliver(downlink("A", "old"));
    tokio::time::advance(Duration::from_secs(59)).await;
    directory.deliver(downlink("A", "new"));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(waiting_for(&directory, "A"), ["new"]);
    assert_eq!(directory.waiting(), 0);
    let left = killed(&directory, &folder).await;
    assert_eq!(open(left.path()).waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_expired_makes_room() {
    let (directory, _folder) = directory();
    directory.deliver(downlink("A", "1"));
    directory.deliver(downlink("A", "2"));
    tokio::time::advance(MINUTE).await;
    directory.deliver(downlink("B", "3"));
    assert_eq!(directory.waiting(), 1);
}

/// Across a restart the wall clock tells the age.
#[tokio::test]
async fn the_time_that_the_host_was_away_counts() {
    for (seconds_ago, expected) in [
        (3600, &[][..]),
        (61, &[]),
        (30, &["1"]),
        // The clock was set back since.
        (-3600, &["1"]),
    ] {
        let folder = TempDir::new().unwrap();
        let kept = KeptDownlinks::open(folder.path()).unwrap();
        kept.keep(7, now_ms() - seconds_ago * 1000, &downlink("A", "1"));
        drop(kept);
        let directory = open(folder.path());
        assert_eq!(waiting_for(&directory, "A"), expected, "{seconds_ago}");
        // And it is gone from the disk, too.
        drop(directory);
        assert_eq!(open(folder.path()).waiting(), 0, "{seconds_ago}");
    }
}

#[tokio::test]
async fn a_downlink_comes_back_whole() {
    let folder = TempDir::new().unwrap();
    let directory = open(folder.path());
    let expires = std::time::SystemTime::now() + MINUTE;
    let metadata = Metadata::from([("deviceName".to_owned(), "A \u{1f321}".to_owned())]);
    directory.deliver(Downlink {
        metadata: Arc::new(metadata.clone()),
        expires: Some(expires),
        ..downlink("A \u{1f321}", "{\"a\":\"\\u0000\"}")
    });
    drop(directory);
    let directory = open(folder.path());
    let (route, outbox) = route(1, 8);
    directory.seen("A \u{1f321}", &route);
    let [handed] = &taken(&outbox)[..] else {
        panic!("one downlink")
    };
    assert_eq!(handed.downlink.msg, "{\"a\":\"\\u0000\"}");
    assert_eq!(handed.downlink.msg_type, "ATTRIBUTES_UPDATED");
    assert_eq!(*handed.downlink.metadata, metadata);
    assert_eq!(handed.downlink.expires, Some(expires));
}

#[tokio::test]
async fn a_slow_device_keeps_its_order() {
    let (directory, _folder) = directory();
    let (route, outbox) = route(1, 1);
    directory.seen("A", &route);
    for msg in ["1", "2", "3"] {
        directory.deliver(downlink("A", msg));
    }
    let mut first = taken(&outbox);
    assert_eq!(texts(&first), ["1"]);
    // There is room for the next one.
    directory.deliver(downlink("A", "4"));
    let mut second = taken(&outbox);
    assert_eq!(texts(&second), ["2"]);
    // A writer that is done gets the next one without an uplink.
    directory.finish(first.remove(0), DownlinkOutcome::Sent);
    assert_eq!(texts(&taken(&outbox)), ["3"]);
    directory.finish(second.remove(0), DownlinkOutcome::Sent);
    assert_eq!(texts(&taken(&outbox)), ["4"]);
    assert_eq!(directory.waiting(), 0);
}

#[tokio::test]
async fn what_a_closed_connection_did_not_write_waits_first() {
    let (directory, folder) = directory();
    let (outbox, unwritten) = one_in_hand(&directory);
    directory.leave(1, ["A".to_owned()].iter());
    directory.deliver(downlink("A", "4"));
    directory.take_back(1, [unwritten].into_iter().chain(taken(&outbox)));
    // Four waited in a cache of three.
    let later = open(killed(&directory, &folder).await.path());
    for directory in [directory, later] {
        assert_eq!(directory.waiting(), 3);
        assert_eq!(waiting_for(&directory, "A"), ["2", "3", "4"]);
    }
}

/// Its writer could not write the first, and others came meanwhile.
#[tokio::test]
async fn what_is_put_back_is_the_first_again() {
    let (directory, _folder) = directory();
    let (outbox, unwritten) = one_in_hand(&directory);
    outbox.put_back(unwritten);
    outbox.abandon();
    assert!(outbox.room().is_none());
    directory.leave(1, ["A".to_owned()].iter());
    directory.take_back(1, taken(&outbox));
    assert_eq!(waiting_for(&directory, "A"), ["1", "2", "3"]);
}

/// The device has a new connection before the old one is given up.
#[tokio::test]
async fn later_downlinks_wait_for_those_in_other_hands() {
    let (directory, _folder) = directory();
    let ((old, first), (new, second)) = (route(1, 8), route(2, 8));
    directory.seen("A", &old);
    for msg in ["1", "2"] {
        directory.deliver(downlink("A", msg));
    }
    let unwritten = first.take_downlink().unwrap();
    directory.seen("A", &new);
    directory.deliver(downlink("A", "3"));
    directory.deliver(downlink("B", "other"));
    assert_eq!(texts(&taken(&second)), Vec::<&str>::new());
    directory.leave(1, ["A".to_owned()].iter());
    directory.take_back(1, [unwritten].into_iter().chain(taken(&first)));
    assert_eq!(written(&directory, &second), ["1", "2", "3"]);

    // Or the old one wrote them after all.
    let (newest, third) = route(3, 8);
    directory.deliver(downlink("A", "4"));
    let handed = second.take_downlink().unwrap();
    directory.seen("A", &newest);
    directory.deliver(downlink("A", "5"));
    assert_eq!(texts(&taken(&third)), Vec::<&str>::new());
    directory.finish(handed, DownlinkOutcome::Sent);
    assert_eq!(written(&directory, &third), ["5"]);
}

#[tokio::test]
async fn a_writer_that_died_blocks_nobody() {
    let (directory, folder) = directory();
    let ((old, outbox), (new, second)) = (route(1, 8), route(2, 8));
    directory.seen("A", &old);
    directory.deliver(downlink("A", "1"));
    directory.seen("A", &new);
    directory.deliver(downlink("A", "2"));
    outbox.abandon();
    directory.leave(1, ["A".to_owned()].iter());
    directory.take_back(1, []);
    assert_eq!(written(&directory, &second), ["2"]);
    // What it had in hand is on disk still.
    let left = killed(&directory, &folder).await;
    assert_eq!(waiting_for(&open(left.path()), "A"), ["1"]);
}

#[tokio::test]
async fn a_newer_connection_is_not_forgotten_with_the_old_one() {
    let (directory, _folder) = directory();
    let ((old, _), (new, second)) = (route(1, 8), route(2, 8));
    directory.seen("A", &old);
    directory.seen("A", &new);
    directory.leave(1, ["A".to_owned()].iter());
    directory.deliver(downlink("A", "1"));
    assert_eq!(written(&directory, &second), ["1"]);
}

#[tokio::test]
async fn a_call_does_not_wait_and_is_not_kept() {
    let (directory, folder) = directory();
    let call = |outcome| Downlink {
        outcome: Some(outcome),
        ..downlink("A", "call")
    };
    // Nobody is there.
    let (outcome, decided) = oneshot::channel();
    directory.deliver(call(outcome));
    assert_eq!(decided.await.unwrap(), DownlinkOutcome::NotConnected);
    assert_eq!(directory.waiting(), 0);
    // The device gets it.
    let (route, outbox) = route(1, 1);
    directory.seen("A", &route);
    let (outcome, decided) = oneshot::channel();
    directory.deliver(call(outcome));
    let left = killed(&directory, &folder).await;
    assert_eq!(open(left.path()).waiting(), 0);
    assert_eq!(written(&directory, &outbox), ["call"]);
    assert_eq!(decided.await.unwrap(), DownlinkOutcome::Sent);
    // Its connection goes.
    let (outcome, decided) = oneshot::channel();
    directory.deliver(call(outcome));
    directory.leave(1, ["A".to_owned()].iter());
    directory.take_back(1, taken(&outbox));
    assert_eq!(decided.await.unwrap(), DownlinkOutcome::NotConnected);
    assert_eq!(directory.waiting(), 0);
}

/// What is acknowledged to ThingsBoard outlasts the process, wherever it is.
#[tokio::test]
async fn what_was_delivered_outlasts_a_kill_until_it_was_written() {
    let (directory, folder) = directory();
    let (route, outbox) = route(1, 8);
    directory.seen("A", &route);
    directory.deliver(downlink("A", "1"));
    directory.deliver(downlink("A", "2"));
    directory.deliver(downlink("B", "3"));
    let mut handed = taken(&outbox);
    assert_eq!(texts(&handed), ["1", "2"]);
    directory.finish(handed.remove(0), DownlinkOutcome::Sent);
    let left = killed(&directory, &folder).await;
    let later = open(left.path());
    assert_eq!(waiting_for(&later, "A"), ["2"]);
    assert_eq!(waiting_for(&later, "B"), ["3"]);
    // New ones go behind those of the first run.
    let left = killed(&later, &left).await;
    assert_eq!(open(left.path()).waiting(), 0);
    let directory = open(folder_of(handed, directory, &folder).path());
    directory.deliver(downlink("A", "4"));
    assert_eq!(waiting_for(&directory, "A"), ["2", "4"]);
}

fn folder_of(handed: Vec<Handed>, directory: Directory, folder: &TempDir) -> &TempDir {
    drop((handed, directory));
    folder
}

#[tokio::test]
async fn what_failed_is_done_with() {
    for outcome in [
        DownlinkOutcome::Expired,
        DownlinkOutcome::NotEncoded("no converter".to_owned()),
    ] {
        let (directory, folder) = directory();
        let (route, outbox) = route(1, 8);
        directory.seen("A", &route);
        directory.deliver(downlink("A", "1"));
        directory.finish(outbox.take_downlink().unwrap(), outcome);
        let left = killed(&directory, &folder).await;
        assert_eq!(open(left.path()).waiting(), 0);
    }
}

/// A device does not wait for the disk.
#[tokio::test]
async fn a_connected_device_gets_its_downlink_while_the_disk_stands_still() {
    let folder = TempDir::new().unwrap();
    let disk = Disk::new();
    let kept = KeptDownlinks::open_with(folder.path(), disk.opener()).unwrap();
    let directory = Arc::new(Directory::open(kept, 3, MINUTE).unwrap());
    let (route, outbox) = route(1, 8);
    directory.seen("A", &route);
    let stopped = disk.stop();
    directory.deliver(downlink("A", "1"));
    assert_eq!(written(&directory, &outbox), ["1"]);
    // ThingsBoard does.
    let written = directory.clone();
    let written = tokio::spawn(async move { written.written().await });
    tokio::task::yield_now().await;
    assert!(!written.is_finished());
    drop(stopped);
    written.await.unwrap();
}

#[tokio::test]
async fn on_a_full_disk_downlinks_wait_in_memory() {
    let folder = TempDir::new().unwrap();
    let disk = Disk::new();
    let kept = KeptDownlinks::open_with(folder.path(), disk.opener()).unwrap();
    let directory = Directory::open(kept, 3, MINUTE).unwrap();
    directory.deliver(downlink("A", "1"));
    directory.written().await;
    disk.room.store(0, SeqCst);
    directory.deliver(downlink("A", "2"));
    directory.written().await;
    assert_eq!(directory.waiting(), 2);
    // What could not be written is, once there is room.
    disk.room.store(u64::MAX, SeqCst);
    directory.deliver(downlink("B", "3"));
    let left = killed(&directory, &folder).await;
    let later = open(left.path());
    for directory in [directory, later] {
        assert_eq!(waiting_for(&directory, "A"), ["1", "2"]);
        assert_eq!(waiting_for(&directory, "B"), ["3"]);
    }
}

#[tokio::test]
async fn a_damaged_file_is_moved_aside() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("downlinks.redb"), "text").unwrap();
    let directory = open(folder.path());
    directory.deliver(downlink("A", "1"));
    drop(directory);
    assert_eq!(waiting_for(&open(folder.path()), "A"), ["1"]);
    let files = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[1].starts_with("downlinks.redb.damaged-"), "{names:?}");
}
