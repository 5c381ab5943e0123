//! Where a converter's memory is: in a row, and all of it free again after a call.
//!
//! A call allocates a dozen small things and frees them all before it ends, so most of a
//! general allocator's work would be for nothing. Here an allocation moves one number, and when
//! the last of a call's allocations is freed the number goes back to where it was. What a
//! call leaves behind (a `static` that is filled on first use) stays where it is, with all that the
//! call had allocated: the next call begins behind it. A converter that leaves something behind
//! with each call grows, until the host replaces its instance.

use std::{alloc::Layout, cell::Cell, num::NonZeroUsize};

/// What a WebAssembly memory grows by.
const PAGE: usize = 64 * 1024;

/// The memory that an arena hands out; in a component its only one.
pub(crate) trait Memory {
    /// Makes it so many pages longer, and answers where they begin; None if there are no more.
    fn grow(&self, pages: usize) -> Option<usize>;
}

/// Hands out addresses; nobody reads or writes here.
///
/// ```text
///            base                  top            end
/// | left behind | this call's      | free         |
/// ```
pub(crate) struct Arena<M> {
    memory: M,
    base: Cell<usize>,
    top: Cell<usize>,
    end: Cell<usize>,
    /// Allocations from `base` on that are not freed.
    live: Cell<usize>,
    /// Those of them that the call returns.
    kept: Cell<usize>,
}

impl<M: Memory> Arena<M> {
    pub(crate) const fn new(memory: M) -> Self {
        Self {
            memory,
            base: Cell::new(0),
            top: Cell::new(0),
            end: Cell::new(0),
            live: Cell::new(0),
            kept: Cell::new(0),
        }
    }

    /// A call begins, whose arguments are the last `arguments` allocations, the first of them at
    /// `first`. What calls before it have left is left alone from here on.
    pub(crate) fn begin(&self, first: usize, arguments: usize) {
        if self.live.get() > arguments {
            self.live.set(arguments);
            self.base.set(match arguments {
                0 => self.top.get(),
                _ => first,
            });
        }
    }

    /// The call returns something that lies in so many allocations.
    pub(crate) fn keep(&self, allocations: usize) {
        self.kept.set(allocations);
    }

    /// The call ends. What it returns is read before the next one begins, and is as good as freed.
    pub(crate) fn end(&self) {
        // Were it more than there is, nothing would be free: a number that large is never counted down.
        let live = self.live.get().wrapping_sub(self.kept.replace(0));
        self.live.set(live);
        if live == 0 {
            self.top.set(self.base.get());
        }
    }

    /// Room for `layout`, which is not empty; None if there is none. No room begins at 0, which spares a
    /// WebAssembly function an answer by way of its stack.
    #[inline]
    pub(crate) fn allocate(&self, layout: Layout) -> Option<NonZeroUsize> {
        // An alignment is a power of two: the processor need not divide.
        let last = layout.align() - 1;
        let start = self.top.get().checked_add(last)? & !last;
        let end = start.checked_add(layout.size())?;
        if end > self.end.get() {
            return self.allocate_more(layout);
        }
        self.top.set(end);
        self.live.set(self.live.get() + 1);
        NonZeroUsize::new(start)
    }

    #[cold]
    fn allocate_more(&self, layout: Layout) -> Option<NonZeroUsize> {
        let bytes = layout.size().checked_add(layout.align())?;
        let pages = bytes.div_ceil(PAGE);
        let new = self.memory.grow(pages)?;
        if new != self.end.get() {
            // The first time, or somebody else has grown the memory meanwhile: what is there stays,
            // and goes on being counted, because the call may return it.
            self.base.set(new);
            self.top.set(new);
        }
        self.end.set(new + pages * PAGE);
        self.allocate(layout)
    }

    /// Takes back what was allocated at `start`.
    #[inline]
    pub(crate) fn free(&self, start: usize, size: usize) {
        if start < self.base.get() {
            return;
        }
        let live = self.live.get() - 1;
        self.live.set(live);
        if live == 0 {
            self.top.set(self.base.get());
        } else if start + size == self.top.get() {
            self.top.set(start);
        }
    }

    /// Makes the allocation at `start` longer or shorter where it is; false if it has to move.
    #[inline]
    pub(crate) fn resize(&self, start: usize, old: usize, new: usize) -> bool {
        // What was left behind ends where this call begins.
        if start < self.base.get() || start + old != self.top.get() {
            return new <= old;
        }
        match start.checked_add(new) {
            Some(end) if end <= self.end.get() => {
                self.top.set(end);
                true
            }
            _ => false,
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod global {
    use std::{
        alloc::{GlobalAlloc, Layout},
        arch::wasm32,
        ptr,
    };

    use super::{Arena, Memory};

    pub(super) struct Component;

    impl Memory for Component {
        fn grow(&self, pages: usize) -> Option<usize> {
            match wasm32::memory_grow::<0>(pages) {
                usize::MAX => None,
                before => Some(before * super::PAGE),
            }
        }
    }

    pub(super) struct Global(pub(super) Arena<Component>);

    // A component has one thread.
    unsafe impl Sync for Global {}

    unsafe impl GlobalAlloc for Global {
        // Three kilobytes of a small converter, and one instruction in twenty of what it does.
        #[inline(always)]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            match self.0.allocate(layout) {
                Some(start) => ptr::with_exposed_provenance_mut(start.get()),
                None => ptr::null_mut(),
            }
        }

        #[inline(never)]
        unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
            self.0.free(start.addr(), layout.size());
        }

        #[inline(never)]
        unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            if self.0.resize(start.addr(), layout.size(), size) {
                return start;
            }
            unsafe {
                let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !new.is_null() {
                    ptr::copy_nonoverlapping(start, new, layout.size());
                    self.dealloc(start, layout);
                }
                new
            }
        }
    }
}

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static GLOBAL: global::Global = global::Global(Arena::new(global::Component));

/// A call begins, whose arguments the host has just put here, in this order.
#[cfg(target_arch = "wasm32")]
pub(crate) fn begin<const N: usize>(arguments: [&[u8]; N]) {
    // There is nothing to put of an empty one.
    let mut arguments = arguments.into_iter().filter(|bytes| !bytes.is_empty());
    let first = arguments.next();
    let count = usize::from(first.is_some()) + arguments.count();
    let start = first.map_or(0, |bytes| bytes.as_ptr().addr());
    GLOBAL.0.begin(start, count);
}

/// The call will return something that lies in so many allocations.
#[cfg(target_arch = "wasm32")]
pub(crate) fn keep(allocations: usize) {
    GLOBAL.0.keep(allocations);
}

/// The call ends, and returns what it said it keeps.
#[cfg(target_arch = "wasm32")]
pub fn end() {
    GLOBAL.0.end();
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// A memory of some pages, of which somebody else takes one now and then.
    struct Pages {
        end: Cell<usize>,
        most: usize,
    }

    impl Memory for &Pages {
        fn grow(&self, pages: usize) -> Option<usize> {
            let start = self.end.get();
            if pages > self.most - start {
                return None;
            }
            self.end.set(start + pages);
            Some(start * PAGE)
        }
    }

    fn pages(most: usize) -> Pages {
        Pages {
            end: Cell::new(3),
            most,
        }
    }

    /// Room for so many bytes.
    fn take(arena: &Arena<&Pages>, size: usize) -> usize {
        arena.allocate(layout(size)).unwrap().get()
    }

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    #[test]
    fn a_call_that_leaves_nothing_takes_nothing() {
        let memory = pages(4);
        let arena = Arena::new(&memory);
        for _ in 0..10_000 {
            let frame = take(&arena, 100);
            arena.begin(frame, 1);
            let name = take(&arena, 10);
            let list = take(&arena, 64);
            arena.free(name, 10);
            arena.free(frame, 100);
            arena.free(list, 64);
        }
        assert_eq!(memory.end.get(), 4);
    }

    #[test]
    fn what_a_call_returns_is_free_when_it_has_ended() {
        let memory = pages(4);
        let arena = Arena::new(&memory);
        for _ in 0..10_000 {
            let frame = take(&arena, 100);
            arena.begin(frame, 1);
            let (name, _list) = (take(&arena, 10), take(&arena, 64));
            let scratch = take(&arena, 16);
            arena.keep(2);
            arena.free(scratch, 16);
            arena.free(frame, 100);
            assert!(take(&arena, 8) > name, "not before the end");
            arena.keep(3);
            arena.end();
        }
        assert_eq!(memory.end.get(), 4);
    }

    #[test]
    fn what_a_call_leaves_beside_what_it_returns_stays() {
        let memory = pages(100);
        let arena = Arena::new(&memory);
        let kept = take(&arena, 1000);
        take(&arena, 10);
        arena.keep(1);
        arena.end();
        let frame = take(&arena, 10);
        arena.begin(frame, 1);
        assert!(frame >= kept + 1000);
        arena.free(frame, 10);
        arena.end();
        assert_eq!(take(&arena, 10), frame);
    }

    #[test]
    fn a_count_that_is_too_high_frees_nothing() {
        let memory = pages(100);
        let arena = Arena::new(&memory);
        let kept = take(&arena, 1000);
        arena.keep(2);
        arena.end();
        let frame = take(&arena, 10);
        arena.begin(frame, 1);
        arena.free(frame, 10);
        assert!(frame >= kept + 1000);
        assert_eq!(take(&arena, 10), frame, "as ever from here on");
    }

    #[test]
    fn what_a_call_leaves_stays() {
        let memory = pages(100);
        let arena = Arena::new(&memory);
        let kept = take(&arena, 1000);
        let frame = take(&arena, 10);
        arena.begin(frame, 1);
        arena.free(frame, 10);
        let next = take(&arena, 10);
        assert!(next >= kept + 1000);
        // Freed at last, it is behind us.
        arena.free(kept, 1000);
        arena.free(next, 10);
        assert_eq!(take(&arena, 10), next);
    }

    #[test]
    fn what_was_left_behind_does_not_grow_into_this_call() {
        let memory = pages(100);
        let arena = Arena::new(&memory);
        let kept = take(&arena, 8);
        arena.begin(0, 0);
        assert!(!arena.resize(kept, 8, 16), "it has to move");
        assert!(arena.resize(kept, 8, 4));
        let next = take(&arena, 8);
        arena.free(next, 8);
        assert_eq!(take(&arena, 8), next);
    }

    #[test]
    fn the_last_allocation_grows_and_shrinks_in_place() {
        let memory = pages(100);
        let arena = Arena::new(&memory);
        let first = take(&arena, 10);
        assert!(arena.resize(first, 10, 30_000));
        let second = take(&arena, 10);
        assert!(second >= first + 30_000);
        assert!(!arena.resize(first, 30_000, 30_001));
        assert!(arena.resize(first, 30_000, 5));
        assert!(!arena.resize(second, 10, 64 * PAGE), "it has to move");
    }

    #[test]
    fn an_end_of_memory_is_told() {
        let memory = pages(5);
        let arena = Arena::new(&memory);
        assert_eq!(arena.allocate(layout(3 * PAGE)), None);
        assert!(arena.allocate(layout(10)).is_some());
        assert_eq!(arena.allocate(layout(usize::MAX / 4)), None);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Allocate(usize, usize),
        Free(prop::sample::Index),
        Resize(prop::sample::Index, usize),
        Begin(usize),
        /// Of what the call has allocated, it returns each of which the bit is set.
        End(u64),
        Elsewhere,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (1..200_usize, 0..5_u32).prop_map(|(size, align)| Step::Allocate(size, 1 << align)),
            1 => (1..3 * PAGE).prop_map(|size| Step::Allocate(size, 8)),
            5 => any::<prop::sample::Index>().prop_map(Step::Free),
            2 => (any::<prop::sample::Index>(), 1..300_usize).prop_map(|(of, size)| Step::Resize(of, size)),
            2 => (0..3_usize).prop_map(Step::Begin),
            2 => prop_oneof![Just(u64::MAX), any::<u64>()].prop_map(Step::End),
            1 => Just(Step::Elsewhere),
        ]
    }

    proptest! {
        /// Whatever is allocated, freed, resized and left behind: nothing that is in use is
        /// given out again, and all of it lies in memory that is there.
        #[test]
        fn nothing_overlaps(steps in vec(step(), 0..200)) {
            let memory = pages(10_000);
            let arena = Arena::new(&memory);
            let mut used: Vec<(usize, usize)> = Vec::new();
            // What calls before this one have left behind.
            let mut left: Vec<(usize, usize)> = Vec::new();
            let take = |used: &mut Vec<(usize, usize)>, size, align| {
                let start = arena.allocate(Layout::from_size_align(size, align).unwrap()).unwrap().get();
                assert_eq!(start % align, 0);
                assert!(start >= 3 * PAGE && start + size <= memory.end.get() * PAGE);
                let apart = |&(other, length): &(usize, usize)| {
                    start + size <= other || other + length <= start
                };
                assert!(used.iter().all(apart), "{start} {size} {used:?}");
                used.push((start, size));
                start
            };
            for step in steps {
                match step {
                    Step::Allocate(size, align) => {
                        take(&mut used, size, align);
                    }
                    Step::Free(which) if !used.is_empty() => {
                        let (start, size) = used.swap_remove(which.index(used.len()));
                        arena.free(start, size);
                    }
                    Step::Resize(which, size) if !used.is_empty() => {
                        let place = which.index(used.len());
                        let (start, old) = used[place];
                        if arena.resize(start, old, size) {
                            used[place].1 = size;
                        }
                    }
                    Step::Begin(count) => {
                        left = used.clone();
                        let arguments: Vec<_> = (0..count).map(|_| take(&mut used, 9, 1)).collect();
                        arena.begin(arguments.first().copied().unwrap_or(0), count);
                    }
                    Step::End(bits) => {
                        let before = used.len();
                        let mut place = 0;
                        used.retain(|piece| {
                            let of_call = !left.iter().any(|(start, _)| *start == piece.0);
                            place += usize::from(of_call);
                            !(of_call && bits >> (place % 64) & 1 == 1)
                        });
                        arena.keep(before - used.len());
                        arena.end();
                        left = used.clone();
                    }
                    Step::Elsewhere => memory.end.set(memory.end.get() + 1),
                    Step::Free(_) | Step::Resize(..) => {}
                }
            }
        }
    }
}
