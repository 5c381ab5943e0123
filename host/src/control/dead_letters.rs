//! `tb-tcp dead-letters`: frames that no converter could decode.

use std::{io::Write, path::Path, process::ExitCode};

use anyhow::{Result, ensure};

use super::{
    client,
    error::ControlError,
    print,
    protocol::{LetterFilter, Request, Response},
};
use crate::cli::{DeadLettersArgs, DeadLettersCommand, FilterArgs};

/// Runs the command against the host whose data folder is `folder`; what it
/// answers goes to `output`.
///
/// If no host runs, `offline` answers requests to list, show and remove
/// letters from the store itself. A host may start meanwhile, so `offline` has
/// to make sure that it alone has the store open.
///
/// The code is [`ExitCode::FAILURE`] if a letter failed again.
///
/// # Errors
/// No host answers and `offline` cannot either, it is refused, a letter that
/// was named is not there, or `output` cannot be written.
pub async fn run(
    arguments: &DeadLettersArgs,
    folder: &Path,
    output: &mut impl Write,
    offline: impl AsyncFnOnce(Request) -> Result<Response, String>,
) -> Result<ExitCode> {
    let default = DeadLettersCommand::default();
    let request = request(arguments.command.as_ref().unwrap_or(&default));
    let named = named_letters(&request);
    let response = match client::request(folder, &request).await {
        Err(ControlError::NotRunning { .. }) if request.works_without_host() => offline(request)
            .await
            .map_err(|message| ControlError::Refused { message }),
        answered => answered,
    }?;
    print::response(output, &response, arguments.host.json)?;
    output.flush()?;
    let (found, failed) = match &response {
        Response::Replayed(report) => (
            report.replayed + report.failed + report.left,
            report.failed > 0,
        ),
        Response::Removed(removed) => (removed.letters, false),
        _ => (named, false),
    };
    ensure!(
        found >= named,
        "{} of the {named} letters could not be found",
        named - found
    );
    Ok(match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn request(command: &DeadLettersCommand) -> Request {
    match command {
        DeadLettersCommand::List(list) => Request::DeadLetters {
            filter: filter(&list.filter),
            limit: usize::from(list.limit),
        },
        DeadLettersCommand::Show { id } => Request::DeadLetter { id: *id },
        DeadLettersCommand::Replay(replay) => Request::ReplayDeadLetters {
            filter: filter(&replay.filter),
            ids: once_each(&replay.ids),
        },
        DeadLettersCommand::Remove(remove) => Request::RemoveDeadLetters {
            filter: filter(&remove.filter),
            ids: once_each(&remove.ids),
        },
    }
}

fn filter(arguments: &FilterArgs) -> LetterFilter {
    LetterFilter {
        integration: arguments.integration.clone(),
        converter: arguments.converter.clone(),
    }
}

fn once_each(ids: &[u64]) -> Vec<u64> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// How many letters are asked for by their ids.
fn named_letters(request: &Request) -> u64 {
    match request {
        Request::ReplayDeadLetters { ids, .. } | Request::RemoveDeadLetters { ids, .. } => {
            ids.len() as u64
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::control::{
        LetterList, Removed, ReplayReport,
        testing::{Fake, Running, every_request, every_response},
    };

    #[derive(Debug, Parser)]
    struct Tool {
        #[command(flatten)]
        arguments: DeadLettersArgs,
    }

    fn arguments(line: &str) -> DeadLettersArgs {
        let words = ["dead-letters"].into_iter().chain(line.split_whitespace());
        Tool::try_parse_from(words).unwrap().arguments
    }

    /// The code, or the error, and what was printed.
    async fn outcome(
        line: &str,
        folder: &Path,
        offline: impl AsyncFnOnce(Request) -> Result<Response, String>,
    ) -> (Result<ExitCode, String>, String) {
        let mut output = Vec::new();
        let code = run(&arguments(line), folder, &mut output, offline).await;
        let text = String::from_utf8(output).unwrap();
        (code.map_err(|error| error.to_string()), text)
    }

    async fn never(request: Request) -> Result<Response, String> {
        panic!("{request:?} went past the host")
    }

    #[test]
    fn arguments_become_requests() {
        let of = |line| request(&arguments(line).command.unwrap_or_default());
        let [_, _, list, show, replay, remove, ..] = every_request();
        assert_eq!(of("list --integration meters"), list);
        assert_eq!(of("show 17"), show);
        assert_eq!(of("replay --converter csv"), replay);
        assert_eq!(of("remove 18 17 18"), remove);
        let filter = LetterFilter::default;
        for (line, request) in [
            (
                "",
                Request::DeadLetters {
                    filter: filter(),
                    limit: 50,
                },
            ),
            (
                "replay",
                Request::ReplayDeadLetters {
                    filter: filter(),
                    ids: Vec::new(),
                },
            ),
            (
                "remove --all",
                Request::RemoveDeadLetters {
                    filter: filter(),
                    ids: Vec::new(),
                },
            ),
        ] {
            assert_eq!(of(line), request, "{line}");
        }
    }

    #[tokio::test]
    async fn a_running_host_is_asked() {
        let running = Running::start(Fake::Host).await;
        for (line, printed) in [
            ("list --integration meters", "id  received"),
            ("show 17", "id           17\n"),
            (
                "replay --converter csv",
                "3 letters decoded into 9 entities.\n",
            ),
            ("remove 17 18", "2 letters removed.\n"),
            ("remove 17 18 --json", "{\"letters\":2}\n"),
        ] {
            let (code, text) = outcome(line, running.folder(), never).await;
            assert_eq!(code, Ok(ExitCode::SUCCESS), "{line}");
            assert!(text.starts_with(printed), "{line}: {text}");
        }
    }

    #[tokio::test]
    async fn without_a_host_the_store_is_asked_where_that_is_enough() {
        let folder = tempfile::tempdir().unwrap();
        let [_, _, list, show, replay, remove, ..] = every_request();
        let [_, _, letters, letter, _, removed, ..] = every_response();
        for (line, request, response) in [
            ("list --integration meters", list, letters),
            ("show 17", show, letter),
            ("remove 17 18", remove, removed),
        ] {
            let offline = async |asked| {
                assert_eq!(asked, request);
                Ok(response)
            };
            let (code, text) = outcome(line, folder.path(), offline).await;
            assert_eq!(code, Ok(ExitCode::SUCCESS), "{line}");
            assert!(!text.is_empty());
        }
        assert_eq!(
            replay,
            request(&arguments("replay --converter csv").command.unwrap())
        );
        let (code, text) = outcome("replay --converter csv", folder.path(), never).await;
        assert!(code.unwrap_err().starts_with("no host answers at "));
        assert_eq!(text, "");
    }

    #[tokio::test]
    async fn the_stores_refusal_is_shown_escaped() {
        let folder = tempfile::tempdir().unwrap();
        let refuse = async |_| Err("letter 17 is not there\x1b".to_owned());
        let (code, text) = outcome("show 17", folder.path(), refuse).await;
        assert_eq!(code, Err(r"letter 17 is not there\u{1b}".to_owned()));
        assert_eq!(text, "");
    }

    #[tokio::test]
    async fn a_host_that_refuses_is_not_gone_past() {
        let running = Running::start(Fake::says(Err("the store is off".to_owned()))).await;
        let (code, _) = outcome("list", running.folder(), never).await;
        assert_eq!(code, Err("the store is off".to_owned()));
    }

    #[tokio::test]
    async fn letters_that_failed_or_are_missing_end_in_failure() {
        let replay = |replayed, failed, left| {
            Response::Replayed(ReplayReport {
                replayed,
                failed,
                left,
                entities: replayed,
            })
        };
        for (line, response, code) in [
            ("replay", replay(5, 0, 0), Ok(ExitCode::SUCCESS)),
            ("replay", replay(0, 0, 0), Ok(ExitCode::SUCCESS)),
            ("replay", replay(5, 0, 2), Ok(ExitCode::SUCCESS)),
            ("replay", replay(5, 1, 0), Ok(ExitCode::FAILURE)),
            ("replay 1 2 3", replay(1, 1, 1), Ok(ExitCode::FAILURE)),
            (
                "replay 1 2 3",
                replay(1, 0, 1),
                Err("1 of the 3 letters could not be found".to_owned()),
            ),
            (
                "remove 1 2",
                Response::Removed(Removed { letters: 0 }),
                Err("2 of the 2 letters could not be found".to_owned()),
            ),
            (
                "remove --all",
                Response::Removed(Removed { letters: 0 }),
                Ok(ExitCode::SUCCESS),
            ),
            (
                "list",
                Response::Letters(LetterList::default()),
                Ok(ExitCode::SUCCESS),
            ),
        ] {
            let running = Running::start(Fake::says(Ok(response))).await;
            let (result, text) = outcome(line, running.folder(), never).await;
            assert_eq!(result, code, "{line}");
            assert_ne!(text, "", "what was done is printed: {line}");
        }
    }
}
