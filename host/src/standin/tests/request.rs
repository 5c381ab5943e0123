//! Attributes that the edge asks for.

use super::*;

const ONE: Uuid = Uuid::from_u128(1);

fn request(id: Uuid, entity_type: &str, scope: &str) -> UplinkMsg {
    let (entity_id_msb, entity_id_lsb) = halves(id);
    UplinkMsg {
        attributes_request_msg: vec![AttributesRequestMsg {
            entity_id_msb,
            entity_id_lsb,
            entity_type: entity_type.to_owned(),
            scope: scope.to_owned(),
        }],
        ..UplinkMsg::default()
    }
}

#[tokio::test]
async fn all_attributes_of_the_scope_come_behind_the_answer() {
    let world = World::start().await;
    let path = "/api/devices/SN-1/attributes";
    world.post("/api/devices", json!({"name": "SN-1"})).await;
    let mut edge = world.edge().await;
    let device = edge.sync().await.remove(0).device_update_msg.remove(0);
    let id = whole(device.id_msb, device.id_lsb);
    for (scope, attributes) in [
        ("SHARED_SCOPE", json!({"rate": 5, "mode": "on"})),
        (
            "SERVER_SCOPE",
            json!({"active": true, "lastConnectTime": 1, "site": "hall"}),
        ),
    ] {
        world.post(&format!("{path}/{scope}"), attributes).await;
        edge.take().await;
    }
    // What the scope is, and the keys that come.
    for (scope, keys) in [
        ("SHARED_SCOPE", vec!["mode", "rate"]),
        ("SERVER_SCOPE", vec!["site"]),
    ] {
        edge.uplink(request(id, "DEVICE", scope)).await.unwrap();
        // The answer was first: nothing was put aside while it was waited for.
        assert!(edge.downlinks.is_empty());
        let data = edge.take().await.entity_data.remove(0);
        assert_eq!(whole(data.entity_id_msb, data.entity_id_lsb), id);
        assert_eq!(
            (
                data.entity_type.as_str(),
                data.post_attribute_scope.as_str()
            ),
            ("DEVICE", scope)
        );
        assert!(data.attribute_ts.unwrap() > 0);
        let kv = data.attributes_updated_msg.unwrap().kv;
        let told: Vec<_> = kv.iter().map(|kv| kv.key.as_str()).collect();
        assert_eq!(told, keys);
    }
}

#[tokio::test]
async fn the_newest_telemetry_comes_too_one_message_for_a_time() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    let points = vec![
        (20, long("a", 1)),
        (10, long("b", 2)),
        (5, long("a", 3)),
        (20, long("c", 4)),
    ];
    edge.uplink(data_uplink(ONE, telemetry(points)))
        .await
        .unwrap();
    edge.uplink(request(ONE, "DEVICE", "CLIENT_SCOPE"))
        .await
        .unwrap();
    for (ts, keys) in [(10, vec!["b"]), (20, vec!["a", "c"])] {
        let data = edge.take().await.entity_data.remove(0);
        let list = data.post_telemetry_msg.unwrap().ts_kv_list.remove(0);
        let told: Vec<_> = list.kv.iter().map(|kv| kv.key.as_str()).collect();
        assert_eq!((list.ts, told), (ts, keys));
    }
}

#[tokio::test]
async fn what_there_is_none_of_is_not_sent() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    for (id, entity_type) in [(ONE, "DEVICE"), (Uuid::max(), "DEVICE"), (ONE, "CUSTOMER")] {
        let uplink = request(id, entity_type, "SHARED_SCOPE");
        edge.uplink(uplink).await.unwrap();
    }
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());
    assert_eq!(world.get("/api/edge").await["queuedDownlinks"], 0);
}

#[tokio::test]
async fn an_invalid_scope_or_type_fails_the_whole_message() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    for (entity_type, scope, error) in [
        ("DEVICE", "", "\"\" is not an attribute scope"),
        ("DEVICE", "shared", "\"shared\" is not an attribute scope"),
        ("THING", "SHARED_SCOPE", "\"THING\" is not an entity type"),
    ] {
        let mut uplink = request(ONE, entity_type, scope);
        let good = request(ONE, "DEVICE", "CLIENT_SCOPE").attributes_request_msg;
        uplink.attributes_request_msg.extend(good);
        // Data come before requests: they are stored all the same.
        uplink.entity_data = data_uplink(ONE, telemetry(vec![(1, long("t", 1))])).entity_data;
        assert_eq!(edge.uplink(uplink).await, Err(error.to_owned()));
    }
    let history = world.get("/api/devices/SN-1/telemetry/history").await;
    assert_eq!(history["t"].as_array().unwrap().len(), 3);
    assert!(edge.downlinks.is_empty());
}
