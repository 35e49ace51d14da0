//! `BenchmarkTools.save` of Julia.
//!
//! Versions seen: 1.0.0.
//! Producer: <https://github.com/JuliaCI/BenchmarkTools.jl/blob/main/src/serialization.jl>
//!
//! A pair of versions and values; every value is a pair of its type's name and its fields. Groups
//! nest, and a benchmark is its path, joined with `/`. A `Trial` has all times as samples, a
//! `TrialEstimate` has one time and does not say which statistic it is. Both are in nanoseconds.
//! Comparisons of two runs (`TrialJudgement`, `TrialRatio`) hold no times.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::parsed::{Bench, Input, Parsed, SIZE, not_negative};
use super::registry::{Format, Reader};
use super::timed::Timed;
use crate::model::{Direction, Tags, Unit};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use std::fmt;

pub(crate) const FORMAT: Format = Format {
    name: "julia",
    aliases: &["benchmarktools"],
    produced_by: "BenchmarkTools.save(FILE, results)",
    known_by: "a JSON list that begins with the versions of `Julia` and `BenchmarkTools`",
    versions: &["1.0.0"],
    metrics: &["time", "alloc.bytes", "alloc.count"],
    samples: true,
    url: "https://juliaci.github.io/BenchmarkTools.jl/stable/",
    sniff: |content| content.has("[]/BenchmarkTools"),
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Versions {
    #[serde(rename = "BenchmarkTools")]
    tools: String,
}

#[derive(Deserialize)]
struct Group {
    data: UniqueMap<Node>,
}

/// A pair of a type's name and its fields.
enum Node {
    Group(Group),
    Trial(Trial),
    Estimate(Estimate),
    Other(String),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;
        impl<'de> Visitor<'de> for Pair {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of a type's name and its fields")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let missing = || serde::de::Error::invalid_length(1, &Self);
                let kind: String = seq.next_element()?.ok_or_else(missing)?;
                let node = match kind.as_str() {
                    "BenchmarkGroup" => seq.next_element()?.map(Node::Group),
                    "Trial" => seq.next_element()?.map(Node::Trial),
                    "TrialEstimate" => seq.next_element()?.map(Node::Estimate),
                    _ => seq
                        .next_element::<IgnoredAny>()?
                        .map(|IgnoredAny| Node::Other(kind)),
                };
                if seq.next_element::<IgnoredAny>()?.is_some() {
                    return Err(serde::de::Error::invalid_length(3, &Self));
                }
                node.ok_or_else(missing)
            }
        }
        deserializer.deserialize_seq(Pair)
    }
}

#[derive(Deserialize)]
struct Trial {
    times: Vec<f64>,
    memory: f64,
    allocs: f64,
}

#[derive(Deserialize)]
struct Estimate {
    time: f64,
    memory: f64,
    allocs: f64,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let (versions, values): (Versions, Vec<Node>) = json::document(input.bytes)?;
    let mut parsed = Parsed {
        version: Some(versions.tools),
        ..Parsed::default()
    };
    for (i, value) in values.iter().enumerate() {
        node(&[], value, &format!("[1][{i}]"), &mut parsed)?;
    }
    Ok(parsed)
}

fn node(path: &[&str], value: &Node, place: &str, parsed: &mut Parsed) -> Result<(), Fault> {
    let name = if path.is_empty() {
        "benchmark".to_owned()
    } else {
        path.join("/")
    };
    let bench = Bench::new(&name, Tags::new());
    let timed = |n: usize| Timed {
        bench: &bench,
        n: n as u64,
        factor: 1.0,
        unit: "ns",
        place,
    };
    let (headline, timed, memory, allocs) = match value {
        Node::Group(group) => {
            for (key, value) in &group.data.0 {
                let mut path = path.to_vec();
                path.push(key);
                node(&path, value, &format!("{place}.data.{key}"), parsed)?;
            }
            return Ok(());
        }
        Node::Trial(trial) if trial.times.is_empty() => {
            parsed.fail(&name, "it has no times: it was not run");
            return Ok(());
        }
        Node::Trial(trial) => {
            let timed = timed(trial.times.len());
            let headline = timed.samples(&trial.times, "times")?;
            (headline, timed, trial.memory, trial.allocs)
        }
        Node::Estimate(estimate) => {
            let timed = timed(1);
            let headline = timed.headline(estimate.time, "time")?;
            (headline, timed, estimate.memory, estimate.allocs)
        }
        Node::Other(kind) => {
            let reason =
                format!("a `{kind}` holds no times; save the trials or an estimate of them");
            return Err(Fault::at(place, reason));
        }
    };
    if timed.keep(headline, parsed) {
        let memory = not_negative(memory, || timed.at("memory"))?;
        let allocs = not_negative(allocs, || timed.at("allocs"))?;
        let count = (Unit::Count, Some(Direction::Lower));
        let n = timed.n;
        parsed
            .measurements
            .push(bench.value("alloc.bytes", (memory, n), SIZE, ("memory", "B")));
        parsed
            .measurements
            .push(bench.value("alloc.count", (allocs, n), count, ("allocs", "")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn groups_trials_and_estimates() {
        let reading = read_fixture("julia/handmade-groups.json");
        let sort = get(&reading, "sort/100", "time");
        assert_eq!((sort.value, sort.n), (200.0, 3));
        assert!(sort.samples.is_some());
        assert!(close(get(&reading, "sort/100", "alloc.bytes").value, 896.0));
        let fib = get(&reading, "fib", "time");
        assert_eq!(
            (fib.value, fib.n, fib.samples.is_none()),
            (31_028.0, 1, true)
        );
        assert_eq!(reading.failures[0].benchmark, "sort/never");
        assert_eq!(reading.version.as_deref(), Some("1.0.0"));
    }

    #[test]
    fn mistakes_name_their_place() {
        let with = |value: &str| {
            format!(
                "[{{\"BenchmarkTools\": \"1.0.0\"}}, [[\"BenchmarkGroup\", {{\"data\": {{\"a\": {value}}}}}]]]"
            )
        };
        let trial = |time: &str| {
            format!("[\"Trial\", {{\"times\": [1, {time}], \"memory\": 0, \"allocs\": 0}}]")
        };
        for (value, place) in [
            (trial("-1"), "data.a.times[1]"),
            (trial("\"1\""), "line 1"),
            (trial("NaN"), "line 1"),
            (trial("1e999"), "line 1"),
            ("[\"TrialJudgement\", {}]".to_owned(), "data.a"),
            ("[\"TrialEstimate\", {\"time\": 1}]".to_owned(), "memory"),
            ("[\"Trial\"]".to_owned(), "line 1"),
        ] {
            let error = read_text("x.json", "julia", &with(&value)).unwrap_err();
            assert!(error.to_string().contains(place), "{value}: {error}");
        }
        let one = trial("1");
        let twice = with(&one).replace("\"data\": {", &format!("\"data\": {{\"a\": {one}, "));
        let error = read_text("x.json", "julia", &twice).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
        let zero = with("[\"TrialEstimate\", {\"time\": 0, \"memory\": 0, \"allocs\": 0}]");
        assert_eq!(
            read_text("x.json", "julia", &zero).unwrap().failures.len(),
            1
        );
    }
}
