//! What the edge is told, when, and what waits for it.

use super::*;

async fn add(world: &World, name: &str) -> Uuid {
    let device = world
        .post("/api/devices", json!({"name": name, "type": "meter"}))
        .await;
    device["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_sync_tells_the_assigned_devices_with_credentials() {
    let world = World::start().await;
    let id = add(&world, "SN-1").await;
    world
        .post("/api/devices", json!({"name": "hidden", "assigned": false}))
        .await;
    let mut edge = world.edge().await;
    let told = edge.sync().await;
    assert_eq!(told.len(), 1);
    let update = &told[0].device_update_msg[0];
    assert_eq!(update.msg_type(), UpdateMsgType::EntityCreatedRpcMessage);
    assert_eq!(whole(update.id_msb, update.id_lsb), id);
    let json: Json = serde_json::from_str(&update.entity).unwrap();
    let none = json!({"entityType": "CUSTOMER", "id": "13814000-1dd2-11b2-8080-808080808080"});
    let defaults = json!({"configuration": {"type": "DEFAULT"}, "transportConfiguration": {"type": "DEFAULT"}});
    for (key, value) in [
        ("id", json!({"entityType": "DEVICE", "id": id.to_string()})),
        ("tenantId", edge.tenant_id()),
        ("customerId", none),
        ("name", json!("SN-1")),
        ("type", json!("meter")),
        ("label", Json::Null),
        ("additionalInfo", Json::Null),
        ("deviceData", defaults),
        ("version", Json::Null),
    ] {
        assert_eq!(json[key], value, "{key}");
    }
    let credentials: Json =
        serde_json::from_str(&told[0].device_credentials_update_msg[0].entity).unwrap();
    assert_eq!(credentials["credentialsId"].as_str().unwrap().len(), 20);
    // The acknowledgement of the end comes before this message.
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert_eq!(world.get("/api/edge").await["synced"], true);
}

#[tokio::test]
async fn a_page_waits_for_every_acknowledgement_and_a_second_request_is_ignored() {
    let world = World::start().await;
    for number in 0..51 {
        add(&world, &format!("SN-{number:02}")).await;
    }
    let mut edge = world.edge().await;
    edge.sync_profiles(5).await;
    let mut page = Vec::new();
    for _ in 0..50 {
        page.push(edge.downlink().await);
    }
    edge.request_sync().await;
    for message in &page[1..] {
        edge.ack(message).await;
    }
    // The answer comes behind whatever the 49 acknowledgements have set off.
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());
    let state = world.get("/api/edge").await;
    assert_eq!(state["unacknowledgedDownlinks"], 1);
    assert_eq!(state["queuedDownlinks"], 2);

    edge.ack(&page[0]).await;
    let names: Vec<_> = page.iter().map(told_name).collect();
    assert_eq!((names[0].as_str(), names[49].as_str()), ("SN-00", "SN-49"));
    assert_eq!(told_name(&edge.take().await), "SN-50");
    assert!(edge.take().await.sync_completed_msg.is_some());
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());
}

#[tokio::test]
async fn general_events_wait_for_the_end_of_a_sync() {
    let world = World::start().await;
    add(&world, "SN-1").await;
    let mut edge = world.edge().await;
    edge.sync_profiles(5).await;
    let page = edge.downlink().await;
    world
        .post(
            "/api/devices/SN-1/attributes/SHARED_SCOPE",
            json!({"rate": 5}),
        )
        .await;
    edge.ack(&page).await;
    assert!(edge.take().await.sync_completed_msg.is_some());
    assert_eq!(edge.take().await.entity_data.len(), 1);
}

#[tokio::test]
async fn a_sync_request_without_content_is_a_sync_skipped() {
    let world = World::start().await;
    add(&world, "SN-1").await;
    let mut edge = world.edge().await;
    edge.send(RequestMsgType::SyncRequestRpcMessage, RequestMsg::default())
        .await;
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());
    assert_eq!(world.get("/api/edge").await["synced"], true);
}

#[tokio::test]
async fn shared_attributes_are_pushed_with_their_scope_and_time() {
    let world = World::start().await;
    let id = add(&world, "SN-1").await;
    let mut edge = world.edge().await;
    let path = "/api/devices/SN-1/attributes/SHARED_SCOPE";
    world
        .post(
            path,
            json!({"rate": 5, "limit": 1.5, "mode": "007", "on": true, "o": {"a": 1}}),
        )
        .await;
    let message = edge.take().await;
    let data = &message.entity_data[0];
    assert_eq!(whole(data.entity_id_msb, data.entity_id_lsb), id);
    assert_eq!(
        (
            data.entity_type.as_str(),
            data.post_attribute_scope.as_str()
        ),
        ("DEVICE", "SHARED_SCOPE")
    );
    assert!(data.attribute_ts.unwrap() > 0);
    assert_eq!(data.post_attributes_msg, None);
    let kv = &data.attributes_updated_msg.as_ref().unwrap().kv;
    let types: Vec<_> = kv.iter().map(|kv| (kv.key.as_str(), kv.r#type())).collect();
    assert_eq!(
        types,
        [
            ("rate", KeyValueType::LongV),
            ("limit", KeyValueType::DoubleV),
            ("mode", KeyValueType::StringV),
            ("on", KeyValueType::BooleanV),
            ("o", KeyValueType::JsonV),
        ]
    );
    assert_eq!(
        (kv[0].long_v, kv[1].double_v, kv[2].string_v.as_str()),
        (5, 1.5, "007")
    );
    assert_eq!((kv[3].bool_v, kv[4].json_v.as_str()), (true, r#"{"a":1}"#));

    let (status, _) = world
        .call("DELETE", &format!("{path}?keys=rate,limit"), Json::Null)
        .await;
    assert_eq!(status, 200);
    let message = edge.take().await;
    let delete = message.entity_data[0]
        .attribute_delete_msg
        .as_ref()
        .unwrap();
    assert_eq!(delete.scope, "SHARED_SCOPE");
    assert_eq!(delete.attribute_names, ["rate", "limit"]);
    let stored = world.get("/api/devices/SN-1/attributes").await;
    assert_eq!(
        stored["SHARED_SCOPE"],
        json!({"mode": "007", "o": {"a": 1}, "on": true})
    );
}

#[tokio::test]
async fn attributes_and_deletions_wait_for_an_edge_that_is_away_and_assignments_do_not() {
    let world = World::start().await;
    let id = add(&world, "SN-1").await;
    add(&world, "SN-2").await;
    let mut edge = world.edge().await;
    edge.uplink(UplinkMsg::default()).await.unwrap();
    world.post("/api/edge/disconnect", Json::Null).await;

    world.post("/api/devices/SN-2/unassign", Json::Null).await;
    world.post("/api/devices/SN-2/assign", Json::Null).await;
    add(&world, "SN-3").await;
    world
        .post(
            "/api/devices/SN-1/attributes/SHARED_SCOPE",
            json!({"rate": 5}),
        )
        .await;
    world.call("DELETE", "/api/devices/SN-1", Json::Null).await;
    assert_eq!(world.get("/api/edge").await["queuedDownlinks"], 2);

    // A link that breaks before the acknowledgements: all comes again under other numbers.
    let mut edge = world.edge().await;
    let before = [edge.downlink().await, edge.downlink().await];
    world.post("/api/edge/disconnect", Json::Null).await;
    let mut edge = world.edge().await;
    let after = [edge.take().await, edge.take().await];
    assert_eq!(after[0].entity_data, before[0].entity_data);
    let update = &after[1].device_update_msg[0];
    assert_eq!(update.msg_type(), UpdateMsgType::EntityDeletedRpcMessage);
    assert_eq!(
        (whole(update.id_msb, update.id_lsb), update.entity.as_str()),
        (id, "")
    );
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert_eq!(world.get("/api/edge").await["queuedDownlinks"], 0);
}

#[tokio::test]
async fn before_the_first_connect_only_attributes_wait() {
    let world = World::start().await;
    add(&world, "SN-1").await;
    add(&world, "SN-2").await;
    world.call("DELETE", "/api/devices/SN-2", Json::Null).await;
    assert_eq!(world.get("/api/edge").await["queuedDownlinks"], 0);
    let path = "/api/devices/SN-1/attributes/SHARED_SCOPE";
    world.post(path, json!({})).await;
    world.post(path, json!({"rate": 5})).await;
    let mut edge = world.edge().await;
    assert_eq!(edge.take().await.entity_data.len(), 1);
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());
}

#[tokio::test]
async fn a_connected_edge_hears_of_assignments_at_once() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    let id = add(&world, "SN-1").await;
    let created = edge.take().await;
    assert_eq!(told_name(&created), "SN-1");
    assert_eq!(
        created.device_update_msg[0].msg_type(),
        UpdateMsgType::EntityCreatedRpcMessage
    );
    world.post("/api/devices/SN-1/unassign", Json::Null).await;
    let update = edge.take().await.device_update_msg.remove(0);
    assert_eq!(update.msg_type(), UpdateMsgType::EntityDeletedRpcMessage);
    assert_eq!(
        (whole(update.id_msb, update.id_lsb), update.entity.as_str()),
        (id, "")
    );
    assert_eq!(world.get("/api/devices").await[0]["assigned"], false);
    // No longer the edge's: its attributes are not pushed.
    world
        .post(
            "/api/devices/SN-1/attributes/SHARED_SCOPE",
            json!({"rate": 5}),
        )
        .await;
    world.post("/api/devices/SN-1/assign", Json::Null).await;
    assert_eq!(told_name(&edge.take().await), "SN-1");
}

#[tokio::test(start_paused = true)]
async fn a_silent_edge_gets_a_message_three_times() {
    let hub = Hub::new(KEY, SECRET, KEPT_POINTS);
    let now = tokio::time::Instant::now;
    let number = hub.lock().connect(0).number;
    hub.lock().push_event(DownlinkMsg {
        entity_data: vec![EntityDataProto::default()],
        ..DownlinkMsg::default()
    });
    let mut sent = hub.lock().next_downlinks(number, now());
    for _ in 0..2 {
        let deadline = hub.lock().outbox.deadline().unwrap();
        assert_eq!(deadline - now(), Duration::from_secs(60));
        tokio::time::sleep_until(deadline).await;
        sent.extend(hub.lock().next_downlinks(number, now()));
    }
    assert_eq!(hub.lock().outbox.deadline(), None);
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|message| *message == sent[0]));
}
