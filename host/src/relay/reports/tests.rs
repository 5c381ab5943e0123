//! A session's other side, played.

use std::future::Future;

use tokio::{sync::mpsc, task::yield_now, time::Instant};

use super::*;
use crate::{
    message::Value,
    proto::edge::UplinkResponseMsg,
    relay::{ids, request::Request},
};

const EDGE_ID: Uuid = Uuid::from_u128(0xffff_ffff_ffff_fff0_8000_0000_0000_0001);
/// What the exchange waits for an acknowledgement.
const SILENCE: Duration = Duration::from_secs(60);

/// One end of a session, and what the other sees of it.
struct Server {
    exchange: Exchange,
    requests: mpsc::Receiver<Request>,
}

impl Server {
    fn new() -> Self {
        let (outbound, requests) = mpsc::channel(8);
        Self {
            exchange: Exchange::new(outbound, SILENCE),
            requests,
        }
    }

    /// The next message: its id, and the value of its one reading; none for an
    /// empty message.
    async fn next(requests: &mut mpsc::Receiver<Request>) -> (i32, Option<i64>) {
        let message = requests.recv().await.unwrap().uplink_msg();
        let number = message.entity_data.first().map(|part| {
            assert_eq!(part.entity_type, "EDGE");
            let id = ids::uuid(part.entity_id_msb, part.entity_id_lsb);
            assert_eq!(id, EDGE_ID);
            let lists = &part.post_telemetry_msg.as_ref().unwrap().ts_kv_list;
            let [list] = lists.as_slice() else {
                panic!("{lists:?}")
            };
            assert_eq!(list.kv[0].key, "n");
            assert_eq!(list.ts, 1_000 + list.kv[0].long_v);
            list.kv[0].long_v
        });
        (message.uplink_msg_id, number)
    }

    /// Runs a session until `script` has ended, or the session by itself.
    async fn session<F: Future<Output = ()>>(
        self,
        reports: &Reports,
        script: impl FnOnce(Arc<Exchange>, mpsc::Receiver<Request>) -> F,
    ) -> Option<SessionError> {
        let exchange = Arc::new(self.exchange);
        let script = script(exchange.clone(), self.requests);
        tokio::select! {
            end = reports.send(&exchange, EDGE_ID, Duration::from_secs(60)) => Some(end),
            () = script => None,
        }
    }
}

fn push(reports: &Reports, numbers: std::ops::Range<i64>) {
    for number in numbers {
        let pair = KeyValue {
            key: "n".to_owned(),
            value: Value::Long(number),
        };
        reports.push(1_000 + number, vec![pair]);
    }
}

fn answer(exchange: &Exchange, uplink_msg_id: i32, error: &str) {
    exchange.resolve(UplinkResponseMsg {
        success: error.is_empty(),
        error_msg: error.to_owned(),
        uplink_msg_id,
    });
}

#[tokio::test(start_paused = true)]
async fn they_leave_one_by_one_in_order() {
    let reports = Reports::default();
    push(&reports, 0..3);
    let end = Server::new()
        .session(&reports, |exchange, mut requests| async move {
            for expected in 0..3 {
                let (id, number) = Server::next(&mut requests).await;
                assert_eq!(number, Some(expected));
                for _ in 0..10 {
                    yield_now().await;
                }
                assert!(requests.is_empty(), "the next one leaves after the answer");
                answer(&exchange, id, "");
            }
            // The last answer is taken in.
            sleep(Duration::from_millis(1)).await;
        })
        .await;
    assert!(end.is_none());
    assert!(reports.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_refused_is_tried_again_three_times() {
    let reports = Reports::default();
    push(&reports, 0..2);
    let seen = Server::new()
        .session(&reports, |exchange, mut requests| async move {
            for refusal in 0..4 {
                let (id, number) = Server::next(&mut requests).await;
                assert_eq!(number, Some(0), "refusal {refusal}");
                answer(&exchange, id, "no such entity");
            }
            let (id, number) = Server::next(&mut requests).await;
            assert_eq!(number, Some(1));
            answer(&exchange, id, "");
            sleep(Duration::from_millis(1)).await;
        })
        .await;
    assert!(seen.is_none());
    assert!(reports.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_limits_its_rate_gets_time() {
    let reports = Reports::default();
    push(&reports, 0..1);
    let start = Instant::now();
    Server::new()
        .session(&reports, |exchange, mut requests| async move {
            for _ in 0..9 {
                let (id, number) = Server::next(&mut requests).await;
                assert_eq!(number, Some(0));
                answer(&exchange, id, "Rate limit reached");
            }
            let (id, _) = Server::next(&mut requests).await;
            answer(&exchange, id, "");
            sleep(Duration::from_millis(1)).await;
        })
        .await;
    assert!(reports.is_empty());
    assert_eq!(start.elapsed().as_secs(), 9 * 60);
}

#[tokio::test(start_paused = true)]
async fn silence_costs_the_report_or_the_session() {
    let reports = Reports::default();
    push(&reports, 0..2);
    let end = Server::new()
        .session(&reports, |exchange, mut requests| async move {
            for _ in 0..4 {
                let (_, number) = Server::next(&mut requests).await;
                assert_eq!(number, Some(0));
                let (id, number) = Server::next(&mut requests).await;
                assert_eq!(
                    number, None,
                    "an empty message asks whether anybody is there"
                );
                answer(&exchange, id, "");
            }
            let (_, number) = Server::next(&mut requests).await;
            assert_eq!(number, Some(1), "the first was given up");
            std::future::pending().await
        })
        .await;
    assert!(matches!(end, Some(SessionError::Silent)), "{end:?}");
    assert_eq!(reports.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_session_sends_what_was_not_acknowledged() {
    let reports = Reports::default();
    push(&reports, 0..2);
    for _ in 0..10 {
        Server::new()
            .session(&reports, |_exchange, mut requests| async move {
                let (_, number) = Server::next(&mut requests).await;
                assert_eq!(number, Some(0));
            })
            .await;
        assert!(!reports.in_session());
    }
    assert_eq!(reports.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_goes_when_too_many_wait() {
    let reports = Reports::default();
    push(&reports, 0..64);
    assert_eq!(reports.queue.borrow().dropped, 0);
    let pushing = reports.clone();
    Server::new()
        .session(&reports, |exchange, mut requests| async move {
            let (id, number) = Server::next(&mut requests).await;
            assert_eq!(number, Some(0));
            // Pushes out the one on its way and the next.
            push(&pushing, 64..66);
            answer(&exchange, id, "");
            for expected in 2..66 {
                let (id, number) = Server::next(&mut requests).await;
                assert_eq!(number, Some(expected));
                answer(&exchange, id, "");
            }
            sleep(Duration::from_millis(1)).await;
        })
        .await;
    assert!(reports.is_empty());
    assert_eq!(reports.queue.borrow().dropped, 2);
}

#[tokio::test(start_paused = true)]
async fn flushing_waits_for_a_session_only() {
    let reports = Reports::default();
    push(&reports, 0..1);
    let start = Instant::now();
    reports.flushed().await;
    assert_eq!((start.elapsed(), reports.len()), (Duration::ZERO, 1));

    let flushing = reports.clone();
    let flushed = Server::new().session(&reports, |exchange, mut requests| async move {
        let (id, _) = Server::next(&mut requests).await;
        assert!(flushing.in_session());
        let answering = async {
            sleep(Duration::from_secs(7)).await;
            answer(&exchange, id, "");
        };
        tokio::join!(flushing.flushed(), answering);
        assert!(flushing.is_empty());
    });
    assert!(flushed.await.is_none());
    assert_eq!(start.elapsed().as_secs(), 7);

    push(&reports, 1..2);
    let ending = Server::new().session(&reports, |_exchange, requests| async move {
        sleep(Duration::from_secs(2)).await;
        drop(requests);
    });
    let mut queue = reports.queue.subscribe();
    let flushed = async {
        let _ = queue.wait_for(|queue| queue.in_session).await;
        reports.flushed().await;
        start.elapsed().as_secs()
    };
    let (_, at) = tokio::join!(ending, flushed);
    assert_eq!(
        (at, reports.len()),
        (9, 1),
        "the session's end ends the wait"
    );
}
