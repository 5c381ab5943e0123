//! Synchronisations, page by page.

use super::*;

#[test]
fn a_sync_goes_page_by_page_and_holds_everything_else_back() {
    let now = Instant::now();
    let mut outbox = Outbox::default();
    outbox.push_event(event(1000));
    let interrupted = next(&mut outbox, now);
    assert_eq!(marks(&interrupted), [1000]);

    let devices = (0..51).map(device).collect();
    let assets = vec![Told::Entity(Kind::Asset, Uuid::from_u128(200))];
    outbox.start_sync(&[devices, assets], SyncRule::default());
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
    outbox.start_sync(&[vec![device(1)], Vec::new()], SyncRule::default());
    let messages = outbox.next(Instant::now(), &mut DownlinkRule::default(), |_| None);
    assert!(messages[0].sync_completed_msg.is_some());
}

#[test]
fn a_pause_lies_between_two_pages_and_before_the_end() {
    let start = Instant::now();
    let rule = SyncRule {
        delay_ms: 10,
        ..SyncRule::default()
    };
    let pause = Duration::from_millis(10);
    let mut outbox = Outbox::default();
    outbox.start_sync(&[vec![device(1)], vec![device(2)]], rule);
    for step in 0..3 {
        let now = start + pause * step;
        if step > 0 {
            assert!(next(&mut outbox, now - pause).is_empty());
            assert_eq!(outbox.deadline(), Some(now));
            assert!(next(&mut outbox, now - Duration::from_millis(1)).is_empty());
        }
        let sent = next(&mut outbox, now);
        assert_eq!(sent.len(), 1, "step {step}");
        acknowledge(&mut outbox, &sent);
    }
    assert!(outbox.synced());
}

#[test]
fn a_synchronisation_that_never_ends_holds_everything_back() {
    let now = Instant::now();
    let rule = SyncRule {
        never: true,
        ..SyncRule::default()
    };
    let mut outbox = Outbox::default();
    outbox.start_sync(&[vec![device(1)]], rule);
    outbox.push_event(event(2));
    let page = next(&mut outbox, now);
    assert_eq!(marks(&page), [1]);
    acknowledge(&mut outbox, &page);
    for hours in 0..3 {
        assert!(next(&mut outbox, now + hours * Duration::from_secs(3600)).is_empty());
    }
    assert_eq!(
        (outbox.synced(), outbox.queued(), outbox.deadline()),
        (false, 1, None)
    );
    outbox.reset(0);
    assert_eq!(marks(&next(&mut outbox, now)), [2]);
}
