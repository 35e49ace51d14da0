//! benchmark.js: one line a benchmark, as `String(event.target)` gives it.
//!
//! Versions seen: 2.1.4.
//! Producer: <https://github.com/bestiejs/benchmark.js/blob/2.1.4/benchmark.js> (`toStringBench`)
//!
//! `NAME x 1,431,759 ops/sec ±0.74% (93 runs sampled)`. What stands behind `±` is the relative
//! margin of error of the mean, here the spread. Names may hold ` x ` themselves. `NAME:` with
//! nothing behind it is a benchmark that threw.

use super::fault::Fault;
use super::parsed::{Bench, Input, Parsed, RATE, with_ends};
use super::registry::{Format, Reader};
use super::text::number;
use crate::model::Tags;

pub(crate) const FORMAT: Format = Format {
    name: "benchmarkjs",
    aliases: &["benchmark.js"],
    produced_by: "benchmark.js, `console.log(String(event.target))` > FILE",
    known_by: "lines `NAME x N ops/sec ±N% (N runs sampled)`",
    versions: &["2.1.4"],
    metrics: &["throughput"],
    samples: false,
    url: "https://benchmarkjs.com/docs/",
    sniff: |content| !content.is_json() && content.lines().any(|line| split(line).is_some()),
    reader: Reader::File(read),
};

/// The name, and what stands behind the last ` x `.
fn split(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.rsplit_once(" x ")?;
    rest.contains(" ops/sec")
        .then(|| (name.trim(), rest.trim()))
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    // Without a single result other text with colons would look like errors.
    let mut found = false;
    for (i, line) in input.text()?.lines().enumerate() {
        if let Some((name, rest)) = split(line) {
            found = true;
            let made =
                one(name, rest).map_err(|reason| Fault::at(format!("line {}", i + 1), reason))?;
            match made {
                Some(made) => parsed.measurements.push(made),
                None => parsed.fail(name, "its rate is 0"),
            }
        } else if line.contains(" x ") && line.contains('±') {
            let reason = "it is not `NAME x N ops/sec ±N% (N runs sampled)`";
            return Err(Fault::at(format!("line {}", i + 1), reason));
        } else if let Some(name) = line
            .trim_end()
            .strip_suffix(':')
            .filter(|name| !name.is_empty())
        {
            parsed.fail(name, "it threw an error");
        }
    }
    if !found {
        parsed.failures.clear();
    }
    Ok(parsed)
}

fn one(name: &str, rest: &str) -> Result<Option<crate::model::Measurement>, String> {
    let broken = || {
        format!("the result of `{name}` is not `N ops/sec ±N% (N runs sampled)`; it may be cut off")
    };
    let (rate, rest) = rest.split_once(" ops/sec ±").ok_or_else(broken)?;
    let (margin, rest) = rest.split_once("% (").ok_or_else(broken)?;
    let runs = rest
        .strip_suffix(" runs sampled)")
        .or_else(|| rest.strip_suffix(" run sampled)"))
        .ok_or_else(broken)?;
    let (rate, margin) = (number(rate)?, number(margin)? / 100.0);
    let runs = runs.parse().ok().ok_or_else(broken)?;
    let bench = Bench::new(name, Tags::new());
    let made = bench.value("throughput", (rate, runs), RATE, ("hz", "ops/sec"));
    Ok((rate > 0.0).then(|| with_ends(made, rate * (1.0 - margin), rate * (1.0 + margin))))
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{get, read_fixture, read_text};
    use crate::model::Direction;

    #[test]
    fn lines_give_rates_and_an_error_is_a_failure() {
        let reading = read_fixture("benchmarkjs/cycle.txt");
        let rate = get(&reading, "RegExp#test", "throughput");
        assert_eq!((rate.value, rate.n), (41_678_798.0, 5));
        assert_eq!(rate.direction, Some(Direction::Higher));
        assert_eq!(rate.spread.unwrap().below, 260_300);
        assert_eq!(get(&reading, "benchmark with x 2", "throughput").n, 5);
        let failed: Vec<&str> = reading
            .failures
            .iter()
            .map(|f| f.benchmark.as_str())
            .collect();
        assert_eq!(failed, ["throws"]);
    }

    #[test]
    fn mistakes_name_their_line() {
        for rest in [
            "1.431,759 ops/sec ±0.74% (93 runs sampled)",
            "1 431 ops/sec ±0.74% (93 runs sampled)",
            "-1 ops/sec ±0.74% (93 runs sampled)",
            "NaN ops/sec ±0.74% (93 runs sampled)",
            "1,431 ops/sec ±Infinity% (93 runs sampled)",
            "1,431 ops/sec ±0.74% (many runs sampled)",
            "1,431 ops/sec ±0.74% (93 ru",
            "1,431 ops/sec",
        ] {
            let text = format!("\na x {rest}\n");
            let error = read_text("x.txt", "benchmarkjs", &text).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 2"), "{rest}: {error}");
        }
        let twice = "a x 1 ops/sec ±1% (2 runs sampled)\n".repeat(2);
        let error = read_text("x.txt", "benchmarkjs", &twice).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
        let zero = read_text("x.txt", "benchmarkjs", "a x 0 ops/sec ±0% (2 runs sampled)").unwrap();
        assert_eq!(zero.failures.len(), 1);
    }
}
