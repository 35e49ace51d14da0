//! Measurements that differ only in their load are the steps of one sweep.

use super::whole;
use crate::model::{Direction, Measurement, Tags, Unit};
use crate::stats::median;
use std::collections::{BTreeMap, BTreeSet};

/// Tags that hold a number of things at work at once, most telling first.
pub const AXES: [&str; 7] = [
    "concurrency",
    "connections",
    "users",
    "vus",
    "clients",
    "n",
    "load",
];
/// Axes of tools that send the next request as soon as the answer is there.
const WITHOUT_THINKING: [&str; 3] = ["concurrency", "connections", "clients"];
/// Tags that hold the rate at which requests are sent, whatever is at work.
const OFFERED: [&str; 2] = ["rate", "rps"];

/// One number that was measured, with all its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed<'a> {
    /// What was exercised.
    pub benchmark: &'a str,
    /// What was measured.
    pub metric: &'a str,
    /// The slice.
    pub tags: &'a Tags,
    /// One number a run.
    pub values: Vec<f64>,
}

impl<'a> Observed<'a> {
    /// A measurement from a file: its samples are runs.
    #[must_use]
    pub fn of(measurement: &'a Measurement) -> Self {
        let values = measurement.samples.as_ref().map(|s| s.values.clone());
        Self {
            benchmark: &measurement.benchmark,
            metric: &measurement.metric,
            tags: &measurement.tags,
            values: values.unwrap_or_else(|| vec![measurement.value]),
        }
    }
}

/// What a sweep is made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SweepOptions {
    /// The tag that holds the load; without it the first of [`AXES`].
    pub x: Option<String>,
    /// The metric that is the throughput; without it `throughput`, else `rate`.
    pub y: Option<String>,
    /// The statistic of latency that is the tail, such as `p95`; without it the highest of p95, p99,
    /// p90, p75 and p50 that is there, in this order.
    pub latency: Option<String>,
}

/// All runs at one load.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// The load: how many were at work at once.
    pub n: f64,
    /// The load as it was tagged, where that is a rate.
    pub offered: Option<f64>,
    /// Throughput of each run, per second.
    pub throughput: Vec<f64>,
    /// Tail latency of each run, in nanoseconds.
    pub tail: Vec<f64>,
    /// Mean latency of each run, in nanoseconds.
    pub mean: Vec<f64>,
    /// Share of failed requests of each run.
    pub error_rate: Vec<f64>,
    /// Share of its CPU that the load generator used, in each run.
    pub generator_cpu: Vec<f64>,
    /// When it was run, where that is known: only the order matters.
    pub order: Vec<f64>,
}

impl Step {
    /// The share of failed requests: the median of its runs.
    #[must_use]
    pub fn errors(&self) -> Option<f64> {
        median(&self.error_rate)
    }

    /// How many runs had more failed requests than allowed.
    #[must_use]
    pub fn failing_runs(&self, allowed: f64) -> usize {
        self.error_rate.iter().filter(|e| **e > allowed).count()
    }
}

/// Load steps of one benchmark that differ only in their load.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sweep {
    /// The benchmark.
    pub benchmark: String,
    /// Tags that all steps share.
    pub tags: Tags,
    /// The tag that holds the load; `rate` where the load is throughput × mean latency.
    pub axis: String,
    /// The throughput's name.
    pub throughput: String,
    /// The tail's name, such as `latency.p95`; empty where none was measured.
    pub tail: String,
    /// Tails that were measured where the one that was asked for was not.
    pub other_tails: Vec<String>,
    /// The single runs of its steps were dropped on purpose (`plimsoll prune`), and medians are left.
    pub pruned: bool,
    /// Steps by load.
    pub steps: Vec<Step>,
    /// The load follows from rate and latency (Little's law), so it cannot be checked by it.
    pub by_little: bool,
}

impl Sweep {
    /// The fault that was injected, where the steps are tagged with one.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.tags.get("fault").map(String::as_str)
    }

    /// As a reader knows it.
    #[must_use]
    pub fn name(&self) -> String {
        if self.tags.is_empty() {
            return self.benchmark.clone();
        }
        let tags: Vec<String> = self.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
        format!("{}{{{}}}", self.benchmark, tags.join(","))
    }

    /// Why a tail budget cannot be judged where [`Self::tail`] is empty.
    #[must_use]
    pub fn no_tail(&self) -> String {
        let found = match self.other_tails.as_slice() {
            [] => "no tail was measured".to_owned(),
            [one] => format!("the tail that was asked for was not measured, {one} was"),
            all => format!(
                "the tail that was asked for was not measured, {} were",
                all.join(", ")
            ),
        };
        format!("{found}: its budget (at_latency) cannot be judged")
    }

    /// The number of runs of all steps.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.steps.iter().map(|step| step.throughput.len()).sum()
    }

    /// Whether the tool sends the next request only after the answer: slow answers make it send
    /// less, and its tails leave out what would have waited.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.by_little
    }

    /// Whether a user of this tool is known not to wait between requests.
    #[must_use]
    pub fn without_thinking(&self) -> bool {
        WITHOUT_THINKING.contains(&self.axis.as_str())
    }

    /// The loads, as people write them.
    #[must_use]
    pub fn loads(&self) -> Vec<String> {
        self.steps.iter().map(|step| whole(step.n)).collect()
    }
}

/// A number at least above 0.
fn number(text: &str) -> Option<f64> {
    let value: f64 = text.trim().replace('_', "").parse().ok()?;
    (value.is_finite() && value > 0.0).then_some(value)
}

/// Where the load of a measurement stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Axis {
    /// The tag.
    tag: String,
    /// What its number counts.
    counts: String,
}

/// The load that tags hold: a number, or a word with a number such as `scenario=vus_50`.
fn load_of(tags: &Tags, x: Option<&str>) -> Option<(Axis, f64)> {
    let plain = |tag: &str| {
        let axis = Axis {
            tag: tag.to_owned(),
            counts: tag.to_owned(),
        };
        Some((axis, number(tags.get(tag)?)?))
    };
    if let Some(tag) = x {
        return plain(tag);
    }
    AXES.iter()
        .chain(&OFFERED)
        .find_map(|tag| plain(tag))
        .or_else(|| {
            let text = tags.get("scenario")?;
            let split = text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            let (word, digits) = text.split_at(split);
            let word = word.trim_end_matches(['_', '-', ' ', '=']).to_lowercase();
            let known = AXES.iter().chain(&OFFERED).any(|axis| *axis == word);
            let axis = Axis {
                tag: "scenario".to_owned(),
                counts: word,
            };
            Some((axis, number(digits)?)).filter(|_| known)
        })
}

/// Whether tags hold a load.
#[must_use]
pub fn tells_load(tags: &Tags) -> bool {
    load_of(tags, None).is_some()
}

/// Adds `efficiency`, X(N) ÷ (N·X(1)), to every step of the sweeps that one run holds: a cheap stand-in
/// for the whole law, which can be limited like any other metric. The lowest step has none; nor has a
/// sweep whose loads follow from its rates.
pub fn add_efficiencies(measurements: &mut Vec<Measurement>) {
    let mut steps: BTreeMap<(String, Tags, Axis), Vec<(f64, usize)>> = BTreeMap::new();
    for (at, one) in measurements.iter().enumerate() {
        let Some((axis, n)) = load_of(&one.tags, None) else {
            continue;
        };
        if one.metric == "rate" && !OFFERED.contains(&axis.counts.as_str()) && one.value > 0.0 {
            let mut rest = one.tags.clone();
            rest.remove(&axis.tag);
            if axis.tag == "connections" {
                rest.remove("threads");
            }
            let key = (one.benchmark.clone(), rest, axis);
            steps.entry(key).or_default().push((n, at));
        }
    }
    let mut made = Vec::new();
    for mut own in steps.into_values() {
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some((low, first)) = own.first().copied() else {
            continue;
        };
        for (n, at) in own.into_iter().skip(1) {
            let one = measurements[at].value / n / (measurements[first].value / low);
            made.push(Measurement {
                metric: "efficiency".to_owned(),
                value: one,
                unit: Unit::Ratio,
                direction: Some(Direction::Higher),
                n: 1,
                spread: None,
                samples: None,
                source_metric: "rate".to_owned(),
                source_unit: "1/s".to_owned(),
                ..measurements[at].clone()
            });
        }
    }
    let known = |new: &Measurement| {
        measurements.iter().any(|own| {
            (&own.benchmark, &own.metric, &own.tags) == (&new.benchmark, &new.metric, &new.tags)
        })
    };
    made.retain(|new| !known(new));
    measurements.extend(made);
}

#[derive(Default)]
struct Metrics<'a>(BTreeMap<&'a str, Vec<f64>>);

impl Metrics<'_> {
    fn of(&self, name: &str) -> Vec<f64> {
        self.0.get(name).cloned().unwrap_or_default()
    }
}

const TAILS: [&str; 5] = ["p95", "p99", "p90", "p75", "p50"];

/// Finds the sweeps among measurements: groups that differ in one load alone and have a throughput.
/// Files whose tests carry no load at all (vegeta, hey, oha) are one sweep together, whose loads follow
/// from Little's law, throughput × mean latency; this is done only where `alone`, when everything that
/// is given was meant as one sweep.
#[must_use]
pub fn sweeps(observed: &[Observed<'_>], options: &SweepOptions, alone: bool) -> Vec<Sweep> {
    type Group<'a> = BTreeMap<u64, (String, Metrics<'a>)>;
    let mut groups: BTreeMap<(String, Tags, Axis), Group<'_>> = BTreeMap::new();
    let mut bare: BTreeMap<(&str, &Tags), Metrics<'_>> = BTreeMap::new();
    for one in observed {
        if let Some((axis, n)) = load_of(one.tags, options.x.as_deref()) {
            let mut rest = one.tags.clone();
            let text = rest.remove(&axis.tag).unwrap_or_default();
            rest.remove("run");
            // Threads of the generator follow its connections.
            if axis.tag == "connections" {
                rest.remove("threads");
            }
            let key = (one.benchmark.to_owned(), rest, axis);
            let group = groups.entry(key).or_default();
            let step = group
                .entry(n.to_bits())
                .or_insert_with(|| (text, Metrics::default()));
            step.1.0.entry(one.metric).or_default().extend(&one.values);
        } else if alone {
            let step = bare.entry((one.benchmark, one.tags)).or_default();
            step.0.entry(one.metric).or_default().extend(&one.values);
        }
    }
    let mut found: Vec<Sweep> = groups
        .into_iter()
        .filter_map(|((benchmark, tags, axis), steps)| {
            let offered = OFFERED.contains(&axis.counts.as_str());
            let steps = steps
                .into_iter()
                .map(|(n, (_, metrics))| (Some(f64::from_bits(n)), metrics));
            build(
                benchmark,
                tags,
                axis.counts,
                offered,
                steps.collect(),
                options,
            )
        })
        .collect();
    if alone && found.is_empty() {
        // What has tags of its own (a target, an endpoint) is a part of what was tested.
        let whole = bare.into_iter().filter(|((_, tags), _)| tags.is_empty());
        let steps: Vec<_> = whole.map(|(_, metrics)| (None, metrics)).collect();
        found.extend(build(
            "load test".to_owned(),
            Tags::new(),
            "rate".to_owned(),
            true,
            steps,
            options,
        ));
    }
    found.retain(|sweep| sweep.steps.len() > 1);
    found
}

fn build(
    benchmark: String,
    tags: Tags,
    axis: String,
    by_little: bool,
    steps: Vec<(Option<f64>, Metrics<'_>)>,
    options: &SweepOptions,
) -> Option<Sweep> {
    let there = |metric: &str| steps.iter().any(|(_, m)| m.0.contains_key(metric));
    let throughput = match options.y.as_deref() {
        Some("throughput" | "rate") | None => ["throughput", "rate"]
            .into_iter()
            .find(|metric| there(metric))?
            .to_owned(),
        Some(own) => Some(own.to_owned()).filter(|own| there(own))?,
    };
    let tail = match &options.latency {
        Some(own) if own.contains('.') => own.clone(),
        Some(own) => format!("latency.{own}"),
        None => TAILS
            .iter()
            .map(|name| format!("latency.{name}"))
            .find(|name| there(name))
            .unwrap_or_default(),
    };
    let percentiles: BTreeSet<String> = steps
        .iter()
        .flat_map(|(_, metrics)| metrics.0.keys())
        .filter_map(|name| name.strip_prefix("latency."))
        .filter(|name| name.starts_with('p'))
        .map(str::to_owned)
        .collect();
    let mut built: Vec<Step> = steps
        .into_iter()
        .filter_map(|(tagged, metrics)| {
            let (x, mean) = (metrics.of(&throughput), metrics.of("latency.mean"));
            let n = if by_little {
                // Time is in nanoseconds, rates are per second.
                let n = median(&x)? * median(&mean)? * 1e-9;
                // One at work, less the time between answer and next request.
                if (0.9..1.0).contains(&n) { 1.0 } else { n }
            } else {
                tagged?
            };
            let mut error_rate = metrics.of("error_rate");
            // A run without any throughput failed whole, whatever it says of errors.
            if error_rate.len() == x.len() {
                let runs = error_rate.iter_mut().zip(&x);
                runs.filter(|(_, x)| **x <= 0.0).for_each(|(e, _)| *e = 1.0);
            } else {
                let dead = x.iter().filter(|x| **x <= 0.0).count();
                error_rate.extend(std::iter::repeat_n(1.0, dead));
            }
            let alive: Vec<f64> = x.iter().copied().filter(|x| *x > 0.0).collect();
            let step = Step {
                n,
                offered: tagged.filter(|_| by_little),
                tail: metrics.of(&tail),
                mean,
                error_rate,
                generator_cpu: metrics.of("generator.cpu"),
                order: metrics.of("order"),
                throughput: if alive.is_empty() { x } else { alive },
            };
            (!step.throughput.is_empty()).then_some(step)
        })
        .collect();
    built.sort_by(|a, b| a.n.total_cmp(&b.n));
    let has_tail = built.iter().any(|step| !step.tail.is_empty());
    Some(Sweep {
        benchmark,
        tags,
        axis,
        throughput,
        tail: if has_tail { tail } else { String::new() },
        other_tails: if has_tail {
            Vec::new()
        } else {
            percentiles.into_iter().collect()
        },
        pruned: false,
        steps: built,
        by_little,
    })
}
