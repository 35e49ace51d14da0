//! The formats that are read: the one list that sniffing, `--from` and the documentation share.

use super::content::Content;
use super::fault::Fault;
use super::parsed::{Input, Parsed};
use super::source::Source;
use super::{
    ab, asv, autocannon, benchmarkdotnet, benchmarkjs, bmf, bombardier, cargo_criterion, catch2,
    criterion, criterion_text, dart, divan, fortio, gatling, ghz, github_action_benchmark, go,
    google_benchmark, gungraun, h2load, hdrhistogram, hey, hyperfine, iai, jmeter, jmh, julia, k6,
    libtest, lighthouse, locust, luau, mitata, nighthawk, oha, pyperf, pytest_benchmark, ruby,
    siege, taurus, tinybench, vegeta, vitest, wrk,
};
use super::{artillery, csv, openmetrics, otlp, plimsoll, steps};

/// One tool whose results are read.
pub struct Format {
    /// Short name, as `--from` takes it.
    pub name: &'static str,
    /// Other names that `--from` takes.
    pub aliases: &'static [&'static str],
    /// Which command makes such results, and where.
    pub produced_by: &'static str,
    /// What a file of it is known by, as an error lists it.
    pub known_by: &'static str,
    /// The versions of the tool whose output was seen.
    pub versions: &'static [&'static str],
    /// The metrics that are made of it, the headline first.
    pub metrics: &'static [&'static str],
    /// Whether the raw samples are in the file and are kept.
    pub samples: bool,
    /// The producer's documentation or source.
    pub url: &'static str,
    pub(crate) sniff: fn(&Content<'_>) -> bool,
    pub(crate) reader: Reader,
}

/// How a format is read.
pub(crate) enum Reader {
    /// From the bytes of one file.
    File(fn(&Input<'_>) -> Result<Parsed, Fault>),
    /// From the bytes of one file as they come: a file of gigabytes takes no more memory than a
    /// small one.
    Stream(fn(&mut Source<'_>, &str) -> Result<Parsed, Fault>),
    /// The same of a file whose rows are runs and not requests: there may be so many.
    Rows(fn(&mut Source<'_>, &str) -> Result<Parsed, Fault>),
    /// The same of a file whose rows are measurements, of which there may be so many, or samples,
    /// of which there may be any number.
    Samples(fn(&mut Source<'_>, &str) -> Result<Parsed, Fault>),
    /// From criterion's folder `new/`, wherever a path into it points.
    Criterion,
}

/// Every format, in the order of the documentation.
#[must_use]
pub fn formats() -> &'static [Format] {
    FORMATS
}

/// Finds a format by name or alias.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Format> {
    FORMATS
        .iter()
        .find(|f| f.name == name || f.aliases.contains(&name))
}

/// The formats as a Markdown table: what `plimsoll formats` prints and the README holds.
#[must_use]
pub fn table() -> String {
    let mut out = String::from(
        "| `--from` | made by | metrics | raw samples | versions seen |\n|---|---|---|---|---|\n",
    );
    for format in FORMATS {
        let metrics: Vec<String> = format.metrics.iter().map(|m| format!("`{m}`")).collect();
        let cell = |text: &str| text.replace('|', "\\|");
        out.push_str(&format!(
            "| `{}` | {} | {} | {} | {} |\n",
            format.name,
            cell(format.produced_by),
            metrics.join(" "),
            match format.reader {
                Reader::Stream(_) => "counted, up to any size",
                Reader::Rows(_) => "a row each, up to 200,000 rows",
                Reader::Samples(_) =>
                    "with a column `sample`: kept up to 4,096, then counted, up to any size",
                _ if format.samples => "kept",
                _ => "not in the file",
            },
            format.versions.join(", "),
        ));
    }
    out
}

static FORMATS: &[Format] = &[
    criterion::FORMAT,
    cargo_criterion::FORMAT,
    libtest::FORMAT,
    criterion_text::FORMAT,
    divan::FORMAT,
    gungraun::FORMAT,
    iai::FORMAT,
    hyperfine::FORMAT,
    go::FORMAT,
    google_benchmark::FORMAT,
    catch2::FORMAT,
    pytest_benchmark::FORMAT,
    pyperf::FORMAT,
    asv::FORMAT,
    jmh::FORMAT,
    vitest::FORMAT,
    tinybench::FORMAT,
    benchmarkjs::FORMAT,
    mitata::FORMAT,
    benchmarkdotnet::FORMAT,
    julia::FORMAT,
    ruby::FORMAT,
    dart::FORMAT,
    luau::FORMAT,
    lighthouse::FORMAT,
    bmf::FORMAT,
    github_action_benchmark::FORMAT,
    k6::FORMAT,
    jmeter::FORMAT,
    gatling::FORMAT,
    vegeta::FORMAT,
    oha::FORMAT,
    autocannon::FORMAT,
    bombardier::FORMAT,
    locust::FORMAT,
    wrk::FORMAT,
    hey::FORMAT,
    ab::FORMAT,
    h2load::FORMAT,
    siege::FORMAT,
    artillery::FORMAT,
    fortio::FORMAT,
    ghz::FORMAT,
    nighthawk::FORMAT,
    taurus::FORMAT,
    hdrhistogram::FORMAT,
    openmetrics::FORMAT,
    otlp::FORMAT,
    plimsoll::FORMAT,
    csv::FORMAT,
    steps::FORMAT,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        let mut names: Vec<&str> = FORMATS
            .iter()
            .flat_map(|f| f.aliases.iter().copied().chain([f.name]))
            .collect();
        for name in &names {
            assert!(by_name(name).is_some(), "{name}");
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(by_name("nonsense").is_none());
    }

    #[test]
    fn every_format_is_described() {
        for f in FORMATS {
            let texts = [f.name, f.produced_by, f.known_by];
            assert!(texts.iter().all(|t| !t.is_empty()), "{}", f.name);
            assert!(f.url.starts_with("https://"), "{}", f.name);
            assert!(
                !f.versions.is_empty() && !f.metrics.is_empty(),
                "{}",
                f.name
            );
        }
    }
}
