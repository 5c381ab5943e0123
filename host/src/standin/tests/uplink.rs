//! What an edge may send and how it is answered.

use super::*;

const ONE: Uuid = Uuid::from_u128(0x8000_0000_0000_0001_8000_0000_0000_0001);
const TWO: Uuid = Uuid::from_u128(2);

#[tokio::test]
async fn a_created_device_is_assigned_and_has_no_credentials() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    assert_eq!(
        world.get("/api/devices").await,
        json!([{
            "id": ONE.to_string(), "name": "SN-1", "type": "meter", "label": null,
            "customer": null, "createdTime": 1000, "assigned": true,
        }])
    );
    let told = edge.sync().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].device_credentials_update_msg, []);
}

#[tokio::test]
async fn credentials_are_stored_when_sent_and_have_one_owner() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    let credentials = |id: Uuid, token: &str| DeviceCredentialsUpdateMsg {
        entity: json!({
            "deviceId": {"entityType": "DEVICE", "id": id.to_string()},
            "credentialsType": "ACCESS_TOKEN", "credentialsId": token, "credentialsValue": null,
        })
        .to_string(),
    };
    let mut uplink = device_uplink(ONE, &edge.device_json("SN-1").to_string());
    uplink
        .device_credentials_update_msg
        .push(credentials(ONE, "token-1"));
    edge.uplink(uplink).await.unwrap();
    let told = edge.sync().await;
    let json: Json =
        serde_json::from_str(&told[0].device_credentials_update_msg[0].entity).unwrap();
    assert_eq!(json["credentialsId"], "token-1");
    assert_eq!(json["deviceId"]["id"], ONE.to_string());

    // A device of its own, a token of another's: the entity data behind it is lost.
    let mut uplink = device_uplink(TWO, &edge.device_json("SN-2").to_string());
    uplink
        .device_credentials_update_msg
        .push(credentials(TWO, "token-1"));
    uplink.entity_data = data_uplink(TWO, telemetry(vec![(1, long("t", 1))])).entity_data;
    assert!(edge.uplink(uplink).await.is_err());
    assert_eq!(world.get("/api/devices/SN-2/telemetry").await, json!({}));

    let unknown = credentials(Uuid::from_u128(99), "token-1");
    let uplink = UplinkMsg {
        device_credentials_update_msg: vec![unknown],
        ..UplinkMsg::default()
    };
    edge.uplink(uplink).await.unwrap();
}

#[tokio::test]
async fn a_taken_name_is_changed_with_success_and_told() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    // Taken by a device that the edge cannot see.
    world
        .post("/api/devices", json!({"name": "SN-1", "assigned": false}))
        .await;
    edge.create(ONE, "SN-1").await.unwrap();
    let message = edge.take().await;
    let update = &message.device_update_msg[0];
    assert_eq!(update.msg_type(), UpdateMsgType::EntityUpdatedRpcMessage);
    assert_eq!(whole(update.id_msb, update.id_lsb), ONE);
    let name = told_name(&message);
    let letters = name.strip_prefix("SN-1_").unwrap();
    assert!(
        letters.len() == 15 && letters.bytes().all(|b| b.is_ascii_alphabetic()),
        "{name}"
    );
    assert_eq!(world.get("/api/devices").await[1]["name"], name);
}

#[tokio::test]
async fn the_same_id_is_an_update() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    let mut json = edge.device_json("SN-one");
    json["label"] = json!("cellar");
    edge.uplink(device_uplink(ONE, &json.to_string()))
        .await
        .unwrap();
    let devices = world.get("/api/devices").await;
    assert_eq!(devices.as_array().unwrap().len(), 1);
    assert_eq!(
        (&devices[0]["name"], &devices[0]["label"]),
        (&json!("SN-one"), &json!("cellar"))
    );

    let mut uplink = device_uplink(ONE, "");
    uplink.device_update_msg[0].set_msg_type(UpdateMsgType::EntityDeletedRpcMessage);
    edge.uplink(uplink).await.unwrap();
    assert_eq!(world.get("/api/devices").await, json!([]));
}

#[tokio::test]
async fn a_failed_check_fails_its_part_and_unreadable_json_the_rest() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    let good = device_uplink(ONE, &edge.device_json("good").to_string()).device_update_msg;
    for (json, error, others_run) in [
        (
            json!({"name": "a"}),
            "Device should be assigned to tenant!",
            true,
        ),
        (edge.device_json(" "), "the name must not be blank", true),
        (json!([]), "cannot read the device: ", false),
    ] {
        let mut uplink = device_uplink(TWO, &json.to_string());
        uplink.device_update_msg.extend(good.clone());
        let text = edge.uplink(uplink).await.unwrap_err();
        assert!(text.starts_with(error), "{text}");
        let devices = world.get("/api/devices").await;
        assert_eq!(
            devices.as_array().unwrap().len(),
            usize::from(others_run),
            "{devices}"
        );
        if others_run {
            world.call("DELETE", "/api/devices/good", Json::Null).await;
            assert_eq!(edge.take().await.device_update_msg.len(), 1);
        }
    }
}

#[tokio::test]
async fn assets_are_treated_as_devices_are() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    let (id_msb, id_lsb) = halves(ONE);
    let entity = edge.device_json("hall").to_string();
    let asset = AssetUpdateMsg {
        msg_type: 0,
        id_msb,
        id_lsb,
        entity,
    };
    let data = telemetry(vec![(5, long("people", 3))]);
    let data = EntityDataProto {
        entity_type: "ASSET".to_owned(),
        ..data
    };
    // Created and fed by one message: assets come before data.
    let uplink = UplinkMsg {
        asset_update_msg: vec![asset],
        ..data_uplink(ONE, data)
    };
    edge.uplink(uplink).await.unwrap();
    assert_eq!(world.get("/api/assets").await[0]["name"], "hall");
    assert_eq!(
        world.get("/api/assets/hall/telemetry").await,
        json!({"people": [{"ts": 5, "value": 3}]})
    );
    let told = edge.sync().await;
    let update = &told[0].asset_update_msg[0];
    let json: Json = serde_json::from_str(&update.entity).unwrap();
    assert_eq!(
        (&json["name"], &json["type"]),
        (&json!("hall"), &json!("meter"))
    );
}

#[tokio::test]
async fn telemetry_is_typed_and_kept() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN/1 é").await.unwrap();
    let text = |key: &str, value: &str| {
        let mut kv = KeyValueProto {
            key: key.to_owned(),
            string_v: value.to_owned(),
            ..KeyValueProto::default()
        };
        kv.set_type(KeyValueType::StringV);
        kv
    };
    let points = vec![
        (20, long("t", 2)),
        (10, long("t", 1)),
        (10, text("serial", "007")),
        (10, text("state", "on")),
    ];
    edge.uplink(data_uplink(ONE, telemetry(points)))
        .await
        .unwrap();
    let path = "/api/devices/SN%2F1%20%C3%A9/telemetry";
    assert_eq!(
        world.get(path).await,
        json!({
            "serial": [{"ts": 10, "value": 7}],
            "state": [{"ts": 10, "value": "on"}],
            "t": [{"ts": 20, "value": 2}],
        })
    );
    assert_eq!(
        world.get(&format!("{path}/history?keys=t,none")).await,
        json!({"t": [{"ts": 20, "value": 2}, {"ts": 10, "value": 1}]})
    );
}

#[tokio::test]
async fn an_empty_telemetry_message_is_never_answered() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    let mut empty = data_uplink(ONE, telemetry(Vec::new()));
    empty.uplink_msg_id = 1;
    edge.send_uplink(empty.clone()).await;
    edge.send_uplink(UplinkMsg {
        uplink_msg_id: 2,
        ..UplinkMsg::default()
    })
    .await;
    assert_eq!(edge.answer().await.uplink_msg_id, 2);
    // For an unknown device it is skipped like everything else.
    edge.uplink(data_uplink(TWO, telemetry(Vec::new())))
        .await
        .unwrap();
}

#[tokio::test]
async fn unknown_entities_are_skipped_and_unknown_types_fail() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.uplink(data_uplink(ONE, telemetry(vec![(1, long("t", 1))])))
        .await
        .unwrap();
    for (entity_type, success) in [("CUSTOMER", true), ("GATEWAY", false)] {
        let data = EntityDataProto {
            entity_type: entity_type.to_owned(),
            ..telemetry(Vec::new())
        };
        assert_eq!(
            edge.uplink(data_uplink(ONE, data)).await.is_ok(),
            success,
            "{entity_type}"
        );
    }
}

#[tokio::test]
async fn attributes_need_a_scope_and_a_newer_time() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    let set = |scope: &str, value: i64, attribute_ts: Option<i64>| {
        data_uplink(
            ONE,
            EntityDataProto {
                post_attributes_msg: Some(PostAttributeMsg {
                    kv: vec![long("k", value)],
                    shared: false,
                }),
                post_attribute_scope: scope.to_owned(),
                attribute_ts,
                ..EntityDataProto::default()
            },
        )
    };
    edge.uplink(set("CLIENT_SCOPE", 1, None)).await.unwrap();
    edge.uplink(set("CLIENT_SCOPE", 2, None)).await.unwrap();
    // A device's clock loses, with success.
    edge.uplink(set("CLIENT_SCOPE", 3, Some(1000)))
        .await
        .unwrap();
    let stored = json!({"CLIENT_SCOPE": {"k": 2}, "SHARED_SCOPE": {}, "SERVER_SCOPE": {}});
    assert_eq!(world.get("/api/devices/SN-1/attributes").await, stored);

    // Without a scope nothing behind it is processed either.
    let mut uplink = set("", 4, None);
    uplink
        .entity_data
        .extend(set("SERVER_SCOPE", 5, None).entity_data);
    assert_eq!(
        edge.uplink(uplink).await,
        Err("\"\" is not an attribute scope".to_owned())
    );
    assert_eq!(world.get("/api/devices/SN-1/attributes").await, stored);

    let delete = AttributeDeleteMsg {
        scope: "CLIENT_SCOPE".to_owned(),
        attribute_names: vec!["k".to_owned()],
    };
    let data = EntityDataProto {
        attribute_delete_msg: Some(delete),
        ..EntityDataProto::default()
    };
    edge.uplink(data_uplink(ONE, data)).await.unwrap();
    assert_eq!(
        world.get("/api/devices/SN-1/attributes").await["CLIENT_SCOPE"],
        json!({})
    );
}

#[tokio::test]
async fn faults_meet_the_next_messages() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    let faults = json!({"ignoreUplinks": 1, "rejectUplinks": 1, "rateLimitUplinks": 1});
    world.post("/api/faults", faults).await;
    for id in 1..=4 {
        let mut uplink = data_uplink(ONE, telemetry(vec![(1, long("t", i64::from(id)))]));
        uplink.uplink_msg_id = id;
        edge.send_uplink(uplink).await;
    }
    let answers = [
        edge.answer().await,
        edge.answer().await,
        edge.answer().await,
    ];
    assert_eq!(
        answers.each_ref().map(|answer| answer.uplink_msg_id),
        [2, 3, 4]
    );
    assert_eq!(
        answers.each_ref().map(|answer| answer.success),
        [false, false, true]
    );
    assert!(answers[1].error_msg.contains("Rate limit reached"));
    assert_eq!(
        world.get("/api/devices/SN-1/telemetry/history").await,
        json!({"t": [{"ts": 1, "value": 4}]})
    );
    assert_eq!(world.get("/api/edge").await["uplinkMessages"], 5);
}
