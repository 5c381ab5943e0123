//! The command line of the tools that talk to a running host.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

/// Letters that `tb-tcp dead-letters list` shows unless it is told otherwise:
/// what one looks through by eye.
const LETTERS_SHOWN: u16 = 50;

/// Which host a tool talks to, and how it prints the answer.
#[derive(Debug, Args)]
pub struct HostArgs {
    /// Settings (TOML) of the host, which name its dataFolder
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        conflicts_with = "data_folder"
    )]
    pub config: Option<PathBuf>,
    /// The host's dataFolder, instead of the settings that name it
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_folder: Option<PathBuf>,
    /// One JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
}

/// Arguments of `tb-tcp converters`.
#[derive(Debug, Args)]
#[command(after_help = "\
The host must run, on this machine and as the same user.

Exit codes: 0 done, 1 failed or no host answers, 2 wrong arguments or settings.")]
pub struct ConvertersArgs {
    /// Which host.
    #[command(flatten)]
    pub host: HostArgs,
    /// What to do; nothing means list.
    #[command(subcommand)]
    pub command: Option<ConvertersCommand>,
}

/// What `tb-tcp converters` can do.
#[derive(Debug, Subcommand)]
pub enum ConvertersCommand {
    /// Show every converter: version, calls, errors, state (the default)
    List,
    /// Let the version before serve again
    Rollback {
        /// The converter, as the list names it
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Arguments of `tb-tcp dead-letters`.
#[derive(Debug, Args)]
#[command(after_help = "\
A dead letter is a frame that its converter could not decode, or a record that ThingsBoard refused
three times. list, show and remove work without a running host too; replay needs one.

Exit codes: 0 done, 1 failed, no host answers, a letter is not there or failed again,
2 wrong arguments or settings.")]
pub struct DeadLettersArgs {
    /// Which host.
    #[command(flatten)]
    pub host: HostArgs,
    /// What to do; nothing means list.
    #[command(subcommand)]
    pub command: Option<DeadLettersCommand>,
}

/// What `tb-tcp dead-letters` can do.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// Show the newest letters, one a line (the default)
    List(ListArgs),
    /// Show one letter in full, with its bytes
    Show {
        /// The letter, as the list numbers it
        #[arg(value_name = "ID")]
        id: u64,
    },
    /// Decode letters again: those named, those that match, or all
    ///
    /// What can be decoded now goes to ThingsBoard and is no longer a letter.
    /// Ends with code 1 if a letter failed again.
    Replay(ReplayArgs),
    /// Remove letters for good: those named, those that match, or --all
    Remove(RemoveArgs),
}

impl Default for DeadLettersCommand {
    fn default() -> Self {
        Self::List(ListArgs {
            limit: LETTERS_SHOWN,
            filter: FilterArgs::default(),
        })
    }
}

/// Arguments of `tb-tcp dead-letters list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// At most so many letters, 1 to 10 000
    #[arg(
        long,
        default_value_t = LETTERS_SHOWN,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u16).range(1..=10_000)
    )]
    pub limit: u16,
    /// Which letters.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// Arguments of `tb-tcp dead-letters replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Letters, as the list numbers them
    #[arg(value_name = "ID", conflicts_with_all = ["integration", "converter"])]
    pub ids: Vec<u64>,
    /// Which letters.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// Arguments of `tb-tcp dead-letters remove`: nothing is removed unless it is
/// said what.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which")
    .args(["ids", "all", "integration", "converter"])
    .required(true)
    .multiple(true))]
pub struct RemoveArgs {
    /// Letters, as the list numbers them
    #[arg(value_name = "ID", conflicts_with_all = ["all", "integration", "converter"])]
    pub ids: Vec<u64>,
    /// Every letter there is
    #[arg(long, conflicts_with_all = ["integration", "converter"])]
    pub all: bool,
    /// Which letters.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// Chooses among letters; both must match.
#[derive(Debug, Default, Args)]
pub struct FilterArgs {
    /// Only letters that came to this integration
    #[arg(long, value_name = "NAME")]
    pub integration: Option<String>,
    /// Only letters that this converter could not decode
    #[arg(long, value_name = "NAME")]
    pub converter: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser, error::ErrorKind};

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Debug, Subcommand)]
    enum Command {
        Converters(ConvertersArgs),
        DeadLetters(DeadLettersArgs),
    }

    fn parse(line: &str) -> Result<Command, ErrorKind> {
        Cli::try_parse_from(line.split(' '))
            .map(|cli| cli.command)
            .map_err(|error| error.kind())
    }

    fn dead_letters(line: &str) -> DeadLettersArgs {
        match parse(line) {
            Ok(Command::DeadLetters(arguments)) => arguments,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_host_can_be_named_before_and_behind_the_command() {
        for line in [
            "tb-tcp converters --json -c a.toml rollback csv",
            "tb-tcp converters rollback csv --config a.toml --json",
        ] {
            let Ok(Command::Converters(arguments)) = parse(line) else {
                panic!("{line}");
            };
            assert_eq!(arguments.host.config, Some(PathBuf::from("a.toml")));
            assert!(arguments.host.json);
            assert!(matches!(
                arguments.command,
                Some(ConvertersCommand::Rollback { name }) if name == "csv"
            ));
        }
    }

    #[test]
    fn dead_letters_lists_by_default() {
        let arguments = dead_letters("tb-tcp dead-letters --data-folder d");
        assert_eq!(arguments.host.data_folder, Some(PathBuf::from("d")));
        assert!(arguments.command.is_none());
        let DeadLettersCommand::List(list) = DeadLettersCommand::default() else {
            panic!("the default is not a list");
        };
        let Some(DeadLettersCommand::List(asked)) =
            dead_letters("tb-tcp dead-letters list").command
        else {
            panic!("list is not a list");
        };
        assert_eq!(list.limit, 50);
        assert_eq!(asked.limit, list.limit);
    }

    #[test]
    fn replay_takes_ids_or_a_filter_or_nothing() {
        for (line, ids, integration) in [
            ("tb-tcp dead-letters replay", &[][..], None),
            ("tb-tcp dead-letters replay 7 8", &[7, 8], None),
            (
                "tb-tcp dead-letters replay --integration meters --converter csv",
                &[],
                Some("meters"),
            ),
        ] {
            let Some(DeadLettersCommand::Replay(replay)) = dead_letters(line).command else {
                panic!("{line}");
            };
            assert_eq!(replay.ids, ids, "{line}");
            assert_eq!(replay.filter.integration.as_deref(), integration, "{line}");
        }
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for (line, kind) in [
            (
                "tb-tcp dead-letters remove",
                ErrorKind::MissingRequiredArgument,
            ),
            (
                "tb-tcp dead-letters remove --json",
                ErrorKind::MissingRequiredArgument,
            ),
            (
                "tb-tcp dead-letters remove 1 --all",
                ErrorKind::ArgumentConflict,
            ),
            (
                "tb-tcp dead-letters remove --all --converter csv",
                ErrorKind::ArgumentConflict,
            ),
            (
                "tb-tcp dead-letters remove 1 --integration a",
                ErrorKind::ArgumentConflict,
            ),
            (
                "tb-tcp dead-letters replay 1 --integration a",
                ErrorKind::ArgumentConflict,
            ),
            (
                "tb-tcp dead-letters list --limit 0",
                ErrorKind::ValueValidation,
            ),
            (
                "tb-tcp dead-letters list --limit 10001",
                ErrorKind::ValueValidation,
            ),
            ("tb-tcp dead-letters show x", ErrorKind::ValueValidation),
            (
                "tb-tcp converters rollback",
                ErrorKind::MissingRequiredArgument,
            ),
            (
                "tb-tcp converters -c a --data-folder b",
                ErrorKind::ArgumentConflict,
            ),
        ] {
            match parse(line) {
                Err(refused) => assert_eq!(refused, kind, "{line}"),
                Ok(parsed) => panic!("{line}: {parsed:?}"),
            }
        }
    }

    #[test]
    fn remove_takes_one_way_to_say_what() {
        for line in [
            "tb-tcp dead-letters remove 1 2",
            "tb-tcp dead-letters remove --all",
            "tb-tcp dead-letters remove --integration a --converter b",
        ] {
            let Some(DeadLettersCommand::Remove(_)) = dead_letters(line).command else {
                panic!("{line}");
            };
        }
    }
}
