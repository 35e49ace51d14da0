//! How people name what they ask about: `FEATURE`, `FEATURE/LIMIT`, or
//! `BENCHMARK[:METRIC][{tag=v,…}][@ENV]`; a unique prefix suffices.
//!
//! Benchmarks hold any character, so a name is not cut into parts: it is compared with the spellings
//! of each series.

use super::Headlines;
use crate::model::SeriesKey;
use std::collections::BTreeSet;

/// So many candidates are listed.
const LISTED: usize = 20;

/// How a text spells a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spelling {
    /// The text is whole; else it is the beginning of a spelling.
    whole: bool,
    /// The metric was begun.
    metric: bool,
    /// All tags were given.
    tags: bool,
}

/// What can be named.
#[derive(Debug, Clone, Default)]
pub struct Names<'a> {
    /// Features and the ids of their limits.
    pub features: Vec<(&'a str, Vec<&'a str>)>,
    /// Series.
    pub series: Vec<&'a SeriesKey>,
}

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named<'a> {
    /// A feature.
    Feature(&'a str),
    /// A limit of a feature.
    Limit(&'a str, &'a str),
    /// A series.
    Series(&'a SeriesKey),
}

/// Why a name means nothing that can be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No feature, limit or series is called so.
    #[error("nothing is called `{0}`: `plimsoll log` lists what there is")]
    Nothing(String),
    /// Several are.
    #[error("`{name}` may mean several:\n{}\nwrite more of the one that is meant", .candidates.join("\n"))]
    Several {
        /// As the user gave it.
        name: String,
        /// What it may mean, a line each.
        candidates: Vec<String>,
    },
}

impl<'a> Named<'a> {
    /// The feature or benchmark whose name a text begins; `None` where it says more than that.
    fn word_begun(self, text: &str) -> Option<&'a str> {
        let word = match self {
            Self::Feature(name) => name,
            Self::Limit(..) => return None,
            Self::Series(key) => key.benchmark.as_str(),
        };
        (word.starts_with(text) && word != text).then_some(word)
    }

    fn listed(self) -> String {
        match self {
            Self::Feature(name) => format!("  {name} (a feature)"),
            Self::Limit(feature, limit) => format!("  {feature}/{limit} (a limit)"),
            Self::Series(key) => format!("  {key}"),
        }
    }
}

impl<'a> Names<'a> {
    /// What a name means. A feature or limit of exactly that name goes before a series of it; a
    /// benchmark alone means its headline metric, and a name without tags the series without any,
    /// where there are such.
    ///
    /// # Errors
    /// Where nothing is called so, or several are: then all of them are listed.
    pub fn find(&self, name: &str) -> Result<Named<'a>, NameError> {
        let found = self.candidates(name);
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(NameError::Nothing(name.to_owned())),
            several => {
                let mut candidates: Vec<String> = several
                    .iter()
                    .take(LISTED)
                    .map(|one| one.listed())
                    .collect();
                if several.len() > LISTED {
                    candidates.push(format!("  … and {} more", several.len() - LISTED));
                }
                Err(NameError::Several {
                    name: name.to_owned(),
                    candidates,
                })
            }
        }
    }

    /// Everything that a name may mean, in order; several only where nothing settles it.
    #[must_use]
    pub fn candidates(&self, name: &str) -> Vec<Named<'a>> {
        let mut features = self.features.iter();
        if let Some((feature, _)) = features.find(|(feature, _)| *feature == name) {
            return vec![Named::Feature(feature)];
        }
        let limits = |exact: bool| {
            self.features.iter().flat_map(move |(feature, limits)| {
                let rest = name
                    .strip_prefix(feature)
                    .and_then(|rest| rest.strip_prefix('/'));
                let fits = move |limit: &&&str| {
                    rest.is_some_and(|rest| {
                        if exact {
                            **limit == rest
                        } else {
                            limit.starts_with(rest)
                        }
                    })
                };
                limits
                    .iter()
                    .filter(fits)
                    .map(|limit| Named::Limit(feature, limit))
            })
        };
        let exact: Vec<Named<'a>> = limits(true).collect();
        if !exact.is_empty() {
            return exact;
        }
        let exact = self.spelled(name, true);
        if !exact.is_empty() {
            return exact;
        }
        let begun = self
            .features
            .iter()
            .filter(|(feature, _)| feature.starts_with(name))
            .map(|(feature, _)| Named::Feature(feature));
        let all: BTreeSet<Named<'a>> = begun
            .chain(limits(false))
            .chain(self.spelled(name, false))
            .collect();
        // Where all of them begin with one word, such as a feature and its benchmark of the same
        // name, that word is what was begun.
        let words: Option<BTreeSet<&str>> = all.iter().map(|one| one.word_begun(name)).collect();
        match words.as_ref().and_then(BTreeSet::first) {
            Some(word) if all.len() > 1 && words.as_ref().is_some_and(|all| all.len() == 1) => {
                self.candidates(word)
            }
            _ => all.into_iter().collect(),
        }
    }

    /// The series that a text spells, or whose spelling it begins.
    fn spelled(&self, name: &str, whole: bool) -> Vec<Named<'a>> {
        let mut found: Vec<(&'a SeriesKey, Spelling)> = self
            .series
            .iter()
            .filter_map(|key| Some((*key, spelling(name, key)?)))
            .filter(|(_, spelling)| spelling.whole == whole)
            .collect();
        let headlines = Headlines::new(self.series.iter().copied());
        let is_headline = |key: &SeriesKey| headlines.of(&key.benchmark) == Some(&key.metric);
        let with_headline: BTreeSet<&str> = found
            .iter()
            .filter(|(key, spelling)| !spelling.metric && is_headline(key))
            .map(|(key, _)| key.benchmark.as_str())
            .collect();
        found.retain(|(key, spelling)| {
            spelling.metric || is_headline(key) || !with_headline.contains(key.benchmark.as_str())
        });
        if found.iter().any(|(_, spelling)| spelling.tags) {
            found.retain(|(_, spelling)| spelling.tags);
        }
        let mut found: Vec<Named<'a>> = found
            .into_iter()
            .map(|(key, _)| Named::Series(key))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Whether a text is a spelling of a series: its benchmark, and as much as one likes of its metric,
/// its tags in any order, and its environment.
#[must_use]
pub fn spells(name: &str, key: &SeriesKey) -> bool {
    spelling(name, key).is_some_and(|spelling| spelling.whole)
}

fn spelling(name: &str, key: &SeriesKey) -> Option<Spelling> {
    let mut found = Spelling {
        whole: true,
        metric: false,
        tags: key.tags.is_empty(),
    };
    let begun = |found: Spelling| {
        Some(Spelling {
            whole: false,
            ..found
        })
    };
    let Some(mut rest) = name.strip_prefix(key.benchmark.as_str()) else {
        return key.benchmark.starts_with(name).then_some(Spelling {
            whole: false,
            ..found
        });
    };
    if let Some(metric) = rest.strip_prefix(':') {
        found.metric = true;
        let Some(after) = metric.strip_prefix(key.metric.as_str()) else {
            return key
                .metric
                .starts_with(metric)
                .then_some(())
                .and_then(|()| begun(found));
        };
        rest = after;
    }
    if let Some(tags) = rest.strip_prefix('{') {
        match after_tags(tags, key)? {
            Tagged::Begun => return begun(found),
            Tagged::Whole { all, after } => {
                found.tags = all;
                rest = after;
            }
        }
    }
    match rest.strip_prefix('@') {
        Some(env) if env == key.env => Some(found),
        Some(env) => key
            .env
            .starts_with(env)
            .then_some(())
            .and_then(|()| begun(found)),
        None if rest.is_empty() => Some(found),
        None => None,
    }
}

enum Tagged<'n> {
    Begun,
    Whole { all: bool, after: &'n str },
}

/// Reads `tag=v,…}` as far as it names tags of the series.
fn after_tags<'n>(text: &'n str, key: &SeriesKey) -> Option<Tagged<'n>> {
    let mut left: Vec<String> = key
        .tags
        .iter()
        .map(|(tag, value)| format!("{tag}={value}"))
        .collect();
    let mut rest = text;
    loop {
        let ended = |after: &str| after.starts_with([',', '}']);
        let given = left
            .iter()
            .position(|tag| rest.strip_prefix(tag.as_str()).is_some_and(ended));
        let Some(given) = given else {
            let begun = left.iter().any(|tag| tag.starts_with(rest));
            return begun.then_some(Tagged::Begun);
        };
        let tag = left.swap_remove(given);
        let after = rest.get(tag.len()..)?;
        match after.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => {
                return Some(Tagged::Whole {
                    all: left.is_empty(),
                    after: after.strip_prefix('}')?,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Tags;
    use proptest::prelude::*;

    fn key(benchmark: &str, metric: &str, tags: &[(&str, &str)], env: &str) -> SeriesKey {
        let tags: Tags = tags
            .iter()
            .map(|(tag, value)| ((*tag).to_owned(), (*value).to_owned()))
            .collect();
        SeriesKey {
            benchmark: benchmark.into(),
            metric: metric.into(),
            tags,
            env: env.into(),
        }
    }

    fn series() -> Vec<SeriesKey> {
        vec![
            key(
                "GET /cart",
                "latency.p95",
                &[("load", "peak"), ("tenant", "big")],
                "ci",
            ),
            key(
                "GET /cart",
                "latency.p95",
                &[("load", "peak"), ("tenant", "small")],
                "ci",
            ),
            key(
                "GET /cart",
                "latency.p50",
                &[("load", "peak"), ("tenant", "big")],
                "ci",
            ),
            key("sort", "time", &[], "ci"),
            key("sort", "time", &[("n", "1")], "ci"),
            key("sort", "time", &[("n", "10")], "ci"),
            key("sort", "cpu", &[], "ci"),
            key("sort_fast", "time", &[], "ci"),
            key("parse", "time", &[], "ci"),
            key("parse", "time", &[], "lab"),
            key("a::b", "time", &[], "ci"),
            key("upload", "time", &[], "ci"),
        ]
    }

    fn found(name: &str) -> Vec<String> {
        let series = series();
        let names = Names {
            features: vec![
                ("checkout", vec!["p95", "p50"]),
                ("sorting", vec!["time"]),
                ("upload", vec!["time"]),
            ],
            series: series.iter().collect(),
        };
        let told = |one: Named<'_>| one.listed().trim().to_owned();
        names.candidates(name).into_iter().map(told).collect()
    }

    #[test]
    fn one_thing_is_meant() {
        for (name, meant) in [
            ("checkout", "checkout (a feature)"),
            ("check", "checkout (a feature)"),
            ("checkout/p95", "checkout/p95 (a limit)"),
            ("sorting/", "sorting/time (a limit)"),
            (
                "GET /cart{tenant=big}",
                "GET /cart:latency.p95{load=peak,tenant=big}@ci",
            ),
            (
                "GET /cart:latency.p50{tenant=big}@ci",
                "GET /cart:latency.p50{load=peak,tenant=big}@ci",
            ),
            (
                "GET /cart{tenant=big,load=peak}",
                "GET /cart:latency.p95{load=peak,tenant=big}@ci",
            ),
            (
                "GET /cart{load=peak, tenant=sm",
                "GET /cart:latency.p95{load=peak,tenant=small}@ci",
            ),
            ("sort", "sort:time@ci"),
            ("sort:c", "sort:cpu@ci"),
            ("sort{n=1}", "sort:time{n=1}@ci"),
            ("sort_", "sort_fast:time@ci"),
            ("parse@lab", "parse:time@lab"),
            ("parse:time@l", "parse:time@lab"),
            ("a::b", "a::b:time@ci"),
            ("a:", "a::b:time@ci"),
            ("up", "upload (a feature)"),
            ("upload:", "upload:time@ci"),
        ] {
            assert_eq!(found(name), [meant], "{name}");
        }
    }

    #[test]
    fn what_several_are_called_lists_them() {
        assert_eq!(found("parse"), ["parse:time@ci", "parse:time@lab"]);
        assert_eq!(found("GET /cart").len(), 2);
        assert_eq!(found("GET /cart{load=peak}").len(), 2);
        assert_eq!(found("sort{n").len(), 2);
        assert_eq!(found("checkout/").len(), 2);
        assert_eq!(
            found("so"),
            ["sorting (a feature)", "sort:time@ci", "sort_fast:time@ci"]
        );
        for nothing in [
            "x",
            "sort{n=2}",
            "sort{n=1}x",
            "sort@lab",
            "sort:time:",
            "sort{}",
        ] {
            assert!(found(nothing).is_empty(), "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn every_series_is_named_by_what_is_printed_of_it(
            benchmark in "[a-z:{}@=,/ ]{1,8}", metric in "[a-z.:@{]{1,6}",
            tags in proptest::collection::btree_map("[a-z=]{1,3}", "[a-z,}0-9]{0,3}", 0..3),
            env in "[a-z@}]{1,4}"
        ) {
            let key = SeriesKey { benchmark, metric, tags, env };
            prop_assert!(spells(&key.to_string(), &key));
            prop_assert!(spells(&key.benchmark, &key));
        }
    }
}
