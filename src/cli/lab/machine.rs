//! The real clock and the real processes, and how both end when the user asks for it.

use super::super::record::command::{end_of, own_peak};
use anyhow::{Context, Result};
use plimsoll::git::LOCAL_VARIABLES;
use plimsoll::lab::{Clock, Done, Job, LabError, Runner, Usage};
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// So long a program may take to end by itself after it was asked to.
const GRACE: Duration = Duration::from_secs(2);
/// So much of what a program complains is kept, in bytes.
const KEPT: usize = 16 * 1024;

/// This machine.
pub(crate) struct Machine {
    start: Instant,
    stop: Arc<Stop>,
}

/// Whether the user asked to stop, and what runs at the moment.
#[derive(Default)]
struct Stop {
    asked: AtomicBool,
    running: Mutex<Option<u32>>,
}

impl Stop {
    fn running(&self) -> std::sync::MutexGuard<'_, Option<u32>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the running program, and everything that it started, to end; insists after a while.
    fn end_running(&self) {
        let group = *self.running();
        if let Some(group) = group {
            signal(group, false);
            std::thread::sleep(GRACE);
            if *self.running() == Some(group) {
                signal(group, true);
            }
        }
    }
}

/// Programs run in groups of their own, so that a whole build can be ended at once.
#[cfg(unix)]
fn signal(group: u32, insist: bool) {
    use nix::sys::signal::{Signal, killpg};
    let how = if insist {
        Signal::SIGKILL
    } else {
        Signal::SIGTERM
    };
    if let Ok(group) = i32::try_from(group) {
        // It may have ended in this moment: then nothing is to be done.
        let _ = killpg(nix::unistd::Pid::from_raw(group), how);
    }
}

/// Elsewhere the console tells the whole group by itself.
#[cfg(not(unix))]
fn signal(_group: u32, _insist: bool) {}

impl Machine {
    #[expect(clippy::disallowed_methods, reason = "this is the clock of the lab")]
    pub(crate) fn new() -> Result<Self> {
        let stop = Arc::new(Stop::default());
        let asked = Arc::clone(&stop);
        ctrlc::set_handler(move || {
            asked.asked.store(true, Ordering::SeqCst);
            asked.end_running();
        })
        .context("cannot listen for interruptions")?;
        Ok(Self {
            start: Instant::now(),
            stop,
        })
    }
}

impl Clock for Machine {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock of the lab")]
    fn date(&self) -> SystemTime {
        SystemTime::now()
    }
}

impl Runner for Machine {
    #[expect(clippy::disallowed_methods, reason = "a program's time is measured")]
    fn run(&self, job: &Job) -> Result<Done, LabError> {
        if self.stop.asked.load(Ordering::SeqCst) {
            return Err(LabError::Interrupted);
        }
        let program = job.command.first().map_or("", String::as_str);
        let failed = |reason| LabError::Start {
            program: program.to_owned(),
            reason,
        };
        let mut command = Command::new(program);
        command
            .args(job.command.iter().skip(1))
            .current_dir(&job.folder)
            .envs(job.vars.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in LOCAL_VARIABLES {
            command.env_remove(name);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let clock = Instant::now();
        let mut child = command.spawn().map_err(failed)?;
        *self.stop.running() = Some(child.id());
        if self.stop.asked.load(Ordering::SeqCst) {
            signal(child.id(), true);
        }
        let out = child.stdout.take().map(|out| reader(out, usize::MAX));
        let err = child.stderr.take().map(|err| reader(err, KEPT));
        let guard = job.most.map(|most| Guard::new(child.id(), most));
        let ended = end_of(&mut child);
        let wall = clock.elapsed();
        *self.stop.running() = None;
        let late = guard.is_some_and(Guard::end);
        if !ended.as_ref().is_ok_and(|ended| ended.status.success()) {
            // What a failed program left running would disturb the next one, and hold its output.
            signal(child.id(), true);
        }
        let floor = own_peak();
        let printed = joined(out);
        let complained = joined(err);
        if self.stop.asked.load(Ordering::SeqCst) {
            return Err(LabError::Interrupted);
        }
        if let (true, Some(after)) = (late, job.most) {
            return Err(LabError::TooSlow {
                command: job.command.join(" "),
                after,
            });
        }
        let ended = ended.map_err(failed)?;
        Ok(Done {
            success: ended.status.success(),
            status: ended.status.to_string(),
            printed,
            complained: String::from_utf8_lossy(&complained).into_owned(),
            usage: Usage {
                wall,
                cpu: Some((ended.rusage.utime, ended.rusage.stime)),
                peak: Some(ended.rusage.maxrss).filter(|peak| *peak > floor),
            },
        })
    }
}

type Reading = std::thread::JoinHandle<Vec<u8>>;

/// Reads to the end, keeping the last `most` bytes.
fn reader(mut from: impl Read + Send + 'static, most: usize) -> Reading {
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return kept,
                Ok(n) => {
                    kept.extend_from_slice(&buffer[..n]);
                    if kept.len() > most.saturating_mul(2) {
                        kept.drain(..kept.len() - most);
                    }
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return kept,
            }
        }
    })
}

fn joined(reading: Option<Reading>) -> Vec<u8> {
    reading.map_or_else(Vec::new, |reading| match reading.join() {
        Ok(bytes) => bytes,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Ends a program that takes longer than it may.
struct Guard {
    done: std::sync::mpsc::Sender<()>,
    late: std::thread::JoinHandle<bool>,
}

impl Guard {
    fn new(group: u32, most: Duration) -> Self {
        let (done, waiting) = std::sync::mpsc::channel::<()>();
        let late = std::thread::spawn(move || {
            let over = |wait| {
                waiting.recv_timeout(wait) == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            };
            if !over(most) {
                return false;
            }
            signal(group, false);
            if over(GRACE) {
                signal(group, true);
            }
            true
        });
        Self { done, late }
    }

    /// The program has ended; whether it had to be ended.
    fn end(self) -> bool {
        let _ = self.done.send(());
        self.late.join().unwrap_or(false)
    }
}
