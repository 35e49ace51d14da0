//! Running the user's command: what it printed, how it ended, what it used.

use super::super::say;
use super::super::world::World;
use anyhow::{Context, Result, bail};
use plimsoll::lab::Usage;
use plimsoll::report::text;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::SystemTime;
use wait4::Wait4 as _;

/// One execution that came to its end.
pub(super) struct Execution {
    pub(super) started: SystemTime,
    pub(super) printed: Vec<u8>,
    pub(super) status: ExitStatus,
    pub(super) usage: Usage,
}

/// Runs a command in the user's folder. What it prints goes to standard error, where people watch
/// it, and is kept.
#[expect(
    clippy::disallowed_methods,
    reason = "a command's start tells its results from older ones, and its time is measured"
)]
pub(super) fn run(world: &World, command: &[String]) -> Result<Execution> {
    let Some((program, arguments)) = command.split_first() else {
        bail!("no command after `--`")
    };
    let started = SystemTime::now();
    let clock = std::time::Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(&world.folder)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", text::plain(program)))?;
    let out = child.stdout.take();
    // Waiting and reading go side by side: a process that the command left behind may hold its
    // output open long after the command has ended.
    let reader = std::thread::spawn(move || pass_on(out));
    let ended =
        end_of(&mut child).with_context(|| format!("`{}` was lost", text::plain(program)))?;
    let wall = clock.elapsed();
    // Read now, so that what starting the command took is in it.
    let floor = own_peak();
    let printed = match reader.join() {
        Ok(printed) => printed.context("the command's output cannot be read")?,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    Ok(Execution {
        started,
        printed,
        status: ended.status,
        usage: Usage {
            wall,
            cpu: Some((ended.rusage.utime, ended.rusage.stime)),
            peak: Some(ended.rusage.maxrss).filter(|peak| *peak > floor),
        },
    })
}

pub(in super::super) fn end_of(child: &mut Child) -> std::io::Result<wait4::ResUse> {
    loop {
        match child.wait4() {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// How far the kernel's count of a resident set may lag behind.
const MARGIN_KIB: u64 = 1024;

/// The largest resident set that plimsoll itself had so far, in bytes. Linux counts the memory of
/// the process that starts a command into the command's peak, up to the moment at which the new
/// program takes over: a smaller peak than this one cannot be seen. The kernel's counters lag by a
/// few pages, hence the margin. 0 elsewhere.
pub(in super::super) fn own_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.map_or(0, |kib| (kib + MARGIN_KIB) * 1024)
}

fn pass_on(out: Option<std::process::ChildStdout>) -> std::io::Result<Vec<u8>> {
    let mut printed = Vec::new();
    let Some(mut out) = out else {
        return Ok(printed);
    };
    let mut buffer = [0; 8192];
    loop {
        match out.read(&mut buffer) {
            Ok(0) => return Ok(printed),
            Ok(n) => {
                printed.extend_from_slice(&buffer[..n]);
                let _ = std::io::stderr().write_all(&buffer[..n]);
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Runs what `--prepare` says, in the system's shell.
pub(super) fn prepare(world: &World, line: &str) -> Result<()> {
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let status = Command::new(shell)
        .args([flag, line])
        .current_dir(&world.folder)
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .with_context(|| format!("cannot start `{shell}` for --prepare"))?;
    if !status.success() {
        bail!(
            "--prepare `{}` failed ({status}): nothing was stored",
            text::plain(line)
        );
    }
    Ok(())
}

/// Says which execution begins, where there are several.
pub(super) fn announce(kind: &str, number: u32, of: u32, command: &[String]) {
    if of > 1 || kind != "run" {
        say(&format!(
            "{kind} {number} of {of}: {}",
            text::plain(&command.join(" "))
        ));
    }
}
