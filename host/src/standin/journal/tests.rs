//! The file as it is found after all kinds of ends.

use super::*;
use crate::proto::edge::{DownlinkMsg, EntityDataProto};
use crate::standin::change::Change;
use crate::standin::entities::Kind;

const TENANT: Uuid = Uuid::from_u128(7);
const START: usize = 32;

fn open(folder: &Path) -> Result<(Journal, Vec<Record>), Error> {
    let mut records = Vec::new();
    let journal = Journal::open(folder, TENANT, |record| {
        records.push(record);
        Ok(())
    })?;
    Ok((journal, records))
}

fn uplink(id: i32) -> UplinkMsg {
    UplinkMsg {
        uplink_msg_id: id,
        entity_data: vec![EntityDataProto::default()],
        ..UplinkMsg::default()
    }
}

fn all() -> Vec<Record> {
    vec![
        Record::Uplink {
            now_us: -5,
            message: uplink(1),
        },
        Record::Change {
            now_us: i64::MAX,
            change: Change::Delete {
                kind: Kind::Asset,
                id: TENANT,
            },
        },
        Record::Event(DownlinkMsg {
            downlink_msg_id: 3,
            ..DownlinkMsg::default()
        }),
        Record::EventsDone(70_000),
        Record::Connected,
    ]
}

fn written(folder: &Path) -> Vec<u8> {
    let (mut journal, _) = open(folder).unwrap();
    for record in all() {
        match record {
            Record::Uplink { now_us, message } => journal.uplink(&message, now_us).unwrap(),
            other => journal.record(&other).unwrap(),
        }
    }
    fs::read(folder.join(FILE)).unwrap()
}

#[test]
fn records_come_back_in_order_and_more_follow() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let (mut journal, records) = open(folder.path()).unwrap();
    assert_eq!(records, all());
    journal.record(&Record::EventsDone(1)).unwrap();
    drop(journal);
    let (_journal, records) = open(folder.path()).unwrap();
    assert_eq!(records[..all().len()], all());
    assert_eq!(records[all().len()..], [Record::EventsDone(1)]);
}

#[test]
fn a_file_cut_anywhere_gives_the_whole_records_before_and_takes_more() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = written(folder.path());
    let path = folder.path().join(FILE);
    let mut before = 0;
    for length in 0..=bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let (mut journal, records) = open(folder.path()).unwrap();
        assert_eq!(records, all()[..records.len()], "{length} bytes");
        assert!((before..=before + 1).contains(&records.len()));
        before = records.len();
        journal.record(&Record::EventsDone(9)).unwrap();
        drop(journal);
        let (_journal, more) = open(folder.path()).unwrap();
        assert_eq!(more.len(), before + 1, "{length} bytes");
        assert_eq!(more.last(), Some(&Record::EventsDone(9)));
    }
    assert_eq!(before, all().len());
}

#[test]
fn damage_is_named_and_nothing_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = written(folder.path());
    let path = folder.path().join(FILE);
    for (at, offset, said) in [
        (0, 0, "not written by this version"),
        (START + HEAD, START, "checksum"),
        (START + HEAD / 2, START, "checksum"),
        (START + 3, START, "cannot be that long"),
    ] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0xff;
        fs::write(&path, &damaged).unwrap();
        let text = open(folder.path()).map(drop).unwrap_err().to_string();
        assert!(text.contains(&format!("at byte {offset}: ")), "{text}");
        assert!(text.contains(said) && text.contains(FILE), "{text}");
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
}

#[test]
fn one_stand_in_and_one_key_have_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path()).unwrap();
    let used = open(folder.path()).map(drop).unwrap_err();
    assert!(matches!(used, Error::DataInUse { .. }), "{used}");
    drop(journal);
    let other = Journal::open(folder.path(), Uuid::nil(), |_| Ok(()));
    let other = other.map(drop).unwrap_err();
    assert!(matches!(other, Error::DataTenant { .. }), "{other}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let unusable = open(file.path()).map(drop).unwrap_err();
    assert!(matches!(unusable, Error::DataFile { .. }), "{unusable}");
}

#[test]
fn a_closed_journal_takes_nothing_and_memory_takes_all() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path()).unwrap();
    journal.close();
    assert_eq!(journal.record(&Record::Connected), Err(Unwritten));
    assert_eq!(journal.uplink(&uplink(1), 0), Err(Unwritten));
    let (_journal, records) = open(folder.path()).unwrap();
    assert_eq!(records, []);

    let mut memory = Journal::default();
    memory.close();
    assert_eq!(memory.uplink(&uplink(1), 0), Ok(()));
}

#[test]
fn changes_that_an_older_version_wrote_are_read() {
    let id = Uuid::from_u128(1);
    let at = 5_i64.to_le_bytes();
    let read = |json: &str| {
        let bytes = [b"c".as_slice(), &at, json.as_bytes()].concat();
        Record::decode(&bytes)
    };
    let create = r#"{"create":{"kind":"Device","id":"00000000-0000-0000-0000-000000000001","name":"SN-1","profile":null,"label":"l","assigned":true,"token":"t"}}"#;
    let expected = Change::Create {
        kind: Kind::Device,
        id,
        name: "SN-1".to_owned(),
        profile: None,
        label: Some("l".to_owned()),
        assigned: true,
        token: "t".to_owned(),
    };
    assert_eq!(
        read(create),
        Ok(Record::Change {
            now_us: 5,
            change: expected
        })
    );
    for json in [
        r#"{"assign":{"kind":"Asset","id":"00000000-0000-0000-0000-000000000001","assigned":false}}"#,
        r#"{"delete":{"kind":"Device","id":"00000000-0000-0000-0000-000000000001"}}"#,
        r#"{"setAttributes":{"kind":"Device","id":"00000000-0000-0000-0000-000000000001","scope":"Shared","attributes":{"a":1}}}"#,
        r#"{"deleteAttributes":{"kind":"Device","id":"00000000-0000-0000-0000-000000000001","scope":"Server","keys":["a"]}}"#,
        r#"{"bulk":{"count":2,"prefix":"D-","profile":null,"profiles":1,"assigned":true,"seed":"00000000-0000-0000-0000-000000000001","told":false}}"#,
    ] {
        let mut again = Vec::new();
        read(json).unwrap().encode(&mut again);
        // The same text is written today.
        assert_eq!(String::from_utf8_lossy(&again[9..]), json);
    }
}
