//! Which series a limit is about.

use crate::model::{Failure, SeriesKey, Tags};
use globset::{GlobBuilder, GlobMatcher};
use std::collections::{BTreeMap, BTreeSet};

/// A pattern for names: `*` and `?` match anything, `/` included; a name that is equal to the
/// pattern always matches, whatever characters it holds.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    glob: GlobMatcher,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text)
            .literal_separator(false)
            .backslash_escape(true)
            .build()
            .map_err(|e| format!("`{text}` is not a pattern: {}", e.kind()))?;
        Ok(Self {
            text: text.to_owned(),
            glob: glob.compile_matcher(),
        })
    }

    /// Whether it matches a name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.text == name || self.glob.is_match(name)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Which series a limit is about.
#[derive(Debug, Clone)]
pub struct Selector {
    /// The benchmark's name.
    pub benchmark: Pattern,
    /// The metric's name; `None` is the benchmark's headline metric.
    pub metric: Option<Pattern>,
    /// Tags that must be there, each matching.
    pub tags: BTreeMap<String, Pattern>,
    /// The environment's label; `None` is any.
    pub env: Option<Pattern>,
}

impl Selector {
    /// Whether a series is meant. `headlines` are the headline metrics of all benchmarks.
    #[must_use]
    pub fn matches(&self, key: &SeriesKey, headlines: &Headlines) -> bool {
        self.benchmark.matches(&key.benchmark)
            && self.env.as_ref().is_none_or(|env| env.matches(&key.env))
            && match &self.metric {
                Some(metric) => metric.matches(&key.metric),
                None => headlines.of(&key.benchmark) == Some(key.metric.as_str()),
            }
            && self.tags_match(&key.tags)
    }

    /// Whether a series that it means may have had no result because of this failure: the
    /// benchmark matches, and no tag of the failed slice speaks against it.
    #[must_use]
    pub fn may_mean(&self, failure: &Failure) -> bool {
        self.benchmark.matches(&failure.benchmark)
            && self.tags.iter().all(|(name, pattern)| {
                failure
                    .tags
                    .get(name)
                    .is_none_or(|value| pattern.matches(value))
            })
    }

    fn tags_match(&self, tags: &Tags) -> bool {
        self.tags
            .iter()
            .all(|(name, pattern)| tags.get(name).is_some_and(|value| pattern.matches(value)))
    }

    /// As a reader knows it: `POST /checkout:latency.p99{load=peak}@ci`.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = self.benchmark.as_str().to_owned();
        if let Some(metric) = &self.metric {
            text = format!("{text}:{}", metric.as_str());
        }
        if !self.tags.is_empty() {
            let tags: Vec<_> = self
                .tags
                .iter()
                .map(|(k, v)| format!("{k}={}", v.as_str()))
                .collect();
            text = format!("{text}{{{}}}", tags.join(","));
        }
        if let Some(env) = &self.env {
            text = format!("{text}@{}", env.as_str());
        }
        text
    }
}

/// The headline metric of each benchmark: `time` of a micro-benchmark, `latency.p95` of a load
/// test (else the highest percentile given), else `instructions`, `throughput`, `latency.mean`,
/// `rate` or `value`, whichever it has first, else its only metric.
#[derive(Debug, Clone, Default)]
pub struct Headlines(BTreeMap<String, Option<String>>);

impl Headlines {
    /// Finds the headlines among all series.
    #[must_use]
    pub fn new<'a>(keys: impl Iterator<Item = &'a SeriesKey>) -> Self {
        let mut metrics: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for key in keys {
            metrics
                .entry(&key.benchmark)
                .or_default()
                .insert(&key.metric);
        }
        Self(
            metrics
                .into_iter()
                .map(|(benchmark, metrics)| {
                    (benchmark.to_owned(), headline(&metrics).map(str::to_owned))
                })
                .collect(),
        )
    }

    /// The headline metric of a benchmark; `None` where it has several and none stands out.
    #[must_use]
    pub fn of(&self, benchmark: &str) -> Option<&str> {
        self.0.get(benchmark)?.as_deref()
    }

    /// Whether anything is known of a benchmark that matches.
    #[must_use]
    pub fn without_one(&self, pattern: &Pattern) -> Vec<&str> {
        let unclear = |(name, headline): (&'_ String, &'_ Option<String>)| {
            headline.is_none() && pattern.matches(name)
        };
        self.0
            .iter()
            .filter(|entry| unclear(*entry))
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

/// What stands for a benchmark without a time: exact counts before throughput, and of a load test
/// without percentiles the mean before the rate, which mostly is the rate that was asked for.
const INSTEAD: [&str; 5] = [
    "instructions",
    "throughput",
    "latency.mean",
    "rate",
    "value",
];

fn headline<'a>(metrics: &BTreeSet<&'a str>) -> Option<&'a str> {
    if let Some(metric) = ["time", "latency.p95"]
        .iter()
        .find_map(|name| metrics.get(name))
    {
        return Some(metric);
    }
    let percentile = |name: &str| {
        name.strip_prefix("latency.p")
            .and_then(|p| p.parse::<f64>().ok())
    };
    let highest = metrics
        .iter()
        .filter_map(|name| percentile(name).map(|p| (p, *name)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match highest {
        Some((_, name)) => Some(name),
        None if metrics.len() == 1 => metrics.first().copied(),
        None => INSTEAD.iter().find_map(|name| metrics.get(name)).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(benchmark: &str, metric: &str) -> SeriesKey {
        SeriesKey {
            benchmark: benchmark.into(),
            metric: metric.into(),
            tags: Tags::new(),
            env: "ci".into(),
        }
    }

    fn select(benchmark: &str, metric: Option<&str>) -> Selector {
        Selector {
            benchmark: Pattern::new(benchmark).unwrap(),
            metric: metric.map(|m| Pattern::new(m).unwrap()),
            tags: BTreeMap::new(),
            env: None,
        }
    }

    #[test]
    fn without_a_metric_the_headline_is_meant() {
        let keys = [
            key("a", "time"),
            key("a", "time.mean"),
            key("b", "latency.p99"),
            key("b", "latency.p90"),
            key("c", "bytes"),
            key("d", "cycles"),
            key("d", "instructions"),
            key("e", "bandwidth"),
            key("e", "throughput"),
            key("f", "requests"),
            key("f", "rate"),
            key("g", "one"),
            key("g", "two"),
        ];
        let headlines = Headlines::new(keys.iter());
        let chosen: Vec<_> = keys
            .iter()
            .filter(|k| select("*", None).matches(k, &headlines))
            .map(|k| k.metric.as_str())
            .collect();
        assert_eq!(
            chosen,
            [
                "time",
                "latency.p99",
                "bytes",
                "instructions",
                "throughput",
                "rate"
            ]
        );
    }

    #[test]
    fn stars_cross_slashes_and_brackets_match_themselves() {
        let none = Headlines::default();
        assert!(select("sort/*", Some("time")).matches(&key("sort/std/64", "time"), &none));
        assert!(select("t[wide]", Some("time")).matches(&key("t[wide]", "time"), &none));
    }
}
