//! The tenant's limit of devices, which an edge is not told of.

use super::*;

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

async fn names(world: &World) -> Vec<String> {
    let devices = world.get("/api/devices").await;
    let devices = devices.as_array().unwrap().iter();
    devices
        .map(|device| device["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_creation_beyond_the_limit_succeeds_and_makes_nothing() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    world.post("/api/faults", json!({"deviceLimit": 1})).await;
    edge.create(ONE, "SN-1").await.unwrap();
    let mut uplink = device_uplink(TWO, &edge.device_json("SN-2").to_string());
    uplink.entity_data = data_uplink(TWO, telemetry(vec![(1, long("t", 1))])).entity_data;
    edge.uplink(uplink).await.unwrap();
    assert_eq!(names(&world).await, ["SN-1"]);
    assert_eq!(edge.sync().await.len(), 1);
    // A change of what is there is no creation, and what cannot be read still fails.
    edge.create(ONE, "SN-one").await.unwrap();
    assert!(edge.uplink(device_uplink(TWO, "[]")).await.is_err());
    let unchecked = edge.device_json(" ").to_string();
    assert!(edge.uplink(device_uplink(TWO, &unchecked)).await.is_err());
    assert_eq!(names(&world).await, ["SN-one"]);

    let faults = world
        .post("/api/faults", json!({"deviceLimit": null}))
        .await;
    assert_eq!(faults["deviceLimit"], Json::Null);
    edge.create(TWO, "SN-2").await.unwrap();
    assert_eq!(names(&world).await, ["SN-2", "SN-one"]);
}

#[tokio::test]
async fn what_was_not_made_is_not_made_by_a_restart_and_the_limit_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings {
        data: Some(folder.path().to_owned()),
        ..settings()
    };
    let world = World::start_with(settings()).await;
    let mut edge = world.edge().await;
    world.post("/api/faults", json!({"deviceLimit": 0})).await;
    edge.create(ONE, "SN-1").await.unwrap();
    world.stop.cancel();
    soon(world.served).await.unwrap().unwrap();

    let world = World::start_with(settings()).await;
    assert_eq!(names(&world).await, [""; 0]);
    assert_eq!(world.get("/api/faults").await["deviceLimit"], Json::Null);
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    world.stop.cancel();
    soon(world.served).await.unwrap().unwrap();

    let world = World::start_with(settings()).await;
    assert_eq!(names(&world).await, ["SN-1"]);
}
