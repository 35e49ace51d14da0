//! Mirror structs of the three shapes, and how each becomes a [`Summary`].

use super::{
    Contains, Fault, Kind, Metric, Summary, UniqueMap, Values, ending, json, not_negative,
};
use serde::Deserialize;
use serde_json::Value;

/// Enough of any shape to tell which it is.
#[derive(Deserialize)]
struct Any {
    metrics: Option<UniqueMap<Value>>,
    results: Option<serde::de::IgnoredAny>,
}

/// `--summary-export`: numbers and `thresholds` side by side.
#[derive(Deserialize)]
struct Legacy {
    metrics: UniqueMap<UniqueMap<Value>>,
}

/// `handleSummary(data)`.
#[derive(Deserialize)]
struct Handled {
    metrics: UniqueMap<Described>,
}

#[derive(Deserialize)]
struct Described {
    #[serde(rename = "type")]
    kind: Kind,
    contains: Contains,
    values: UniqueMap<Option<f64>>,
}

/// `--new-machine-readable-summary`.
#[derive(Deserialize)]
struct Machine {
    config: Config,
    metadata: Option<Metadata>,
    results: Results,
}

#[derive(Deserialize)]
struct Config {
    /// Seconds.
    duration: f64,
}

#[derive(Deserialize)]
struct Metadata {
    k6_version: Option<String>,
}

#[derive(Deserialize)]
struct Results {
    metrics: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    contains: Contains,
    values: UniqueMap<Option<f64>>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Summary, Fault> {
    let any: Any = json::document(bytes)?;
    match any {
        Any {
            results: Some(_),
            metrics: None,
        } => machine(json::document(bytes)?),
        Any {
            metrics: Some(metrics),
            results: None,
        } => {
            let described = metrics
                .0
                .values()
                .filter(|m| m.get("values").is_some())
                .count();
            if described == 0 {
                legacy(json::document(bytes)?)
            } else {
                // Where some lack `values` the mirror struct says which.
                handled(json::document(bytes)?)
            }
        }
        _ => Err(Fault::whole(
            "it is not one of k6's summaries: they have either `metrics` or `results.metrics`",
        )),
    }
}

fn legacy(file: Legacy) -> Result<Summary, Fault> {
    let mut metrics = Vec::new();
    for (name, fields) in file.metrics.0 {
        let place = format!("metrics.{name}");
        let mut values = Vec::new();
        for (field, value) in fields.0 {
            match value {
                Value::Number(number) => values.push((field, number.as_f64())),
                Value::Null => values.push((field, None)),
                Value::Object(_) if field == "thresholds" => {}
                other => {
                    return Err(Fault::at(
                        format!("{place}.{field}"),
                        format!("a number was expected, not `{other}`"),
                    ));
                }
            }
        }
        let has = |field: &str| values.iter().any(|(name, _)| name == field);
        let kind = if has("passes") && has("fails") {
            Kind::Rate
        } else if has("value") {
            Kind::Gauge
        } else if has("count") && has("rate") && values.len() == 2 {
            Kind::Counter
        } else {
            Kind::Trend
        };
        let contains = match (kind, known(&name)) {
            (Kind::Counter | Kind::Rate | Kind::Gauge, Contains::Unknown) => Contains::Default,
            (_, known) => known,
        };
        metrics.push(metric(name, place, kind, contains, &values, None)?);
    }
    Ok(Summary {
        version: None,
        metrics,
    })
}

/// What k6's own metrics contain: <https://grafana.com/docs/k6/latest/using-k6/metrics/reference/>.
fn known(name: &str) -> Contains {
    let base = name.split('{').next().unwrap_or(name);
    match base {
        "data_sent" | "data_received" => Contains::Data,
        "iteration_duration"
        | "group_duration"
        | "grpc_req_duration"
        | "ws_connecting"
        | "ws_ping"
        | "ws_session_duration"
        | "http_req_blocked"
        | "http_req_connecting"
        | "http_req_duration"
        | "http_req_receiving"
        | "http_req_sending"
        | "http_req_tls_handshaking"
        | "http_req_waiting"
        | "browser_http_req_duration"
        | "browser_web_vital_fcp"
        | "browser_web_vital_fid"
        | "browser_web_vital_inp"
        | "browser_web_vital_lcp"
        | "browser_web_vital_ttfb" => Contains::Time,
        _ => Contains::Unknown,
    }
}

/// What k6's own metrics are; `None` of any other.
pub(super) fn builtin(name: &str) -> Option<(Kind, Contains)> {
    Some(match name {
        "http_reqs" | "iterations" | "dropped_iterations" | "ws_msgs_sent" | "ws_msgs_received"
        | "ws_sessions" => (Kind::Counter, Contains::Default),
        "data_sent" | "data_received" => (Kind::Counter, Contains::Data),
        "http_req_failed" | "checks" => (Kind::Rate, Contains::Default),
        "vus" | "vus_max" => (Kind::Gauge, Contains::Default),
        _ if known(name) == Contains::Time => (Kind::Trend, Contains::Time),
        _ => return None,
    })
}

fn handled(file: Handled) -> Result<Summary, Fault> {
    let mut metrics = Vec::new();
    for (name, described) in file.metrics.0 {
        let place = format!("metrics.{name}");
        let values: Vec<_> = described.values.0.into_iter().collect();
        let (kind, contains) = (described.kind, described.contains);
        metrics.push(metric(name, place, kind, contains, &values, None)?);
    }
    Ok(Summary {
        version: None,
        metrics,
    })
}

fn machine(file: Machine) -> Result<Summary, Fault> {
    let seconds = not_negative(file.config.duration, || "config.duration".to_owned())?;
    let mut metrics: Vec<Metric> = Vec::new();
    for (i, named) in file.results.metrics.into_iter().enumerate() {
        let place = format!("results.metrics[{i}]");
        if metrics.iter().any(|m| m.name == named.name) {
            return Err(Fault::at(place, format!("`{}` is given twice", named.name)));
        }
        let mut values: Vec<_> = named.values.0.into_iter().collect();
        if named.kind == Kind::Trend && values.iter().any(|(_, value)| value.is_some()) {
            // Null is what was not asked for, as long as there is anything.
            values.retain(|(_, value)| value.is_some());
        }
        let made = metric(
            named.name,
            place,
            named.kind,
            named.contains,
            &values,
            Some(seconds),
        )?;
        metrics.push(made);
    }
    Ok(Summary {
        version: file.metadata.and_then(|metadata| metadata.k6_version),
        metrics,
    })
}

/// One metric out of its values. `seconds`: how long the test took, where counters have no rate.
fn metric(
    name: String,
    place: String,
    kind: Kind,
    contains: Contains,
    values: &[(String, Option<f64>)],
    seconds: Option<f64>,
) -> Result<Metric, Fault> {
    let null = values.iter().find(|(_, value)| value.is_none());
    let get = |field: &str| {
        values
            .iter()
            .find(|(n, _)| n == field)
            .and_then(|(_, v)| *v)
    };
    let need = |field: &str| {
        get(field).ok_or_else(|| Fault::at(format!("{place}.{field}"), "this number is missing"))
    };
    let values = if let Some((field, _)) = null {
        Values::Null(field.clone())
    } else {
        match kind {
            Kind::Trend => {
                let mut statistics: Vec<(String, f64)> = Vec::new();
                for (field, value) in values {
                    let Some(value) = *value else { continue };
                    if field == "count" {
                        continue;
                    }
                    let ending = ending(field).ok_or_else(|| {
                        Fault::at(
                            format!("{place}.{field}"),
                            "this is not a statistic of a k6 trend (avg, min, med, max, p(N), count)",
                        )
                    })?;
                    // `med` and `p(50)` are the same number.
                    if !statistics.iter().any(|(known, _)| *known == ending) {
                        statistics.push((ending, value));
                    }
                }
                Values::Trend(statistics, get("count"))
            }
            Kind::Counter => {
                let total = need("count")?;
                let derived = seconds.filter(|s| *s > 0.0).map(|s| total / s);
                Values::Counter(total, get("rate").or(derived))
            }
            Kind::Rate => {
                let share = match get("rate").or_else(|| get("value")) {
                    Some(share) => share,
                    None => need("rate")?,
                };
                if !(0.0..=1.0).contains(&share) {
                    let reason = format!("the rate {share} is not between 0 and 1");
                    return Err(Fault::at(place, reason));
                }
                Values::Rate(share, get("passes").or_else(|| get("matches")))
            }
            Kind::Gauge => Values::Gauge(need("value")?),
        }
    };
    Ok(Metric {
        name,
        place,
        values,
        contains,
    })
}
