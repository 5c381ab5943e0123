//! What is to go out to one device, until the connection's writer takes it: the
//! converter's replies and the downlinks, each in order and bounded.
//!
//! Most connections have nothing to say for most of the time, so the queues take
//! memory only while something is in them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::{directory::Handed, replies::Reply};
use crate::spool::Acknowledgement;

/// Replies that may wait. A device that does not take them is not read any more.
const MAX_REPLIES: usize = 64;
/// Downlinks that may wait; the others stay in the directory.
pub(super) const MAX_DOWNLINKS: usize = 64;

/// Why nothing but replies is written to a device any more: the operating system
/// would still take bytes for one that has hung up, and downlinks must not be lost in
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// Its connection has ended.
    Ended,
    /// It does not take what is sent to it.
    Deaf,
    /// The downlink converter closes the connection.
    Asked,
}

/// The writer is gone: the device takes nothing any more.
#[derive(Debug)]
pub(super) struct Deaf;

/// Between the reader and the directory, who put things in, and the writer.
#[derive(Debug)]
pub(super) struct Outbox {
    state: Mutex<State>,
    /// Wakes the writer.
    changed: Notify,
    /// Wakes the reader, which waits for room or for [`Gone`].
    freed: Notify,
}

#[derive(Debug)]
struct State {
    replies: VecDeque<Reply>,
    downlinks: VecDeque<Handed>,
    max_downlinks: usize,
    gone: Option<Gone>,
    /// The reader has put in its last reply.
    closed: bool,
    /// The writer takes nothing more.
    abandoned: bool,
}

/// Room for one downlink.
pub(super) struct Room<'outbox> {
    state: MutexGuard<'outbox, State>,
    changed: &'outbox Notify,
}

impl Outbox {
    /// An empty one, for so many downlinks at a time.
    pub(super) fn new(max_downlinks: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                replies: VecDeque::new(),
                downlinks: VecDeque::new(),
                max_downlinks,
                gone: None,
                closed: false,
                abandoned: false,
            }),
            changed: Notify::new(),
            freed: Notify::new(),
        })
    }

    /// Lets bytes go out behind the replies before them, once `after` has come. Waits
    /// for room.
    pub(super) async fn reply(
        &self,
        bytes: Vec<u8>,
        after: Option<Acknowledgement>,
    ) -> Result<(), Deaf> {
        if bytes.is_empty() {
            return Ok(());
        }
        let reply = Reply { bytes, after };
        loop {
            {
                let mut state = self.lock();
                if state.abandoned {
                    return Err(Deaf);
                }
                if state.replies.len() < MAX_REPLIES {
                    state.replies.push_back(reply);
                    break;
                }
            }
            self.freed.notified().await;
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Room for a downlink; none if as many wait as may, or the device is gone.
    pub(super) fn room(&self) -> Option<Room<'_>> {
        let state = self.lock();
        let has_room = state.gone.is_none() && state.downlinks.len() < state.max_downlinks;
        has_room.then_some(Room {
            state,
            changed: &self.changed,
        })
    }

    /// Lets nothing but replies be written from here on. The first reason stands.
    pub(super) fn set_gone(&self, why: Gone) {
        self.lock().gone.get_or_insert(why);
        self.changed.notify_one();
        self.freed.notify_one();
    }

    /// Whether [`Outbox::set_gone`] was called.
    pub(super) fn is_gone(&self) -> bool {
        self.lock().gone.is_some()
    }

    /// Waits until [`Outbox::set_gone`] was called. For the reader.
    pub(super) async fn gone(&self) -> Gone {
        loop {
            let gone = self.lock().gone;
            if let Some(gone) = gone {
                return gone;
            }
            self.freed.notified().await;
        }
    }

    /// Nothing more is put in.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Waits until there is something to write. False if nothing comes any more. For
    /// the writer.
    pub(super) async fn filled(&self) -> bool {
        loop {
            {
                let state = self.lock();
                let downlinks = state.gone.is_none() && !state.downlinks.is_empty();
                if downlinks || !state.replies.is_empty() {
                    return true;
                }
                if state.closed {
                    return false;
                }
            }
            self.changed().await;
        }
    }

    /// Waits until something was put in, or the device is gone. For the writer.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Takes the next reply out.
    pub(super) fn take_reply(&self) -> Option<Reply> {
        let mut state = self.lock();
        let was_full = state.replies.len() == MAX_REPLIES;
        let reply = take_first(&mut state.replies)?;
        drop(state);
        if was_full {
            self.freed.notify_one();
        }
        Some(reply)
    }

    /// Takes the next downlink out, even if the device is gone.
    pub(super) fn take_downlink(&self) -> Option<Handed> {
        take_first(&mut self.lock().downlinks)
    }

    /// Puts a downlink that was taken out, and not written, back to the front.
    pub(super) fn put_back(&self, downlink: Handed) {
        self.lock().downlinks.push_front(downlink);
    }

    /// The writer takes nothing more: what is to be replied goes nowhere.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.abandoned = true;
        state.gone.get_or_insert(Gone::Deaf);
        state.replies = VecDeque::new();
        drop(state);
        self.freed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room<'_> {
    /// Takes the room.
    pub(super) fn put(mut self, downlink: Handed) {
        self.state.downlinks.push_back(downlink);
        self.changed.notify_one();
    }
}

/// Takes the first, and with the last one the queue's memory.
fn take_first<T>(queue: &mut VecDeque<T>) -> Option<T> {
    let first = queue.pop_front()?;
    if queue.is_empty() {
        *queue = VecDeque::new();
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(outbox: &Outbox) -> Vec<Vec<u8>> {
        let replies = std::iter::from_fn(|| outbox.take_reply());
        replies.map(|reply| reply.bytes).collect()
    }

    #[tokio::test]
    async fn replies_wait_in_order_and_the_reader_waits_for_room() {
        let outbox = Outbox::new(1);
        for number in 0..MAX_REPLIES {
            let text = vec![u8::try_from(number).unwrap()];
            outbox.reply(text, None).await.unwrap();
        }
        outbox.reply(Vec::new(), None).await.unwrap();
        let more = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.reply(vec![0xFF], None).await.is_ok() }
        });
        tokio::task::yield_now().await;
        assert!(!more.is_finished());
        assert_eq!(outbox.take_reply().unwrap().bytes, [0]);
        assert!(more.await.unwrap());
        let rest = texts(&outbox);
        assert_eq!(rest.len(), MAX_REPLIES);
        assert_eq!(rest[..2], [[1], [2]]);
        assert_eq!(rest[MAX_REPLIES - 1], [0xFF]);
        assert_eq!(outbox.lock().replies.capacity(), 0);
    }

    #[tokio::test]
    async fn a_reader_that_waits_for_room_hears_that_the_device_is_deaf() {
        let outbox = Outbox::new(1);
        for _ in 0..MAX_REPLIES {
            outbox.reply(vec![0], None).await.unwrap();
        }
        let (replied, ()) = tokio::join!(outbox.reply(vec![1], None), async { outbox.abandon() });
        assert!(matches!(replied, Err(Deaf)));
        assert_eq!(outbox.gone().await, Gone::Deaf);
        assert_eq!(texts(&outbox), Vec::<Vec<u8>>::new());
    }

    #[tokio::test]
    async fn the_writer_hears_of_what_comes_and_of_the_end() {
        let outbox = Outbox::new(1);
        let (filled, ()) = tokio::join!(outbox.filled(), async {
            outbox.reply(vec![1], None).await.unwrap();
        });
        assert!(filled);
        outbox.close();
        assert!(outbox.filled().await, "a reply is left");
        assert_eq!(texts(&outbox), [[1]]);
        assert!(!outbox.filled().await);
    }

    #[tokio::test]
    async fn the_first_reason_stands() {
        let outbox = Outbox::new(1);
        assert!(!outbox.is_gone() && outbox.room().is_some());
        let (gone, ()) = tokio::join!(outbox.gone(), async { outbox.set_gone(Gone::Asked) });
        outbox.set_gone(Gone::Ended);
        assert_eq!((gone, outbox.gone().await), (Gone::Asked, Gone::Asked));
        assert!(outbox.room().is_none());
        // Replies are written all the same.
        outbox.reply(vec![1], None).await.unwrap();
        assert_eq!(texts(&outbox), [[1]]);
    }
}
