//! The spool's status.

use std::{
    io::{self, Write},
    time::Duration,
};

use super::text::{escape, size};
use crate::control::protocol::{SpoolDropped, SpoolStatus};

/// One figure a line; what is as it should be is not mentioned.
///
/// # Errors
/// `output` cannot be written.
pub fn spool(output: &mut impl Write, status: &SpoolStatus) -> io::Result<()> {
    let mut row = |name: &str, value: &str| writeln!(output, "{name:<11}{value}");
    row(
        "host",
        if status.running {
            "runs"
        } else {
            "does not run"
        },
    )?;
    let folder = escape(&status.folder);
    if !status.exists {
        return row(
            "spool",
            &format!("there is none in {folder}; 0 records wait"),
        );
    }
    row("spool", &folder)?;
    row("records", &status.records.to_string())?;
    let (bytes, most) = (size(status.bytes), size(status.max_bytes));
    row("bytes", &format!("{bytes} of {most}"))?;
    row("on disk", &size(status.disk_bytes))?;
    if let Some(ms) = status.oldest_age_ms {
        // Nobody wants to know the milliseconds of an hour.
        let age = Duration::from_secs(ms / 1000);
        row(
            "oldest",
            &format!("{} old", humantime::format_duration(age)),
        )?;
    }
    if let Some(dropped) = status.dropped {
        row("dropped", &words(dropped))?;
    }
    if let Some(error) = &status.disk_error {
        row("disk error", &escape(error))?;
    }
    if let Some(damage) = &status.damage {
        row("damaged", &escape(damage))?;
    }
    Ok(())
}

fn words(dropped: SpoolDropped) -> String {
    let SpoolDropped {
        full,
        expired,
        damaged,
    } = dropped;
    match full + expired + damaged {
        0 => "none since the host started".to_owned(),
        all => format!(
            "{all} since the host started: {full} because it was full, {expired} too old, \
             {damaged} damaged"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::spool_status;

    fn printed(status: &SpoolStatus) -> String {
        let mut output = Vec::new();
        spool(&mut output, status).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_running_hosts_spool_has_all_figures() {
        assert_eq!(
            printed(&spool_status()),
            "host       runs\n\
             spool      /d/spool\n\
             records    83\n\
             bytes      3.9 KiB of 1.0 GiB\n\
             on disk    32.0 KiB\n\
             oldest     1m 35s old\n\
             dropped    2 since the host started: 0 because it was full, 2 too old, 0 damaged\n"
        );
        let well = SpoolStatus {
            dropped: Some(SpoolDropped::default()),
            disk_error: Some("no room\x1b".to_owned()),
            ..spool_status()
        };
        let text = printed(&well);
        assert!(
            text.contains("dropped    none since the host started\n"),
            "{text}"
        );
        assert!(text.ends_with("disk error no room\\u{1b}\n"), "{text}");
    }

    #[test]
    fn without_a_host_it_says_what_it_can() {
        let alone = SpoolStatus {
            running: false,
            records: 0,
            oldest_age_ms: None,
            dropped: None,
            damage: Some("its log is damaged".to_owned()),
            ..spool_status()
        };
        assert_eq!(
            printed(&alone),
            "host       does not run\n\
             spool      /d/spool\n\
             records    0\n\
             bytes      3.9 KiB of 1.0 GiB\n\
             on disk    32.0 KiB\n\
             damaged    its log is damaged\n"
        );
        let none = SpoolStatus {
            exists: false,
            ..alone
        };
        assert_eq!(
            printed(&none),
            "host       does not run\n\
             spool      there is none in /d/spool; 0 records wait\n"
        );
    }
}
