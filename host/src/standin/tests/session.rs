//! Connecting, and how streams end.

use super::*;
use tonic::Code;
use tonic::codec::CompressionEncoding;

#[tokio::test]
async fn an_accepted_edge_learns_its_configuration() {
    let world = World::start().await;
    let mut edge = world.stream().await;
    let response = edge.connect(KEY, SECRET).await;
    assert_eq!(response.response_code(), ConnectResponseCode::Accepted);
    assert_eq!(response.max_inbound_message_size, Some(4_194_304));
    let configuration = response.configuration.unwrap();
    assert_eq!(configuration.cloud_type, "CE");
    assert_eq!(
        whole(configuration.customer_id_msb, configuration.customer_id_lsb).to_string(),
        "13814000-1dd2-11b2-8080-808080808080"
    );
    assert!(configuration.edge_id_msb != 0 && configuration.tenant_id_msb != 0);
    assert_eq!(
        world.get("/api/edge").await,
        json!({
            "name": "stand-in edge", "customer": null, "deleted": false,
            "connected": true, "sessions": 1, "connects": 1, "synced": false,
            "uplinkMessages": 0, "points": 0, "unacknowledgedDownlinks": 0,
            "queuedDownlinks": 0, "discardedDownlinks": 0,
        })
    );
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_fail_the_stream() {
    let world = World::start().await;
    for (key, secret, text) in [
        (
            "other",
            SECRET,
            "Failed to find the edge! Routing key: other",
        ),
        (
            KEY,
            "other",
            "Failed to validate the edge! Provided request secret: other",
        ),
    ] {
        let mut edge = world.stream().await;
        let response = edge.connect(key, secret).await;
        assert_eq!(
            response.response_code(),
            ConnectResponseCode::BadCredentials
        );
        assert_eq!(response.error_msg, text);
        assert_eq!(response.configuration, None);
        let status = edge.next().await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unknown, ""));
    }
    assert_eq!(world.get("/api/edge").await["connects"], 0);
}

#[tokio::test]
async fn messages_before_the_connect_are_ignored() {
    let world = World::start().await;
    let mut edge = world.stream().await;
    edge.send_uplink(UplinkMsg {
        uplink_msg_id: 1,
        ..UplinkMsg::default()
    })
    .await;
    edge.request_sync().await;
    // The answer to the connect is the first there is.
    let response = edge.connect(KEY, SECRET).await;
    assert_eq!(response.response_code(), ConnectResponseCode::Accepted);
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert_eq!(world.get("/api/edge").await["uplinkMessages"], 1);
}

#[tokio::test]
async fn compressed_messages_are_read_and_too_large_ones_end_the_stream() {
    let world = World::start().await;
    let mut edge = world
        .stream_with(|client| client.send_compressed(CompressionEncoding::Gzip))
        .await;
    let response = edge.connect(KEY, SECRET).await;
    assert_eq!(response.response_code(), ConnectResponseCode::Accepted);
    edge.uplink(UplinkMsg::default()).await.unwrap();

    let mut edge = world.edge().await;
    edge.send_uplink(device_uplink(Uuid::nil(), &"x".repeat(4_194_304)))
        .await;
    assert_eq!(
        edge.next().await.unwrap_err().code(),
        Code::ResourceExhausted
    );
    assert_eq!(world.get("/api/edge").await["connected"], false);
}

#[tokio::test]
async fn a_second_connect_on_a_stream_is_ignored() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.send(RequestMsgType::ConnectRpcMessage, RequestMsg::default())
        .await;
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert_eq!(world.get("/api/edge").await["connects"], 1);
}

#[tokio::test]
async fn a_second_session_completes_the_first() {
    let world = World::start().await;
    let mut first = world.edge().await;
    let mut second = world.edge().await;
    assert_eq!(first.next().await.unwrap(), None);
    second.uplink(UplinkMsg::default()).await.unwrap();
    let edge = world.get("/api/edge").await;
    assert_eq!(
        (&edge["connected"], &edge["connects"]),
        (&json!(true), &json!(2))
    );
}

#[tokio::test]
async fn a_second_session_can_leave_the_first_without_downlinks() {
    let world = World::start().await;
    world
        .post("/api/faults", json!({"secondSession": "silent"}))
        .await;
    let mut first = world.edge().await;
    let mut second = world.edge().await;
    first.create(Uuid::from_u128(1), "SN-1").await.unwrap();
    let path = "/api/devices/SN-1/attributes/SHARED_SCOPE";
    world.post(path, json!({"a": 1})).await;
    assert_eq!(second.take().await.entity_data.len(), 1);
    second.uplink(UplinkMsg::default()).await.unwrap();
    first.uplink(UplinkMsg::default()).await.unwrap();
    assert!(first.downlinks.is_empty());
    assert_eq!(world.get("/api/edge").await["sessions"], 2);

    // The end of the newer one does not bring downlinks back to the older.
    second.requests = mpsc::channel(1).0;
    assert_eq!(second.next().await.unwrap(), None);
    world.post(path, json!({"a": 2})).await;
    first.uplink(UplinkMsg::default()).await.unwrap();
    assert!(first.downlinks.is_empty());
    let state = world.get("/api/edge").await;
    assert_eq!(
        (&state["connected"], &state["sessions"]),
        (&json!(false), &json!(1))
    );
    // All that are open end together.
    let mut third = world.edge().await;
    assert_eq!(third.take().await.entity_data.len(), 1);
    world.post("/api/edge/disconnect", Json::Null).await;
    for edge in [&mut first, &mut third] {
        assert_eq!(edge.next().await.unwrap_err().code(), Code::Unavailable);
    }
    assert_eq!(world.get("/api/edge").await["sessions"], 0);
}

#[tokio::test]
async fn a_half_closed_stream_is_completed_and_the_edge_is_away() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.send_uplink(UplinkMsg {
        uplink_msg_id: 7,
        ..UplinkMsg::default()
    })
    .await;
    let (closed, _) = mpsc::channel(1);
    edge.requests = closed;
    assert_eq!(edge.answer().await.uplink_msg_id, 7);
    assert_eq!(edge.next().await.unwrap(), None);
    assert_eq!(world.get("/api/edge").await["connected"], false);
}

#[tokio::test]
async fn a_broken_link_is_an_error() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    world.post("/api/edge/disconnect", Json::Null).await;
    assert_eq!(edge.next().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(world.get("/api/edge").await["connected"], false);
    let (status, body) = world.call("POST", "/api/edge/disconnect", Json::Null).await;
    assert_eq!(
        (status, body),
        (409, json!({"error": "the edge is not connected"}))
    );
}

#[tokio::test]
async fn a_shutdown_ends_streams_connections_and_waiting_calls() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.create(Uuid::from_u128(1), "SN-1").await.unwrap();
    let mut silent = world.stream().await;
    // One connection kept alive, one in the middle of a request, one call without an answer.
    let mut idle = TcpStream::connect(world.http).await.unwrap();
    idle.write_all(b"GET /api/edge HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 1];
    idle.read_exact(&mut first).await.unwrap();
    let mut partial = TcpStream::connect(world.http).await.unwrap();
    partial
        .write_all(b"POST /api/devices HTTP/1.1\r\n")
        .await
        .unwrap();
    let call = world.call("POST", "/api/devices/SN-1/rpc", json!({"method": "m"}));
    let stop = async {
        assert_eq!(edge.take().await.device_rpc_call_msg.len(), 1);
        world.stop.cancel();
    };
    let ((status, body), ()) = tokio::join!(call, stop);
    assert_eq!(
        (status, body),
        (503, json!({"error": "the stand-in stops"}))
    );
    assert_eq!(edge.next().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(silent.next().await.unwrap_err().code(), Code::Unavailable);
    soon(world.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let world = World::start().await;
    let error = Standin::bind(Settings {
        http_address: world.http,
        ..settings()
    })
    .await
    .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&world.http.to_string()) && text.contains("HTTP"),
        "{text}"
    );
    assert!(text.contains("choose another address"), "{text}");
    assert!(!format!("{:?}", settings()).contains(SECRET));
}
