//! `tb-tcp frame`: shows how a handler configuration cuts bytes into frames,
//! and guesses configurations from captured packets.

mod by_converter;
mod cut;
mod guess;
mod input;
mod print;

use std::{io::Write, process::ExitCode};

use anyhow::{Context, Result, ensure};

use crate::{
    cli::FrameArgs,
    config::{HandlerConfiguration, HandlerType, load_unchecked},
    output::{Output, remark},
};

/// Runs the command; what it finds goes to standard output.
///
/// # Errors
/// Input that cannot be read, or a configuration that cannot work.
pub fn run(arguments: &FrameArgs) -> Result<ExitCode> {
    let chunks = input::chunks(arguments)?;
    ensure!(
        chunks.iter().any(|chunk| !chunk.is_empty()),
        "there are no bytes: give --chunk HEX, --hex HEX, --file FILE, or pipe them in"
    );
    let mut output = Output::standard();
    if arguments.guess {
        let guesses = guess::rank(&chunks);
        print::guesses(&mut output, &guesses, arguments.json)?;
        return Ok(match guesses.is_empty() {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        });
    }
    let handler = handler(arguments)?;
    let outcome = match &arguments.converter {
        Some(file) => {
            ensure!(
                arguments.handler.is_none() || handler.handler_type == HandlerType::Converter,
                "--handler has another handlerType than CONVERTER: leave it, or --converter, out"
            );
            by_converter::cut(&handler, file, arguments.config.as_deref(), &chunks)?
        }
        None => {
            ensure!(
                handler.handler_type != HandlerType::Converter,
                "handlerType is CONVERTER: give the converter that cuts, with --converter FILE.wasm"
            );
            cut::cut(&handler, &chunks)?
        }
    };
    print::outcome(&mut output, &handler, &outcome, arguments.json)?;
    output.flush()?;
    Ok(match outcome.has_error() || outcome.events.is_empty() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn handler(arguments: &FrameArgs) -> Result<HandlerConfiguration> {
    if let Some(text) = &arguments.handler {
        let mut reader = serde_json::Deserializer::from_str(text);
        return serde_ignored::deserialize(&mut reader, |key| {
            remark(format_args!(
                "tb-tcp: --handler: unknown key {key} is ignored"
            ));
        })
        .context("--handler is not a handlerConfiguration in JSON");
    }
    let Some(file) = &arguments.config else {
        return Ok(HandlerConfiguration::default());
    };
    let integrations = load_unchecked(file)?.integrations;
    let names = || {
        let names = integrations
            .iter()
            .map(|integration| integration.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let found = match &arguments.integration {
        Some(name) => integrations
            .iter()
            .find(|integration| integration.name == *name),
        None if integrations.len() > 1 => None,
        None => integrations.first(),
    };
    found
        .map(|integration| {
            integration
                .client_configuration
                .handler_configuration
                .clone()
        })
        .with_context(|| {
            format!(
                "{}: name one of its integrations with --integration: {}",
                file.display(),
                names()
            )
        })
}
