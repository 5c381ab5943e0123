//! Many devices, and what a synchronisation tells of them.

use std::collections::BTreeSet;

use super::*;

#[tokio::test]
async fn many_devices_take_turns_with_the_profiles_and_come_page_by_page() {
    let world = World::start().await;
    let made = world
        .post(
            "/api/devices/bulk",
            json!({"count": 120, "prefix": "D-", "profile": "meter", "profiles": 3}),
        )
        .await;
    assert_eq!(made, json!({"created": 120}));
    let devices = world.get("/api/devices").await;
    let devices = devices.as_array().unwrap();
    assert_eq!(devices.len(), 120);
    let of = |name: &str| {
        devices
            .iter()
            .find(|device| device["name"] == name)
            .unwrap()
    };
    for (name, profile) in [("D-1", "meter-1"), ("D-3", "meter-3"), ("D-120", "meter-3")] {
        assert_eq!(of(name)["type"], profile);
        assert_eq!(of(name)["assigned"], true);
    }

    let mut edge = world.edge().await;
    edge.request_sync().await;
    let mut told = Vec::new();
    let mut pages = Vec::new();
    loop {
        let mut page = vec![edge.downlink().await];
        // The answer comes behind the rest of the page.
        edge.uplink(UplinkMsg::default()).await.unwrap();
        page.append(&mut edge.downlinks);
        for message in &page {
            edge.ack(message).await;
        }
        if page[0].sync_completed_msg.is_some() {
            break;
        }
        pages.push(page.len());
        told.extend(page);
    }
    // Both default profiles, all profiles of devices, those of assets, and the devices.
    assert_eq!(pages, [1, 1, 4, 1, 50, 50, 20]);
    let profile_names = |message: &DownlinkMsg| -> Vec<String> {
        let devices = message.device_profile_update_msg.iter();
        let assets = message.asset_profile_update_msg.iter();
        devices
            .map(|update| &update.entity)
            .chain(assets.map(|update| &update.entity))
            .map(|entity| {
                let json: Json = serde_json::from_str(entity).unwrap();
                json["name"].as_str().unwrap().to_owned()
            })
            .collect()
    };
    assert_eq!(profile_names(&told[0]), ["default"]);
    assert_eq!(told[0].device_profile_update_msg.len(), 1);
    assert_eq!(told[1].asset_profile_update_msg.len(), 1);
    let all: BTreeSet<_> = told[2..6].iter().flat_map(profile_names).collect();
    let expected = ["default", "meter-1", "meter-2", "meter-3"].map(str::to_owned);
    assert_eq!(all, BTreeSet::from(expected));
    let names: BTreeSet<_> = told[7..].iter().map(told_name).collect();
    assert_eq!(names.len(), 120);
    // A device brings its credentials and its profile.
    let device: Json = serde_json::from_str(&told[7].device_update_msg[0].entity).unwrap();
    assert_eq!(told[7].device_credentials_update_msg.len(), 1);
    assert_eq!(json!(profile_names(&told[7])), json!([device["type"]]));
    let profile = &told[7].device_profile_update_msg[0];
    let id = whole(profile.id_msb, profile.id_lsb).to_string();
    assert_eq!(device["deviceProfileId"]["id"], id);
}

#[tokio::test]
async fn a_connected_edge_hears_of_all_and_nothing_is_made_twice() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    world
        .post("/api/devices/bulk", json!({"count": 51, "prefix": "D-"}))
        .await;
    let mut names = BTreeSet::new();
    for _ in 0..51 {
        names.insert(told_name(&edge.take().await));
    }
    assert_eq!(names.len(), 51);
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert_eq!(world.get("/api/edge").await["queuedDownlinks"], 0);

    for (body, status, said) in [
        (json!({"count": 2, "prefix": "D-"}), 409, "\"D-1\" exists"),
        (
            json!({"count": 1_000_000, "prefix": "E-"}),
            400,
            "1000000 devices",
        ),
        (
            json!({"count": 1, "prefix": "E-", "profiles": 10_001}),
            400,
            "10000 profiles",
        ),
        (json!({"count": 1, "prefix": "<b>"}), 400, "looks like HTML"),
        (json!({"count": 1}), 400, "prefix"),
    ] {
        let (got, answer) = world.call("POST", "/api/devices/bulk", body).await;
        assert_eq!(got, status, "{answer}");
        assert!(answer["error"].as_str().unwrap().contains(said), "{answer}");
    }
    assert_eq!(
        world.get("/api/devices").await.as_array().unwrap().len(),
        51
    );
    world
        .post(
            "/api/devices/bulk",
            json!({"count": 1, "prefix": "hidden-", "assigned": false}),
        )
        .await;
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());
}
