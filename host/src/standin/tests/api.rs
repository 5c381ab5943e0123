//! The HTTP API's own rules.

use super::*;

#[tokio::test]
async fn entities_are_listed_by_name_and_unique() {
    let world = World::start().await;
    for name in ["b", "a"] {
        world
            .post(
                "/api/devices",
                json!({"name": name, "label": "l", "assigned": false}),
            )
            .await;
    }
    world
        .post("/api/assets", json!({"name": "a", "type": "hall"}))
        .await;
    let devices = world.get("/api/devices").await;
    assert_eq!(
        (&devices[0]["name"], &devices[1]["name"]),
        (&json!("a"), &json!("b"))
    );
    assert_eq!(
        (&devices[0]["type"], &devices[0]["label"]),
        (&json!("default"), &json!("l"))
    );
    assert_eq!(devices[0]["assigned"], false);
    assert_eq!(world.get("/api/assets").await[0]["type"], "hall");

    let answer = world
        .call("POST", "/api/devices", json!({"name": "a"}))
        .await;
    assert_eq!(
        answer,
        (409, json!({"error": "a device named \"a\" exists"}))
    );
    assert_eq!(
        world.call("DELETE", "/api/devices/a", Json::Null).await,
        (200, json!({}))
    );
    let answer = world.call("DELETE", "/api/devices/a", Json::Null).await;
    assert_eq!(
        answer,
        (404, json!({"error": "there is no device named \"a\""}))
    );
}

#[tokio::test]
async fn every_failure_is_json_with_an_error() {
    let world = World::start().await;
    world.post("/api/devices", json!({"name": "a"})).await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(1024 * 1024));
    for (method, path, body, status) in [
        ("GET", "/api", "", 404),
        ("GET", "/api/things", "", 404),
        ("GET", "/api/devices/%ff/telemetry", "", 400),
        ("GET", "/api/devices/a/telemetry?keys=a&keys=b", "", 400),
        ("GET", "/api/devices/none/telemetry", "", 404),
        ("GET", "/api/devices/none/attributes", "", 404),
        ("PUT", "/api/devices", "", 405),
        ("POST", "/api/devices", "{", 400),
        ("POST", "/api/devices", "{}", 400),
        ("POST", "/api/devices", "{\"name\":\" \"}", 400),
        ("POST", "/api/devices", large.as_str(), 413),
        ("POST", "/api/devices/none/assign", "", 404),
        ("POST", "/api/devices/a/attributes/OTHER", "{}", 400),
        (
            "POST",
            "/api/devices/a/attributes/CLIENT_SCOPE",
            "{\"k\":1}",
            400,
        ),
        (
            "POST",
            "/api/devices/a/attributes/SHARED_SCOPE",
            "{\"k\":null}",
            400,
        ),
        ("POST", "/api/devices/a/attributes/SHARED_SCOPE", "[]", 400),
        ("DELETE", "/api/devices/a/attributes/SHARED_SCOPE", "", 400),
        ("POST", "/api/assets/a/rpc", "{\"method\":\"m\"}", 404),
        ("POST", "/api/faults", "{\"other\":1}", 400),
        ("POST", "/api/faults", "{\"ignoreUplinks\":-1}", 400),
    ] {
        let (got, text) = world.http(method, path, body).await;
        let json: Json = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(got, status, "{method} {path}: {text}");
        assert!(
            json["error"]
                .as_str()
                .is_some_and(|error| !error.is_empty()),
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn the_front_page_lists_the_api_and_says_what_this_is_not() {
    let world = World::start().await;
    let (status, text) = world.http("GET", "/", "").await;
    assert_eq!(status, 200);
    assert!(
        text.contains("not ThingsBoard") && text.contains("/api/edge/disconnect"),
        "{text}"
    );
}
