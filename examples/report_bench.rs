//! Measures `plimsoll report` on a seeded repository: time, bytes and peak memory, and how a browser
//! takes the overview: load time, long tasks, memory of the page.
//!
//! ```text
//! cargo build --release
//! cargo run --release --example seed -- /tmp/seeded 200 1000
//! cargo run --release --example report_bench -- target/release/plimsoll /tmp/seeded
//! ```
//!
//! The browser part needs chromium and chromium-driver.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, reads the clock, and ends with the first fault"
)]

#[path = "../tests/browser_support/driver.rs"]
mod driver;

use driver::Browser;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use wait4::Wait4;

fn main() {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [plimsoll, project] = &args[..] else {
        println!("usage: report_bench PLIMSOLL PROJECT");
        return;
    };
    let plimsoll = std::fs::canonicalize(plimsoll).unwrap();
    let out = std::fs::canonicalize(project).unwrap().join("report");
    let _ = std::fs::remove_dir_all(&out);
    let start = Instant::now();
    let mut child = Command::new(plimsoll)
        .args(["report", "-o"])
        .arg(&out)
        .current_dir(project)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let done = child.wait4().unwrap();
    assert!(done.status.success(), "report failed");
    let usage = done.rusage;
    println!(
        "written in {:.2} s ({:.2} s of processor time), peak memory {} MB",
        start.elapsed().as_secs_f64(),
        usage.utime.as_secs_f64() + usage.stime.as_secs_f64(),
        usage.maxrss / 1_000_000,
    );
    let mut sizes = Vec::new();
    measure(&out, &mut sizes);
    let all: u64 = sizes.iter().map(|(_, size)| size).sum();
    println!("{} files, {:.1} MB", sizes.len(), all as f64 / 1e6);
    let largest = |folder: &str, end: &str| {
        let own = sizes.iter().filter(|(path, _)| {
            path.parent() == Some(&out.join(folder)) && path.to_string_lossy().ends_with(end)
        });
        own.map(|(_, size)| *size).max().unwrap_or(0)
    };
    println!(
        "overview {} KB, largest series page {} KB",
        largest("", "index.html") / 1000,
        largest("s", ".html") / 1000
    );
    load(&out.join("index.html"));
}

/// All files below a folder with their sizes.
fn measure(folder: &Path, sizes: &mut Vec<(PathBuf, u64)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            measure(&path, sizes);
        } else {
            let size = path.metadata().unwrap().len();
            sizes.push((path, size));
        }
    }
}

/// How long a page takes to load, and what keeps its thread for more than 50 ms.
fn load(page: &Path) {
    let browser = Browser::start();
    browser.width(1280);
    for _ in 0..3 {
        browser.open("about:blank");
        browser.open(&format!("file://{}", page.display()));
        let told = browser.wait(
            "const done = arguments[arguments.length - 1];
             const seen = [];
             new PerformanceObserver(list => seen.push(...list.getEntries().map(e => Math.round(e.duration))))
               .observe({type: 'longtask', buffered: true});
             setTimeout(() => {
               const n = performance.getEntriesByType('navigation')[0];
               done([Math.round(n.loadEventEnd), seen.join(' ms, '),
                     document.querySelectorAll('table.series tbody tr').length]);
             }, 500)",
        );
        let tasks = match told[1].as_str().unwrap_or_default() {
            "" => "no long task".to_owned(),
            tasks => format!("long tasks: {tasks} ms"),
        };
        println!(
            "overview of {} rows loaded in {} ms, {tasks}",
            told[2], told[0]
        );
    }
}
