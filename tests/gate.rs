//! plimsoll's own gate, on itself: a tenth more work in the search for change points turns it red, on
//! instructions and, side by side, on CPU time, and the right commit is named. Builds the benchmark
//! twice and needs valgrind: feature `ci-proofs`.
#![cfg(feature = "ci-proofs")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Project, at};

/// Builds `benches/exact.rs` as it is, or with the slow search; answers where it is.
fn build(features: &[&str]) -> PathBuf {
    let out = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "bench",
            "--no-run",
            "--quiet",
            // As `.ci/run` builds it: without a second build of everything that it depends on.
            "--profile",
            "dev",
            "--bench",
            "exact",
            "--message-format=json",
        ])
        .args(features)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let made = String::from_utf8(out.stdout).unwrap();
    let program = made.lines().find_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let own = line.pointer("/target/name")?.as_str()? == "exact";
        let path = line.get("executable")?.as_str()?;
        own.then(|| PathBuf::from(path))
    });
    program.unwrap()
}

/// Measures a program's exact figures into a file.
fn measured(program: &Path, folder: &Path) -> PathBuf {
    let ran = Command::new(program)
        .env("PLIMSOLL_EXACT", folder)
        .env("PLIMSOLL_EXACT_ONLY", "detect/20x1000")
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    folder.join("exact.json")
}

#[test]
fn a_tenth_more_work_turns_the_gate_red_and_the_commit_is_named() {
    let tools = tempfile::tempdir().unwrap();
    let mut programs = Vec::new();
    for (name, features) in [("quick", &[][..]), ("slow", &["--features", "slower"][..])] {
        // The next build may replace it.
        let own = tools.path().join(name);
        std::fs::copy(build(features), &own).unwrap();
        programs.push(own);
    }
    let mut project = Project::new();
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("budgets/exact/detect.toml"),
    )
    .unwrap();
    project.write("budgets/detect.toml", &text);
    // The same program gives the same figures: each is counted once.
    let files: Vec<PathBuf> = programs
        .iter()
        .map(|program| measured(program, &program.with_extension("figures")))
        .collect();
    let mut blamed = String::new();
    for i in 0..6 {
        let slow = i == 5;
        let which = if slow { "slow" } else { "quick" };
        project.write("which", which);
        blamed = project.commit(if slow { "Search twice" } else { "Other work" });
        let file = files[usize::from(slow)].to_str().unwrap();
        let said = project.plimsoll(&["record", "--env", "ci", file]);
        assert_eq!(said.code, 0, "{}", said.err);
        let said = project.plimsoll(&["check"]);
        assert_eq!(
            said.code,
            i32::from(slow),
            "commit {i}: {}{}",
            said.out,
            said.err
        );
    }
    let found: Value =
        serde_json::from_str(&project.plimsoll(&["check", "--format", "json"]).out).unwrap();
    let limits = at(&found, "limits").as_array().unwrap();
    let over = limits
        .iter()
        .find(|l| l["limit"] == "detect-instructions" && l["verdict"] == "over")
        .unwrap();
    let effect = over["effect"].as_f64().unwrap();
    assert!((0.08..0.12).contains(&effect), "{effect}");
    assert_eq!(over["suspects"][0], Value::from(blamed.clone()), "{over:#}");

    // Side by side, on CPU time: the commit against its parent.
    let parent = format!("{blamed}^");
    project.git(&["checkout", "--quiet", &blamed]);
    let build = format!(
        "mkdir -p target && cp '{}/'$(cat which) target/exact",
        tools.path().display()
    );
    project.write(
        "budgets/detect.toml",
        "schema = 1\n[feature]\nname = \"detect\"\nowner = \"@plimsoll/maintainers\"\n[[limit]]\nid = \"cpu\"\nselect = { benchmark = \"*\", metric = \"cpu\" }\nregress = { limit = \"+3%\" }\n",
    );
    let said = project.plimsoll(&[
        "compare",
        &parent,
        "--pairs",
        "40",
        "--format",
        "json",
        "--build",
        &build,
        "--",
        "target/exact",
        "run",
        "detect/20x1000",
        "2",
    ]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(at(&found, "verdict"), "over");
    assert_eq!(at(&found, "commit"), &Value::from(blamed));
}
