//! What outlasts the stand-in.

use std::path::Path;

use super::*;

const ONE: Uuid = Uuid::from_u128(1);

fn kept_in(folder: &Path) -> Settings {
    Settings {
        data: Some(folder.to_owned()),
        ..settings()
    }
}

impl World {
    /// Ends as if it was killed: nobody hears of it and nothing is finished.
    async fn kill(self) {
        self.served.abort();
        self.served.await.unwrap_err();
    }
}

#[tokio::test]
async fn entities_data_and_events_outlast_the_stand_in() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start_with(kept_in(folder.path())).await;
    for (name, assigned) in [("SN-1", true), ("SN-2", false), ("gone", true)] {
        let body = json!({"name": name, "type": "meter", "label": "l", "assigned": assigned});
        world.post("/api/devices", body).await;
    }
    world.post("/api/assets", json!({"name": "hall"})).await;
    world
        .post(
            "/api/devices/bulk",
            json!({"count": 3, "prefix": "D-", "profiles": 2}),
        )
        .await;
    let mut edge = world.edge().await;
    // Renamed, since an administrator has that name.
    edge.create(ONE, "SN-2").await.unwrap();
    edge.take().await;
    let mut uplink = data_uplink(ONE, telemetry(vec![(5, long("t", 1)), (4, long("t", 2))]));
    uplink.entity_data.push(EntityDataProto {
        post_telemetry_msg: None,
        post_attributes_msg: Some(PostAttributeMsg {
            kv: vec![long("k", 7)],
            shared: false,
        }),
        post_attribute_scope: "CLIENT_SCOPE".to_owned(),
        ..uplink.entity_data[0].clone()
    });
    edge.uplink(uplink).await.unwrap();
    world.post("/api/devices/SN-2/assign", Json::Null).await;
    edge.take().await;
    edge.uplink(UplinkMsg::default()).await.unwrap();
    world.post("/api/edge/disconnect", Json::Null).await;
    let path = "/api/devices/SN-1/attributes/SHARED_SCOPE";
    world.post(path, json!({"a": 1, "b": 2.0})).await;
    world
        .call("DELETE", &format!("{path}?keys=a"), Json::Null)
        .await;
    world.call("DELETE", "/api/devices/gone", Json::Null).await;

    let devices = world.get("/api/devices").await;
    let renamed = devices[5]["name"].as_str().unwrap();
    assert!(renamed.starts_with("SN-2_"), "{devices}");
    let mut paths = vec![
        "/api/devices".to_owned(),
        "/api/assets".to_owned(),
        "/api/sequence?key=t".to_owned(),
        "/api/devices/SN-1/attributes".to_owned(),
    ];
    for what in [
        "telemetry",
        "telemetry/history",
        "telemetry/arrivals",
        "attributes",
    ] {
        paths.push(format!("/api/devices/{renamed}/{what}"));
    }
    let seen = async |world: &World| {
        let mut seen = Vec::new();
        for path in &paths {
            seen.push(world.get(path).await);
        }
        seen
    };
    let before = seen(&world).await;
    let sync = {
        let mut edge = world.edge().await;
        let sync = edge.sync().await;
        world.post("/api/edge/disconnect", Json::Null).await;
        sync
    };
    world.kill().await;

    let world = World::start_with(kept_in(folder.path())).await;
    assert_eq!(seen(&world).await, before);
    assert_eq!(world.get("/api/edge").await["queuedDownlinks"], 3);
    assert_eq!(world.get("/api/edge").await["points"], 2);
    // Ids, names and tokens are the same.
    let mut edge = world.edge().await;
    let again = edge.sync().await;
    let contents = |told: &[DownlinkMsg]| -> Vec<_> {
        let told = told.iter();
        told.map(|message| {
            (
                message.device_update_msg.clone(),
                message.asset_update_msg.clone(),
                message.device_credentials_update_msg.clone(),
            )
        })
        .collect()
    };
    assert_eq!(contents(&again), contents(&sync));
    // Events wait until their pack is done, and are then done for good.
    let events = [
        edge.downlink().await,
        edge.downlink().await,
        edge.downlink().await,
    ];
    assert!(events[0].entity_data[0].attributes_updated_msg.is_some());
    assert!(events[1].entity_data[0].attribute_delete_msg.is_some());
    assert_eq!(events[2].device_update_msg.len(), 1);
    for event in &events {
        edge.ack(event).await;
    }
    edge.uplink(UplinkMsg::default()).await.unwrap();
    world.kill().await;
    let world = World::start_with(kept_in(folder.path())).await;
    assert_eq!(world.get("/api/edge").await["queuedDownlinks"], 0);
}

#[tokio::test]
async fn customers_edits_and_the_edge_outlast_the_stand_in() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start_with(kept_in(folder.path())).await;
    world.post("/api/customers", json!({"public": true})).await;
    world
        .post("/api/customers", json!({"title": "Acme", "edge": true}))
        .await;
    world
        .post("/api/devices", json!({"name": "old", "label": "l"}))
        .await;
    let edit = json!({"name": "new", "label": null, "type": "valve", "customer": "Acme"});
    world.post("/api/devices/old/edit", edit).await;
    world
        .post("/api/edge/rename", json!({"name": "north"}))
        .await;
    world
        .post("/api/edge/secret", json!({"secret": "other"}))
        .await;
    let paths = ["/api/devices", "/api/customers", "/api/edge"];
    let mut before = Vec::new();
    for path in paths {
        before.push(world.get(path).await);
    }
    assert_eq!(before[0][0]["name"], "new");
    world.kill().await;

    let world = World::start_with(kept_in(folder.path())).await;
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(world.get(path).await, before, "{path}");
    }
    let mut edge = world.stream().await;
    let response = edge.connect(KEY, SECRET).await;
    assert_eq!(
        response.response_code(),
        ConnectResponseCode::BadCredentials
    );
    let mut edge = world.stream().await;
    let response = edge.connect(KEY, "other").await;
    assert_eq!(response.configuration.unwrap().name, "north");
    world.call("DELETE", "/api/edge", Json::Null).await;
    world.kill().await;
    let world = World::start_with(kept_in(folder.path())).await;
    let state = world.get("/api/edge").await;
    assert_eq!(
        (&state["deleted"], &state["name"]),
        (&json!(true), &json!("stand-in edge"))
    );
    assert_eq!(world.get("/api/devices").await[0]["assigned"], false);
}

#[tokio::test]
async fn nothing_acknowledged_is_missing_after_a_kill_in_mid_load() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::start_with(kept_in(folder.path())).await;
    let mut acknowledged = 0;
    for round in 0..3 {
        let mut edge = world.edge().await;
        if round == 0 {
            edge.create(ONE, "SN-1").await.unwrap();
        }
        // All that was not acknowledged is sent again, as a client does.
        let first = acknowledged + 1;
        for number in first..first + 200 {
            let mut uplink = data_uplink(ONE, telemetry(vec![(number, long("seq", number))]));
            uplink.uplink_msg_id = i32::try_from(number).unwrap();
            edge.send_uplink(uplink).await;
        }
        for _ in 0..100 {
            let answer = edge.answer().await;
            assert!(answer.success);
            acknowledged = i64::from(answer.uplink_msg_id);
        }
        world.kill().await;
        world = World::start_with(kept_in(folder.path())).await;
    }
    assert_eq!(acknowledged, 300);
    let counted = &world.get("/api/sequence?key=seq").await["devices"]["SN-1"];
    let count = |name: &str| counted[name].as_i64().unwrap();
    assert!(count("gapFree") >= 300, "{counted}");
    assert_eq!((count("missing"), count("outOfOrder")), (0, 0));
    assert_eq!(count("duplicates"), count("arrived") - count("distinct"));
    let history = world.get("/api/devices/SN-1/telemetry/history").await;
    let arrived = history["seq"].as_array().unwrap().len() as i64;
    assert_eq!(arrived, count("arrived"));
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start_with(kept_in(folder.path())).await;
    let error = Standin::bind(kept_in(folder.path())).await.unwrap_err();
    assert!(matches!(error, Error::DataInUse { .. }), "{error}");
    world.kill().await;
    let other = Settings {
        routing_key: "some-key".to_owned(),
        ..kept_in(folder.path())
    };
    let error = Standin::bind(other).await.unwrap_err();
    assert!(matches!(error, Error::DataTenant { .. }), "{error}");
    assert!(!error.to_string().contains("some-key"), "{error}");
}
