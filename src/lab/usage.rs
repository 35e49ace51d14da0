//! What a command used, and how large a file is, as measurements.

use crate::model::{Direction, Measurement, Tags, Unit};
use std::path::Path;
use std::time::Duration;

/// What one execution of a command used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// From its start to its end.
    pub wall: Duration,
    /// CPU time in user and in system mode, of the command and of its descendants that were
    /// waited for; `None` where the system does not tell.
    pub cpu: Option<(Duration, Duration)>,
    /// The largest resident set of any one of these processes, in bytes; `None` where the system
    /// does not tell.
    pub peak: Option<u64>,
}

impl Usage {
    /// The measurements of a benchmark: `time` (the headline), `cpu.user`, `cpu.system`, `cpu`
    /// (their sum), all in ns, and `memory.peak` in B. Less is better for all of them.
    #[must_use]
    pub fn measurements(&self, benchmark: &str) -> Vec<Measurement> {
        let time = |metric: &str, source: &str, amount: Duration| {
            let ns = amount.as_nanos() as f64;
            one(benchmark, metric, ns, Unit::Nanoseconds, source)
        };
        let mut all = vec![time("time", "wall", self.wall)];
        if let Some((user, system)) = self.cpu {
            all.push(time("cpu.user", "user", user));
            all.push(time("cpu.system", "system", system));
            all.push(time("cpu", "user + system", user + system));
        }
        if let Some(peak) = self.peak {
            let bytes = peak as f64;
            all.push(one(
                benchmark,
                "memory.peak",
                bytes,
                Unit::Bytes,
                "max resident set",
            ));
        }
        all
    }
}

/// The size of a file: metric `size` in B, less is better.
#[must_use]
pub fn file_size(benchmark: &str, bytes: u64) -> Measurement {
    one(benchmark, "size", bytes as f64, Unit::Bytes, "size")
}

fn one(benchmark: &str, metric: &str, value: f64, unit: Unit, source: &str) -> Measurement {
    Measurement {
        benchmark: benchmark.to_owned(),
        metric: metric.to_owned(),
        value,
        source_unit: unit.as_str().to_owned(),
        unit,
        direction: Some(Direction::Lower),
        tags: Tags::new(),
        n: 1,
        spread: None,
        samples: None,
        source_metric: source.to_owned(),
    }
}

/// The name of a command as a benchmark: the program without its folder and ending, then its
/// arguments as a shell would take them (`./target/release/app.exe --big "a b"` is
/// `app --big 'a b'`). The same command has the same name wherever it was built, and whether a shell
/// was asked to start it or not.
#[must_use]
pub fn command_name(command: &[String]) -> String {
    if let Some(line) = shell_line(command) {
        return line_name(line);
    }
    let Some((program, arguments)) = command.split_first() else {
        return String::new();
    };
    let mut name = program_name(program);
    for argument in arguments {
        name.push(' ');
        name.push_str(&quoted(argument));
    }
    name
}

/// The name of a line for a shell: the line, its first word without folder and ending.
#[must_use]
pub fn line_name(line: &str) -> String {
    let line = line.trim();
    let (program, rest) = line.split_at(line.find(char::is_whitespace).unwrap_or(line.len()));
    program_name(program) + rest
}

/// The line that a shell is asked to run: `bash -e -o pipefail -c LINE`.
#[must_use]
pub fn shell_line(command: &[String]) -> Option<&str> {
    let [shell, options @ .., line] = command else {
        return None;
    };
    let (last, options) = options.split_last()?;
    let is_shell = ["sh", "bash", "dash", "zsh"].contains(&program_name(shell).as_str());
    let is_option = |word: &String| word.starts_with('-') || word == "pipefail";
    (is_shell && last == "-c" && options.iter().all(is_option)).then_some(line.as_str())
}

/// A program without its folder and ending.
fn program_name(program: &str) -> String {
    // Windows writes its folders with the other slash.
    let file = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let stem = ["exe", "bat", "cmd"]
        .iter()
        .find_map(|ending| {
            Path::new(file)
                .extension()
                .filter(|e| e.eq_ignore_ascii_case(ending))
        })
        .and_then(|_| Path::new(file).file_stem()?.to_str())
        .unwrap_or(file);
    if stem.is_empty() { program } else { stem }.to_owned()
}

/// An argument as a shell takes it: in single quotes where it holds blanks or quotes.
fn quoted(argument: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && c != '\'' && c != '"';
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        command_name(&words)
    }

    #[test]
    fn a_command_has_the_same_name_in_every_folder() {
        assert_eq!(name(&["./target/release/app", "--big", "x"]), "app --big x");
        assert_eq!(name(&[r"C:\bin\app.EXE", "--big", "x"]), "app --big x");
        assert_eq!(name(&["run.sh"]), "run.sh");
        assert_eq!(name(&["v1.2"]), "v1.2");
        assert_eq!(name(&[]), "");
    }

    #[test]
    fn a_shell_that_starts_a_command_is_no_part_of_its_name() {
        let line = "./target/release/app --big 'a b'";
        let direct = name(&["./target/release/app", "--big", "a b"]);
        assert_eq!(name(&["bash", "-e", "-o", "pipefail", "-c", line]), direct);
        assert_eq!(name(&["/bin/sh", "-c", line]), direct);
        assert_eq!(line_name(line), direct);
        assert_eq!(name(&["sh", "bench.sh"]), "sh bench.sh");
        assert_eq!(name(&["bash", "x", "-c", "y"]), "bash x -c y");
        assert_eq!(name(&["sh", "-c"]), "sh -c");
        assert_eq!(line_name(" "), "");
    }

    #[test]
    fn arguments_that_differ_have_names_that_differ() {
        assert_eq!(name(&["app", "a b"]), "app 'a b'");
        assert_eq!(name(&["app", ""]), "app ''");
        assert_eq!(name(&["app", "it's"]), r"app 'it'\''s'");
        assert_ne!(name(&["app", "a b"]), name(&["app", "a", "b"]));
    }

    #[test]
    fn a_usage_is_five_metrics_where_the_system_tells_all() {
        let usage = Usage {
            wall: Duration::from_millis(3),
            cpu: Some((Duration::from_millis(2), Duration::from_micros(500))),
            peak: Some(4096),
        };
        let all: Vec<_> = usage
            .measurements("b")
            .into_iter()
            .map(|m| (m.metric, m.value, m.unit))
            .collect();
        let ns = Unit::Nanoseconds;
        assert_eq!(
            all,
            [
                ("time".to_owned(), 3e6, ns.clone()),
                ("cpu.user".to_owned(), 2e6, ns.clone()),
                ("cpu.system".to_owned(), 5e5, ns.clone()),
                ("cpu".to_owned(), 2.5e6, ns),
                ("memory.peak".to_owned(), 4096.0, Unit::Bytes),
            ]
        );
        let little = Usage {
            cpu: None,
            peak: None,
            ..usage
        };
        assert_eq!(little.measurements("b").len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn different_commands_have_different_names(a in proptest::collection::vec("[ab' ]{0,3}", 0..4), b in proptest::collection::vec("[ab' ]{0,3}", 0..4)) {
            let of = |words: &[String]| {
                let mut all = vec!["app".to_owned()];
                all.extend(words.iter().cloned());
                command_name(&all)
            };
            proptest::prop_assert_eq!(a == b, of(&a) == of(&b));
        }
    }
}
