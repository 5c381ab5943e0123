//! Clients of every kind, over real sockets.

use std::future::ready;

use tokio::{sync::Notify, time::Instant};

use super::*;
use crate::control::{
    LetterList, request,
    testing::{Fake, Running, every_request, every_response, letter, read},
};

const LIST: &[u8] = b"{\"command\":\"converters\"}\n";

async fn works(running: &Running) {
    let response = request(running.folder(), &Request::Converters).await;
    assert_eq!(response.unwrap(), every_response()[0]);
}

#[tokio::test]
async fn every_request_arrives_and_is_answered() {
    let running = Running::start(Fake::Host).await;
    for (request_, response) in every_request().iter().zip(every_response()) {
        let answered = request(running.folder(), request_).await.unwrap();
        assert_eq!(answered, response, "{request_:?}");
    }
}

#[tokio::test]
async fn a_line_without_its_end_is_taken_when_the_client_has_no_more() {
    let running = Running::start(Fake::says(Err("no".to_owned()))).await;
    let mut stream = running.connect().await;
    stream.write_all(LIST.trim_ascii_end()).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(
        read(&mut stream).await,
        "{\"error\":{\"message\":\"no\"}}\n"
    );
}

#[tokio::test]
async fn rubbish_is_answered_in_words_and_harms_nobody() {
    let running = Running::start(Fake::Host).await;
    let no_request = "this is no request: send one line of JSON";
    let too_long = "a request has 65536 bytes at most";
    let endless = vec![b'x'; 2 * MAX_REQUEST];
    let nested = vec![b'['; MAX_REQUEST];
    for (rubbish, message) in [
        (&b"\n"[..], no_request),
        (b"\0\x01\xff\n", no_request),
        (b"GET / HTTP/1.1\r\n\r\n", no_request),
        (
            b"{\"command\":\"dance\"}\n",
            "does not know the command dance",
        ),
        (&[&nested[..MAX_REQUEST - 1], b"\n"].concat(), no_request),
        (&[&nested[..], b"\n"].concat(), no_request),
        (&[&nested[..], b"[\n"].concat(), too_long),
        (&endless, too_long),
    ] {
        let answer = running.exchange(rubbish).await;
        let start = rubbish[..rubbish.len().min(30)].escape_ascii();
        assert!(answer.starts_with("{\"error\":"), "{start}: {answer}");
        assert!(answer.contains(message), "{start}: {answer}");
        works(&running).await;
    }
}

#[tokio::test]
async fn who_connects_and_leaves_is_not_answered() {
    let running = Running::start(Fake::Panics).await;
    let mut stream = running.connect().await;
    stream.shutdown().await.unwrap();
    assert_eq!(read(&mut stream).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_no_request_is_let_go_after_five_seconds() {
    let running = Running::start(Fake::Host).await;
    for sent in [&b""[..], b"{\"command\":"] {
        let start = Instant::now();
        assert_eq!(
            running.exchange(sent).await,
            "{\"error\":{\"message\":\"no whole request came within 5 s\"}}\n"
        );
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_now_and_then_do_not_prolong_the_wait() {
    let running = Running::start(Fake::Host).await;
    let start = Instant::now();
    let mut stream = running.connect().await;
    while stream.write_all(b"{").await.is_ok() {
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(start.elapsed().as_secs() < 10, "it is never let go");
    }
    assert!(read(&mut stream).await.contains("within 5 s"));
}

#[tokio::test(start_paused = true)]
async fn hanging_clients_leave_a_place_for_others() {
    let running = Running::start(Fake::Host).await;
    let mut hanging = Vec::new();
    for _ in 1..MAX_CONNECTIONS {
        hanging.push(running.connect().await);
    }
    let start = Instant::now();
    works(&running).await;
    assert_eq!(start.elapsed(), Duration::ZERO);

    hanging.push(running.connect().await);
    let busy = request(running.folder(), &Request::Converters).await;
    assert_eq!(
        busy.unwrap_err().to_string(),
        "the host carries out 16 other commands: try again when some are done"
    );
    drop(hanging);
    works(&running).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_its_answer_is_let_go() {
    // Far more than the buffers of a socket hold.
    let letters = vec![letter(1); 20_000];
    let huge = Response::Letters(LetterList {
        letters,
        ..LetterList::default()
    });
    let running = Running::start(Fake::says(Ok(huge))).await;
    let mut stream = running.connect().await;
    stream.write_all(LIST).await.unwrap();
    tokio::time::sleep(ANSWER_TIMEOUT * 2).await;
    let answer = read(&mut stream).await;
    assert!(answer.starts_with("{\"ok\":"));
    assert!(!answer.ends_with('\n'));
}

#[tokio::test]
async fn a_panic_costs_its_own_request_only() {
    struct PanicsOnRollback;
    impl Control for PanicsOnRollback {
        fn handle(&self, request: Request) -> impl Future<Output = Result<Response, String>> {
            assert_eq!(request, Request::Converters, "as the test wants it");
            ready(Ok(every_response()[0].clone()))
        }
    }
    let running = Running::start(PanicsOnRollback).await;
    let broken_off = request(running.folder(), &every_request()[1]).await;
    assert!(matches!(broken_off, Err(ControlError::BrokenOff { .. })));
    works(&running).await;
}

#[tokio::test]
async fn a_stopping_host_waits_for_nobody_and_takes_its_socket_along() {
    let asked = Arc::new(Notify::new());
    let running = Running::start(Fake::Hangs(asked.clone())).await;
    let path = running.folder().join("control.sock");
    let folder = running.folder().to_owned();
    let waiting = tokio::spawn(async move { request(&folder, &Request::Converters).await });
    let _silent = running.connect().await;
    asked.notified().await;
    assert!(path.exists());
    let folder = running.stop().await;
    assert!(!path.exists());
    let broken_off = waiting.await.unwrap();
    assert!(matches!(broken_off, Err(ControlError::BrokenOff { .. })));
    let gone = request(folder.path(), &Request::Converters).await;
    assert!(matches!(gone, Err(ControlError::NotRunning { .. })));
}
