//! What is told of how much arrived and how long it took, and that telemetry is
//! stored alike on both ways.

use super::*;

const ONE: Uuid = Uuid::from_u128(1);

fn pairs() -> EntityDataProto {
    let mut double = KeyValueProto {
        key: "double".to_owned(),
        double_v: 1e9,
        ..KeyValueProto::default()
    };
    double.set_type(KeyValueType::DoubleV);
    let mut text = KeyValueProto {
        key: "text".to_owned(),
        string_v: "007".to_owned(),
        ..KeyValueProto::default()
    };
    text.set_type(KeyValueType::StringV);
    let mut flag = KeyValueProto {
        key: "flag".to_owned(),
        bool_v: true,
        ..KeyValueProto::default()
    };
    flag.set_type(KeyValueType::BooleanV);
    telemetry(vec![
        (2, long("seq", 1)),
        (1, long("seq", 3)),
        (3, double),
        (3, text),
        (3, flag),
    ])
}

#[tokio::test]
async fn telemetry_is_stored_alike_with_and_without_a_look_at_the_whole_message() {
    let folder = tempfile::tempdir().unwrap();
    let mut shown = Vec::new();
    // With a folder the whole message is built and written there.
    for data in [None, Some(folder.path().to_owned())] {
        let world = World::start_with(Settings { data, ..settings() }).await;
        let mut edge = world.edge().await;
        edge.create(ONE, "SN-1").await.unwrap();
        let mut uplink = data_uplink(ONE, pairs());
        uplink
            .entity_data
            .extend(data_uplink(Uuid::from_u128(9), pairs()).entity_data);
        uplink
            .entity_data
            .extend(data_uplink(ONE, pairs()).entity_data);
        edge.uplink(uplink).await.unwrap();
        let mut texts = Vec::new();
        for path in ["", "/history", "/types"] {
            texts.push(
                world
                    .get(&format!("/api/devices/SN-1/telemetry{path}"))
                    .await,
            );
        }
        texts.push(world.get("/api/sequence?key=seq").await);
        let edge = world.get("/api/edge").await;
        texts.push(json!([edge["points"], edge["uplinkMessages"]]));
        shown.push(texts);
    }
    assert_eq!(shown[0], shown[1]);
    let [latest, _, types, sequence, counts] = shown[0].as_slice() else {
        panic!("{shown:?}");
    };
    assert_eq!(latest["seq"], json!([{"ts": 2, "value": 1}]));
    assert_eq!(types["double"], "LONG");
    assert_eq!(
        (&sequence["total"]["arrived"], &sequence["total"]["missing"]),
        (&json!(4), &json!(1))
    );
    // Those of the unknown device do not count.
    assert_eq!(counts, &json!([10, 2]));
}

#[tokio::test]
async fn who_waits_for_points_hears_when_they_are_there() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ONE, "SN-1").await.unwrap();
    assert_eq!(world.get("/api/points").await, json!({"points": 0}));
    let (told, ()) = tokio::join!(world.get("/api/points?atLeast=10"), async {
        for _ in 0..2 {
            edge.uplink(data_uplink(ONE, pairs())).await.unwrap();
        }
    });
    assert_eq!(told, json!({"points": 10}));
    let (status, answer) = world.call("GET", "/api/points?atLeast=x", Json::Null).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("say how many points to wait for: ?atLeast=1"))
    );
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_points_in_vain_hears_how_many_there_are() {
    let hub = Arc::new(Hub::new(KEY, SECRET, KEPT_POINTS));
    let router = http::router(Arc::clone(&hub));
    let request = axum::http::Request::get("/api/points?atLeast=1");
    let request = request.body(axum::body::Body::empty()).unwrap();
    let start = tokio::time::Instant::now();
    let answer = tower::ServiceExt::oneshot(router, request).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
    assert_eq!(body, "{\"points\":0}");
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn delays_are_counted_on_request() {
    let folder = tempfile::tempdir().unwrap();
    for data in [None, Some(folder.path().to_owned())] {
        let world = World::start_with(Settings { data, ..settings() }).await;
        let mut edge = world.edge().await;
        edge.create(ONE, "SN-1").await.unwrap();
        let (status, _) = world.call("GET", "/api/delays", Json::Null).await;
        assert_eq!(status, 404);
        world.post("/api/delays", json!({"key": "sent"})).await;
        let sent = hub::now_us() - 2_000_000;
        let points = vec![(1, long("sent", sent)), (1, long("t", sent))];
        edge.uplink(data_uplink(ONE, telemetry(points)))
            .await
            .unwrap();
        let delays = world.get("/api/delays").await;
        assert_eq!(
            (&delays["key"], &delays["count"]),
            (&json!("sent"), &json!(1))
        );
        let longest = delays["max"].as_u64().unwrap();
        assert!((2_000_000..60_000_000).contains(&longest), "{delays}");
        // They are counted, and not stored.
        let telemetry = world.get("/api/devices/SN-1/telemetry").await;
        assert_eq!(telemetry, json!({"t": [{"ts": 1, "value": sent}]}));
        world.call("DELETE", "/api/delays", Json::Null).await;
        let (status, _) = world.call("GET", "/api/delays", Json::Null).await;
        assert_eq!(status, 404);
    }
}
