//! Metrics of OpenTelemetry as JSON: OTLP, as the collector's file exporter writes it.
//!
//! Versions seen: opentelemetry-proto 1.x.
//! Producer: <https://github.com/open-telemetry/opentelemetry-proto/blob/main/examples/metrics.json>
//!
//! A metric is a benchmark; its attributes and `service.name` are tags. Histograms become
//! percentiles by linear interpolation inside a bucket; gauges and sums are metric `value`, as
//! they stand. Whole numbers are strings in this JSON. What is NaN is told and left out.

use super::buckets::{Bucket, Observed, between};
use super::fault::Fault;
use super::json;
use super::parsed::{Input, Parsed};
use super::registry::{Format, Reader};
use super::units;
use crate::model::Tags;
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "otlp",
    aliases: &["opentelemetry"],
    produced_by: "the OpenTelemetry collector's file exporter, or an export request as JSON",
    known_by: "JSON with `resourceMetrics[].scopeMetrics`",
    versions: &["1.x"],
    metrics: &[
        "latency.p95 (histograms of times)",
        "latency.p50",
        "latency.p90",
        "latency.p99",
        "latency.mean",
        "p50 … p99, mean (other histograms)",
        "count",
        "value (gauges, sums)",
    ],
    samples: false,
    url: "https://opentelemetry.io/docs/specs/otlp/",
    sniff: |content| content.has("resourceMetrics/[]/scopeMetrics"),
    reader: Reader::File(read),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    resource_metrics: Vec<ResourceMetrics>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceMetrics {
    #[serde(default)]
    resource: Resource,
    #[serde(default)]
    scope_metrics: Vec<ScopeMetrics>,
}

#[derive(Deserialize, Default)]
struct Resource {
    #[serde(default)]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
struct ScopeMetrics {
    #[serde(default)]
    metrics: Vec<Metric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    name: String,
    #[serde(default)]
    unit: String,
    gauge: Option<Points<Number>>,
    sum: Option<Points<Number>>,
    histogram: Option<Points<Histogram>>,
    exponential_histogram: Option<Points<Exponential>>,
    summary: Option<Points<Summary>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
struct Points<T> {
    #[serde(default = "Vec::new")]
    data_points: Vec<T>,
}

#[derive(Deserialize)]
struct Attribute {
    key: String,
    #[serde(default)]
    value: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Number {
    #[serde(default)]
    attributes: Vec<Attribute>,
    as_double: Option<Double>,
    as_int: Option<Whole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Histogram {
    #[serde(default)]
    attributes: Vec<Attribute>,
    count: Whole,
    sum: Option<Double>,
    #[serde(default)]
    bucket_counts: Vec<Whole>,
    #[serde(default)]
    explicit_bounds: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exponential {
    #[serde(default)]
    attributes: Vec<Attribute>,
    sum: Option<Double>,
    #[serde(default)]
    scale: i32,
    zero_count: Option<Whole>,
    #[serde(default)]
    positive: Range,
    #[serde(default)]
    negative: Range,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Range {
    #[serde(default)]
    offset: i32,
    #[serde(default)]
    bucket_counts: Vec<Whole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    #[serde(default)]
    attributes: Vec<Attribute>,
    count: Whole,
    sum: Option<Double>,
    #[serde(default)]
    quantile_values: Vec<Quantile>,
}

#[derive(Deserialize)]
struct Quantile {
    #[serde(default)]
    quantile: f64,
    value: Option<Double>,
}

/// A 64-bit number: a string in this JSON; plain numbers are taken, too.
#[derive(Deserialize, Clone, Copy)]
#[serde(try_from = "serde_json::Value")]
struct Whole(f64);

impl TryFrom<serde_json::Value> for Whole {
    type Error = String;
    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        let whole = match &value {
            serde_json::Value::String(text) => text.parse::<i64>().ok(),
            other => other.as_i64(),
        };
        whole
            .map(|n| Self(n as f64))
            .ok_or_else(|| format!("{value} is not a whole number of 64 bits"))
    }
}

/// A number, or one of the words for those that JSON has none for.
#[derive(Deserialize, Clone, Copy)]
#[serde(try_from = "serde_json::Value")]
struct Double(f64);

impl TryFrom<serde_json::Value> for Double {
    type Error = String;
    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        match value.as_str() {
            Some("NaN") => Some(f64::NAN),
            Some("Infinity") => Some(f64::INFINITY),
            Some("-Infinity") => Some(f64::NEG_INFINITY),
            _ => value.as_f64(),
        }
        .map(Self)
        .ok_or_else(|| format!("{value} is not a number"))
    }
}

fn add_tags(tags: &mut Tags, attributes: &[Attribute], wanted: impl Fn(&str) -> bool) {
    for attribute in attributes.iter().filter(|a| wanted(&a.key)) {
        if let Some(value) = attribute.value.values().next() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            tags.insert(attribute.key.clone(), text);
        }
    }
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    // The file exporter writes a document a line.
    let documents = json::documents_among_lines::<Document>(input.text()?.trim_start())?;
    for (_, document) in documents {
        for of_resource in document.resource_metrics {
            let mut tags = Tags::new();
            // The others name a process or a machine, and would make every restart a new series.
            add_tags(&mut tags, &of_resource.resource.attributes, |key| {
                key == "service.name"
            });
            for metric in of_resource
                .scope_metrics
                .into_iter()
                .flat_map(|s| s.metrics)
            {
                metric.add(&tags, &mut parsed)?;
            }
        }
    }
    Ok(parsed)
}

/// The point of a metric (its name, its unit, the tags of its resource).
fn observed<'p>(
    (name, unit, tags): (&str, &str, &Tags),
    attributes: &[Attribute],
    parsed: &'p mut Parsed,
) -> Observed<'p> {
    let mut tags = tags.clone();
    add_tags(&mut tags, attributes, |_| true);
    Observed::new(name, tags, unit, parsed)
}

impl Metric {
    fn add(self, tags: &Tags, parsed: &mut Parsed) -> Result<(), Fault> {
        if self.name.is_empty() {
            return Err(Fault::whole("a metric has no name"));
        }
        let name = self.name;
        let unit = self.unit;
        let about = (name.as_str(), unit.as_str(), tags);
        for point in [self.gauge, self.sum]
            .into_iter()
            .flatten()
            .flat_map(|p| p.data_points)
        {
            let value = point.as_double.map(|d| d.0).or(point.as_int.map(|n| n.0));
            let mut observed = observed(about, &point.attributes, parsed);
            match value {
                Some(value) => observed.add("value", value, 1, &name),
                None => observed.skip("value", "none was recorded"),
            }
        }
        for point in self.histogram.into_iter().flat_map(|p| p.data_points) {
            let mut observed = observed(about, &point.attributes, parsed);
            point.add(&name, &mut observed)?;
        }
        for point in self
            .exponential_histogram
            .into_iter()
            .flat_map(|p| p.data_points)
        {
            let mut observed = observed(about, &point.attributes, parsed);
            let sum = point.sum.map(|s| s.0);
            match point.buckets(&name)? {
                Some(buckets) => observed.buckets(&buckets, sum)?,
                None => observed.skip("percentiles", "it counts negative values, which have none"),
            }
        }
        for point in self.summary.into_iter().flat_map(|p| p.data_points) {
            let mut observed = observed(about, &point.attributes, parsed);
            if !observed.counted(point.count.0, point.sum.map(|s| s.0))? {
                continue;
            }
            for quantile in &point.quantile_values {
                let percent = (quantile.quantile * 1e11).round() / 1e9;
                let statistic = units::percentile(&percent.to_string()).ok_or_else(|| {
                    Fault::at(&name, format!("{} is not a quantile", quantile.quantile))
                })?;
                let metric = observed.statistic(&statistic);
                let value = quantile.value.map_or(0.0, |v| v.0);
                observed.add(&metric, value, point.count.0 as u64, &name);
            }
        }
        Ok(())
    }
}

fn counts(of: &[Whole], name: &str) -> Result<Vec<f64>, Fault> {
    if of.iter().any(|n| n.0 < 0.0) {
        return Err(Fault::at(name, "a bucket counts less than nothing"));
    }
    Ok(of.iter().map(|n| n.0).collect())
}

impl Histogram {
    fn add(self, name: &str, observed: &mut Observed<'_>) -> Result<(), Fault> {
        let sum = self.sum.map(|s| s.0);
        let counts = counts(&self.bucket_counts, name)?;
        if counts.is_empty() {
            return observed.counted(self.count.0, sum).map(|_| ());
        }
        let mut bounds = self.explicit_bounds;
        bounds.push(f64::INFINITY);
        if bounds.len() != counts.len() || !bounds.is_sorted_by(|a, b| a < b) {
            return Err(Fault::at(
                name,
                "`explicitBounds` must rise and be one fewer than `bucketCounts`",
            ));
        }
        if counts.iter().sum::<f64>().total_cmp(&self.count.0).is_ne() {
            return Err(Fault::at(name, "`count` is not the sum of `bucketCounts`"));
        }
        observed.buckets(&between(&bounds, &counts), sum)
    }
}

impl Exponential {
    /// The buckets; `None` where some of it is negative.
    fn buckets(&self, name: &str) -> Result<Option<Vec<Bucket>>, Fault> {
        if counts(&self.negative.bucket_counts, name)?
            .iter()
            .any(|n| *n > 0.0)
        {
            return Ok(None);
        }
        let zero = counts(&self.zero_count.into_iter().collect::<Vec<_>>(), name)?;
        let mut buckets: Vec<Bucket> = zero
            .into_iter()
            .map(|count| Bucket {
                lower: Some(0.0),
                upper: 0.0,
                count,
            })
            .collect();
        // Bucket i holds what is above base^i and at most base^(i+1), base = 2^(2^-scale).
        let power = |i: f64| (i * f64::from(self.scale).exp2().recip()).exp2();
        for (i, count) in counts(&self.positive.bucket_counts, name)?
            .into_iter()
            .enumerate()
        {
            let i = f64::from(self.positive.offset) + i as f64;
            buckets.push(Bucket {
                lower: Some(power(i)),
                upper: power(i + 1.0),
                count,
            });
        }
        Ok(Some(buckets))
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::Unit;

    #[test]
    fn every_kind_of_metric() {
        let reading = read_fixture("otlp/handmade-export.json");
        let p50 = get(&reading, "http.server.request.duration", "latency.p50");
        assert!(close(p50.value, 0.1e9) && p50.n == 100);
        assert_eq!(p50.tags["service.name"], "shop");
        assert_eq!(p50.tags["http.route"], "/checkout");
        assert!(close(
            get(&reading, "http.server.request.duration", "latency.p95").value,
            0.325e9
        ));
        let exponential = get(&reading, "queue.wait", "latency.p50");
        // Two buckets, (2, 4] ms with 1 and (4, 8] ms with 3: the second of four lies a third in.
        assert!(
            close(exponential.value, (4.0 + 4.0 / 3.0) * 1e6),
            "{}",
            exponential.value
        );
        let requests = get(&reading, "http.requests", "value");
        assert!(close(requests.value, 9_007_199_254_740_993.0) && requests.unit == Unit::Count);
        assert!(close(
            get(&reading, "process.memory", "value").value,
            2048.0
        ));
        assert!(close(
            get(&reading, "gc.pause", "latency.p99").value,
            0.02e9
        ));
        assert!(reading.failures[0].reason.contains("NaN"));
    }

    #[test]
    fn mistakes() {
        let text = |point: &str| {
            format!(
                "{{\"resourceMetrics\": [{{\"scopeMetrics\": [{{\"metrics\": [{{\"name\": \"m\", \"unit\": \"s\", {point}}}]}}]}}]}}"
            )
        };
        let histogram =
            |rest: &str| text(&format!("\"histogram\": {{\"dataPoints\": [{{{rest}}}]}}"));
        for wrong in [
            histogram("\"count\": \"2\", \"bucketCounts\": [\"1\", \"1\"], \"explicitBounds\": []"),
            histogram(
                "\"count\": \"3\", \"bucketCounts\": [\"1\", \"1\"], \"explicitBounds\": [1]",
            ),
            histogram(
                "\"count\": \"2\", \"bucketCounts\": [\"3\", \"-1\"], \"explicitBounds\": [1]",
            ),
            histogram("\"count\": \"1.5\""),
            histogram("\"sum\": 1"),
            text("\"gauge\": {\"dataPoints\": [{\"asDouble\": \"1\"}]}"),
            text("\"gauge\": {\"dataPoints\": [{\"asInt\": \"99999999999999999999\"}]}"),
            text("\"gauge\": {\"dataPoints\": []}"),
        ] {
            assert!(read_text("x", "otlp", &wrong).is_err(), "{wrong}");
        }
        let empty = read_text("x", "otlp", &histogram("\"count\": \"0\"")).unwrap();
        assert!(empty.measurements.is_empty());
        assert!(empty.failures[0].reason.contains("nothing was counted"));
    }
}
