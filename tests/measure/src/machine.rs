//! What a reader has to know of the machine to make something of the figures.

use std::{fs, thread};

use serde_json::{Value as Json, json};

/// Facts of the machine that a part ran on. Nothing that names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Processors that this process may use.
    pub processors: usize,
    /// Their model, as the kernel names it.
    pub model: String,
    /// Version of the kernel.
    pub kernel: String,
    /// Memory in GiB.
    pub memory_gib: f64,
    /// Processes that wanted to run in the last minute, on average.
    pub load: f64,
}

impl Machine {
    /// This machine at this moment. What the kernel does not tell is `unknown` or not a number.
    #[must_use]
    pub fn this() -> Self {
        let read = |file| fs::read_to_string(file).unwrap_or_default();
        let kernel = read("/proc/sys/kernel/osrelease");
        Self {
            processors: thread::available_parallelism().map_or(0, usize::from),
            model: field(&read("/proc/cpuinfo"), "model name")
                .unwrap_or("unknown")
                .to_owned(),
            kernel: match kernel.trim() {
                "" => "unknown".to_owned(),
                release => release.to_owned(),
            },
            memory_gib: field(&read("/proc/meminfo"), "MemTotal")
                .and_then(first_number)
                .map_or(f64::NAN, |kib| kib / 1024.0 / 1024.0),
            load: first_number(&read("/proc/loadavg")).unwrap_or(f64::NAN),
        }
    }

    /// One line.
    pub(crate) fn line(&self) -> String {
        let processors = match self.processors {
            1 => "1 processor".to_owned(),
            several => format!("{several} processors"),
        };
        format!(
            "{processors} ({}), {:.0} GiB, Linux {}, load {:.1} at the start",
            self.model, self.memory_gib, self.kernel, self.load
        )
    }

    pub(crate) fn json(&self) -> Json {
        json!({
            "processors": self.processors,
            "model": self.model,
            "kernel": self.kernel,
            "memoryGiB": self.memory_gib,
            "load": self.load,
        })
    }
}

/// The value of the first line `NAME : VALUE`.
fn field<'text>(text: &'text str, name: &str) -> Option<&'text str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then_some(value.trim())
    })
}

fn first_number(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "model\t\t: 17\nmodel name\t: Some CPU: fast\nMemTotal:  2048 kB\n";
        assert_eq!(field(text, "model name"), Some("Some CPU: fast"));
        assert_eq!(field(text, "MemTotal").and_then(first_number), Some(2048.0));
        assert_eq!(field(text, "MemFree"), None);
    }

    #[test]
    fn this_machine_is_told() {
        let machine = Machine::this();
        assert!(machine.processors >= 1);
        assert!(machine.memory_gib > 0.0);
        assert!(machine.load >= 0.0);
        assert_ne!(machine.kernel, "unknown");
    }

    #[test]
    fn the_line_has_no_name_of_the_machine() {
        let machine = Machine {
            processors: 2,
            model: "Some CPU".to_owned(),
            kernel: "6.1.0".to_owned(),
            memory_gib: 23.6,
            load: 0.25,
        };
        assert_eq!(
            machine.line(),
            "2 processors (Some CPU), 24 GiB, Linux 6.1.0, load 0.2 at the start"
        );
        assert_eq!(machine.json()["processors"], 2);
    }
}
