//! How pages name and link series, features, commits and states.

use super::Source;
use crate::report::text::{ago, date, moment, plain, plain_up_to};
use crate::report::view::{CommitView, ReportView, SeriesView, State};
use serde::Serialize;
use std::collections::BTreeSet;

/// Longest commit subject in a table.
const SUBJECT: usize = 72;

/// More series than this are a large report.
const LARGE: usize = 1_000;

/// What all pages agree on.
pub(super) struct Names {
    /// File name of the page of each feature, without extension.
    pub(super) features: Vec<String>,
    /// How many series there are.
    pub(super) series: usize,
    /// Whether series are measured in more than one environment, so that it must be said.
    several_environments: bool,
    /// All commits, since pages name the same ones again and again.
    commits: Vec<CommitName>,
    /// Their times.
    times: Vec<String>,
    /// Where everything is one page: the series that have a section on it.
    sections: Option<BTreeSet<String>>,
}

/// A commit in a table or sentence.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CommitName {
    pub(super) short: String,
    pub(super) url: Option<String>,
    pub(super) subject: String,
    pub(super) author: String,
    pub(super) date: String,
    pub(super) moment: String,
    pub(super) ago: String,
}

impl Names {
    /// Names for a report of so many series, measured in these environments.
    pub(super) fn new(view: &ReportView, series: usize, environments: &BTreeSet<String>) -> Self {
        // Only what is safe to link to.
        let commit_url = view.commit_url.as_deref().filter(|url| is_web(url));
        let mut taken = BTreeSet::new();
        let features = view
            .features
            .iter()
            .map(|feature| {
                let stem = slug(&feature.name);
                let mut name = stem.clone();
                let mut count = 1;
                while !taken.insert(name.clone()) {
                    count += 1;
                    name = format!("{stem}-{count}");
                }
                name
            })
            .collect();
        Self {
            features,
            series,
            several_environments: environments.len() > 1,
            commits: view
                .commits
                .iter()
                .map(|commit| CommitName::new(view, commit, commit_url))
                .collect(),
            times: view.commits.iter().map(|c| c.time.to_string()).collect(),
            sections: None,
        }
    }

    /// Names for a report of one page, with sections for some series.
    pub(super) fn of_one_page(view: &ReportView, sections: BTreeSet<String>) -> Self {
        Self {
            sections: Some(sections),
            ..Self::new(view, view.count(), &view.environments())
        }
    }

    /// So many series that the long tables of those that are fine would be most of the bytes.
    pub(super) fn is_large(&self) -> bool {
        self.series > LARGE
    }

    /// Whether every run of a series is in a table of its own.
    pub(super) fn has_table(&self, series: &SeriesView) -> bool {
        !self.is_large() || urgency(series.state) < urgency(State::Learning)
    }

    /// Everything is one page.
    pub(super) fn is_one_page(&self) -> bool {
        self.sections.is_some()
    }

    /// Link to a series, as seen from the folder of the report. `place` is an anchor on its page,
    /// with `#`.
    pub(super) fn series_link(&self, series: &SeriesView, place: &str) -> Option<String> {
        let slug = &series.slug;
        match &self.sections {
            None => Some(format!("s/{slug}.html{place}")),
            Some(sections) => sections.contains(slug).then(|| format!("#s-{slug}")),
        }
    }

    /// Link to the page of a feature, as seen from the folder of the report.
    pub(super) fn feature_link(&self, feature: usize) -> Option<String> {
        let name = self.features.get(feature)?;
        self.sections.is_none().then(|| format!("f/{name}.html"))
    }

    /// `benchmark metric`.
    pub(super) fn title(series: &SeriesView) -> String {
        let benchmark = plain_up_to(&series.key.benchmark, 80);
        format!("{benchmark} {}", plain_up_to(&series.key.metric, 40))
    }

    /// The tags of a series, as `name=value`.
    pub(super) fn tags(series: &SeriesView) -> impl Iterator<Item = String> + '_ {
        let tags = series.key.tags.iter();
        tags.map(|(name, value)| format!("{}={}", plain_up_to(name, 30), plain_up_to(value, 40)))
    }

    /// Tags and, where there are several, the environment.
    pub(super) fn slice(&self, series: &SeriesView) -> String {
        let mut parts: Vec<String> = Self::tags(series).collect();
        if self.several_environments {
            parts.push(plain_up_to(&series.key.env, 40));
        }
        parts.join(", ")
    }

    /// A commit by its index; unknown ones have no subject.
    pub(super) fn commit(&self, index: usize) -> CommitName {
        self.commits
            .get(index)
            .cloned()
            .unwrap_or_else(|| CommitName {
                short: "unknown".to_owned(),
                url: None,
                subject: String::new(),
                author: String::new(),
                date: String::new(),
                moment: String::new(),
                ago: String::new(),
            })
    }

    /// When a commit was made, in RFC 3339; empty for an unknown one.
    pub(super) fn time(&self, index: usize) -> &str {
        self.times.get(index).map_or("", String::as_str)
    }
}

impl CommitName {
    fn new(view: &ReportView, commit: &CommitView, commit_url: Option<&str>) -> Self {
        let hex = commit.id.bytes().all(|b| b.is_ascii_hexdigit());
        Self {
            short: plain(&commit.id).chars().take(7).collect(),
            url: commit_url
                .filter(|_| hex)
                .map(|url| format!("{url}{}", commit.id)),
            subject: plain_up_to(&commit.subject, SUBJECT),
            author: plain_up_to(&commit.author, 40),
            date: date(commit.time),
            moment: moment(commit.time),
            ago: ago(commit.time, view.now),
        }
    }
}

/// Whether a link may lead there: http or https, and nothing that could end an attribute.
fn is_web(url: &str) -> bool {
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let safe = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b'`');
    host.is_some_and(|rest| !rest.is_empty()) && url.bytes().all(safe)
}

/// A file name of letters, digits and `-`.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().take(60) {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "feature".to_owned()
    } else {
        slug.to_owned()
    }
}

/// A state as a glyph, a word and a class: never by hue alone.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct StateName {
    pub(super) glyph: &'static str,
    pub(super) word: &'static str,
    pub(super) class: &'static str,
}

impl From<State> for StateName {
    fn from(state: State) -> Self {
        let (glyph, word, class) = match state {
            State::Broken => ("✕", "broken", "broken"),
            State::Soon => ("!", "soon", "soon"),
            State::Creeping => ("↗", "creeping", "creeping"),
            State::NoData => ("?", "no data", "nodata"),
            State::Noisy => ("~", "noisy", "noisy"),
            State::Accepted => ("§", "accepted", "accepted"),
            State::Unproven => ("±", "unproven", "unproven"),
            State::Learning => ("…", "learning", "learning"),
            State::Ok => ("✓", "ok", "ok"),
            State::Unbudgeted => ("○", "no budget", "none"),
        };
        Self { glyph, word, class }
    }
}

/// How soon a person should look: small is urgent.
pub(super) fn urgency(state: State) -> u8 {
    match state {
        State::Broken => 0,
        State::Soon => 1,
        State::Creeping => 2,
        State::NoData => 3,
        State::Accepted => 4,
        State::Unproven => 5,
        State::Noisy => 6,
        State::Learning => 7,
        State::Ok => 8,
        State::Unbudgeted => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        assert!(is_web("https://example.org/acme/shop/commit/"));
        assert!(is_web("http://localhost:8080/c/"));
        for bad in [
            "javascript:alert(1)//",
            "https://",
            "https://x/\" onclick=\"",
            "data:text/html,",
            " https://x",
            "//x",
            "",
        ] {
            assert!(!is_web(bad), "{bad}");
        }
    }

    #[test]
    fn feature_pages_have_safe_names() {
        assert_eq!(slug("Check out / Pay"), "check-out-pay");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("日本"), "feature");
    }
}
