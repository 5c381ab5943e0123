//! Misbehaviour as a client meets it.

use std::time::Instant;

use tonic::Code;

use super::*;

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

fn sample(id: Uuid, key: &str, number: i32) -> UplinkMsg {
    let mut uplink = data_uplink(id, telemetry(vec![(1, long(key, i64::from(number)))]));
    uplink.uplink_msg_id = number;
    uplink
}

async fn with_device() -> (World, Edge) {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    (world, edge)
}

/// The values that were stored of a key.
async fn stored(world: &World, key: &str) -> Vec<i64> {
    let history = world.get("/api/devices/SN-1/telemetry/history").await;
    let points = history[key].as_array().cloned().unwrap_or_default();
    let values = points.iter().map(|point| point["value"].as_i64());
    values.map(Option::unwrap).collect()
}

#[tokio::test]
async fn all_faults_are_shown_and_can_be_cleared() {
    let world = World::start().await;
    let none = world.get("/api/faults").await;
    assert_eq!(
        none,
        json!({
            "ignoreUplinks": 0, "rejectUplinks": 0, "rateLimitUplinks": 0,
            "messagesPerSecond": 0, "targets": [], "stallMs": 0, "ackDelayMs": 0,
            "reverseAcks": 0, "cut": null, "maxInboundMessageSize": 4_194_304,
            "doubleAcks": 0, "unknownAcks": 0, "deviceLimit": null,
            "sync": {
                "never": false, "twice": false, "unreadable": 0, "delayMs": 0,
                "unknownKinds": false,
            },
            "repeatDownlinks": 0, "resendAfterMs": 60_000, "downlinkSends": 3,
            "secondSession": "close", "edgeTelemetry": true,
        })
    );
    let asked = json!({
        "ignoreUplinks": 1, "rejectUplinks": 2, "rateLimitUplinks": 3, "messagesPerSecond": 4,
        "targets": [
            {"device": "SN-1", "action": "reject", "times": 5, "met": 0},
            {"key": "t", "action": "ignore", "times": null, "met": 0},
            {"creationOf": "SN-2", "action": "storeOnly", "times": null, "met": 0},
        ],
        "stallMs": 0, "ackDelayMs": 6, "reverseAcks": 7,
        "cut": {"after": 8, "store": false, "how": "silence"}, "maxInboundMessageSize": 9000,
        "doubleAcks": 10, "unknownAcks": 11, "deviceLimit": 12,
        "sync": {
            "never": true, "twice": true, "unreadable": 13, "delayMs": 14,
            "unknownKinds": true,
        },
        "repeatDownlinks": 15, "resendAfterMs": 16, "downlinkSends": 17,
        "secondSession": "silent", "edgeTelemetry": false,
    });
    assert_eq!(world.post("/api/faults", asked.clone()).await, asked);
    world.post("/api/faults", json!({})).await;
    assert_eq!(world.get("/api/faults").await, asked);
    let stalled = world
        .post("/api/faults", json!({"stallMs": 3_600_000}))
        .await;
    assert_eq!(stalled["stallMs"], 3_600_000);
    let cleared = world.call("DELETE", "/api/faults", Json::Null).await;
    assert_eq!(cleared, (200, none));

    let target = json!({"key": "t", "action": "reject"});
    for wrong in [
        json!({"stallMs": 3_600_001}),
        json!({"ackDelayMs": 3_600_001}),
        json!({"reverseAcks": 1001}),
        json!({"maxInboundMessageSize": 1023}),
        json!({"maxInboundMessageSize": 67_108_865}),
        json!({"targets": vec![target; 101]}),
        json!({"targets": [{"action": "reject"}]}),
        json!({"cut": {"how": "other"}}),
        json!({"sync": {"other": 1}}),
        json!({"sync": {"unreadable": 1001}}),
        json!({"sync": {"delayMs": 3_600_001}}),
        json!({"resendAfterMs": 0}),
        json!({"downlinkSends": 0}),
        json!({"downlinkSends": 1001}),
        json!({"secondSession": "other"}),
    ] {
        let (status, answer) = world.call("POST", "/api/faults", wrong.clone()).await;
        assert_eq!(status, 400, "{wrong}: {answer}");
    }
}

#[tokio::test]
async fn targets_meet_only_what_they_name() {
    let (world, mut edge) = with_device().await;
    edge.create(TWO, "SN-2").await.unwrap();
    world
        .post(
            "/api/faults",
            json!({"targets": [
                {"device": "SN-2", "action": "reject"},
                {"key": "bad", "action": "ignore", "times": 1},
                {"key": "half", "action": "storeOnly"},
                {"creationOf": "SN-3", "action": "reject", "times": 1},
            ]}),
        )
        .await;
    for _ in 0..2 {
        let refused = edge.uplink(sample(TWO, "t", 1)).await;
        assert!(refused.unwrap_err().contains("told to refuse"));
    }
    // Neither of the first two is answered; the second is stored.
    edge.send_uplink(sample(ONE, "bad", 10)).await;
    edge.send_uplink(sample(ONE, "half", 11)).await;
    edge.send_uplink(sample(ONE, "bad", 12)).await;
    assert_eq!(edge.answer().await.uplink_msg_id, 12);
    assert_eq!(stored(&world, "bad").await, [12]);
    assert_eq!(stored(&world, "half").await, [11]);
    assert!(edge.create(Uuid::from_u128(3), "SN-3").await.is_err());
    edge.create(Uuid::from_u128(3), "SN-3").await.unwrap();
    let met: Vec<_> = world.get("/api/faults").await["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target["met"].as_u64().unwrap())
        .collect();
    assert_eq!(met, [2, 1, 1, 1]);
    assert_eq!(world.get("/api/devices/SN-2/telemetry").await, json!({}));
}

#[tokio::test]
async fn more_messages_a_second_than_allowed_are_refused_unprocessed() {
    let (world, mut edge) = with_device().await;
    world
        .post("/api/faults", json!({"messagesPerSecond": 2}))
        .await;
    // They may fall into two seconds, hardly into more.
    let mut taken = Vec::new();
    let mut refused = 0;
    for number in 1..=50 {
        match edge.uplink(sample(ONE, "t", number)).await {
            Ok(()) => taken.push(i64::from(number)),
            Err(text) => {
                assert!(text.contains("Rate limit reached"), "{text}");
                refused += 1;
            }
        }
    }
    assert!(taken.starts_with(&[1, 2]) && refused > 0, "{taken:?}");
    assert_eq!(stored(&world, "t").await, taken);
}

#[tokio::test]
async fn answers_come_late_or_reversed() {
    let (world, mut edge) = with_device().await;
    world.post("/api/faults", json!({"reverseAcks": 3})).await;
    for number in 1..=3 {
        edge.send_uplink(sample(ONE, "t", number)).await;
    }
    for number in [3, 2, 1] {
        assert_eq!(edge.answer().await.uplink_msg_id, number);
    }
    world
        .post("/api/faults", json!({"reverseAcks": 0, "ackDelayMs": 150}))
        .await;
    let start = Instant::now();
    edge.uplink(sample(ONE, "t", 4)).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert_eq!(stored(&world, "t").await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_stalled_stand_in_neither_reads_nor_sends() {
    let (world, mut edge) = with_device().await;
    world.post("/api/faults", json!({"stallMs": 60_000})).await;
    edge.send_uplink(sample(ONE, "t", 1)).await;
    let path = "/api/devices/SN-1/attributes/SHARED_SCOPE";
    world.post(path, json!({"a": 1})).await;
    let state = world.get("/api/edge").await;
    assert_eq!(
        (&state["queuedDownlinks"], &state["unacknowledgedDownlinks"]),
        (&json!(1), &json!(0))
    );
    assert!(stored(&world, "t").await.is_empty());
    world.post("/api/faults", json!({"stallMs": 0})).await;
    assert_eq!(edge.answer().await.uplink_msg_id, 1);
    assert_eq!(edge.take().await.entity_data.len(), 1);
    assert_eq!(stored(&world, "t").await, [1]);

    let start = Instant::now();
    world.post("/api/faults", json!({"stallMs": 100})).await;
    edge.uplink(sample(ONE, "t", 2)).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn a_cut_comes_after_so_many_messages_stored_or_not() {
    for (store, values) in [(true, vec![1, 2]), (false, vec![])] {
        let (world, mut edge) = with_device().await;
        let cut = json!({"cut": {"after": 2, "store": store}});
        assert_eq!(world.post("/api/faults", cut).await["cut"]["how"], "error");
        for number in 1..=3 {
            edge.send_uplink(sample(ONE, "t", number)).await;
        }
        assert_eq!(edge.next().await.unwrap_err().code(), Code::Unavailable);
        assert_eq!(stored(&world, "t").await, values);
        assert_eq!(world.get("/api/faults").await["cut"], Json::Null);
        let mut edge = world.edge().await;
        edge.uplink(sample(ONE, "t", 1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_ends_at_once_as_it_was_asked_for() {
    let (world, mut edge) = with_device().await;
    for how in ["error", "complete", "socket"] {
        world
            .post("/api/faults", json!({"cut": {"how": how}}))
            .await;
        let end = edge.next().await;
        match how {
            "error" => assert_eq!(end.unwrap_err().code(), Code::Unavailable),
            "complete" => assert_eq!(end.unwrap(), None),
            _ => {
                let status = end.unwrap_err();
                assert!(!status.message().contains("on request"), "{status:?}");
            }
        }
        assert_eq!(world.get("/api/edge").await["connected"], false);
        edge = world.edge().await;
    }
    // The socket stays open, and nothing comes any more.
    world
        .post("/api/faults", json!({"cut": {"how": "silence"}}))
        .await;
    edge.send_uplink(sample(ONE, "t", 1)).await;
    let silent = timeout(Duration::from_millis(200), edge.responses.message()).await;
    assert!(silent.is_err());
    assert_eq!(world.get("/api/edge").await["connected"], false);
    assert!(stored(&world, "t").await.is_empty());
}

#[tokio::test]
async fn another_limit_of_messages_is_announced_and_kept() {
    let (world, mut old) = with_device().await;
    world
        .post("/api/faults", json!({"maxInboundMessageSize": 2000}))
        .await;
    let large = || device_uplink(TWO, &"x".repeat(2000));
    // The running session has the limit it was told.
    assert!(
        old.uplink(large())
            .await
            .unwrap_err()
            .starts_with("cannot read")
    );
    let mut edge = world.stream().await;
    let response = edge.connect(KEY, SECRET).await;
    assert_eq!(response.max_inbound_message_size, Some(2000));
    edge.uplink(UplinkMsg::default()).await.unwrap();
    edge.send_uplink(large()).await;
    let status = edge.next().await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(
        status.message().contains("maximum size 2000: "),
        "{status:?}"
    );
}
