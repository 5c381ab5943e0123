//! Remote procedure calls over both sides.

use super::*;

const ID: Uuid = Uuid::from_u128(1);

fn reply(request: &DeviceRpcCallMsg, response: &str, error: &str) -> UplinkMsg {
    let response = RpcResponseMsg {
        response: response.to_owned(),
        error: error.to_owned(),
    };
    let call = DeviceRpcCallMsg {
        request_msg: None,
        response_msg: Some(response),
        ..request.clone()
    };
    UplinkMsg {
        device_rpc_call_msg: vec![call],
        ..UplinkMsg::default()
    }
}

#[tokio::test]
async fn calls_are_counted_from_zero_and_answered() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ID, "SN-1").await.unwrap();
    // (body, params on the wire, response, error, HTTP status, HTTP body)
    let cases = [
        (
            json!({"method": "set", "params": {"pin": 7}}),
            r#"{"pin":7}"#,
            "{\"ok\":1}",
            "",
            200,
            "{\"ok\":1}",
        ),
        (
            json!({"method": "set", "params": "on", "oneway": true}),
            "\"on\"",
            "{}",
            "",
            200,
            "{}",
        ),
        (json!({"method": "set"}), "null", "", "", 200, ""),
        (
            json!({"method": "set"}),
            "null",
            "not json",
            "",
            406,
            "{\"error\":\"the device's answer is not JSON\"}",
        ),
        (
            json!({"method": "set"}),
            "null",
            "",
            "NO_ACTIVE_CONNECTION",
            409,
            "{\"error\":\"NO_ACTIVE_CONNECTION\",\"detail\":\"the edge's answer\"}",
        ),
        (
            json!({"method": "set"}),
            "null",
            "",
            "INTERNAL",
            504,
            "{\"error\":\"INTERNAL\",\"detail\":\"the edge's answer\"}",
        ),
    ];
    for (number, (body, params, response, error, status, text)) in (0..).zip(cases) {
        let oneway = body["oneway"] == true;
        let body = body.to_string();
        let call = world.http("POST", "/api/devices/SN-1/rpc", &body);
        let device = async {
            let request = edge.take().await.device_rpc_call_msg.remove(0);
            assert_eq!(whole(request.device_id_msb, request.device_id_lsb), ID);
            assert_eq!((request.request_id, request.oneway), (number, oneway));
            assert!(request.request_uuid_msb != 0 && request.expiration_time > 0);
            let message = request.request_msg.clone().unwrap();
            assert_eq!(
                (message.method.as_str(), message.params.as_str()),
                ("set", params)
            );
            edge.uplink(reply(&request, response, error)).await.unwrap();
            // A repeated answer is taken with success.
            edge.uplink(reply(&request, response, error)).await.unwrap();
        };
        let (answer, ()) = tokio::join!(call, device);
        assert_eq!(answer, (status, text.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn an_unknown_error_fails_the_message_and_the_caller_waits_on() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ID, "SN-1").await.unwrap();
    let call = world.call("POST", "/api/devices/SN-1/rpc", json!({"method": "m"}));
    let device = async {
        let request = edge.take().await.device_rpc_call_msg.remove(0);
        let error = edge
            .uplink(reply(&request, "", "BROKEN"))
            .await
            .unwrap_err();
        assert_eq!(error, "\"BROKEN\" is not an RPC error");
        edge.uplink(reply(&request, "5", "")).await.unwrap();
    };
    let (answer, ()) = tokio::join!(call, device);
    assert_eq!(answer, (200, json!(5)));
}

#[tokio::test]
async fn a_call_without_an_answer_times_out() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ID, "SN-1").await.unwrap();
    let body = json!({"method": "m", "timeout": 1});
    let (status, body) = world.call("POST", "/api/devices/SN-1/rpc", body).await;
    assert_eq!(status, 504);
    assert_eq!(
        body,
        json!({"error": "TIMEOUT", "detail": "no answer within 1 ms"})
    );
}

#[tokio::test]
async fn a_call_needs_the_edge_and_is_not_queued() {
    let world = World::start().await;
    world
        .post("/api/devices", json!({"name": "hidden", "assigned": false}))
        .await;
    world.post("/api/devices", json!({"name": "SN-1"})).await;
    let call = |name: &str| {
        let path = format!("/api/devices/{name}/rpc");
        let world = &world;
        async move { world.call("POST", &path, json!({"method": "m"})).await }
    };
    let (status, body) = call("SN-1").await;
    assert_eq!(
        (status, &body["error"]),
        (409, &json!("NO_ACTIVE_CONNECTION"))
    );
    assert_eq!(world.get("/api/edge").await["queuedDownlinks"], 0);
    let _edge = world.edge().await;
    let (status, body) = call("hidden").await;
    assert_eq!(
        (status, &body["error"]),
        (409, &json!("NO_ACTIVE_CONNECTION"))
    );
    let (status, body) = call("none").await;
    assert_eq!(
        (status, body),
        (404, json!({"error": "there is no device named \"none\""}))
    );
}

#[tokio::test]
async fn a_persisted_call_has_a_number_at_once_and_is_looked_at_later() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(ID, "SN-1").await.unwrap();
    let body = json!({
        "method": "m", "params": 1, "persistent": true, "retries": 2,
        "additionalInfo": {"a": 1}, "timeout": 3_600_000,
    });
    let id = world.post("/api/devices/SN-1/rpc", body).await["rpcId"].clone();
    let path = format!("/api/rpc/{}", id.as_str().unwrap());
    let call = world.get(&path).await;
    assert_eq!(
        (
            &call["id"],
            &call["device"],
            &call["method"],
            &call["status"],
            &call["reply"]
        ),
        (
            &id,
            &json!("SN-1"),
            &json!("m"),
            &json!("QUEUED"),
            &Json::Null
        )
    );
    let request = edge.take().await.device_rpc_call_msg.remove(0);
    assert_eq!((request.persisted, request.retries), (Some(true), Some(2)));
    assert_eq!(request.additional_info.as_deref(), Some("{\"a\":1}"));
    assert_eq!(call["expirationTime"], request.expiration_time);
    edge.uplink(reply(&request, "7", "")).await.unwrap();
    let call = world.get(&path).await;
    // The answer is there, and the status is as it was.
    assert_eq!(
        (&call["status"], &call["reply"]),
        (&json!("QUEUED"), &json!({"response": "7"}))
    );
    for (path, status) in [
        (format!("/api/rpc/{ID}"), 404),
        ("/api/rpc/other".to_owned(), 400),
    ] {
        let (got, answer) = world.call("GET", &path, Json::Null).await;
        assert_eq!(got, status, "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_persisted_call_is_not_sent_to_an_edge_that_is_away_and_expires() {
    let world = World::start().await;
    world.post("/api/devices", json!({"name": "SN-1"})).await;
    let body = json!({"method": "m", "persistent": true, "timeout": 0});
    let id = world.post("/api/devices/SN-1/rpc", body).await["rpcId"].clone();
    let call = world
        .get(&format!("/api/rpc/{}", id.as_str().unwrap()))
        .await;
    assert_eq!(call["status"], "EXPIRED");
    let mut edge = world.edge().await;
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());
    // The next call has the next number, and says that nobody keeps it.
    let call = world.call("POST", "/api/devices/SN-1/rpc", json!({"method": "m"}));
    let device = async {
        let request = edge.take().await.device_rpc_call_msg.remove(0);
        assert_eq!((request.request_id, request.persisted), (1, Some(false)));
        assert_eq!(request.additional_info.as_deref(), Some("null"));
        assert_eq!(request.retries, None);
        edge.uplink(reply(&request, "", "TIMEOUT")).await.unwrap();
    };
    let (answer, ()) = tokio::join!(call, device);
    let body = json!({"error": "TIMEOUT", "detail": "the edge's answer"});
    assert_eq!(answer, (504, body));
}
