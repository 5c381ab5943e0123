//! The vectors whose result here is not Netty's.

/// Why a result differs from Netty's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Netty leaves what is behind an error in the buffer until the next read
    /// or the end, and drops it behind an error at the end; here it comes at
    /// once.
    FramesBehindAnError,
    /// Netty counts the first bytes of a delimiter against the limit while the
    /// others have not come.
    SplitDelimiterAtTheLimit,
    /// Netty overlooks a delimiter that is split over two reads while it skips
    /// a long frame, and skips the next frame too.
    SplitDelimiterWhileSkipping,
    /// Netty keeps the length of a frame that was shorter than what is
    /// stripped, and then fails for ever.
    StaleLengthAfterStrip,
    /// Netty takes no more input after something that is not JSON.
    DeadAfterGarbage,
    /// Netty does not look at the first bytes behind an object that was too
    /// long.
    StaleScanIndex,
    /// Netty holds the buffer against the JSON limit: blanks and whole objects
    /// too.
    LimitCountsTheBuffer,
    /// Parameters that can never work are refused here; Netty fails with each
    /// read, or cuts empty frames only.
    RefusedAtStart,
}

use Reason::*;

/// Each vector whose result is not Netty's, with ours.
pub(super) const DEVIATIONS: &[(&str, Reason, &[&str])] = &[
    (
        "lf-ut-01",
        FramesBehindAnError,
        &["0 !tooLong", "0 \\x00\\x00\\x00\\x01a"],
    ),
    ("delim-02", FramesBehindAnError, &["0 !tooLong", "0 xy"]),
    (
        "delim-03",
        FramesBehindAnError,
        &["0 !tooLong", "0 xy", "1 z"],
    ),
    (
        "delim-04",
        FramesBehindAnError,
        &["0 !tooLong", "0 xy", "1 z"],
    ),
    (
        "delim-06",
        FramesBehindAnError,
        &["2 !tooLong", "2 ok", "3 k"],
    ),
    (
        "delim-26",
        FramesBehindAnError,
        &["0 ab", "0 !tooLong", "0 cd", "1 ef"],
    ),
    (
        "delim-27",
        FramesBehindAnError,
        &["0 !tooLong", "0 !tooLong", "0 gh"],
    ),
    (
        "lf-02",
        FramesBehindAnError,
        &["0 !tooLong", "0 \\x01b", "1 \\x01c"],
    ),
    (
        "lf-05",
        FramesBehindAnError,
        &["2 !tooLong", "2 \\x01b", "3 \\x01c"],
    ),
    (
        "lf-15",
        FramesBehindAnError,
        &["0 !corrupted", "0 !tooLong"],
    ),
    (
        "lf-38",
        FramesBehindAnError,
        &["0 \\x00\\x01a", "0 !tooLong", "0 \\x00\\x01c"],
    ),
    (
        "lf-39",
        FramesBehindAnError,
        &["0 \\x00\\x01a", "0 !tooLong", "0 \\x00\\x01c"],
    ),
    ("delim-12", SplitDelimiterAtTheLimit, &["1 abcd"]),
    ("line-03", SplitDelimiterAtTheLimit, &["1 abcd"]),
    ("line-04", SplitDelimiterAtTheLimit, &["1 abcd", "1 ok"]),
    (
        "delim-10",
        SplitDelimiterWhileSkipping,
        &["0 !tooLong", "1 ok", "2 z"],
    ),
    (
        "delim-11",
        SplitDelimiterWhileSkipping,
        &["1 !tooLong", "1 ok", "2 z"],
    ),
    (
        "lf-20",
        StaleLengthAfterStrip,
        &["0 !corrupted", "0 d", "1 z", "2 z"],
    ),
    (
        "lf-21",
        StaleLengthAfterStrip,
        &["1 !corrupted", "2 d", "3 !tooLong"],
    ),
    ("lf-42", StaleLengthAfterStrip, &["0 !corrupted", "1 f"]),
    (
        "json-ut-12",
        DeadAfterGarbage,
        &["0 !corrupted", "0 [1,2,3]"],
    ),
    (
        "json-ut-13",
        DeadAfterGarbage,
        &["0 [1,2,3]", "1 !corrupted", "1 {\\\"key\\\" : 10}"],
    ),
    (
        "json-03",
        DeadAfterGarbage,
        &["0 {}", "0 !corrupted", "0 {}"],
    ),
    (
        "json-04",
        DeadAfterGarbage,
        &["0 {}", "0 !corrupted", "1 {}", "2 {}"],
    ),
    ("json-27", DeadAfterGarbage, &["0 !corrupted"]),
    ("json-33", DeadAfterGarbage, &["0 !corrupted", "0 {}"]),
    (
        "json-34",
        DeadAfterGarbage,
        &["0 {}", "0 {}", "0 !corrupted", "0 {}"],
    ),
    (
        "json-35",
        DeadAfterGarbage,
        &["0 {\\'a\\':\\'}", "0 !corrupted", "1 {}"],
    ),
    (
        "json-37",
        DeadAfterGarbage,
        &["0 !corrupted", "0 {\\\"a\\\":1}"],
    ),
    ("json-16", StaleScanIndex, &["1 !tooLong", "2 [5]"]),
    ("json-30", StaleScanIndex, &["1 !tooLong", "3 {}"]),
    ("json-42", StaleScanIndex, &["1 !tooLong", "2 [5]", "3 [6]"]),
    (
        "json-14",
        LimitCountsTheBuffer,
        &["0 [1]", "0 [2]", "0 [3]"],
    ),
    ("json-18", LimitCountsTheBuffer, &["0 [1]"]),
    (
        "json-28",
        LimitCountsTheBuffer,
        &["0 1", "0 2", "0 3", "0 4", "0 5", "0 6"],
    ),
    ("json-39", LimitCountsTheBuffer, &["0 [1]", "0 [2]"]),
    ("line-15", RefusedAtStart, &["new !refused"]),
    ("lf-23", RefusedAtStart, &["new !refused"]),
    ("lf-30", RefusedAtStart, &["new !refused"]),
];
