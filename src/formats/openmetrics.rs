//! What a service says of itself: Prometheus' text and OpenMetrics.
//!
//! Versions seen: text format 0.0.4, OpenMetrics 1.0.0.
//! Producer: <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>
//!
//! A metric is a benchmark, its labels are tags. Histograms become `latency.p50 …` (`p50 …` where
//! they are no times) by linear interpolation inside a bucket; summaries give the quantiles that
//! they have; gauges and counters are metric `value`, as they stand. The unit is that of `# UNIT`,
//! else of the name (`_seconds`, `_bytes`). What is NaN or infinite is told and left out.

use super::buckets::{self, Observed, between};
use super::content::Content;
use super::fault::{Fault, UNENDED};
use super::parsed::{Input, Parsed};
use super::registry::{Format, Reader};
use super::units;
use crate::model::{Tags, Unit};
use std::collections::{BTreeMap, HashMap};

pub(crate) const FORMAT: Format = Format {
    name: "openmetrics",
    aliases: &["prometheus"],
    produced_by: "curl SERVICE/metrics > FILE",
    known_by: "text with a line `# TYPE name counter|gauge|histogram|summary|…`",
    versions: &["0.0.4", "1.0.0"],
    metrics: &[
        "latency.p95 (histograms of times)",
        "latency.p50",
        "latency.p90",
        "latency.p99",
        "latency.mean",
        "p50 … p99, mean (other histograms)",
        "count",
        "value (gauges, counters)",
    ],
    samples: false,
    url: "https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md",
    sniff: |content: &Content<'_>| {
        !content.is_json()
            && content
                .lines()
                .any(|line| matches!(said(line), Some(("TYPE", _, kind)) if KINDS.contains(&kind)))
    },
    reader: Reader::File(read),
};

const KINDS: [&str; 10] = [
    "counter",
    "gauge",
    "histogram",
    "gaugehistogram",
    "summary",
    "untyped",
    "unknown",
    "info",
    "stateset",
    "",
];

/// `# TYPE name rest`: keyword, name and the rest.
fn said(line: &str) -> Option<(&str, &str, &str)> {
    let line = line.trim().strip_prefix('#')?.trim_start();
    let (word, line) = line.split_once([' ', '\t'])?;
    let (name, rest) = line.trim_start().split_once([' ', '\t'])?;
    ["TYPE", "UNIT"]
        .contains(&word)
        .then_some((word, name, rest.trim()))
        .filter(|(_, _, rest)| !rest.is_empty())
}

/// One line with a number.
#[derive(Debug, PartialEq)]
struct Sample {
    name: String,
    labels: Tags,
    value: f64,
}

fn sample(line: &str) -> Result<Sample, String> {
    let wrong = |what: &str| Err(what.to_owned());
    let stop = line.find(|c: char| c == '{' || c.is_whitespace());
    let (name, rest) = line.split_at(stop.unwrap_or(line.len()));
    let plain = |c: char| c.is_ascii_alphanumeric() || "_:.".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return wrong("it does not begin with the name of a metric");
    }
    let mut rest = rest.trim_start();
    let mut labels = Tags::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner.trim_start();
        loop {
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            let Some((key, value)) = rest.split_once('=') else {
                return wrong("its labels do not end");
            };
            let Some(quoted) = value.trim_start().strip_prefix('"') else {
                return wrong("the value of a label is not in quotes");
            };
            let (text, after) = unquoted(quoted).ok_or("the value of a label does not end")?;
            if labels.insert(key.trim().to_owned(), text).is_some() {
                return wrong("a label is given twice");
            }
            rest = after.trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after.trim_start(),
                None if rest.starts_with('}') => {}
                None => return wrong("a comma is missing between labels"),
            }
        }
    }
    // Behind the value may stand a time, and an exemplar.
    let mut words = rest
        .split('#')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let value = words.next().unwrap_or_default();
    if let Some(time) = words.next() {
        let sound = number(time).is_some_and(f64::is_finite) && words.next().is_none();
        if !sound {
            return Err(format!(
                "`{}` is not one number, or a number and a time",
                rest.trim().escape_debug()
            ));
        }
    }
    match number(value) {
        Some(value) => Ok(Sample {
            name: name.to_owned(),
            labels,
            value,
        }),
        None => Err(format!("`{}` is not a number", value.escape_debug())),
    }
}

/// A number in the words of the format: `+Inf`, `NaN`, `2.5e-05`.
fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ if text.chars().any(|c| c.is_ascii_digit()) => {
            text.parse().ok().filter(|v: &f64| v.is_finite())
        }
        _ => None,
    }
}

/// The text up to the closing quote, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                other => out.push(other),
            },
            _ => out.push(c),
        }
    }
    None
}

/// The numbers of one histogram or summary with one set of labels.
#[derive(Default)]
struct Family {
    /// Bound or quantile, value and line.
    parts: Vec<(f64, f64, usize)>,
    sum: Option<f64>,
    count: Option<f64>,
}

/// The unit that a name ends with, as Prometheus' conventions have it.
fn unit_of(name: &str) -> &str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    let last = name.rsplit('_').next().unwrap_or_default();
    match last {
        "seconds" | "milliseconds" | "microseconds" | "nanoseconds" | "bytes" | "ratio" => last,
        _ => "",
    }
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let text = input.text()?;
    let mut kinds: HashMap<&str, &str> = HashMap::new();
    let mut own_units: HashMap<&str, &str> = HashMap::new();
    for (word, name, rest) in text.lines().filter_map(said) {
        let table = if word == "TYPE" {
            &mut kinds
        } else {
            &mut own_units
        };
        table.insert(name, rest);
    }
    if kinds.is_empty() {
        return Err(Fault::whole("it has no line `# TYPE name kind`"));
    }
    // Only OpenMetrics says units, and calls a counter otherwise than its sample.
    let mut open = !own_units.is_empty();
    let lines = text.lines().count();
    let mut parsed = Parsed::default();
    let mut families: BTreeMap<(String, Tags), Family> = BTreeMap::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fault = |reason: String| Fault::at(format!("line {}", i + 1), reason);
        if i + 1 == lines && !text.ends_with('\n') {
            return Err(fault(UNENDED.to_owned()));
        }
        let Sample {
            name,
            mut labels,
            value,
        } = sample(line).map_err(fault)?;
        let kind_of = |name: &str| kinds.get(name).copied().unwrap_or_default();
        let part = ["_bucket", "_sum", "_count", "_gsum", "_gcount", "_created"]
            .iter()
            .find_map(|end| Some((name.strip_suffix(end)?, *end)))
            .filter(|(base, end)| {
                matches!(kind_of(base), "histogram" | "gaugehistogram" | "summary")
                    || *end == "_created" && !kind_of(base).is_empty()
            });
        let (base, end) = part.unwrap_or((&name, ""));
        match (kind_of(base), end) {
            ("info" | "stateset", _) | (_, "_created") => {}
            ("histogram" | "gaugehistogram" | "summary", _) => {
                let key = match (kind_of(base), end) {
                    ("summary", "") => Some("quantile"),
                    ("histogram" | "gaugehistogram", "_bucket") => Some("le"),
                    (_, "_sum" | "_gsum" | "_count" | "_gcount") => None,
                    _ => {
                        return Err(fault(format!(
                            "`{name}` has no place in a {}",
                            kind_of(base)
                        )));
                    }
                };
                let bound =
                    match key {
                        Some(key) => {
                            let text = labels.remove(key);
                            let bound = text.as_deref().and_then(number).filter(|b| !b.is_nan());
                            Some(bound.ok_or_else(|| {
                                fault(format!("its label `{key}` is not a number"))
                            })?)
                        }
                        None => None,
                    };
                let family = families.entry((base.to_owned(), labels)).or_default();
                let twice = match (bound, end) {
                    (Some(bound), _) => {
                        family.parts.push((bound, value, i + 1));
                        false
                    }
                    (None, "_sum" | "_gsum") => family.sum.replace(value).is_some(),
                    (None, _) => family.count.replace(value).is_some(),
                };
                if twice {
                    return Err(fault(format!("`{name}` is given twice")));
                }
            }
            (kind, _) => {
                let family = name.strip_suffix("_total").unwrap_or(&name);
                let own = own_units
                    .get(family)
                    .or_else(|| own_units.get(name.as_str()));
                open |= kinds.get(family) == Some(&"counter") && family != name;
                let mut unit = own.copied().unwrap_or_else(|| unit_of(&name));
                if unit.is_empty() && (kind == "counter" || kinds.get(family) == Some(&"counter")) {
                    unit = "count";
                }
                Observed::new(&name, labels, unit, &mut parsed).add("value", value, 1, &name);
            }
        }
    }
    if open && !text.lines().any(|line| line.trim_end() == "# EOF") {
        return Err(Fault::whole(
            "it is OpenMetrics and does not end with `# EOF`: the file is cut off",
        ));
    }
    for ((name, labels), family) in families {
        let own = own_units.get(name.as_str()).copied();
        let unit = own.unwrap_or_else(|| unit_of(&name));
        let observed = Observed::new(&name, labels, unit, &mut parsed);
        if kinds.get(name.as_str()) == Some(&"summary") {
            family.summary(&name, observed)?;
        } else {
            family.histogram((&name, unit), observed)?;
        }
    }
    Ok(parsed)
}

impl Family {
    fn summary(self, name: &str, mut observed: Observed<'_>) -> Result<(), Fault> {
        if let Some(count) = self.count
            && !observed.counted(count, self.sum)?
        {
            return Ok(());
        }
        for (quantile, value, line) in self.parts {
            let percent = quantile * 100.0;
            // 0.999 × 100 is not quite 99.9.
            let percent = (percent * 1e9).round() / 1e9;
            let statistic = units::percentile(&percent.to_string()).ok_or_else(|| {
                Fault::at(
                    format!("line {line}"),
                    format!("{quantile} is not a quantile"),
                )
            })?;
            let metric = observed.statistic(&statistic);
            observed.add(&metric, value, self.count.map_or(1, |n| n as u64), name);
        }
        Ok(())
    }

    fn histogram(
        self,
        (name, unit): (&str, &str),
        mut observed: Observed<'_>,
    ) -> Result<(), Fault> {
        let times_or_sizes = !matches!(buckets::unit(unit).0, Unit::Other(_));
        let mut counts = Vec::new();
        let (mut below, mut last) = (0.0, None);
        for (bound, all, line) in &self.parts {
            let fault = |reason: &str| Fault::at(format!("line {line}"), reason);
            if times_or_sizes && *bound < 0.0 {
                return Err(fault(
                    "the bound of a bucket is negative, which its unit does not allow",
                ));
            }
            if last == Some(*bound) {
                return Err(fault("a bucket is given twice"));
            }
            if last.is_some_and(|last| last > *bound) {
                return Err(fault("its bucket is not above the one before it"));
            }
            if !all.is_finite() || *all < below {
                return Err(fault(
                    "a bucket counts less than the one below it, or no number",
                ));
            }
            counts.push(all - below);
            (below, last) = (*all, Some(*bound));
        }
        if last != Some(f64::INFINITY) {
            return Err(Fault::at(
                name,
                "its bucket `+Inf` is missing: the text is cut off",
            ));
        }
        let bounds: Vec<f64> = self.parts.iter().map(|(bound, _, _)| *bound).collect();
        observed.buckets(&between(&bounds, &counts), self.sum)
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::Unit;

    #[test]
    fn histograms_summaries_counters_and_gauges() {
        let reading = read_fixture("openmetrics/handmade-service.prom");
        let name = "http_request_duration_seconds";
        let of = |metric| get(&reading, name, metric);
        assert!(close(of("latency.p50").value, 0.1e9) && of("latency.p50").n == 100);
        assert!(close(of("latency.p95").value, 0.325e9));
        assert_eq!(of("latency.p50").tags["route"], "/checkout");
        assert!(close(of("latency.mean").value, 0.12e9) && close(of("count").value, 100.0));
        assert!(
            !reading
                .measurements
                .iter()
                .any(|m| m.metric == "latency.p99")
        );
        let p999 = get(&reading, "rpc_duration_seconds", "latency.p99.9");
        assert!(close(p999.value, 0.5e9));
        let sizes = get(&reading, "response_size_bytes", "p90");
        assert_eq!(sizes.unit, Unit::Bytes);
        assert!(close(
            get(&reading, "http_requests_total", "value").value,
            1027.0
        ));
        let heap = get(&reading, "process_resident_memory_bytes", "value");
        assert!(close(heap.value, 24_100_000.0) && heap.unit == Unit::Bytes);
        assert!(close(
            get(&reading, "temperature_celsius", "value").value,
            -3.5
        ));
        let skipped = &reading.failures[0];
        assert!(skipped.benchmark == "last_scrape_seconds" && skipped.reason.contains("NaN"));
    }

    #[test]
    fn mistakes_are_placed() {
        let head = "# TYPE h histogram\n# TYPE g gauge\n";
        for line in [
            "g",
            "g x",
            "g 1,5",
            "g 1e999",
            "{a=\"b\"} 1",
            "g{a=\"b} 1",
            "g{a=b} 1",
            "g{a=\"b\" c=\"d\"} 1",
            "g{a=\"b\",a=\"c\"} 1",
            "h_bucket 1",
            "h_bucket{le=\"x\"} 1",
            "h 1",
            "g{",
        ] {
            let error = read_text("x", "openmetrics", &format!("{head}{line}\n")).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 3"), "{line}: {error}");
        }
        for (text, what) in [
            ("h_bucket{le=\"1\"} 1\n", "+Inf"),
            (
                "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\n",
                "less than",
            ),
            (
                "h_bucket{le=\"1\"} NaN\nh_bucket{le=\"+Inf\"} 1\n",
                "no number",
            ),
            (
                "h_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\n",
                "twice",
            ),
            ("g 1\ng 2\n", "given twice"),
            ("", "no results"),
        ] {
            let error = read_text("x", "openmetrics", &format!("{head}{text}")).unwrap_err();
            assert!(error.to_string().contains(what), "{text}: {error}");
        }
    }

    #[test]
    fn nothing_counted_is_a_failure() {
        let text = "# TYPE h_seconds histogram\nh_seconds_bucket{le=\"1\"} 0\nh_seconds_bucket{le=\"+Inf\"} 0\nh_seconds_sum 0\nh_seconds_count 0\n";
        let reading = read_text("x", "openmetrics", text).unwrap();
        assert!(reading.measurements.is_empty());
        assert!(reading.failures[0].reason.contains("nothing was counted"));
    }
}
