//! Against a server of the test's own; time stands still but for what is waited for.

use tempfile::TempDir;
use tokio::sync::mpsc;

use super::*;
use crate::{
    message::Value,
    proto::{
        edge::{AttributeDeleteMsg, UplinkResponseMsg},
        transport::{KeyValueProto, KeyValueType, PostAttributeMsg},
    },
    relay::{entities::Known, request::Request},
};

const DEVICE: Uuid = Uuid::from_u128(7);

struct Bench {
    attributes: Attributes,
    exchange: Arc<Exchange>,
    requests: mpsc::Receiver<Request>,
    _folder: TempDir,
}

fn bench() -> Bench {
    let folder = TempDir::new().unwrap();
    let entities = Entities::open(folder.path()).unwrap();
    entities.learn(
        DEVICE,
        Known {
            kind: EntityKind::Device,
            name: "SN-1".to_owned(),
            profile: "default".to_owned(),
        },
    );
    let (outbound, requests) = mpsc::channel(8);
    let exchange = Arc::new(Exchange::new(outbound, Duration::from_secs(60)));
    let attributes = Attributes::new(Arc::new(entities));
    attributes.set_session(Some(exchange.clone()));
    Bench {
        attributes,
        exchange,
        requests,
        _folder: folder,
    }
}

fn update(scope: Scope, pairs: &[(&str, i64)]) -> EntityDataProto {
    let pair = |(key, value): &(&str, i64)| {
        let mut pair = KeyValueProto {
            key: (*key).to_owned(),
            long_v: *value,
            ..KeyValueProto::default()
        };
        pair.set_type(KeyValueType::LongV);
        pair
    };
    EntityDataProto {
        entity_id_lsb: 7,
        attributes_updated_msg: Some(PostAttributeMsg {
            kv: pairs.iter().map(pair).collect(),
            shared: false,
        }),
        post_attribute_scope: scope.name().to_owned(),
        ..EntityDataProto::default()
    }
}

impl Bench {
    /// What is found for `keys`; the server acknowledges the question, sends
    /// `answers`, and is asked for the scopes that come back.
    async fn find(
        &mut self,
        keys: &[&str],
        answers: &[EntityDataProto],
    ) -> (Vec<(String, String)>, Vec<String>) {
        let keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
        let mut asked = Vec::new();
        let server = async {
            let message = self.requests.recv().await.unwrap().uplink_msg();
            self.exchange.resolve(UplinkResponseMsg {
                success: true,
                error_msg: String::new(),
                uplink_msg_id: message.uplink_msg_id,
            });
            for request in message.attributes_request_msg {
                assert_eq!(request.entity_id_lsb, 7);
                asked.push(request.scope);
            }
            for answer in answers {
                self.attributes.take(answer);
            }
            std::future::pending::<()>().await;
        };
        let found = tokio::select! {
            found = self.attributes.look_up("SN-1", &keys) => found,
            () = server => unreachable!(),
        };
        (found.into_iter().collect(), asked)
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_converter_reads_is_asked_for_once() {
    let mut bench = bench();
    let began = Instant::now();
    let answer = update(Scope::Server, &[("limit", 7), ("other", 8)]);
    let (found, asked) = bench.find(&["ss_limit", "plain"], &[answer]).await;
    assert_eq!(found, pairs(&[("ss_limit", "7"), ("ss_other", "8")]));
    assert_eq!(asked, ["SERVER_SCOPE"]);
    assert_eq!(
        began.elapsed(),
        Duration::ZERO,
        "an answer is not waited out"
    );
    // What changes since is told by the server; nothing is asked.
    bench
        .attributes
        .take(&update(Scope::Server, &[("limit", 9)]));
    let mut deletion = update(Scope::Server, &[]);
    deletion.attributes_updated_msg = None;
    deletion.attribute_delete_msg = Some(AttributeDeleteMsg {
        scope: "SERVER_SCOPE".to_owned(),
        attribute_names: vec!["other".to_owned()],
    });
    bench.attributes.take(&deletion);
    let (found, asked) = bench.find(&["ss_limit"], &[]).await;
    assert_eq!((found, asked.len()), (pairs(&[("ss_limit", "9")]), 0));
    // After some minutes it is asked again, and what is gone is gone.
    tokio::time::advance(REFRESH).await;
    let (found, asked) = bench
        .find(&["ss_limit"], &[update(Scope::Server, &[("new", 1)])])
        .await;
    assert_eq!((found, asked.len()), (pairs(&[("ss_new", "1")]), 1));
}

#[tokio::test(start_paused = true)]
async fn a_scope_without_attributes_is_waited_for_once() {
    let mut bench = bench();
    let began = Instant::now();
    let (found, asked) = bench.find(&["shared_a", "cs_b"], &[]).await;
    assert_eq!((found, asked.len()), (Vec::new(), 2));
    assert_eq!(began.elapsed(), ANSWER_TIMEOUT);
    let (found, asked) = bench.find(&["shared_a"], &[]).await;
    assert_eq!((found.len(), asked.len()), (0, 0));
    assert_eq!(began.elapsed(), ANSWER_TIMEOUT);
    // What the device itself sends is known without the server.
    let sent = KeyValue {
        key: "b".to_owned(),
        value: Value::Double(2.0),
    };
    bench.attributes.sent(DEVICE, &[sent]);
    let (found, _) = bench.find(&["cs_b"], &[]).await;
    assert_eq!(found, pairs(&[("cs_b", "2.0")]));
}

/// A server that is slow to take the question has its time to answer all the same;
/// one that refuses it is asked again by the next reader.
#[tokio::test(start_paused = true)]
async fn a_question_counts_when_it_was_taken() {
    let mut bench = bench();
    let keys = ["ss_a".to_owned()];
    for (success, found) in [(false, 0), (true, 1)] {
        let server = async {
            let message = bench.requests.recv().await.unwrap().uplink_msg();
            tokio::time::sleep(Duration::from_millis(1500)).await;
            bench.exchange.resolve(UplinkResponseMsg {
                success,
                error_msg: "Rate limit reached".to_owned(),
                uplink_msg_id: message.uplink_msg_id,
            });
            tokio::time::sleep(Duration::from_millis(500)).await;
            if success {
                bench.attributes.take(&update(Scope::Server, &[("a", 1)]));
            }
        };
        let (metadata, ()) = tokio::join!(bench.attributes.look_up("SN-1", &keys), server);
        assert_eq!(metadata.len(), found);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_without_need_or_session() {
    let bench = bench();
    let key = |key: &str| [key.to_owned()];
    let keys = key("scope");
    assert!(bench.attributes.look_up("SN-1", &keys).await.is_empty());
    let keys = key("ss_a");
    assert!(bench.attributes.look_up("SN-2", &keys).await.is_empty());
    bench.attributes.set_session(None);
    assert!(bench.attributes.look_up("SN-1", &keys).await.is_empty());
    let mut requests = bench.requests;
    assert!(requests.try_recv().is_err());
}

/// A change and an answer look alike. A change must reach the device; an answer
/// that says what is known need not.
#[tokio::test(start_paused = true)]
async fn only_an_answer_that_says_nothing_new_is_kept_from_the_device() {
    let mut bench = bench();
    let first = update(Scope::Shared, &[("a", 1)]);
    assert!(!bench.attributes.take(&first), "nobody asked");
    bench.find(&["shared_a"], &[]).await;
    assert!(!bench.attributes.take(&first), "too late for an answer");
    tokio::time::advance(REFRESH).await;
    let changed = update(Scope::Shared, &[("a", 2)]);
    let keys = ["shared_a".to_owned()];
    for (answer, nothing_new) in [(&first, true), (&changed, false), (&changed, true)] {
        let look_up = bench.attributes.look_up("SN-1", &keys);
        let server = async {
            let message = bench.requests.recv().await.unwrap().uplink_msg();
            bench.exchange.resolve(UplinkResponseMsg {
                success: true,
                error_msg: String::new(),
                uplink_msg_id: message.uplink_msg_id,
            });
            assert_eq!(bench.attributes.take(answer), nothing_new);
        };
        tokio::join!(look_up, server);
        tokio::time::advance(REFRESH).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_bounded() {
    let mut cache = Cache::default();
    let now = Instant::now();
    let id = Uuid::from_u128;
    for number in 0..1001 {
        assert_eq!(cache.ask(id(number), &Scope::ALL, now), Scope::ALL);
    }
    assert!(!cache.has(id(0)) && cache.has(id(1)) && cache.has(id(1000)));
    let large = |key: &str| (key.to_owned(), "x".repeat(40 * 1024));
    let pairs = [large("a"), large("b")].into();
    cache.merge(id(5), Scope::Server, pairs);
    let found = cache.metadata(id(5), &[Scope::Server]);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["ss_a"]);
}
