//! The static HTML report: a folder of pages that need nothing but a browser.
//!
//! Every figure and chart is in the pages themselves; the script only filters, sorts and reveals.
//! The same view gives the same bytes.

mod capacity;
mod changed;
mod compare;
mod data;
mod groups;
mod names;
mod overview;
mod page;
mod sentence;
mod series;
mod single;
mod stream;

pub use page::Theme;
pub use stream::Source;

use crate::report::chart::ChartError;
use crate::report::view::ReportView;

/// Why a report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A template is at fault; only possible with changed templates.
    #[error("template could not be rendered: {0:#}")]
    Template(#[from] minijinja::Error),
    /// A chart could not be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The machine-readable data could not be written.
    #[error("report data could not be written: {0}")]
    Json(#[from] serde_json::Error),
    /// The table of a series could not be written.
    #[error("CSV could not be written: {0}")]
    Csv(#[from] csv::Error),
    /// The view is at fault: a page would have no safe or no unique file name.
    #[error(
        "`{0}` cannot name the page of a series: use letters, digits, `-`, `_` and `.`, once each"
    )]
    Slug(String),
    /// A file of a theme that no page uses.
    #[error("no page uses a template `{0}`; the names are {names}", names = Theme::names().collect::<Vec<_>>().join(", "))]
    UnknownTemplate(String),
    /// A style sheet or script that cannot stand inside a page.
    #[error("`{0}` holds `</`, which would end it inside a page of one file")]
    NotEmbeddable(&'static str),
}

/// Renders all files of a report: relative path (with `/`) and content.
///
/// # Errors
/// See [`ReportError`].
pub fn render(view: &ReportView) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let mut files = Vec::new();
    render_each(view, |path, content| {
        files.push((path, content));
        Ok::<(), ReportError>(())
    })?;
    Ok(files)
}

/// Renders a report file by file, so that a large one need not be in memory as a whole: `write`
/// gets each relative path (with `/`) and its content.
///
/// # Errors
/// See [`ReportError`], and whatever `write` fails with.
pub fn render_each<E: From<ReportError>>(
    view: &ReportView,
    write: impl FnMut(String, Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    Theme::default().render_each(view, write)
}

/// Renders the overview and a section for each series that is not fine as one page, which needs
/// no other file: style and script are in it, allowed by their digests alone.
///
/// # Errors
/// See [`ReportError`].
pub fn render_single(view: &ReportView) -> Result<Vec<u8>, ReportError> {
    Theme::default().render_single(view)
}

impl Theme {
    /// [`render_each`] with this theme.
    ///
    /// # Errors
    /// See [`ReportError`], and whatever `write` fails with.
    pub fn render_each<E: From<ReportError>>(
        &self,
        view: &ReportView,
        write: impl FnMut(String, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.render_from(view, write)
    }

    /// [`render_single`] with this theme.
    ///
    /// # Errors
    /// See [`ReportError`].
    pub fn render_single(&self, view: &ReportView) -> Result<Vec<u8>, ReportError> {
        for name in [page::STYLE, page::SCRIPT] {
            if self.text(name).contains("</") || self.text(name).contains("<!--") {
                return Err(ReportError::NotEmbeddable(name));
            }
        }
        single::render(view, self)
    }
}
