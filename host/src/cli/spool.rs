//! The command line of `tb-tcp spool`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::HostArgs;

/// Arguments of `tb-tcp spool`.
#[derive(Debug, Args)]
#[command(after_help = "\
Both work with and without a running host, on this machine and as the same user. Without one the
store is looked at and left as it is: nothing is made, removed, or moved aside. With --data-folder
alone spool.directory and spool.maxMib count as their defaults then.

Exit codes: 0 done, also if there is no spool; 1 failed, or the spool is damaged: what can be read
is shown and exported; 2 wrong arguments or settings.")]
pub struct SpoolArgs {
    /// Which host.
    #[command(flatten)]
    pub host: HostArgs,
    /// What to do; nothing means status.
    #[command(subcommand)]
    pub command: Option<SpoolCommand>,
}

/// What `tb-tcp spool` can do.
#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    /// Show how much waits for ThingsBoard, and since when (the default)
    Status,
    /// Write out all records that wait, oldest first, one JSON object a line
    ///
    /// Nothing is taken away: what is exported is sent to ThingsBoard all the
    /// same. Records that come meanwhile are not exported, and those that
    /// ThingsBoard acknowledges meanwhile are missing.
    Export(ExportArgs),
}

/// Arguments of `tb-tcp spool export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A file instead of standard output. It is there when it is complete, for
    /// its owner only
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write over FILE if it is there
    #[arg(long, requires = "output")]
    pub force: bool,
    /// At most so many records, from the oldest on
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser, error::ErrorKind};

    use super::*;

    #[derive(Debug, Parser)]
    struct Tool {
        #[command(flatten)]
        arguments: SpoolArgs,
    }

    fn parse(line: &str) -> Result<SpoolArgs, ErrorKind> {
        let words = ["spool"].into_iter().chain(line.split_whitespace());
        Tool::try_parse_from(words)
            .map(|tool| tool.arguments)
            .map_err(|error| error.kind())
    }

    #[test]
    fn the_definition_is_sound() {
        Tool::command().debug_assert();
    }

    #[test]
    fn it_shows_the_status_by_default() {
        let arguments = parse("--data-folder d --json").unwrap();
        assert!(arguments.command.is_none());
        assert_eq!(arguments.host.data_folder, Some(PathBuf::from("d")));
        let arguments = parse("status -c a.toml").unwrap();
        assert!(matches!(arguments.command, Some(SpoolCommand::Status)));
        assert_eq!(arguments.host.config, Some(PathBuf::from("a.toml")));
    }

    #[test]
    fn an_export_goes_to_a_file_or_to_standard_output() {
        for (line, output, force, limit) in [
            ("export", None, false, None),
            ("export --output f", Some("f"), false, None),
            ("export -o f --force --limit 7", Some("f"), true, Some(7)),
        ] {
            let Some(SpoolCommand::Export(export)) = parse(line).unwrap().command else {
                panic!("{line}");
            };
            assert_eq!(export.output, output.map(PathBuf::from), "{line}");
            assert_eq!((export.force, export.limit), (force, limit), "{line}");
        }
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for (line, kind) in [
            ("export --force", ErrorKind::MissingRequiredArgument),
            ("export --limit 0", ErrorKind::ValueValidation),
            ("export --limit -1", ErrorKind::UnknownArgument),
            ("status --output f", ErrorKind::UnknownArgument),
            ("status -c a --data-folder b", ErrorKind::ArgumentConflict),
            ("drain", ErrorKind::InvalidSubcommand),
        ] {
            assert_eq!(parse(line).map(|_| ()), Err(kind), "{line}");
        }
    }
}
