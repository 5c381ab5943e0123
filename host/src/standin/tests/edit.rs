//! Devices and assets that an administrator changes.

use super::*;

/// What the edge is told of the one device or asset in a message.
fn update(message: &DownlinkMsg) -> (UpdateMsgType, Json) {
    let (kind, entity) = match message.device_update_msg.first() {
        Some(update) => (update.msg_type(), &update.entity),
        None => {
            let update = &message.asset_update_msg[0];
            (update.msg_type(), &update.entity)
        }
    };
    (kind, serde_json::from_str(entity).unwrap())
}

#[tokio::test]
async fn a_connected_edge_hears_of_every_change() {
    let world = World::start().await;
    let customer = world.post("/api/customers", json!({"title": "Acme"})).await;
    let mut edge = world.edge().await;
    for kind in ["devices", "assets"] {
        let body = json!({"name": "old", "label": "l", "type": "meter"});
        let id = world.post(&format!("/api/{kind}"), body).await["id"].clone();
        edge.take().await;
        let renamed = world
            .post(&format!("/api/{kind}/old/rename"), json!({"name": "new"}))
            .await;
        assert_eq!((&renamed["name"], &renamed["id"]), (&json!("new"), &id));
        let (msg_type, json) = update(&edge.take().await);
        assert_eq!(msg_type, UpdateMsgType::EntityUpdatedRpcMessage);
        assert_eq!(
            (&json["name"], &json["id"]["id"], &json["label"]),
            (&json!("new"), &id, &json!("l"))
        );
        // (what is asked for, what the edge and what the API tell of it)
        for (asked, key, told, shown) in [
            (json!({"label": "x"}), "label", json!("x"), json!("x")),
            (json!({"label": null}), "label", Json::Null, Json::Null),
            (
                json!({"type": "valve"}),
                "type",
                json!("valve"),
                json!("valve"),
            ),
            (
                json!({"customer": "Acme"}),
                "customer",
                customer["id"].clone(),
                json!("Acme"),
            ),
            (
                json!({"customer": null}),
                "customer",
                json!("13814000-1dd2-11b2-8080-808080808080"),
                Json::Null,
            ),
        ] {
            let answer = world.post(&format!("/api/{kind}/new/edit"), asked).await;
            assert_eq!(answer[key], shown);
            assert_eq!(answer["name"], "new");
            let (msg_type, json) = update(&edge.take().await);
            assert_eq!(msg_type, UpdateMsgType::EntityUpdatedRpcMessage);
            let got = match key {
                "customer" => &json["customerId"]["id"],
                key => &json[key],
            };
            assert_eq!(*got, told);
        }
    }
}

#[tokio::test]
async fn an_edge_that_is_away_or_does_not_have_it_is_not_told() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    world
        .post("/api/devices", json!({"name": "a", "assigned": false}))
        .await;
    world.post("/api/devices", json!({"name": "b"})).await;
    edge.take().await;
    world
        .post("/api/devices/a/rename", json!({"name": "A"}))
        .await;
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());

    world.post("/api/edge/disconnect", Json::Null).await;
    world
        .post("/api/devices/b/rename", json!({"name": "B"}))
        .await;
    world
        .post("/api/devices/B/edit", json!({"label": "l"}))
        .await;
    assert_eq!(world.get("/api/edge").await["queuedDownlinks"], 0);
    let mut edge = world.edge().await;
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());
    // The next synchronisation has it.
    let told = edge.sync().await;
    assert_eq!(told_name(&told[0]), "B");
}

#[tokio::test]
async fn an_old_name_is_free_and_a_taken_one_is_refused() {
    let world = World::start().await;
    for name in ["a", "b"] {
        world.post("/api/devices", json!({"name": name})).await;
    }
    let taken = world
        .call("POST", "/api/devices/a/rename", json!({"name": "b"}))
        .await;
    assert_eq!(
        taken,
        (409, json!({"error": "a device named \"b\" exists"}))
    );
    // Its own name is no other's.
    world
        .post("/api/devices/a/rename", json!({"name": "a"}))
        .await;
    world
        .post("/api/devices/a/rename", json!({"name": "c"}))
        .await;
    world.post("/api/devices", json!({"name": "a"})).await;
    for (path, body, status) in [
        ("/api/devices/none/rename", json!({"name": "x"}), 404),
        ("/api/devices/a/rename", json!({"name": " "}), 400),
        ("/api/devices/a/rename", json!({}), 400),
        ("/api/devices/a/edit", json!({"customer": "none"}), 404),
        ("/api/devices/a/edit", json!({"label": "<b>"}), 400),
        ("/api/devices/a/edit", json!({"other": 1}), 400),
    ] {
        let (got, answer) = world.call("POST", path, body).await;
        assert_eq!(got, status, "{path}: {answer}");
    }
    let devices = world.get("/api/devices").await;
    let names: Vec<_> = devices
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
}
