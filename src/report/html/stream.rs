//! Writes a report series by series: what the pages of many series need of one is a few lines, and
//! the rest of it need not stay in memory.

use super::changed::Regressions;
use super::compare::{Compare, Levels};
use super::names::Names;
use super::overview::{FeaturePage, Overview, Row};
use super::page::{Pages, SCRIPT, STYLE, Theme};
use super::series::SeriesPage;
use super::{ReportError, data};
use crate::report::build::by_state;
use crate::report::text::plain;
use crate::report::view::{ReportView, SeriesView};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

/// Where the series of a report come from.
pub trait Source: Sync {
    /// Everything but the series.
    fn frame(&self) -> ReportView;

    /// How many series there are.
    fn count(&self) -> usize;

    /// Labels of the environments in which they are measured.
    fn environments(&self) -> BTreeSet<String>;

    /// A series by its index; `None` leaves it out.
    fn series(&self, index: usize) -> Option<Cow<'_, SeriesView>>;

    /// Threads to use, at least 1.
    fn threads(&self) -> usize;

    /// Whether the series come in the order of a view; else they are put in order at the end.
    fn is_sorted(&self) -> bool;
}

/// The series of a view, as they are.
impl Source for ReportView {
    fn frame(&self) -> ReportView {
        Self {
            project: self.project.clone(),
            branch: self.branch.clone(),
            now: self.now,
            commits: self.commits.clone(),
            features: self.features.clone(),
            series: Vec::new(),
            commit_url: self.commit_url.clone(),
            unmatched: self.unmatched.clone(),
            notes: self.notes.clone(),
        }
    }

    fn count(&self) -> usize {
        self.series.len()
    }

    fn environments(&self) -> BTreeSet<String> {
        self.series.iter().map(|s| s.key.env.clone()).collect()
    }

    fn series(&self, index: usize) -> Option<Cow<'_, SeriesView>> {
        self.series.get(index).map(Cow::Borrowed)
    }

    fn threads(&self) -> usize {
        1
    }

    fn is_sorted(&self) -> bool {
        true
    }
}

/// The series of a project as they are made.
impl Source for crate::report::build::Builder<'_> {
    fn frame(&self) -> ReportView {
        Self::frame(self)
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn environments(&self) -> BTreeSet<String> {
        self.keys().map(|key| key.env.clone()).collect()
    }

    fn series(&self, index: usize) -> Option<Cow<'_, SeriesView>> {
        Self::series(self, index).map(Cow::Owned)
    }

    fn threads(&self) -> usize {
        Self::threads(self)
    }

    fn is_sorted(&self) -> bool {
        false
    }
}

/// What the pages of many series need of one.
pub(super) struct Brief {
    /// Its row in a table.
    pub(super) row: Row,
    /// Its part of `data/report.json`.
    pub(super) json: String,
    /// Its levels, for a comparison of any two commits.
    pub(super) levels: Levels,
    /// Everything else, without its points.
    pub(super) series: SeriesView,
}

impl Brief {
    pub(super) fn new(
        view: &ReportView,
        names: &Names,
        series: &SeriesView,
    ) -> Result<Self, ReportError> {
        Ok(Self {
            row: Row::new(view, names, series)?,
            json: data::json_of(view, series)?,
            levels: Levels::new(series),
            series: SeriesView {
                slug: series.slug.clone(),
                key: series.key.clone(),
                limits: Vec::new(),
                unit: series.unit.clone(),
                limit: series.limit.clone(),
                sentence: series.sentence.clone(),
                broken: series.broken.clone(),
                points: Vec::new(),
                machines: Vec::new(),
                regimes: Vec::new(),
                excursions: series.excursions.clone(),
                changes: series.changes.clone(),
                ledger: series.ledger.clone(),
                ..*series
            },
        })
    }
}

/// One file: relative path and content.
type File = (String, Vec<u8>);

/// Files of one series.
type Files = Vec<File>;

/// The pages of one series, and what the others need of it.
fn pages_of(
    view: &ReportView,
    names: &Names,
    pages: &Pages,
    series: &SeriesView,
) -> Result<(Brief, Files), ReportError> {
    let slug = &series.slug;
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let good = !slug.is_empty() && !slug.starts_with('.') && slug.bytes().all(safe);
    // Data of all series lie in the same folder.
    if !good || matches!(slug.as_str(), "commits" | "levels") {
        return Err(ReportError::Slug(plain(slug)));
    }
    let brief = Brief::new(view, names, series)?;
    let page = pages.series(&SeriesPage::new(view, names, series)?)?;
    let mut files = vec![
        (format!("s/{slug}.html"), page),
        (format!("data/{slug}.js"), data::points(series)?),
    ];
    if names.has_table(series) {
        files.push((format!("data/{slug}.csv"), data::csv(view, names, series)?));
    }
    Ok((brief, files))
}

impl Theme {
    /// Renders a report file by file while its series are being made.
    ///
    /// # Errors
    /// See [`ReportError`], and whatever `write` fails with.
    pub fn render_from<E: From<ReportError>>(
        &self,
        source: &impl Source,
        mut write: impl FnMut(String, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut view = source.frame();
        let names = Names::new(&view, source.count(), &source.environments());
        let pages = Pages::new(self).map_err(ReportError::from)?;
        for path in [STYLE, SCRIPT] {
            write(path.to_owned(), self.text(path).as_bytes().to_vec())?;
        }
        write("data/commits.js".to_owned(), data::commits(&view, &names)?)?;
        let mut briefs = all_series(source, &view, &names, &pages, &mut write)?;
        if !source.is_sorted() {
            briefs.sort_by(|a, b| by_state(&a.series, &b.series));
        }
        write(
            "data/report.json".to_owned(),
            data::json(&view, &mut briefs)?,
        )?;
        write("data/levels.js".to_owned(), data::levels(&briefs)?)?;
        let mut rows = Vec::with_capacity(briefs.len());
        let mut levels = Vec::with_capacity(briefs.len());
        for brief in briefs {
            rows.push(brief.row);
            levels.push(brief.levels);
            view.series.push(brief.series);
        }
        for (number, path) in Overview::paths(&view).enumerate() {
            let page = Overview::new(&view, &names, &rows, number);
            write(path, pages.overview(&page)?)?;
        }
        let compare = Compare::new(&view, &names, &rows, &levels);
        write("compare.html".to_owned(), pages.compare(&compare)?)?;
        let regressions = Regressions::new(&view, &names);
        write(
            "regressions.html".to_owned(),
            pages.regressions(&regressions)?,
        )?;
        write("regressions.xml".to_owned(), pages.feed(&regressions)?)?;
        for index in 0..view.features.len() {
            for (number, path) in FeaturePage::paths(&view, &names, index).enumerate() {
                let page = FeaturePage::new(&view, &names, &rows, index, number)?;
                write(path, pages.feature(&page)?)?;
            }
        }
        Ok(())
    }
}

/// Writes the pages of all series; what is kept of them, in order.
fn all_series<E: From<ReportError>>(
    source: &impl Source,
    view: &ReportView,
    names: &Names,
    pages: &Pages,
    write: &mut impl FnMut(String, Vec<u8>) -> Result<(), E>,
) -> Result<Vec<Brief>, E> {
    let count = source.count();
    let one = |index: usize| {
        let series = source.series(index)?;
        Some(pages_of(view, names, pages, &series))
    };
    let mut seen = BTreeSet::new();
    let mut take = |brief: Brief, files: Files| -> Result<Brief, E> {
        if !seen.insert(brief.series.slug.to_ascii_lowercase()) {
            return Err(ReportError::Slug(plain(&brief.series.slug)).into());
        }
        for (path, content) in files {
            write(path, content)?;
        }
        Ok(brief)
    };
    let threads = source.threads().min(count);
    if threads <= 1 {
        let made = (0..count).filter_map(one);
        return made
            .map(|made| {
                made.map_err(E::from)
                    .and_then(|(brief, files)| take(brief, files))
            })
            .collect();
    }
    let next = AtomicUsize::new(0);
    let mut briefs: Vec<Option<Brief>> = (0..count).map(|_| None).collect();
    std::thread::scope(|scope| {
        // What is made waits for the disk, not for memory.
        let (send, receive) = sync_channel(2 * threads);
        for _ in 0..threads {
            let (send, next, one) = (send.clone(), &next, &one);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || send.send((index, one(index))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        for (index, made) in receive {
            if let Some(made) = made {
                let (brief, files) = made?;
                briefs[index] = Some(take(brief, files)?);
            }
        }
        Ok::<(), E>(())
    })?;
    Ok(briefs.into_iter().flatten().collect())
}
