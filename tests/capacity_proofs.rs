//! A real sweep: a server with a lock in it, loaded by autocannon from npm (`.ci/run` installs it below
//! target/proofs; where it is absent this fails). It takes less than a minute.
#![cfg(feature = "ci-proofs")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod locked_support;

use locked_support::{Work, start};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LEVELS: [u32; 10] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
const SECONDS: &str = "2";

/// Loads a server at each level and asks plimsoll what it says of all results.
fn sweep(work: Work) -> Value {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/proofs/node_modules/autocannon/autocannon.js");
    assert!(tool.exists(), "autocannon is not installed: run .ci/run");
    let address = start(work);
    let folder = tempfile::tempdir().unwrap();
    // Not in order of load: what drifts meanwhile would look like scaling.
    let mut mixed = LEVELS;
    mixed.swap(0, 3);
    mixed.swap(1, 6);
    mixed.swap(2, 8);
    mixed.swap(3, 7);
    for level in mixed {
        let out = Command::new("node")
            .arg(&tool)
            .args(["-c", &level.to_string(), "-d", SECONDS, "--json", &address])
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        std::fs::write(
            folder.path().join(format!("step-{level:02}.json")),
            &out.stdout,
        )
        .unwrap();
    }
    let mut files: Vec<String> = LEVELS
        .iter()
        .map(|level| format!("step-{level:02}.json"))
        .collect();
    files.insert(0, "capacity".to_owned());
    files.push("--json".to_owned());
    let told = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(&files)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    serde_json::from_slice(&told.stdout).unwrap()
}

#[test]
fn contention_is_found_and_found_larger_after_the_lock_is_widened() {
    let times = |outside: u64, inside: u64| Work {
        outside: Duration::from_micros(outside),
        inside: Duration::from_micros(inside),
    };
    let narrow = sweep(times(13_000, 4_000));
    let wide = sweep(times(6_000, 11_000));
    let of = |told: &Value, name: &str| told[name].as_f64().unwrap();
    for told in [&narrow, &wide] {
        assert_eq!(told["steps"].as_array().unwrap().len(), LEVELS.len());
        assert!(of(told, "alpha_low") >= 0.0 && of(told, "alpha_high") <= 1.0);
    }
    let said = format!(
        "narrow {:.4} ({:.4} … {:.4}), wide {:.4} ({:.4} … {:.4})",
        of(&narrow, "alpha"),
        of(&narrow, "alpha_low"),
        of(&narrow, "alpha_high"),
        of(&wide, "alpha"),
        of(&wide, "alpha_low"),
        of(&wide, "alpha_high"),
    );
    // Four in 17 wait in line, then eleven in 17.
    assert!(
        of(&narrow, "alpha_low") > 0.0,
        "contention is found: {said}"
    );
    assert!(
        of(&wide, "alpha_low") > of(&narrow, "alpha_high"),
        "and larger: {said}"
    );
}
