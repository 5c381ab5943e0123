//! The edge itself: its data, and what an administrator does to it.

use super::*;

fn of_edge(id: Uuid, data: EntityDataProto) -> UplinkMsg {
    let data = EntityDataProto {
        entity_type: "EDGE".to_owned(),
        ..data
    };
    data_uplink(id, data)
}

/// An accepted session, and the edge's own id.
async fn connected(world: &World) -> (Edge, Uuid) {
    let mut edge = world.stream().await;
    let configuration = edge.connect(KEY, SECRET).await.configuration.unwrap();
    let id = whole(configuration.edge_id_msb, configuration.edge_id_lsb);
    (edge, id)
}

#[tokio::test]
async fn data_of_the_edge_are_stored_unless_that_is_off() {
    let world = World::start().await;
    let (mut edge, id) = connected(&world).await;
    let sample = |value| of_edge(id, telemetry(vec![(value, long("t", value))]));
    edge.uplink(sample(1)).await.unwrap();
    let other = telemetry(vec![(1, long("t", 9))]);
    edge.uplink(of_edge(Uuid::max(), other)).await.unwrap();
    let attributes = EntityDataProto {
        post_attributes_msg: Some(PostAttributeMsg {
            kv: vec![long("version", 7)],
            shared: false,
        }),
        post_attribute_scope: "SERVER_SCOPE".to_owned(),
        ..EntityDataProto::default()
    };
    edge.uplink(of_edge(id, attributes)).await.unwrap();
    world
        .post("/api/faults", json!({"edgeTelemetry": false}))
        .await;
    edge.uplink(sample(2)).await.unwrap();
    // Nothing is looked at, so nothing fails.
    edge.uplink(of_edge(
        id,
        EntityDataProto {
            post_attributes_msg: Some(PostAttributeMsg::default()),
            ..EntityDataProto::default()
        },
    ))
    .await
    .unwrap();
    world
        .post("/api/faults", json!({"edgeTelemetry": true}))
        .await;
    edge.uplink(sample(3)).await.unwrap();
    let (first, last) = (json!({"ts": 1, "value": 1}), json!({"ts": 3, "value": 3}));
    assert_eq!(world.get("/api/edge/telemetry").await, json!({"t": [last]}));
    assert_eq!(
        world.get("/api/edge/telemetry/history?keys=t").await,
        json!({"t": [first, last]})
    );
    assert_eq!(
        world.get("/api/edge/telemetry/types").await,
        json!({"t": "LONG"})
    );
    assert_eq!(
        world.get("/api/edge/attributes").await["SERVER_SCOPE"],
        json!({"version": 7})
    );
    // Only those of devices and assets count.
    assert_eq!(world.get("/api/edge").await["points"], 0);
}

#[tokio::test]
async fn the_stored_types_are_shown() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    let device = Uuid::from_u128(1);
    edge.create(device, "SN-1").await.unwrap();
    let double = |key: &str, value: f64| {
        let mut kv = KeyValueProto {
            key: key.to_owned(),
            double_v: value,
            ..KeyValueProto::default()
        };
        kv.set_type(KeyValueType::DoubleV);
        kv
    };
    let text = |key: &str, value: &str| {
        let mut kv = KeyValueProto {
            key: key.to_owned(),
            string_v: value.to_owned(),
            ..KeyValueProto::default()
        };
        kv.set_type(KeyValueType::StringV);
        kv
    };
    let kv = vec![
        double("large", 1e7),
        double("long fraction", 0.1 + 0.2),
        double("plain", 25.0),
        text("digits", "007"),
        text("decimal", "25.0"),
        text("word", "on"),
    ];
    let points = kv.iter().map(|kv| (1, kv.clone())).collect();
    edge.uplink(data_uplink(device, telemetry(points)))
        .await
        .unwrap();
    let attributes = EntityDataProto {
        post_attributes_msg: Some(PostAttributeMsg { kv, shared: false }),
        post_attribute_scope: "CLIENT_SCOPE".to_owned(),
        ..EntityDataProto::default()
    };
    edge.uplink(data_uplink(device, attributes)).await.unwrap();
    let types = json!({
        "decimal": "DOUBLE", "digits": "LONG", "large": "LONG", "long fraction": "STRING",
        "plain": "DOUBLE", "word": "STRING",
    });
    assert_eq!(world.get("/api/devices/SN-1/telemetry/types").await, types);
    assert_eq!(
        world
            .get("/api/devices/SN-1/telemetry/types?keys=word")
            .await,
        json!({"word": "STRING"})
    );
    assert_eq!(
        world.get("/api/devices/SN-1/attributes/types").await["CLIENT_SCOPE"],
        types
    );
}

#[tokio::test]
async fn a_renamed_edge_is_told_and_acknowledges_nothing() {
    let world = World::start().await;
    let (mut edge, id) = connected(&world).await;
    let answer = world
        .post("/api/edge/rename", json!({"name": "north"}))
        .await;
    assert_eq!(answer["name"], "north");
    let response = edge.next().await.unwrap().unwrap();
    let configuration = response.edge_update_msg.unwrap().configuration.unwrap();
    assert_eq!(configuration.name, "north");
    assert_eq!(
        whole(configuration.edge_id_msb, configuration.edge_id_lsb),
        id
    );
    assert_eq!(world.get("/api/edge").await["unacknowledgedDownlinks"], 0);
    // Not for an edge that is away: the next one is told when it connects.
    world.post("/api/edge/disconnect", Json::Null).await;
    world
        .post("/api/edge/rename", json!({"name": "south"}))
        .await;
    let mut edge = world.stream().await;
    let response = edge.connect(KEY, SECRET).await;
    assert_eq!(response.configuration.unwrap().name, "south");
    edge.uplink(UplinkMsg::default()).await.unwrap();
    for (path, body) in [
        ("/api/edge/rename", json!({"name": " "})),
        ("/api/edge/secret", json!({"secret": ""})),
        ("/api/edge/secret", json!({"secret": "x".repeat(256)})),
    ] {
        let (status, answer) = world.call("POST", path, body).await;
        assert_eq!(status, 400, "{path}: {answer}");
    }
}

#[tokio::test]
async fn another_secret_is_for_the_next_session() {
    let world = World::start().await;
    let (mut edge, _) = connected(&world).await;
    let answer = world
        .post("/api/edge/secret", json!({"secret": "other"}))
        .await;
    assert!(!answer.to_string().contains("other"), "{answer}");
    assert!(
        edge.next()
            .await
            .unwrap()
            .unwrap()
            .edge_update_msg
            .is_some()
    );
    edge.uplink(UplinkMsg::default()).await.unwrap();
    let mut old = world.stream().await;
    let response = old.connect(KEY, SECRET).await;
    assert_eq!(
        response.response_code(),
        ConnectResponseCode::BadCredentials
    );
    assert!(
        response
            .error_msg
            .starts_with("Failed to validate the edge!")
    );
    let mut new = world.stream().await;
    let response = new.connect(KEY, "other").await;
    assert_eq!(response.response_code(), ConnectResponseCode::Accepted);
}

#[tokio::test]
async fn a_deleted_edge_is_let_go_with_ok_and_in_no_more() {
    let world = World::start().await;
    world.post("/api/devices", json!({"name": "SN-1"})).await;
    let mut edge = world.edge().await;
    let path = "/api/devices/SN-1/attributes/SHARED_SCOPE";
    world.post(path, json!({"a": 1})).await;
    edge.downlink().await;
    let (status, answer) = world.call("DELETE", "/api/edge", Json::Null).await;
    assert_eq!((status, &answer["deleted"]), (200, &json!(true)));
    assert_eq!(edge.next().await.unwrap(), None);
    let mut refused = world.stream().await;
    let response = refused.connect(KEY, SECRET).await;
    assert_eq!(
        response.response_code(),
        ConnectResponseCode::BadCredentials
    );
    assert_eq!(
        response.error_msg,
        format!("Failed to find the edge! Routing key: {KEY}")
    );
    let (status, _) = world.call("DELETE", "/api/edge", Json::Null).await;
    assert_eq!(status, 404);

    // Made again, it has nothing.
    world.post("/api/edge", Json::Null).await;
    let (status, _) = world.call("POST", "/api/edge", Json::Null).await;
    assert_eq!(status, 409);
    let mut edge = world.edge().await;
    assert_eq!(edge.sync().await, []);
    edge.uplink(UplinkMsg::default()).await.unwrap();
    let state = world.get("/api/edge").await;
    assert_eq!(
        (&state["queuedDownlinks"], &state["deleted"]),
        (&json!(0), &json!(false))
    );
}
