//! Every command's help has examples, and they are run as they stand.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use support::{PARSE, Project};

/// The examples of a help text: its lines that begin with the program, indented.
fn examples(help: &str) -> Vec<String> {
    help.lines()
        .filter(|line| line.starts_with("  plimsoll ") || line.starts_with("Example:  plimsoll "))
        .map(|line| line.trim_start_matches("Example:").trim().to_owned())
        .collect()
}

/// Commands of the help of all, without `help` itself.
fn commands(project: &Project) -> Vec<String> {
    let help = project.plimsoll(&["--help"]).out;
    let list = help.split("Commands:\n").nth(1).unwrap();
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

#[test]
fn every_command_shows_an_example() {
    let project = Project::new();
    let commands = commands(&project);
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let said = project.plimsoll(&[&command, "--help"]);
        assert_eq!(said.code, 0, "{command}: {}", said.err);
        assert!(
            !examples(&said.out).is_empty(),
            "the help of {command} has no example:\n{}",
            said.out
        );
    }
}

/// Examples need what their story is about: a commit, a file, a network. Whatever is not there, no
/// example may be misunderstood: clap's own errors begin as below.
#[test]
fn every_example_is_understood() {
    let mut project = Project::new();
    project.budget("checkout", PARSE);
    project.history(6, &[("parse", 100.0)]);
    let root = project.root().to_owned();
    for command in commands(&project) {
        let help = project.plimsoll(&[&command, "--help"]).out;
        for example in examples(&help) {
            // Only plimsoll itself, not what its output is piped into or what comes after it.
            let own = example
                .split(" | ")
                .next()
                .unwrap()
                .split(" && ")
                .next()
                .unwrap()
                .split(" > ")
                .next()
                .unwrap();
            let own = own.split(" -- ").next().unwrap().to_owned()
                + if own.contains(" -- ") {
                    " -- false"
                } else {
                    ""
                };
            let own = own.replace("/tmp/", "made/");
            // That measures this machine for a while.
            if own.contains("doctor") && !own.contains("--db") && !own.contains("--no-measure") {
                continue;
            }
            let said = project.run_in(&root, "sh", &["-c", &format!("{own} </dev/null")], &[]);
            for wrong in [
                "error: unexpected argument",
                "error: invalid value",
                "Usage:",
                "unrecognized",
            ] {
                assert!(
                    !said.err.contains(wrong),
                    "`{example}` of the help of {command} is not understood:\n{}",
                    said.err
                );
            }
            assert!(
                (0..=2).contains(&said.code),
                "`{example}` ended with {}",
                said.code
            );
            project.git(&["checkout", "--quiet", "--force", "main"]);
        }
    }
}
