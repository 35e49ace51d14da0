//! Lighthouse's `--output=json`.
//!
//! Versions seen: 12.8.2.
//! Producer: <https://github.com/GoogleChrome/lighthouse/blob/main/types/lhr/lhr.d.ts>
//!
//! A benchmark is the address that was asked for. The audits that are metrics become `fcp`, `lcp`,
//! `tbt`, `cls`, `si`, `ttfb` and `bytes`, the score of a category `score.CATEGORY`. One run is
//! noisy: run it several times and record each. A desktop and a phone are two series: what differs
//! from Lighthouse's defaults (a phone, simulated throttling) is the tag `form_factor` or
//! `throttling`. A page that did not load (`runtimeError`) and an
//! audit that failed are failures.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::parsed::{Bench, Input, Parsed, SIZE, TIME, not_negative, scaled};
use super::registry::{Format, Reader};
use super::units::MILLISECOND;
use crate::model::{Direction, Tags, Unit};
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "lighthouse",
    aliases: &[],
    produced_by: "lighthouse URL --output=json --output-path=FILE",
    known_by: "JSON with `lighthouseVersion`, `audits` and `categories`",
    versions: &["12.8.2"],
    metrics: &[
        "fcp",
        "lcp",
        "tbt",
        "cls",
        "si",
        "ttfb",
        "bytes",
        "score.performance",
    ],
    samples: false,
    url: "https://github.com/GoogleChrome/lighthouse/blob/main/docs/understanding-results.md",
    sniff: |content| content.has("lighthouseVersion") && content.has("audits"),
    reader: Reader::File(read),
};

/// The audits that are metrics of their own.
const AUDITS: &[(&str, &str)] = &[
    ("first-contentful-paint", "fcp"),
    ("largest-contentful-paint", "lcp"),
    ("total-blocking-time", "tbt"),
    ("cumulative-layout-shift", "cls"),
    ("speed-index", "si"),
    ("server-response-time", "ttfb"),
    ("total-byte-weight", "bytes"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    lighthouse_version: String,
    requested_url: Option<String>,
    final_url: Option<String>,
    final_displayed_url: Option<String>,
    runtime_error: Option<RuntimeError>,
    config_settings: Option<Settings>,
    audits: UniqueMap<Audit>,
    #[serde(default)]
    categories: UniqueMap<Category>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    form_factor: Option<String>,
    throttling_method: Option<String>,
}

impl Settings {
    /// What differs from the defaults, so that a series of these has no tags.
    fn tags(self) -> Tags {
        [
            ("form_factor", self.form_factor, "mobile"),
            ("throttling", self.throttling_method, "simulate"),
        ]
        .into_iter()
        .filter_map(|(key, value, default)| {
            let value = value.filter(|value| !value.is_empty() && value != default)?;
            Some((key.to_owned(), value))
        })
        .collect()
    }
}

#[derive(Deserialize)]
struct RuntimeError {
    code: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Audit {
    score_display_mode: String,
    numeric_value: Option<f64>,
    numeric_unit: Option<String>,
    error_message: Option<String>,
}

#[derive(Deserialize)]
struct Category {
    score: Option<f64>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let report: Report = json::document(input.bytes)?;
    let mut parsed = Parsed {
        version: Some(report.lighthouse_version),
        ..Parsed::default()
    };
    let name = report
        .requested_url
        .or(report.final_displayed_url)
        .or(report.final_url)
        .filter(|url| !url.is_empty())
        .ok_or_else(|| Fault::at("requestedUrl", "the page has no address"))?;
    let tags = report
        .config_settings
        .map(Settings::tags)
        .unwrap_or_default();
    if let Some(error) = report
        .runtime_error
        .filter(|error| error.code != "NO_ERROR")
    {
        parsed.fail_slice(
            &name,
            tags,
            format!("the page did not load: {} {}", error.code, error.message),
        );
        return Ok(parsed);
    }
    let bench = Bench::new(&name, tags.clone());
    for (id, metric) in AUDITS {
        let Some(audit) = report.audits.0.get(*id) else {
            continue;
        };
        let place = || format!("audits.{id}.numericValue");
        if audit.score_display_mode == "error" {
            let why = audit
                .error_message
                .as_deref()
                .unwrap_or("it says no reason");
            let tags = tags.clone();
            parsed.fail_slice(&name, tags, format!("the audit `{id}` failed: {why}"));
            continue;
        }
        // Not applicable to this page.
        let Some(value) = audit.numeric_value else {
            continue;
        };
        let unit = audit.numeric_unit.as_deref().unwrap_or_default();
        let (factor, kind) = match unit {
            "millisecond" => (MILLISECOND, TIME),
            "byte" => (1.0, SIZE),
            "unitless" => {
                let unit = Unit::Other("unitless".to_owned());
                (1.0, (unit, Some(Direction::Lower)))
            }
            other => {
                let reason = format!("the unit `{other}` of `{id}` is not known");
                return Err(Fault::at(format!("audits.{id}.numericUnit"), reason));
            }
        };
        let value = scaled(value, factor, place)?;
        parsed
            .measurements
            .push(bench.value(*metric, (value, 1), kind, (id, unit)));
    }
    for (id, category) in &report.categories.0 {
        let place = || format!("categories.{id}.score");
        match category.score {
            Some(score) => {
                let score = not_negative(score, place)?;
                if score > 1.0 {
                    return Err(Fault::at(
                        place(),
                        format!("the score {score} is not 0 to 1"),
                    ));
                }
                let kind = (Unit::Ratio, Some(Direction::Higher));
                let metric = format!("score.{id}");
                parsed
                    .measurements
                    .push(bench.value(metric, (score, 1), kind, ("score", "")));
            }
            None => parsed.fail_slice(
                &name,
                tags.clone(),
                format!("the category `{id}` has no score: an audit failed"),
            ),
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::{Direction, Unit};

    const PAGE: &str = "http://127.0.0.1:18091/";

    #[test]
    fn metrics_and_scores() {
        let reading = read_fixture("lighthouse/report.json");
        assert_eq!(reading.version.as_deref(), Some("12.8.2"));
        assert!(close(get(&reading, PAGE, "fcp").value, 634_577_350.0));
        assert!(close(get(&reading, PAGE, "tbt").value, 13e6));
        assert!(close(get(&reading, PAGE, "ttfb").value, 9.25e6));
        let shift = get(&reading, PAGE, "cls");
        assert_eq!(
            (shift.value, shift.direction),
            (0.0, Some(Direction::Lower))
        );
        assert_eq!(get(&reading, PAGE, "bytes").unit, Unit::Bytes);
        let score = get(&reading, PAGE, "score.performance");
        assert_eq!(
            (score.value, score.direction),
            (1.0, Some(Direction::Higher))
        );
    }

    #[test]
    fn a_desktop_is_a_series_of_its_own() {
        let path = crate::formats::testing::fixture("lighthouse/report.json");
        let text = std::fs::read_to_string(path).unwrap();
        for (form_factor, throttling, wanted) in [
            ("mobile", "simulate", ""),
            ("desktop", "simulate", "form_factor=desktop"),
            ("mobile", "provided", "throttling=provided"),
        ] {
            let text = text
                .replace(
                    "\"formFactor\": \"mobile\"",
                    &format!("\"formFactor\": \"{form_factor}\""),
                )
                .replace(
                    "\"throttlingMethod\": \"simulate\"",
                    &format!("\"throttlingMethod\": \"{throttling}\""),
                );
            let reading = read_text("x.json", "lighthouse", &text).unwrap();
            let tags = get(&reading, PAGE, "fcp").tags.clone();
            assert!(reading.measurements.iter().all(|m| m.tags == tags));
            let words: Vec<String> = tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
            assert_eq!(words.join(" "), wanted);
        }
    }

    #[test]
    fn a_page_that_did_not_load_is_a_failure() {
        let reading = read_fixture("lighthouse/not_loaded.json");
        assert!(reading.measurements.is_empty());
        assert_eq!(reading.failures.len(), 1);
        assert!(
            reading.failures[0]
                .reason
                .contains("CHROME_INTERSTITIAL_ERROR")
        );
    }

    #[test]
    fn mistakes_name_their_place_and_failed_audits_are_failures() {
        let with = |audit: &str, score: &str| {
            format!(
                "{{\"lighthouseVersion\": \"1\", \"requestedUrl\": \"u\", \"audits\": \
                 {{\"speed-index\": {{{audit}}}}}, \"categories\": {{\"performance\": {{\"score\": \
                 {score}}}}}}}"
            )
        };
        let numeric = |value: &str| {
            format!(
                "\"scoreDisplayMode\": \"numeric\", \"numericValue\": {value}, \"numericUnit\": \"millisecond\""
            )
        };
        for (audit, score, place) in [
            (numeric("-1"), "1", "audits.speed-index.numericValue"),
            (numeric("\"1\""), "1", "audits.speed-index.numericValue"),
            (numeric("NaN"), "1", "line 1"),
            (numeric("1e999"), "1", "audits.speed-index.numericValue"),
            (numeric("1").replace("milli", "deci"), "1", "numericUnit"),
            (numeric("1"), "84", "categories.performance.score"),
        ] {
            let error = read_text("x.json", "lighthouse", &with(&audit, score)).unwrap_err();
            assert!(error.to_string().contains(place), "{audit}: {error}");
        }
        let failed = "\"scoreDisplayMode\": \"error\", \"errorMessage\": \"NO_LCP\"";
        let reading = read_text("x.json", "lighthouse", &with(failed, "null")).unwrap();
        assert!(reading.measurements.is_empty() && reading.failures.len() == 2);
    }
}
