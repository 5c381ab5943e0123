use std::{
    io::{self, ErrorKind},
    sync::Mutex,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::mpsc,
};

use super::{
    super::{clock::Clock, parser, random::Random},
    *,
};

/// A server without sockets: each connection comes out of a channel.
struct InMemory(mpsc::UnboundedSender<DuplexStream>);

impl Server for InMemory {
    type Stream = DuplexStream;

    fn name(&self) -> &str {
        "server:1"
    }

    async fn connect(&self) -> io::Result<DuplexStream> {
        let (device, server) = duplex(64);
        match self.0.send(server) {
            Ok(()) => Ok(device),
            Err(_) => Err(ErrorKind::ConnectionRefused.into()),
        }
    }

    fn reset(&self, stream: DuplexStream) {
        drop(stream);
    }
}

/// What became of a conversation.
struct Outcome {
    result: Result<()>,
    line: usize,
    transcript: String,
    tally: Arc<Tally>,
    took: Duration,
}

impl Outcome {
    #[track_caller]
    fn failure(self, kind: Kind, line: usize) -> Failure {
        let failure = self.result.unwrap_err();
        assert_eq!((failure.kind, self.line), (kind, line), "{failure}");
        failure
    }
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const RULES: Rules = Rules {
    timeout: Duration::from_secs(10),
    lenient: false,
};

/// Holds a conversation with what `serve` does on each connection.
async fn hold_with<F>(text: &str, rules: Rules, serve: impl Fn(DuplexStream) -> F) -> Outcome
where
    F: Future<Output = ()>,
{
    let conversation = parser::parse(text, &[]).unwrap().conversation;
    let (sender, mut connections) = mpsc::unbounded_channel();
    let clock = Clock::start();
    let written = Written::default();
    let tally = Arc::<Tally>::default();
    let memory = Memory {
        variables: vec![None; conversation.names.len()],
        random: Random::new(1, 0, 1),
        clock,
        copy: 1,
        pass: 0,
    };
    let mut device = Device::new(
        Arc::new(conversation),
        Arc::new(InMemory(sender)),
        rules,
        tally.clone(),
        Transcript::to(Box::new(written.clone()), clock),
        memory,
    );
    let serving = async {
        while let Some(stream) = connections.recv().await {
            serve(stream).await;
        }
    };
    let result = tokio::select! {
        biased;
        result = device.run() => result,
        () = serving => panic!("the device holds the channel"),
    };
    Outcome {
        result,
        line: device.line,
        transcript: String::from_utf8(written.0.lock().unwrap().clone()).unwrap(),
        tally,
        took: clock.elapsed(),
    }
}

async fn hold<F>(text: &str, serve: impl Fn(DuplexStream) -> F) -> Outcome
where
    F: Future<Output = ()>,
{
    hold_with(text, RULES, serve).await
}

/// Sends back what comes, until the device closes.
async fn echo(mut stream: DuplexStream) {
    let mut bytes = [0; 16];
    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
        stream.write_all(&bytes[..count]).await.unwrap();
    }
}

/// Sends `pieces`, each `pause` after the one before, and waits for the end.
async fn say(mut stream: DuplexStream, pause: Duration, pieces: &[&[u8]]) {
    for piece in pieces {
        tokio::time::sleep(pause).await;
        stream.write_all(piece).await.unwrap();
    }
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
}

const PAUSE: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn what_is_sent_comes_back() {
    let text = "set n = 5\nrepeat 3 {\nset n = n + 1\nsend \"n={n},\" {loop:u8}\n\
                expect \"n=\" <m> \",\" {loop:u8} within 1s\nset same = [ {m} ]\n\
                send {same + 1}\nexpect {n + 1}\nwait 100ms\n}";
    let outcome = hold(text, echo).await;
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.took, Duration::from_millis(300));
    let tally = &outcome.tally;
    assert_eq!(tally.sent.load(Relaxed), 6);
    assert_eq!(tally.heard.load(Relaxed), 6);
    assert_eq!(tally.received_bytes.load(Relaxed), 18);
    assert_eq!(tally.answers.count(), 6);
    assert_eq!(tally.connected.load(Relaxed), 0);
    assert_eq!(tally.connects.load(Relaxed), 1);
    let lines: Vec<_> = outcome
        .transcript
        .lines()
        .map(|line| line.trim_start())
        .collect();
    assert_eq!(
        lines[..5],
        [
            "0 ms - connected to server:1",
            "0 ms > 6e 3d 36 2c 01",
            "0 ms < 6e 3d 36 2c 01",
            "0 ms > \"7\"",
            "0 ms < \"7\"",
        ]
    );
    assert_eq!(lines.last(), Some(&"300 ms - closed"));
}

#[tokio::test(start_paused = true)]
async fn large_messages_pass_small_pipes_both_ways() {
    let text = "set a = \"0123456789\"\nset a = \"{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}\"\n\
                set a = \"{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}\"\nsend {a}\nexpect {a}";
    let outcome = hold(text, echo).await;
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.tally.received_bytes.load(Relaxed), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_difference_is_shown_with_its_place() {
    let failure = hold("\nsend \"#AL#0\\r\\n\"\nexpect \"#AL#1\\r\\n\"", echo)
        .await
        .failure(Kind::Mismatch, 3);
    assert_eq!(
        failure.to_string(),
        "something else came than expected: byte 4 is 30 \"0\", not 31 \"1\"\n  \
         expected  23 41 4c 23 31 0d 0a   \"#AL#1\\r\\n\"\n  \
         came      23 41 4c 23 30 0d 0a   \"#AL#0\\r\\n\""
    );
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_in_time_is_shown_as_far_as_it_came() {
    let outcome = hold("expect \"abc\" within 2s", async |stream| {
        say(stream, PAUSE, &[b"a", b"b"]).await;
    })
    .await;
    assert_eq!(outcome.took, Duration::from_secs(2));
    let failure = outcome.failure(Kind::Timeout, 1);
    assert_eq!(
        failure.to_string(),
        "what was expected did not come within 2 s\n  expected  61 62 63   \"abc\"\n  \
         came      61 62   \"ab\""
    );
    let outcome = hold("expect \"abc\"", echo).await;
    assert_eq!(outcome.took, RULES.timeout);
    let failure = outcome.failure(Kind::Timeout, 1);
    assert_eq!(failure.came.as_deref(), Some("nothing"));
}

#[tokio::test(start_paused = true)]
async fn silence_is_expected_for_its_time() {
    let said = async |stream| say(stream, PAUSE, &[b"a"]).await;
    let outcome = hold("expect nothing for 99ms\nexpect \"a\"", said).await;
    assert_eq!(outcome.result, Ok(()));
    let failure = hold("expect nothing for 101ms", said)
        .await
        .failure(Kind::Unexpected, 1);
    assert_eq!(failure.text, "1 byte came where nothing was expected");
    let failure = hold("expect nothing for 1s", async |stream| drop(stream))
        .await
        .failure(Kind::Closed, 1);
    assert_eq!(
        failure.text,
        "the server closed the connection where nothing was expected"
    );
}

#[tokio::test(start_paused = true)]
async fn a_close_is_expected_or_a_failure() {
    let closing = async |mut stream: DuplexStream| {
        let mut bytes = [0; 1];
        if stream.read_exact(&mut bytes).await.is_ok() {
            stream.write_all(b"b").await.unwrap();
        }
    };
    let text = "repeat 2 {\nconnect\nsend \"a\"\nexpect \"b\"\nexpect close\n}";
    let outcome = hold(text, closing).await;
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.tally.connects.load(Relaxed), 2);
    assert!(outcome.transcript.contains("- closed by the server"));

    for (text, kind, line, expected) in [
        (
            "send \"a\"\nexpect \"bc\"",
            Kind::Closed,
            2,
            "the server closed the connection before all of this came",
        ),
        (
            "send \"a\"\nexpect close",
            Kind::Unexpected,
            2,
            "1 byte came where the server should close the connection",
        ),
        (
            "send \"a\"\nexpect \"b\"\nwait 1s\nsend \"c\"",
            Kind::Closed,
            4,
            "the server closed the connection before this was sent",
        ),
        (
            "connect\nexpect close within 3s",
            Kind::Timeout,
            2,
            "the server did not close the connection within 3 s",
        ),
        (
            "connect\nconnect",
            Kind::State,
            2,
            "it is connected already",
        ),
        (
            "close\nsend \"a\"",
            Kind::State,
            2,
            "the connection is closed: write `connect` before",
        ),
        (
            "set zero = 0\nsend {1/zero}",
            Kind::Value,
            2,
            "a division by zero",
        ),
    ] {
        let failure = hold(text, closing).await.failure(kind, line);
        assert!(failure.text.starts_with(expected), "{text:?}: {failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_nothing_asks_for_are_a_failure_unless_lenient() {
    let text = "send \"ab\"\nexpect \"a\"";
    let failure = hold(text, echo).await.failure(Kind::Unexpected, 2);
    assert_eq!(
        failure.text,
        "1 byte came that no expect asks for: expect them, or give --lenient"
    );
    let lenient = Rules {
        lenient: true,
        ..RULES
    };
    assert_eq!(hold_with(text, lenient, echo).await.result, Ok(()));
    // What is left when the conversation ends is looked at, too.
    let late = async |stream| say(stream, PAUSE, &[b"late"]).await;
    hold("connect", late).await.failure(Kind::Unexpected, 1);
    let reset = hold("connect\nreset", late).await;
    assert_eq!(reset.result, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_bounded() {
    let flood = async |mut stream: DuplexStream| {
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    };
    let failure = hold("expect <a> \"\\n\"", flood)
        .await
        .failure(Kind::Unexpected, 1);
    assert!(
        failure.text.starts_with("more than 1 MiB came"),
        "{failure}"
    );
    assert!(failure.to_string().len() < 1000);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_nothing_stalls_the_device() {
    let deaf = async |stream: DuplexStream| {
        std::future::pending::<()>().await;
        drop(stream);
    };
    let text = format!("send \"{}\"", "x".repeat(65));
    let outcome = hold(&text, deaf).await;
    assert_eq!(outcome.took, RULES.timeout);
    outcome.failure(Kind::Stalled, 1);
}

/// Commands come whenever they like: while the device waits, expects
/// something else, or expects nothing.
#[tokio::test(start_paused = true)]
async fn reactions_answer_at_any_time() {
    let text = "set answered = 0\n\
                on \"?\" <id> \";\" {\nset answered = answered + 1\nsend \"!{id};\"\n}\n\
                on \"#\" {\nsend \"never\"\n}\n\
                wait 150ms\nexpect \"ok\"\nexpect nothing for 250ms\nsend {answered}\nexpect close";
    let outcome = hold(text, async |mut stream: DuplexStream| {
        for (question, answer) in [("?1;", "!1;"), ("?2;ok", "!2;"), ("?3", ""), (";", "!3;")] {
            tokio::time::sleep(PAUSE).await;
            stream.write_all(question.as_bytes()).await.unwrap();
            let mut answered = vec![0; answer.len()];
            stream.read_exact(&mut answered).await.unwrap();
            assert_eq!(answered, answer.as_bytes());
        }
        let mut count = [0; 1];
        stream.read_exact(&mut count).await.unwrap();
        assert_eq!(count, *b"3");
    })
    .await;
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.tally.heard.load(Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn a_reaction_that_fails_names_its_own_line() {
    let text = "on \"?\" {\nexpect \"x\" within 1s\n}\nwait 10s";
    let outcome = hold(text, async |stream| say(stream, PAUSE, &[b"?"]).await).await;
    assert_eq!(outcome.took, Duration::from_millis(1100));
    outcome.failure(Kind::Timeout, 2);
}

#[tokio::test(start_paused = true)]
async fn pauses_are_random_between_their_bounds() {
    let outcome = hold("repeat 20 {\nwait 1s to 2s\n}", echo).await;
    let seconds = outcome.took.as_secs_f64();
    assert!(seconds > 21.0 && seconds < 39.0, "{seconds}");
    assert_eq!(
        outcome.tally.connects.load(Relaxed),
        0,
        "it never had to connect"
    );
}

#[tokio::test(start_paused = true)]
async fn loops_may_be_left_out() {
    let text = "set n = 0\nrepeat n {\nsend {1/n}\n}\nrepeat 2 {\nrepeat loop {\nset n = n + 1\n}\n}\n\
                send {n}\nexpect \"3\"";
    assert_eq!(hold(text, echo).await.result, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_came_is_unescaped_and_taken_apart() {
    let text = "set pairs = \"7e=7d02 7d=7d01\"\n\
                send 7e {escaped([ a[ 01 7d 7e {5:u16be} ] {xor(a):u8} ], pairs)} 7e\n\
                expect 7e <raw> 7e\n\
                take unescaped(raw, \"7e=7d02 7d=7d01\"): b[ 01 7d <c:1> <n:u16be> ] {xor(b):u8}\n\
                take b: 01 rest[ <tail> ]\n\
                send {c} {n + 1} {tail} {len(rest)}\n\
                expect 7e \"6\" 7d7e0005 \"4\"";
    let outcome = hold(text, echo).await;
    assert_eq!(outcome.result, Ok(()));
    assert!(
        outcome
            .transcript
            .contains("> 7e 01 7d 01 7d 02 00 05 07 7e\n"),
        "{}",
        outcome.transcript
    );
    assert_eq!(outcome.tally.connects.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_not_what_is_expected_is_shown() {
    for (take, expected) in [
        (
            "take [ 01 02 03 ]: 01 <n:u8> 04",
            "something else came than expected: byte 2 is 03 \"\\x03\", not 04 \"\\x04\"\n  \
             expected  01 <n:u8> 04   \"\\x01?\\x04\"\n  \
             came      01 02 03   \"\\x01\\x02\\x03\"",
        ),
        (
            "take \"abc\": \"ab\"",
            "the value goes on behind what is expected: it has 3 bytes, and 2 were expected\n  \
             expected  61 62   \"ab\"\n  came      61 62 63   \"abc\"",
        ),
        (
            "take [ 61 ]: <a:2>",
            "the value ends before all that is expected: it has 1 byte\n  \
             expected  <a>   \"?\"\n  came      61   \"a\"",
        ),
    ] {
        let failure = hold(&format!("\n{take}"), echo).await;
        let failure = failure.failure(Kind::Mismatch, 2);
        assert_eq!(failure.to_string(), expected, "{take}");
    }
}
