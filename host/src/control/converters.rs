//! `tb-tcp converters`: how the converters do, and back to the version before.

use std::{io::Write, path::Path, process::ExitCode};

use anyhow::Result;

use super::{client, print, protocol::Request};
use crate::cli::{ConvertersArgs, ConvertersCommand};

/// Runs the command against the host whose data folder is `folder`; what it
/// answers goes to `output`.
///
/// # Errors
/// No host answers, it refuses, or `output` cannot be written.
pub async fn run(
    arguments: &ConvertersArgs,
    folder: &Path,
    output: &mut impl Write,
) -> Result<ExitCode> {
    let request = match &arguments.command {
        None | Some(ConvertersCommand::List) => Request::Converters,
        Some(ConvertersCommand::Rollback { name }) => Request::Rollback { name: name.clone() },
    };
    let response = client::request(folder, &request).await?;
    print::response(output, &response, arguments.host.json)?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::HostArgs,
        control::testing::{Fake, Running},
    };

    fn arguments(command: Option<ConvertersCommand>) -> ConvertersArgs {
        ConvertersArgs {
            host: HostArgs {
                config: None,
                data_folder: None,
                json: true,
            },
            command,
        }
    }

    #[tokio::test]
    async fn each_command_asks_and_prints() {
        let running = Running::start(Fake::Host).await;
        let rollback = |name: &str| ConvertersCommand::Rollback {
            name: name.to_owned(),
        };
        for (command, start) in [
            (None, "[{\"name\":\"csv\""),
            (Some(ConvertersCommand::List), "[{\"name\":\"csv\""),
            (
                Some(rollback("csv")),
                "{\"name\":\"csv\",\"from\":\"1.3.0\"",
            ),
        ] {
            let mut output = Vec::new();
            let code = run(&arguments(command), running.folder(), &mut output).await;
            assert_eq!(code.unwrap(), ExitCode::SUCCESS);
            let text = String::from_utf8(output).unwrap();
            assert!(text.starts_with(start), "{text}");
        }
        let mut output = Vec::new();
        let unknown = arguments(Some(rollback("tea")));
        let refused = run(&unknown, running.folder(), &mut output).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "the test does not know Rollback { name: \"tea\" }"
        );
        assert_eq!(output, b"");
    }

    #[tokio::test]
    async fn without_a_host_nothing_is_printed() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = Vec::new();
        let error = run(&arguments(None), folder.path(), &mut output)
            .await
            .unwrap_err();
        assert!(error.to_string().starts_with("no host answers at "));
        assert_eq!(output, b"");
    }
}
