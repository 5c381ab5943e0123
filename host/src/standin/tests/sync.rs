//! Synchronisations that go wrong.

use super::*;

async fn with_devices(names: &[&str], rule: Json) -> (World, Edge) {
    let world = World::start().await;
    for name in names {
        world.post("/api/devices", json!({"name": name})).await;
    }
    world.post("/api/faults", json!({"sync": rule})).await;
    let edge = world.edge().await;
    (world, edge)
}

#[tokio::test]
async fn the_end_never_comes_and_neither_does_anything_else() {
    let (world, mut edge) = with_devices(&["a"], json!({"never": true})).await;
    edge.sync_profiles(4).await;
    assert_eq!(told_name(&edge.take().await), "a");
    world
        .post("/api/devices/a/attributes/SHARED_SCOPE", json!({"k": 1}))
        .await;
    // Uplinks are taken; their answers come behind whatever would have come.
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());
    let state = world.get("/api/edge").await;
    assert_eq!(
        (&state["synced"], &state["queuedDownlinks"]),
        (&json!(false), &json!(1))
    );

    // Another session is as good as new.
    world.post("/api/faults", json!({"sync": {}})).await;
    let mut edge = world.edge().await;
    assert_eq!(edge.take().await.entity_data.len(), 1);
    assert_eq!(edge.sync().await.len(), 1);
}

#[tokio::test]
async fn everything_is_told_twice() {
    let (_world, mut edge) = with_devices(&["a", "b"], json!({"twice": true})).await;
    let told = edge.sync().await;
    let names: Vec<_> = told.iter().map(told_name).collect();
    assert_eq!(names, ["a", "b", "a", "b"]);
}

#[tokio::test]
async fn entities_that_cannot_be_read_are_among_the_others() {
    let (_world, mut edge) = with_devices(&["a", "b", "c"], json!({"unreadable": 3})).await;
    let told = edge.sync().await;
    let names: Vec<_> = told
        .iter()
        .map(|message| {
            let json: Json =
                serde_json::from_str(&message.device_update_msg[0].entity).unwrap_or_default();
            json["name"].as_str().map(str::to_owned)
        })
        .collect();
    let readable: Vec<_> = names.iter().flatten().collect();
    assert_eq!(readable, ["a", "b", "c"]);
    assert_eq!(names.len(), 6);
    assert_eq!((&names[0], names[5].as_deref()), (&None, Some("c")));
}

#[tokio::test]
async fn kinds_that_nobody_reads_want_an_acknowledgement_too() {
    let (world, mut edge) = with_devices(&["a"], json!({"unknownKinds": true})).await;
    edge.request_sync().await;
    for _ in 0..3 {
        let message = edge.downlink().await;
        assert_eq!(message.dashboard_update_msg.len(), 1);
        assert!(message.dashboard_update_msg[0].ends_with(b"{\"title\":\"dashboard\"}"));
        assert_eq!(
            DownlinkMsg {
                downlink_msg_id: 0,
                dashboard_update_msg: Vec::new(),
                ..message.clone()
            },
            DownlinkMsg::default()
        );
        let waiting = world.get("/api/edge").await["unacknowledgedDownlinks"].clone();
        assert!(waiting.as_u64().unwrap() > 0);
        edge.ack(&message).await;
    }
    assert!(is_profile(&edge.take().await));
}

#[tokio::test]
async fn pages_are_apart() {
    let (_world, mut edge) = with_devices(&["a"], json!({"delayMs": 15})).await;
    let start = std::time::Instant::now();
    assert_eq!(edge.sync().await.len(), 1);
    // Four groups of profiles, one of devices, and the end.
    assert!(start.elapsed() >= Duration::from_millis(5 * 15));
}
