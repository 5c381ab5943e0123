//! What the benchmarks of the whole way share: a load generator that costs little
//! beside what it loads, and what a process used meanwhile.

pub(crate) mod flood;
pub(crate) mod line;
pub(crate) mod usage;
