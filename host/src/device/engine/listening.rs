//! What the device hears: what it expects, silence, the end, and what its
//! reactions are for.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use tokio::time::{Instant, sleep_until, timeout_at};

use super::{
    super::{
        conversation::{Expression, Pattern},
        evaluate::Scope,
        failure::Failure,
        link::End,
        pattern::{Fit, describe, fit},
        server::Server,
    },
    Device, Result, State,
};

/// What the reactions make of the bytes that wait.
enum Reacted {
    Yes,
    /// They may begin what one waits for.
    Perhaps,
    No,
}

impl<V: Server> Device<V> {
    /// Waits for bytes or the end of the connection; false if `deadline` comes
    /// first.
    async fn more(&mut self, deadline: Instant) -> Result<bool> {
        let link = self.link().await?;
        let in_time = timeout_at(deadline, link.receive()).await.is_ok();
        self.note()?;
        Ok(in_time)
    }

    /// Compares what waits; what fits is taken.
    fn try_pattern(&mut self, pattern: &Pattern) -> Result<Fit> {
        let State::Open(link, _) = &mut self.state else {
            return Ok(Fit::Partly);
        };
        let mut scope = Scope::new(&self.conversation.names, &mut self.memory);
        let found = fit(pattern, link.waiting(), &mut scope)?;
        if let Fit::Whole(length) = found {
            scope.keep();
            link.consume(length);
        }
        Ok(found)
    }

    pub(super) async fn expect(&mut self, pattern: &Pattern, within: Duration) -> Result<()> {
        self.link().await?;
        let deadline = Instant::now() + within;
        loop {
            let found = self.try_pattern(pattern)?;
            if let Fit::Whole(_) = found {
                self.tally.heard.fetch_add(1, Relaxed);
                if let Some(asked) = self.asked.take() {
                    self.tally.answers.add(asked.elapsed());
                }
                return Ok(());
            }
            if let Fit::Differs { place, expected } = found {
                match self.react().await? {
                    Reacted::Yes => continue,
                    Reacted::Perhaps => {}
                    Reacted::No => {
                        let failure = Failure::mismatch(place, expected, self.waiting());
                        return Err(self.described(failure, pattern));
                    }
                }
            }
            let in_time = match self.ended() {
                None => self.more(deadline).await?,
                Some(end) => {
                    let failure = Failure::ended(&end, "before all of this came");
                    let failure = failure.came(self.waiting());
                    return Err(self.described(failure, pattern));
                }
            };
            if !in_time {
                let failure = Failure::timeout(within, "what was expected did not come");
                let failure = failure.came(self.waiting());
                return Err(self.described(failure, pattern));
            }
        }
    }

    /// Takes a value apart, as `expect` does with what comes.
    pub(super) fn take(&mut self, value: &Expression, pattern: &Pattern) -> Result<()> {
        let mut scope = Scope::new(&self.conversation.names, &mut self.memory);
        let bytes = scope.value(value)?.bytes();
        let failure = match fit(pattern, &bytes, &mut scope)? {
            Fit::Whole(length) if length == bytes.len() => {
                scope.keep();
                return Ok(());
            }
            Fit::Whole(length) => Failure::left_over(length, &bytes),
            Fit::Partly => Failure::too_short(&bytes),
            Fit::Differs { place, expected } => Failure::mismatch(place, expected, &bytes),
        };
        let scope = Scope::new(&self.conversation.names, &mut self.memory);
        Err(failure.expected(describe(pattern, &bytes, scope)))
    }

    fn described(&mut self, failure: Failure, pattern: &Pattern) -> Failure {
        let waiting = match &self.state {
            State::Open(link, _) => link.waiting(),
            State::New | State::Closed => &[],
        };
        let scope = Scope::new(&self.conversation.names, &mut self.memory);
        failure.expected(describe(pattern, waiting, scope))
    }

    fn waiting(&self) -> &[u8] {
        match &self.state {
            State::Open(link, _) => link.waiting(),
            State::New | State::Closed => &[],
        }
    }

    fn ended(&self) -> Option<End> {
        match &self.state {
            State::Open(link, _) => link.ended().cloned(),
            State::New | State::Closed => None,
        }
    }

    pub(super) async fn silence(&mut self, length: Duration) -> Result<()> {
        let deadline = Instant::now() + length;
        self.link().await?;
        loop {
            let reacted = self.react().await?;
            if let Reacted::Yes = reacted {
                continue;
            }
            let in_time = match self.ended() {
                Some(end) if self.waiting().is_empty() => {
                    return Err(Failure::ended(&end, "where nothing was expected"));
                }
                None if !matches!(reacted, Reacted::No) || self.waiting().is_empty() => {
                    self.more(deadline).await?
                }
                _ => false,
            };
            if !in_time {
                return match self.waiting() {
                    [] => Ok(()),
                    waiting => Err(Failure::unexpected(waiting, "where nothing was expected")),
                };
            }
        }
    }

    pub(super) async fn expect_close(&mut self, within: Duration) -> Result<()> {
        let deadline = Instant::now() + within;
        self.link().await?;
        loop {
            let reacted = self.react().await?;
            if let Reacted::Yes = reacted {
                continue;
            }
            let waiting = self.waiting();
            if let (Reacted::No, false) = (reacted, waiting.is_empty()) {
                let when = "where the server should close the connection";
                return Err(Failure::unexpected(waiting, when));
            }
            match self.ended() {
                Some(end @ End::Overflow) => {
                    return Err(Failure::ended(&end, "before the server closed it"));
                }
                Some(end) => {
                    self.state = State::Closed;
                    let how = match end {
                        End::Broken(why) => format!("the connection broke: {why}"),
                        End::Closed | End::Overflow => "closed by the server".to_owned(),
                    };
                    return Ok(self.transcript.remark(how)?);
                }
                None if !self.more(deadline).await? => {
                    let what = "the server did not close the connection";
                    return Err(Failure::timeout(within, what));
                }
                None => {}
            }
        }
    }

    pub(super) async fn wait(&mut self, least: Duration, most: Duration) -> Result<()> {
        let nanoseconds = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(0);
        let drawn = match least == most {
            true => nanoseconds(least),
            false => self
                .memory
                .random
                .between(nanoseconds(least), nanoseconds(most)),
        };
        let length = Duration::from_nanos(u64::try_from(drawn).unwrap_or_default());
        let deadline = Instant::now() + length;
        if self.reactions > 0 && matches!(self.state, State::New) {
            // There is something to hear.
            self.open().await?;
        }
        while let State::Open(..) = self.state {
            while let Reacted::Yes = self.react().await? {}
            match self.ended() {
                None if self.more(deadline).await? => {}
                None => return Ok(()),
                Some(_) => break,
            }
        }
        sleep_until(deadline).await;
        Ok(())
    }

    /// Lets the reactions have the bytes that wait, in the order of the file.
    async fn react(&mut self) -> Result<Reacted> {
        if self.reacting || self.waiting().is_empty() {
            return Ok(Reacted::No);
        }
        let conversation = self.conversation.clone();
        let mut reacted = Reacted::No;
        for reaction in conversation.reactions.iter().take(self.reactions) {
            let line = std::mem::replace(&mut self.line, reaction.line);
            match self.try_pattern(&reaction.pattern)? {
                Fit::Whole(0) | Fit::Differs { .. } => {}
                Fit::Partly => reacted = Reacted::Perhaps,
                Fit::Whole(_) => {
                    self.tally.heard.fetch_add(1, Relaxed);
                    self.reacting = true;
                    self.inside(&reaction.steps).await?;
                    self.reacting = false;
                    self.line = line;
                    return Ok(Reacted::Yes);
                }
            }
            self.line = line;
        }
        Ok(reacted)
    }
}
