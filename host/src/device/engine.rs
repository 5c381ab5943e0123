//! One copy of a device holds its conversation.

mod listening;

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    task::coop::consume_budget,
    time::{Instant, timeout},
};

use super::{
    conversation::{Action, Conversation, Expression, Step},
    evaluate::{Memory, Scope},
    failure::{Failure, Kind},
    link::{End, Link},
    server::Server,
    tally::{Connected, Tally},
    transcript::Transcript,
};

/// How long a server may take to close a connection that the device closes.
const GRACE: Duration = Duration::from_secs(1);

type Result<T> = std::result::Result<T, Failure>;

/// What holds for every copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Longest wait for what is expected, for a connection, and for a server to
    /// take bytes.
    pub(super) timeout: Duration,
    /// Whether bytes that nothing asks for are no failure.
    pub(super) lenient: bool,
}

/// A copy of a device.
pub(super) struct Device<V: Server> {
    pub(super) conversation: Arc<Conversation>,
    pub(super) server: Arc<V>,
    pub(super) rules: Rules,
    pub(super) tally: Arc<Tally>,
    pub(super) transcript: Transcript,
    pub(super) memory: Memory,
    /// The line of the file that it has come to.
    pub(super) line: usize,
    state: State<V::Stream>,
    /// How many of the reactions count.
    reactions: usize,
    reacting: bool,
    /// When the last message went that nothing has answered yet.
    asked: Option<Instant>,
}

/// The connection's state.
enum State<S> {
    /// Not yet: the first statement that needs it connects.
    New,
    Open(
        Link<S>,
        #[expect(dead_code, reason = "counts while it lives")] Connected,
    ),
    Closed,
}

/// A pass through a loop.
struct Pass {
    number: u64,
    /// None: for ever.
    of: Option<i128>,
}

impl<V: Server> Device<V> {
    pub(super) fn new(
        conversation: Arc<Conversation>,
        server: Arc<V>,
        rules: Rules,
        tally: Arc<Tally>,
        transcript: Transcript,
        memory: Memory,
    ) -> Self {
        Self {
            conversation,
            server,
            rules,
            tally,
            transcript,
            memory,
            line: 1,
            state: State::New,
            reactions: 0,
            reacting: false,
            asked: None,
        }
    }

    /// Holds the conversation, then closes. After a failure `line` says where.
    pub(super) async fn run(&mut self) -> Result<()> {
        let conversation = self.conversation.clone();
        self.steps(&conversation.steps).await?;
        match self.state {
            State::Open(..) => self.close().await,
            State::New | State::Closed => Ok(()),
        }
    }

    async fn steps(&mut self, steps: &[Step]) -> Result<()> {
        let mut passes: Vec<Pass> = Vec::new();
        let outside = self.memory.pass;
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            // A loop that waits for nothing must not hold up the other copies.
            consume_budget().await;
            self.line = step.line;
            at += 1;
            match &step.action {
                Action::Repeat { times, end } => {
                    let of = match times {
                        Some(times) => Some(self.scope_value(times)?),
                        None => None,
                    };
                    match of {
                        Some(..=0) => at = *end,
                        _ => passes.push(Pass { number: 1, of }),
                    }
                }
                Action::Again { start } => {
                    if let Some(pass) = passes.last_mut() {
                        let more = pass.of.is_none_or(|of| i128::from(pass.number) < of);
                        match more {
                            true => {
                                pass.number += 1;
                                at = *start;
                            }
                            false => {
                                passes.pop();
                            }
                        }
                    }
                }
                action => self.act(action).await?,
            }
            self.memory.pass = passes.last().map_or(outside, |pass| pass.number);
        }
        Ok(())
    }

    async fn act(&mut self, action: &Action) -> Result<()> {
        match action {
            Action::Set {
                slot,
                value,
                blocks,
            } => {
                let conversation = self.conversation.clone();
                let scope = Scope::new(&conversation.names, &mut self.memory);
                Ok(scope.with_blocks(blocks).set(*slot, value)?)
            }
            Action::Connect => self.connect().await,
            Action::Close => self.close().await,
            Action::Reset => self.reset(),
            Action::Send(template) => {
                let conversation = self.conversation.clone();
                let scope = Scope::new(&conversation.names, &mut self.memory);
                let bytes = scope.with_blocks(&template.blocks).message(template)?;
                self.send(bytes).await
            }
            Action::Expect { pattern, within } => {
                self.expect(pattern, within.unwrap_or(self.rules.timeout))
                    .await
            }
            Action::Take { value, pattern } => self.take(value, pattern),
            Action::Silence(length) => self.silence(*length).await,
            Action::ExpectClose { within } => {
                self.expect_close(within.unwrap_or(self.rules.timeout))
                    .await
            }
            Action::Wait { least, most } => self.wait(*least, *most).await,
            Action::On => {
                self.reactions += 1;
                Ok(())
            }
            Action::Repeat { .. } | Action::Again { .. } => Ok(()),
        }
    }

    fn scope_value(&mut self, value: &Expression) -> Result<i128> {
        let conversation = self.conversation.clone();
        let mut scope = Scope::new(&conversation.names, &mut self.memory);
        Ok(scope.value(value)?.number()?)
    }

    /// The open connection; the first use opens it.
    async fn link(&mut self) -> Result<&mut Link<V::Stream>> {
        if let State::New = self.state {
            self.open().await?;
        }
        match &mut self.state {
            State::Open(link, _) => Ok(link),
            State::New | State::Closed => Err(Failure::new(
                Kind::State,
                "the connection is closed: write `connect` before",
            )),
        }
    }

    async fn connect(&mut self) -> Result<()> {
        if let State::Open(link, _) = &self.state {
            if link.ended().is_none() {
                let text = "it is connected already: write `close` before";
                return Err(Failure::new(Kind::State, text));
            }
            self.close().await?;
        }
        self.open().await
    }

    async fn open(&mut self) -> Result<()> {
        let server = self.server.clone();
        let stream = match timeout(self.rules.timeout, server.connect()).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Failure::connect(server.name(), &error)),
            Err(_) => {
                let text = format!("{} has not accepted a connection", server.name());
                let failure = Failure::timeout(self.rules.timeout, &text);
                return Err(Failure::new(Kind::Unreachable, failure.text));
            }
        };
        let connected = Connected::new(&self.tally);
        self.state = State::Open(Link::new(stream), connected);
        self.asked = None;
        Ok(self
            .transcript
            .remark(format_args!("connected to {}", server.name()))?)
    }

    async fn close(&mut self) -> Result<()> {
        self.link().await?.shut_down(GRACE).await;
        self.note()?;
        self.transcript.remark("closed")?;
        let State::Open(link, _) = std::mem::replace(&mut self.state, State::Closed) else {
            return Ok(());
        };
        if let Some(end @ End::Overflow) = link.ended() {
            return Err(Failure::ended(end, "before the device closed it"));
        }
        match link.waiting().is_empty() || self.rules.lenient {
            true => Ok(()),
            false => Err(Failure::unexpected(
                link.waiting(),
                "that no expect asks for: expect them, or give --lenient",
            )),
        }
    }

    fn reset(&mut self) -> Result<()> {
        if let State::Open(link, _) = std::mem::replace(&mut self.state, State::Closed) {
            self.server.reset(link.into_stream());
        }
        Ok(self.transcript.remark("reset")?)
    }

    async fn send(&mut self, bytes: Bytes) -> Result<()> {
        let limit = self.rules.timeout;
        self.link().await?.look().await;
        self.note()?;
        let link = self.link().await?;
        if let Some(end) = link.ended() {
            return Err(Failure::ended(end, "before this was sent"));
        }
        match timeout(limit, link.send(&bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                return Err(Failure::ended(&End::of(&error), "while this was sent"));
            }
            Err(_) => {
                let failure = Failure::timeout(limit, "the server did not take all of it");
                return Err(Failure::new(Kind::Stalled, failure.text));
            }
        }
        self.transcript.sent(&bytes)?;
        self.note()?;
        self.asked = Some(Instant::now());
        self.tally.sent.fetch_add(1, Relaxed);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.tally.sent_bytes.fetch_add(length, Relaxed);
        Ok(())
    }

    /// Writes down what came.
    fn note(&mut self) -> Result<()> {
        if let State::Open(link, _) = &mut self.state {
            let fresh = link.take_fresh();
            if !fresh.is_empty() {
                let length = u64::try_from(fresh.len()).unwrap_or(u64::MAX);
                self.tally.received_bytes.fetch_add(length, Relaxed);
                self.transcript.received(fresh)?;
            }
        }
        Ok(())
    }

    /// The steps of a reaction: a future of its own, because it may wait within
    /// a wait.
    fn inside<'run>(
        &'run mut self,
        steps: &'run [Step],
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'run>> {
        Box::pin(self.steps(steps))
    }
}

#[cfg(test)]
mod tests;
