//! `js/stats.json` and `js/global_stats.json` of the HTML report.

use super::{Content, Fault, Parsed, TOTAL};
use crate::formats::json::{self, UniqueMap};
use crate::formats::load::Load;
use crate::formats::parsed::RATE;
use crate::formats::units::MILLISECOND;
use crate::model::Tags;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

pub(super) fn is(content: &Content<'_>) -> bool {
    content.has("meanNumberOfRequestsPerSecond") && content.has("percentiles1")
        || content.has("stats/meanNumberOfRequestsPerSecond")
}

/// Deeper groups than any real simulation.
const DEPTH: usize = 32;

#[derive(Deserialize)]
#[serde(bound(deserialize = "N: DeserializeOwned"))]
struct Node<N> {
    #[serde(rename = "type")]
    kind: Kind,
    name: String,
    stats: Stats<N>,
    contents: Option<UniqueMap<Self>>,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Group,
    Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats<N> {
    number_of_requests: Split<N>,
    min_response_time: Split<N>,
    max_response_time: Split<N>,
    mean_response_time: Split<N>,
    percentiles1: Split<N>,
    percentiles2: Split<N>,
    percentiles3: Option<Split<N>>,
    percentiles4: Option<Split<N>>,
    mean_number_of_requests_per_second: Split<N>,
}

#[derive(Deserialize)]
struct Split<N> {
    total: N,
    #[serde(rename = "ok")]
    _ok: N,
    ko: N,
}

/// A number, as today.
#[derive(Clone, Copy, Deserialize)]
struct Plain(f64);

/// A number as text, or `-`, as in versions before 2.0.
#[derive(Clone, Copy)]
struct Text(Option<f64>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "-" {
            return Ok(Self(None));
        }
        let number: Option<f64> = text.parse().ok().filter(|v: &f64| v.is_finite());
        match number {
            Some(value) => Ok(Self(Some(value))),
            None => Err(serde::de::Error::custom(format_args!(
                "`{text}` is not a number"
            ))),
        }
    }
}

trait Number: DeserializeOwned + Copy {
    fn value(self) -> Option<f64>;
}

impl Number for Plain {
    fn value(self) -> Option<f64> {
        Some(self.0)
    }
}

impl Number for Text {
    fn value(self) -> Option<f64> {
        self.0
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Parsed, Fault> {
    // The mistake of a file that is neither is told in the form of today.
    read_as::<Plain>(bytes).or_else(|fault| read_as::<Text>(bytes).or(Err(fault)))
}

fn read_as<N: Number>(bytes: &[u8]) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    if Content::new(bytes).has("stats") {
        let root: Node<N> = json::document(bytes)?;
        stats(TOTAL, &root.stats, &mut parsed)?;
        children("", &root, 0, &mut parsed)?;
    } else {
        let all: Stats<N> = json::document(bytes)?;
        stats(TOTAL, &all, &mut parsed)?;
    }
    Ok(parsed)
}

fn children<N: Number>(
    prefix: &str,
    node: &Node<N>,
    depth: usize,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    if depth > DEPTH {
        return Err(Fault::whole("its groups are nested too deeply"));
    }
    for child in node
        .contents
        .iter()
        .flat_map(|contents| contents.0.values())
    {
        let name = format!("{prefix}{}", child.name);
        if child.kind == Kind::Request {
            stats(&name, &child.stats, parsed)?;
        }
        children(&format!("{name} / "), child, depth + 1, parsed)?;
    }
    Ok(())
}

fn stats<N: Number>(name: &str, s: &Stats<N>, parsed: &mut Parsed) -> Result<(), Fault> {
    let within = |fault: Fault| Fault {
        place: fault.place.map(|place| format!("{name}: {place}")),
        ..fault
    };
    let count = |n: N| n.value().unwrap_or(0.0);
    let load = Load::new(
        name,
        Tags::new(),
        (
            count(s.number_of_requests.total),
            ("numberOfRequests.total", "count"),
        ),
        (
            count(s.number_of_requests.ko),
            ("numberOfRequests.ko", "count"),
        ),
        parsed,
    );
    let Some(mut load) = load.map_err(within)? else {
        return Ok(());
    };
    for (statistic, split, source) in [
        ("p95", s.percentiles3.as_ref(), "percentiles3"),
        ("mean", Some(&s.mean_response_time), "meanResponseTime"),
        ("min", Some(&s.min_response_time), "minResponseTime"),
        ("max", Some(&s.max_response_time), "maxResponseTime"),
        ("p50", Some(&s.percentiles1), "percentiles1"),
        ("p75", Some(&s.percentiles2), "percentiles2"),
        ("p99", s.percentiles4.as_ref(), "percentiles4"),
    ] {
        if let Some(value) = split.and_then(|split| split.total.value()) {
            load.latency(statistic, value, MILLISECOND, (source, "ms"))
                .map_err(within)?;
        }
    }
    if let Some(rate) = s.mean_number_of_requests_per_second.total.value() {
        let source = ("meanNumberOfRequestsPerSecond", "1/s");
        load.value("rate", rate, RATE, source).map_err(within)?;
    }
    Ok(())
}
