//! cargo-criterion's `--message-format=json`: one message a line.
//!
//! Versions seen: 1.1.0.
//! Producer: <https://bheisler.github.io/criterion.rs/book/cargo_criterion/external_tools.html>
//!
//! `benchmark-complete` holds a benchmark: what each sample measured in all, over how many
//! iterations, in `unit`. Other messages and `change`, which compares with an earlier run, are
//! left alone.

use super::fault::Fault;
use super::json;
use super::parsed::{Bench, Input, Parsed, TIME, ZERO_TIME, not_negative, scaled, with_ends};
use super::registry::{Format, Reader};
use super::units;
use crate::model::{Samples, Tags};
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "cargo-criterion",
    aliases: &[],
    produced_by: "cargo criterion --message-format=json > FILE",
    known_by: "lines of JSON with `reason` and `measured_values`",
    versions: &["1.1.0"],
    metrics: &["time", "time.mean", "time.median", "time.slope"],
    samples: true,
    url: "https://bheisler.github.io/criterion.rs/book/cargo_criterion/external_tools.html",
    sniff: |content| content.has("reason") && content.has("measured_values"),
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Message {
    reason: String,
}

#[derive(Deserialize)]
struct Complete {
    id: String,
    iteration_count: Vec<f64>,
    measured_values: Vec<f64>,
    unit: String,
    mean: Estimate,
    median: Estimate,
    slope: Option<Estimate>,
}

#[derive(Deserialize)]
struct Estimate {
    estimate: f64,
    lower_bound: f64,
    upper_bound: f64,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    for (i, line) in input.text()?.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let at = |fault: Fault| {
            let inner = fault.place.map(|place| format!(": {place}"));
            Fault::at(
                format!("message {}{}", i + 1, inner.unwrap_or_default()),
                fault.reason,
            )
        };
        let message: Message = json::document(line.as_bytes()).map_err(at)?;
        if message.reason == "benchmark-complete" {
            let complete = json::document(line.as_bytes()).map_err(at)?;
            one(complete, &mut parsed).map_err(at)?;
        }
    }
    Ok(parsed)
}

fn one(complete: Complete, parsed: &mut Parsed) -> Result<(), Fault> {
    let factor = units::time(&complete.unit)
        .ok_or_else(|| Fault::at("unit", format!("`{}` is no unit of time", complete.unit)))?;
    let (counts, sums) = (&complete.iteration_count, &complete.measured_values);
    if counts.len() != sums.len() {
        return Err(Fault::at(
            "iteration_count",
            format!(
                "{} iteration counts for {} values",
                counts.len(),
                sums.len()
            ),
        ));
    }
    let mut samples = Samples::default();
    for (i, (sum, count)) in sums.iter().zip(counts).enumerate() {
        if *count <= 0.0 {
            return Err(Fault::at(
                format!("iteration_count[{i}]"),
                format!("{count} is not a number of iterations"),
            ));
        }
        let place = || format!("measured_values[{i}]");
        not_negative(*sum, place)?;
        samples.values.push(scaled(sum / count, factor, place)?);
    }
    samples.iterations = Some(complete.iteration_count);
    let n = samples.values.len() as u64;
    let bench = Bench::new(&complete.id, Tags::new());
    let unit = complete.unit.as_str();
    let time = bench
        .samples("time", samples, TIME, ("measured_values", unit))
        .ok_or_else(|| Fault::at("measured_values", "it holds no samples"))?;
    if time.value <= 0.0 {
        parsed.fail(complete.id, ZERO_TIME);
        return Ok(());
    }
    parsed.measurements.push(time);
    for (metric, source, found) in [
        ("time.mean", "mean", Some(&complete.mean)),
        ("time.median", "median", Some(&complete.median)),
        ("time.slope", "slope", complete.slope.as_ref()),
    ] {
        let Some(found) = found else { continue };
        let value = scaled(found.estimate, factor, || format!("{source}.estimate"))?;
        parsed.measurements.push(with_ends(
            bench.value(metric, (value, n), TIME, (source, unit)),
            found.lower_bound * factor,
            found.upper_bound * factor,
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn samples_are_per_iteration() {
        let reading = read_fixture("cargo-criterion/handmade-messages.ndjson");
        let time = get(&reading, "sort/64", "time");
        assert!(close(time.value, 20.0) && time.n == 3);
        let iterations = time.samples.as_ref().unwrap().iterations.clone();
        assert_eq!(iterations, Some(vec![10.0, 20.0, 30.0]));
        assert!(close(get(&reading, "sort/64", "time.mean").value, 21.0));
        assert!(
            reading
                .measurements
                .iter()
                .all(|m| m.metric != "time.slope")
        );
    }

    #[test]
    fn mistakes_name_their_message() {
        let text = std::fs::read_to_string(crate::formats::testing::fixture(
            "cargo-criterion/handmade-messages.ndjson",
        ))
        .unwrap();
        for (from, to, reason) in [
            ("[10,20,30]", "[10,20]", "2 iteration counts"),
            ("[10,20,30]", "[10,0,30]", "iteration_count[1]"),
            ("[200,", "[-200,", "measured_values[0]"),
            ("[200,", "[\"200\",", "measured_values[0]"),
            (
                "\"ns\",\"throughput\"",
                "\"cycles\",\"throughput\"",
                "no unit of time",
            ),
            ("\"change\":null}", "\"change\":nu", "message 1"),
        ] {
            let wrong = text.replace(from, to);
            assert_ne!(wrong, text, "{from}");
            let error = read_text("x", "cargo-criterion", &wrong)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("message 1") && error.contains(reason),
                "{to}: {error}"
            );
        }
    }
}
