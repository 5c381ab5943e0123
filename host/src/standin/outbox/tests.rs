//! The sending rules, with a clock of the tests' own.

#![allow(clippy::unwrap_used)]

mod sync;

use tokio::time::Duration;

use super::*;
use crate::proto::edge::{DeviceRpcCallMsg, EntityDataProto};

/// How long a pack waits unless a fault says otherwise.
const RESEND_AFTER: Duration = Duration::from_secs(60);

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
    match told {
        Told::Entity(_, id) => Some(event(i64::try_from(id.as_u128()).unwrap())),
        _ => None,
    }
}

fn next(outbox: &mut Outbox, now: Instant) -> Vec<DownlinkMsg> {
    outbox.next(now, &mut DownlinkRule::default(), describe)
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

#[test]
fn the_pause_and_the_number_of_sends_can_be_set_and_what_is_given_up_counts() {
    let start = Instant::now();
    let pause = Duration::from_millis(5);
    for sends in [1, 2] {
        let mut rule = DownlinkRule {
            resend_after: pause,
            sends,
            ..DownlinkRule::default()
        };
        let mut outbox = Outbox::default();
        outbox.push_event(event(1));
        outbox.push_event(event(2));
        let mut times = 0;
        while outbox.discarded() == 0 {
            let now = start + pause * times;
            assert_eq!(outbox.next(now, &mut rule, describe).len(), 2);
            times += 1;
        }
        assert_eq!((times, outbox.discarded()), (sends, 2));
        assert_eq!((outbox.deadline(), outbox.take_done()), (None, 2));
    }
}

#[test]
fn events_and_calls_are_repeated_under_numbers_of_their_own_and_pages_are_not() {
    let now = Instant::now();
    let mut rule = DownlinkRule {
        repeat: 3,
        ..DownlinkRule::default()
    };
    let mut outbox = Outbox::default();
    outbox.start_sync(&[vec![device(7)]], SyncRule::default());
    assert!(outbox.push_call(call(0)));
    for mark in 1..=3 {
        outbox.push_event(event(mark));
    }
    // A page, the end, a call twice, and what is left of the repetitions.
    for expected in [vec![7], vec![], vec![], vec![1, 1, 2, 2, 3]] {
        let sent = outbox.next(now, &mut rule, describe);
        assert_eq!(marks(&sent), expected);
        let mut ids: Vec<_> = sent.iter().map(|it| it.downlink_msg_id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), sent.len());
        acknowledge(&mut outbox, &sent);
    }
    assert_eq!((rule.repeat, outbox.queued()), (0, 0));
}

#[test]
fn forgotten_events_are_not_sent_and_not_counted_as_done() {
    let now = Instant::now();
    let mut outbox = Outbox::default();
    outbox.push_event(event(1));
    let sent = next(&mut outbox, now);
    outbox.push_event(event(2));
    outbox.forget_all_events();
    acknowledge(&mut outbox, &sent);
    assert_eq!((outbox.queued(), outbox.take_done()), (0, 0));
    assert!(next(&mut outbox, now).is_empty());
}
