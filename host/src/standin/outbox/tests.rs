//! The sending rules, with a clock of the tests' own.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::proto::edge::{DeviceRpcCallMsg, EntityDataProto};

/// A general event that can be told from others.
fn event(mark: i64) -> DownlinkMsg {
    DownlinkMsg {
        entity_data: vec![EntityDataProto {
            entity_id_lsb: mark,
            ..EntityDataProto::default()
        }],
        ..DownlinkMsg::default()
    }
}

fn call(mark: i32) -> DownlinkMsg {
    DownlinkMsg {
        device_rpc_call_msg: vec![DeviceRpcCallMsg {
            request_id: mark,
            ..DeviceRpcCallMsg::default()
        }],
        ..DownlinkMsg::default()
    }
}

fn marks(messages: &[DownlinkMsg]) -> Vec<i64> {
    let events = messages.iter().flat_map(|message| &message.entity_data);
    events.map(|data| data.entity_id_lsb).collect()
}

fn device(number: u128) -> Told {
    Told::Entity(Kind::Device, Uuid::from_u128(number))
}

fn describe(told: Told) -> Option<DownlinkMsg> {
    let (Told::Entity(_, id) | Told::Profile(_, id)) = told;
    Some(event(i64::try_from(id.as_u128()).unwrap()))
}

fn next(outbox: &mut Outbox, now: Instant) -> Vec<DownlinkMsg> {
    outbox.next(now, describe)
}

fn acknowledge(outbox: &mut Outbox, messages: &[DownlinkMsg]) {
    for message in messages {
        outbox.acknowledge(message.downlink_msg_id, true);
    }
}

#[test]
fn a_pack_waits_for_all_acknowledgements_of_the_one_before() {
    let now = Instant::now();
    let mut outbox = Outbox::default();
    for mark in 0..60 {
        outbox.push_event(event(mark));
    }
    let first = next(&mut outbox, now);
    assert_eq!(marks(&first), (0..50).collect::<Vec<_>>());
    assert_eq!((outbox.unacknowledged(), outbox.queued()), (50, 10));

    acknowledge(&mut outbox, &first[1..]);
    assert!(next(&mut outbox, now).is_empty());
    assert_eq!(outbox.unacknowledged(), 1);

    acknowledge(&mut outbox, &first[..1]);
    let second = next(&mut outbox, now);
    assert_eq!(marks(&second), (50..60).collect::<Vec<_>>());
    acknowledge(&mut outbox, &second);
    assert_eq!((outbox.unacknowledged(), outbox.queued()), (0, 0));
    assert_eq!(outbox.deadline(), None);
}

#[test]
fn numbers_of_a_pack_are_positive_and_differ() {
    let mut outbox = Outbox::default();
    for mark in 0..50 {
        outbox.push_event(event(mark));
    }
    let mut ids: Vec<_> = next(&mut outbox, Instant::now())
        .iter()
        .map(|message| message.downlink_msg_id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 50);
    assert!(ids[0] > 0);
}

#[test]
fn a_message_is_sent_three_times_with_the_same_number_and_then_given_up() {
    let start = Instant::now();
    let mut outbox = Outbox::default();
    outbox.push_event(event(1));
    outbox.push_event(event(2));
    let first = next(&mut outbox, start);
    acknowledge(&mut outbox, &first[..1]);

    let early = start + RESEND_AFTER - Duration::from_millis(1);
    assert!(next(&mut outbox, early).is_empty());
    let second = next(&mut outbox, start + RESEND_AFTER);
    assert_eq!(second, first[1..]);
    assert_eq!(outbox.unacknowledged(), 1);

    let third = next(&mut outbox, start + 2 * RESEND_AFTER);
    assert_eq!(third, first[1..]);
    assert_eq!((outbox.unacknowledged(), outbox.queued()), (0, 0));
    assert!(next(&mut outbox, start + 3 * RESEND_AFTER).is_empty());
}

#[test]
fn a_refusal_removes_everything_but_entity_data() {
    let start = Instant::now();
    let mut outbox = Outbox::default();
    assert!(outbox.push_call(call(0)));
    outbox.push_event(event(1));
    let calls = next(&mut outbox, start);
    assert_eq!(calls[0].device_rpc_call_msg.len(), 1);
    outbox.acknowledge(calls[0].downlink_msg_id, false);

    let events = next(&mut outbox, start);
    assert_eq!(marks(&events), [1]);
    outbox.acknowledge(events[0].downlink_msg_id, false);
    assert_eq!(outbox.unacknowledged(), 1);
    assert_eq!(next(&mut outbox, start + RESEND_AFTER), events);
}

#[test]
fn a_sync_goes_page_by_page_and_holds_everything_else_back() {
    let now = Instant::now();
    let mut outbox = Outbox::default();
    outbox.push_event(event(1000));
    let interrupted = next(&mut outbox, now);
    assert_eq!(marks(&interrupted), [1000]);

    let devices = (0..51).map(device).collect();
    let assets = vec![Told::Entity(Kind::Asset, Uuid::from_u128(200))];
    outbox.start_sync(&[devices, assets]);
    assert!(outbox.syncing());
    assert!(outbox.push_call(call(0)));
    // A late acknowledgement of the interrupted pack changes nothing.
    acknowledge(&mut outbox, &interrupted);

    for expected in [(0..50).collect::<Vec<i64>>(), vec![50], vec![200]] {
        let page = next(&mut outbox, now);
        assert_eq!(marks(&page), expected);
        assert!(next(&mut outbox, now).is_empty());
        acknowledge(&mut outbox, &page);
    }
    let last = next(&mut outbox, now);
    assert!(last[0].sync_completed_msg.is_some());
    assert!(!outbox.synced());
    acknowledge(&mut outbox, &last);
    assert!(outbox.synced() && !outbox.syncing());

    let calls = next(&mut outbox, now);
    assert_eq!(calls[0].device_rpc_call_msg.len(), 1);
    acknowledge(&mut outbox, &calls);
    assert_eq!(marks(&next(&mut outbox, now)), [1000]);
}

#[test]
fn a_page_whose_entities_are_gone_is_skipped() {
    let mut outbox = Outbox::default();
    outbox.start_sync(&[vec![device(1)], Vec::new()]);
    let messages = outbox.next(Instant::now(), |_| None);
    assert!(messages[0].sync_completed_msg.is_some());
}

#[test]
fn a_new_session_gets_the_events_again_but_not_the_calls() {
    let now = Instant::now();
    let mut outbox = Outbox::default();
    outbox.push_event(event(1));
    let before = next(&mut outbox, now);
    assert!(outbox.push_call(call(0)));
    outbox.reset(0);
    assert_eq!((outbox.unacknowledged(), outbox.queued()), (0, 1));
    let after = next(&mut outbox, now);
    assert_eq!(marks(&after), marks(&before));
    acknowledge(&mut outbox, &after);
    assert!(next(&mut outbox, now).is_empty());
}

#[test]
fn a_message_larger_than_the_edge_takes_is_dropped() {
    let mut outbox = Outbox::default();
    outbox.reset(100);
    let mut large = event(1);
    large.entity_data[0].entity_type = "x".repeat(200);
    outbox.push_event(large);
    outbox.push_event(event(2));
    assert_eq!(marks(&next(&mut outbox, Instant::now())), [2]);
}

#[test]
fn only_so_many_messages_wait() {
    let mut outbox = Outbox::default();
    for mark in 0..=MAX_WAITING {
        outbox.push_event(event(0));
        assert_eq!(outbox.push_call(call(0)), mark < MAX_WAITING);
    }
    assert_eq!(outbox.queued(), 2 * MAX_WAITING);
}
