//! Customers: who they are, what the edge is told of them, and what belongs to them.

use super::*;

const ONE: Uuid = Uuid::from_u128(1);
const NULL: &str = "13814000-1dd2-11b2-8080-808080808080";

/// The JSON of the customers that messages tell of.
fn told(messages: &[DownlinkMsg]) -> Vec<Json> {
    let updates = messages
        .iter()
        .flat_map(|message| &message.customer_update_msg);
    updates
        .map(|update| serde_json::from_str(&update.entity).unwrap_or_default())
        .collect()
}

async fn make(world: &World, body: Json) -> Uuid {
    let customer = world.post("/api/customers", body).await;
    customer["id"].as_str().unwrap().parse().unwrap()
}

fn customer_of(configuration: &EdgeConfiguration) -> String {
    whole(configuration.customer_id_msb, configuration.customer_id_lsb).to_string()
}

#[tokio::test]
async fn a_sync_tells_of_the_public_and_the_own_customer_only() {
    let world = World::start().await;
    let acme = make(&world, json!({"title": "Acme"})).await;
    let mut edge = world.edge().await;
    assert_eq!(told(&edge.sync().await), Vec::<Json>::new());

    let public = make(&world, json!({"public": true})).await;
    make(&world, json!({"title": "Other"})).await;
    world
        .post("/api/edge/customer", json!({"title": "Acme"}))
        .await;
    // A connected edge hears of its new customer at once.
    assert_eq!(told(&[edge.take().await])[0]["title"], "Acme");
    let configuration = edge.take().await.edge_configuration.unwrap();
    assert_eq!(customer_of(&configuration), acme.to_string());

    let customers = told(&edge.sync().await);
    let seen: Vec<_> = customers
        .iter()
        .map(|json| (&json["title"], &json["id"]["id"], &json["additionalInfo"]))
        .collect();
    assert_eq!(
        seen,
        [
            (
                &json!("Public"),
                &json!(public.to_string()),
                &json!({"isPublic": true})
            ),
            (&json!("Acme"), &json!(acme.to_string()), &Json::Null),
        ]
    );
    let shown = world.get("/api/customers").await;
    let shown: Vec<_> = shown.as_array().unwrap().iter().collect();
    assert_eq!(shown.len(), 3);
    for (json, (title, public, edge)) in shown.iter().zip([
        ("Acme", false, true),
        ("Other", false, false),
        ("Public", true, false),
    ]) {
        assert_eq!(
            (&json["title"], &json["public"], &json["edge"]),
            (&json!(title), &json!(public), &json!(edge))
        );
    }
}

#[tokio::test]
async fn the_configuration_names_the_customer_and_an_edge_that_is_away_hears_of_it_later() {
    let world = World::start().await;
    let mut edge = world.edge().await;
    edge.uplink(UplinkMsg::default()).await.unwrap();
    world.post("/api/edge/disconnect", Json::Null).await;
    let acme = make(&world, json!({"title": "Acme", "edge": true})).await;
    assert_eq!(world.get("/api/edge").await["customer"], "Acme");

    let mut edge = world.stream().await;
    let response = edge.connect(KEY, SECRET).await;
    assert_eq!(
        customer_of(&response.configuration.unwrap()),
        acme.to_string()
    );
    // The customer waited, the changed configuration did not.
    let message = edge.take().await;
    assert_eq!(told(std::slice::from_ref(&message))[0]["title"], "Acme");
    edge.uplink(UplinkMsg::default()).await.unwrap();
    assert!(edge.downlinks.is_empty());

    world
        .post("/api/edge/customer", json!({"title": null}))
        .await;
    let configuration = edge.take().await.edge_configuration.unwrap();
    assert_eq!(customer_of(&configuration), NULL);
    let update = edge.take().await.customer_update_msg.remove(0);
    assert_eq!(update.msg_type(), UpdateMsgType::EntityDeletedRpcMessage);
    assert_eq!(whole(update.id_msb, update.id_lsb), acme);
    assert_eq!(world.get("/api/edge").await["customer"], Json::Null);
}

#[tokio::test]
async fn the_customer_of_a_creation_is_kept_and_an_unknown_one_fails_it() {
    let world = World::start().await;
    let acme = make(&world, json!({"title": "Acme"})).await;
    let mut edge = world.edge().await;
    let body = |edge: &Edge, customer: Option<&str>| {
        let mut json = edge.device_json("SN-1");
        if let Some(id) = customer {
            json["customerId"] = json!({"entityType": "CUSTOMER", "id": id});
        }
        json.to_string()
    };
    let unknown = Uuid::max().to_string();
    let mut uplink = device_uplink(ONE, &body(&edge, Some(&unknown)));
    let other = edge.device_json("SN-2").to_string();
    let other = device_uplink(Uuid::from_u128(2), &other).device_update_msg;
    uplink.device_update_msg.extend(other);
    let error = edge.uplink(uplink).await.unwrap_err();
    assert_eq!(error, format!("there is no customer {unknown}"));
    // Only the part failed.
    let devices = world.get("/api/devices").await;
    assert_eq!(
        (devices.as_array().unwrap().len(), &devices[0]["name"]),
        (1, &json!("SN-2"))
    );

    // (what is sent, what is shown)
    for (customer, shown) in [
        (Some(acme.to_string()), json!("Acme")),
        (None, json!("Acme")),
        (Some(NULL.to_owned()), Json::Null),
        (None, Json::Null),
    ] {
        let text = body(&edge, customer.as_deref());
        edge.uplink(device_uplink(ONE, &text)).await.unwrap();
        let devices = world.get("/api/devices").await;
        assert_eq!(devices[0]["customer"], shown, "{customer:?}");
    }
}

#[tokio::test]
async fn titles_are_checked_and_unique() {
    let world = World::start().await;
    make(&world, json!({"title": "Acme"})).await;
    make(&world, json!({"title": "Public", "public": true})).await;
    for (path, body, status) in [
        ("/api/customers", json!({"title": "Acme"}), 409),
        ("/api/customers", json!({"public": true}), 409),
        ("/api/customers", json!({"title": "x", "public": true}), 400),
        ("/api/customers", json!({}), 400),
        ("/api/customers", json!({"title": " "}), 400),
        ("/api/customers", json!({"title": "x", "more": 1}), 400),
        ("/api/edge/customer", json!({"title": "none"}), 404),
    ] {
        let (got, answer) = world.call("POST", path, body.clone()).await;
        assert_eq!(got, status, "{body}: {answer}");
    }
}
