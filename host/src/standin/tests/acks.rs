//! Acknowledgements that nobody waits for, and downlinks that come again.

use super::*;

const ONE: Uuid = Uuid::from_u128(1);

fn numbered(uplink_msg_id: i32) -> UplinkMsg {
    UplinkMsg {
        uplink_msg_id,
        ..UplinkMsg::default()
    }
}

#[tokio::test]
async fn answers_come_twice_and_for_messages_that_nobody_sent() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    world
        .post("/api/faults", json!({"doubleAcks": 1, "unknownAcks": 2}))
        .await;
    for id in 1..=3 {
        edge.send_uplink(numbered(id)).await;
    }
    let mut answers = Vec::new();
    for _ in 0..6 {
        let answer = edge.answer().await;
        assert!(answer.success);
        answers.push(answer.uplink_msg_id);
    }
    assert_eq!(answers, [1, 1, i32::MIN + 1, 2, i32::MIN + 2, 3]);
    let faults = world.get("/api/faults").await;
    assert_eq!(
        (&faults["doubleAcks"], &faults["unknownAcks"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(world.get("/api/edge").await["uplinkMessages"], 3);
}

#[tokio::test]
async fn downlinks_and_calls_are_repeated_under_new_numbers() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    world
        .post("/api/faults", json!({"repeatDownlinks": 2}))
        .await;
    let path = "/api/devices/SN-1/attributes/SHARED_SCOPE";
    let call = json!({"method": "m", "persistent": true});
    for (path, body, data) in [
        (path, json!({"a": 1}), 1),
        ("/api/devices/SN-1/rpc", call, 0),
    ] {
        world.post(path, body).await;
        let (first, second) = (edge.take().await, edge.take().await);
        assert_ne!(first.downlink_msg_id, second.downlink_msg_id);
        let same = DownlinkMsg {
            downlink_msg_id: first.downlink_msg_id,
            ..second
        };
        assert_eq!(same, first);
        assert_eq!(first.entity_data.len(), data);
    }
    world.post(path, json!({"a": 3})).await;
    edge.take().await;
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());
    assert_eq!(world.get("/api/faults").await["repeatDownlinks"], 0);
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_and_is_given_up() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    let rule = json!({"resendAfterMs": 20, "downlinkSends": 4});
    world.post("/api/faults", rule).await;
    let path = "/api/devices/SN-1/attributes/SHARED_SCOPE";
    world.post(path, json!({"a": 1})).await;
    let first = edge.downlink().await;
    for _ in 1..4 {
        assert_eq!(edge.downlink().await, first);
    }
    // The last of them was given up, so the next one goes out without its acknowledgement.
    world
        .post("/api/faults", json!({"resendAfterMs": 60_000}))
        .await;
    world.post(path, json!({"a": 2})).await;
    assert_ne!(edge.take().await.entity_data, first.entity_data);
    edge.uplink(UplinkMsg::default()).await.unwrap();
    let state = world.get("/api/edge").await;
    assert_eq!(
        (
            &state["discardedDownlinks"],
            &state["unacknowledgedDownlinks"]
        ),
        (&json!(1), &json!(0))
    );
}
