//! What every part is told on its command line.

use clap::{Args, Command, FromArgMatches};

/// Arguments that all parts have. A part with arguments of its own puts these into its own
/// `clap` type with `#[command(flatten)]`; one without calls [`Arguments::parse_for`].
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Print one JSON object instead of Markdown tables
    #[arg(long)]
    pub json: bool,
    /// Put the results into docs/benchmarks.md too, with plots and a line of docs/benchmarks/history.jsonl
    #[arg(long, conflicts_with = "quick")]
    pub record: bool,
    /// Measure shorter: to see that it runs, not for figures to keep
    #[arg(long)]
    pub quick: bool,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    /// The arguments of this process, for a part that has no others. Ends the process after
    /// `--help`, and with exit code 2 after an argument that there is not.
    #[must_use]
    pub fn parse_for(part: &'static str, about: &'static str) -> Self {
        let mut command = Self::augment_args(Command::new(part).about(about));
        let matches = command.get_matches_mut();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
    }
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, ErrorKind> {
        let all = ["part"].iter().chain(words);
        let matches = Arguments::augment_args(Command::new("part"))
            .try_get_matches_from(all)
            .map_err(|error| error.kind())?;
        Arguments::from_arg_matches(&matches).map_err(|error| error.kind())
    }

    #[test]
    fn arguments_are_read() {
        let none = Arguments::default();
        let table = [
            (&[][..], Ok(none)),
            (
                &["--bench"],
                Ok(Arguments {
                    bench: true,
                    ..none
                }),
            ),
            (&["--json"], Ok(Arguments { json: true, ..none })),
            (
                &["--json", "--record"],
                Ok(Arguments {
                    json: true,
                    record: true,
                    ..none
                }),
            ),
            (
                &["--quick"],
                Ok(Arguments {
                    quick: true,
                    ..none
                }),
            ),
            (&["--record", "--quick"], Err(ErrorKind::ArgumentConflict)),
            (&["--fast"], Err(ErrorKind::UnknownArgument)),
            (&["--help"], Err(ErrorKind::DisplayHelp)),
        ];
        for (words, expected) in table {
            assert_eq!(parse(words), expected, "{words:?}");
        }
    }
}
