//! Points, attributes and what is shown of them.

use super::*;

fn add(data: &mut Data, key: &str, ts: i64, value: Value) {
    let point = Point {
        ts,
        value,
        arrived_us: ts * 10,
    };
    data.add_point(key, point, 3, None);
}

#[test]
fn latest_goes_by_time_and_history_by_arrival() {
    let mut data = Data::default();
    add(&mut data, "t", 20, Value::Long(1));
    add(&mut data, "t", 10, Value::Long(2));
    add(&mut data, "t", 20, Value::Long(3));
    add(&mut data, "u", 5, Value::Bool(true));
    assert_eq!(
        data.latest(None),
        json!({"t": [{"ts": 20, "value": 3}], "u": [{"ts": 5, "value": true}]})
    );
    assert_eq!(
        data.history(Some(&["t".to_owned()])),
        json!({"t": [
            {"ts": 20, "value": 1},
            {"ts": 10, "value": 2},
            {"ts": 20, "value": 3},
        ]})
    );
    assert_eq!(
        data.arrivals(Some(&["t".to_owned()])),
        json!({"t": [[200, 1], [100, 2], [200, 3]]})
    );
}

#[test]
fn the_oldest_arrival_makes_room_and_still_counts() {
    let mut data = Data::default();
    for number in 1..=4 {
        add(&mut data, "t", number, Value::Long(number));
    }
    add(&mut data, "t", 5, Value::Bool(true));
    let history = data.history(None);
    let points = history["t"].as_array().unwrap();
    assert_eq!((points.len(), &points[0]["ts"]), (3, &json!(3)));
    assert_eq!(
        data.sequence("t").unwrap().to_json(),
        json!({
            "arrived": 4, "distinct": 4, "max": 4, "gapFree": 4,
            "missing": 0, "duplicates": 0, "outOfOrder": 0, "other": 1,
        })
    );
    assert_eq!(data.sequence("u"), None);
}

#[test]
fn an_attribute_time_must_be_newer_than_the_stored_update() {
    let mut data = Data::default();
    let mut set =
        |value, sent, now| data.set_attribute(Scope::Client, "k", Value::Long(value), sent, now);
    // (value, time sent, server's clock, stored)
    for (value, sent, now, stored) in [
        (1, Some(7), 100, true),
        (2, Some(99), 110, false),
        (3, Some(100), 110, false),
        (4, Some(101), 110, true),
        (5, Some(109), 120, false),
        (6, None, 110, true),
    ] {
        assert_eq!(set(value, sent, now), stored, "value {value}");
    }
    assert_eq!(
        data.attributes(),
        json!({"CLIENT_SCOPE": {"k": 6}, "SHARED_SCOPE": {}, "SERVER_SCOPE": {}})
    );
    assert!(data.delete_attribute(Scope::Client, "k"));
    assert!(!data.delete_attribute(Scope::Client, "k"));
}

#[test]
fn scopes_have_their_wire_names() {
    for scope in Scope::ALL {
        assert_eq!(Scope::parse(scope.name()), Some(scope));
    }
    assert_eq!(Scope::parse("client_scope"), None);
    assert_eq!(Scope::parse(""), None);
}
