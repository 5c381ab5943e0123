//! Running a part under valgrind's callgrind, which counts instructions.

use std::{
    collections::BTreeMap,
    env,
    path::Path,
    process::{Command, Stdio},
};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use crate::parts::Part;

/// `prctl` on this processor.
const PRCTL: i64 = if cfg!(target_arch = "aarch64") {
    167
} else {
    157
};
/// Asks the kernel for the addresses of what it has mapped into a process.
const PR_GET_AUXV: u64 = 0x4155_5856;
const INVALID: u32 = 22;

/// Instructions of one call of the part. Where they go is written to `profile`, instruction by
/// instruction: compiled WebAssembly has no lines.
pub(crate) fn count(part: &Part, profile: Option<&Path>) -> Result<u64, String> {
    let profile = profile.unwrap_or(Path::new("/dev/null"));
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--dump-instr=yes"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg("--toggle-collect=*guarded_turn*")
        .arg(program)
        .args(["--run", part.key])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            format!("cannot run valgrind: {error}; install it with `apt-get install valgrind`")
        })?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{} failed under valgrind: {text}", part.key));
    }
    let collected = text.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected :")?;
        count.trim().parse::<u64>().ok()
    });
    match collected {
        Some(count) if count > 0 => Ok(count / (part.runs * part.calls)),
        _ => Err(format!("valgrind counted nothing of {}: {text}", part.key)),
    }
}

/// Makes the kernel refuse, to this process and its children, to tell where its own pages are: from Linux 6.4 on
/// programs find the clock there, but under valgrind these pages do not exist. What they ask next is answered
/// by valgrind, which knows that.
pub(crate) fn hide_kernel_pages() -> Result<(), String> {
    let told = || -> Result<BpfProgram, seccompiler::BackendError> {
        let asks =
            SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, PR_GET_AUXV)?;
        let rules = BTreeMap::from([(PRCTL, vec![SeccompRule::new(vec![asks])?])]);
        SeccompFilter::new(
            rules,
            SeccompAction::Allow,
            SeccompAction::Errno(INVALID),
            env::consts::ARCH.try_into()?,
        )?
        .try_into()
    };
    let filter = told().map_err(|error| error.to_string())?;
    seccompiler::apply_filter(&filter)
        .map_err(|error| format!("cannot filter the system calls of valgrind: {error}"))
}
