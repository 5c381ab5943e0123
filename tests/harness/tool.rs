//! A `tb-tcp` command that ends by itself.

use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::files::binary;

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Tool {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub error: String,
}

impl Tool {
    /// Runs `tb-tcp` with `arguments` and waits for its end.
    #[track_caller]
    pub fn run(arguments: &[&str]) -> Self {
        let output = Command::new(binary())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Self {
            code: output.status.code(),
            output: String::from_utf8(output.stdout).unwrap(),
            error: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The output of a command that succeeded, as JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.output).unwrap()
    }
}
