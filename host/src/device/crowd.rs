//! Many copies of devices at once.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};

use super::{
    clock::Clock,
    conversation::Conversation,
    engine::{Device, Rules},
    evaluate::Memory,
    failure::{FailedCopy, Failure, Kind},
    random::Random,
    server::Server,
    tally::Tally,
    transcript::Transcript,
};

/// A kind of device: a conversation, and where it is held.
#[derive(Debug)]
pub(super) struct Model<V> {
    pub(super) file: String,
    pub(super) conversation: Arc<Conversation>,
    pub(super) server: Arc<V>,
    pub(super) tally: Arc<Tally>,
}

/// How many copies there are of each kind, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) copies: u32,
    /// Over how long their starts are spread.
    pub(super) ramp: Duration,
    /// When all that still talk are stopped.
    pub(super) end_after: Option<Duration>,
    pub(super) seed: u64,
    pub(super) rules: Rules,
}

/// Starts the copies and waits for them, for `end_after`, or for `stop`.
/// `progress` is called each second; a transcript is for a single copy.
pub(super) async fn run<V: Server>(
    models: &[Model<V>],
    plan: Plan,
    transcript: Option<Box<dyn Write + Send>>,
    stop: impl Future<Output = ()>,
    mut progress: impl FnMut(Duration),
) {
    let clock = Clock::start();
    let start = Instant::now();
    let transcript = match transcript {
        Some(to) => Transcript::to(to, clock),
        None => Transcript::none(clock),
    };
    let mut transcript = Some(transcript);
    let mut talking = JoinSet::new();
    let mut copies = 1..=plan.copies;
    let mut next = copies.next();
    let second = Duration::from_secs(1);
    let mut ticks = interval_at(start + second, second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut stop = std::pin::pin!(stop);
    let end = async {
        match plan.end_after {
            Some(length) => sleep_until(start + length).await,
            None => std::future::pending().await,
        }
    };
    let mut end = std::pin::pin!(end);
    loop {
        let due = start + plan.ramp * (next.unwrap_or(1) - 1) / plan.copies.max(1);
        tokio::select! {
            biased;
            () = &mut stop => break,
            () = &mut end => break,
            _ = ticks.tick() => progress(clock.elapsed()),
            () = sleep_until(due), if next.is_some() => {
                let copy = next.unwrap_or_default();
                for (index, model) in (0..).zip(models) {
                    let transcript = transcript.take();
                    let transcript = transcript.unwrap_or_else(|| Transcript::none(clock));
                    let random = Random::new(plan.seed, index, copy.into());
                    let memory = Memory {
                        variables: vec![None; model.conversation.names.len()],
                        random,
                        clock,
                        copy,
                        pass: 0,
                    };
                    talking.spawn(talk(model, plan.rules, memory, transcript));
                }
                next = copies.next();
            }
            Some(ended) = talking.join_next() => count_panic(models, ended),
            else => break,
        }
        if next.is_none() && talking.is_empty() {
            break;
        }
    }
    talking.shutdown().await;
}

/// One copy's conversation, and what became of it.
fn talk<V: Server>(
    model: &Model<V>,
    rules: Rules,
    memory: Memory,
    transcript: Transcript,
) -> impl Future<Output = ()> + Send + use<V> {
    let (file, tally) = (model.file.clone(), model.tally.clone());
    let copy = memory.copy;
    let mut device = Device::new(
        model.conversation.clone(),
        model.server.clone(),
        rules,
        tally.clone(),
        transcript,
        memory,
    );
    async move {
        tally.started.fetch_add(1, Relaxed);
        match device.run().await {
            Ok(()) => {
                tally.finished.fetch_add(1, Relaxed);
            }
            Err(failure) => tally.fail(FailedCopy {
                file,
                line: device.line,
                copy,
                failure,
            }),
        }
    }
}

/// A copy that panicked is none that went through.
fn count_panic<V>(models: &[Model<V>], ended: Result<(), JoinError>) {
    if let (Err(error), Some(model)) = (ended, models.first()) {
        model.tally.fail(FailedCopy {
            file: model.file.clone(),
            line: 0,
            copy: 0,
            failure: Failure::new(Kind::Internal, error.to_string()),
        });
    }
}

/// The sum of a counter over all kinds of device.
pub(super) fn sum<V>(models: &[Model<V>], counter: impl Fn(&Tally) -> &AtomicU64) -> u64 {
    let each = models.iter().map(|model| counter(&model.tally));
    each.map(|counter| counter.load(Relaxed)).sum()
}
