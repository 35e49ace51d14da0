//! The templates.

use super::ReportError;
use super::changed::Regressions;
use super::overview::{FeaturePage, Overview};
use super::series::SeriesPage;
use super::single::Single;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

/// The style sheet.
pub(super) const STYLE: &str = include_str!("../../../templates/assets/report.css");

/// The script.
pub(super) const SCRIPT: &str = include_str!("../../../templates/assets/report.js");

/// Files that are the same in every report.
pub(super) const ASSETS: &[(&str, &str)] =
    &[("assets/report.css", STYLE), ("assets/report.js", SCRIPT)];

const TEMPLATES: &[(&str, &str)] = &[
    ("base.html", include_str!("../../../templates/base.html")),
    (
        "macros.html",
        include_str!("../../../templates/macros.html"),
    ),
    ("index.html", include_str!("../../../templates/index.html")),
    (
        "overview.html",
        include_str!("../../../templates/overview.html"),
    ),
    (
        "single.html",
        include_str!("../../../templates/single.html"),
    ),
    (
        "series.html",
        include_str!("../../../templates/series.html"),
    ),
    (
        "regressions.html",
        include_str!("../../../templates/regressions.html"),
    ),
    (
        "regressions.xml",
        include_str!("../../../templates/regressions.xml"),
    ),
    (
        "feature.html",
        include_str!("../../../templates/feature.html"),
    ),
];

/// All templates, parsed: strict about missing values, escaping by file extension.
pub(super) struct Pages {
    environment: Environment<'static>,
}

impl Pages {
    pub(super) fn new() -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        environment.set_syntax(syntax);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        Ok(Self { environment })
    }

    pub(super) fn overview(&self, page: &Overview) -> Result<Vec<u8>, ReportError> {
        self.render("index.html", page)
    }

    pub(super) fn series(&self, page: &SeriesPage) -> Result<Vec<u8>, ReportError> {
        self.render(
            "series.html",
            InFrame {
                frame: &page.frame,
                p: page,
            },
        )
    }

    pub(super) fn single(&self, page: &Single) -> Result<Vec<u8>, ReportError> {
        self.render("single.html", page)
    }

    pub(super) fn feature(&self, page: &FeaturePage) -> Result<Vec<u8>, ReportError> {
        self.render("feature.html", page)
    }

    pub(super) fn regressions(&self, page: &Regressions) -> Result<Vec<u8>, ReportError> {
        self.render("regressions.html", page)
    }

    pub(super) fn feed(&self, page: &Regressions) -> Result<Vec<u8>, ReportError> {
        self.render("regressions.xml", page)
    }

    fn render(&self, name: &str, page: impl Serialize) -> Result<Vec<u8>, ReportError> {
        let template = self.environment.get_template(name)?;
        let text = template.render(Value::from(Serde(&page)))?;
        Ok(text.into_bytes())
    }
}

/// A page that says `p.` for what is its own.
#[derive(Serialize)]
struct InFrame<'a> {
    frame: &'a Frame,
    p: &'a SeriesPage,
}

/// What the head and foot of every page need.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    /// Relative path to the folder of the report: empty or `../`.
    pub(super) root: &'static str,
    pub(super) project: String,
    pub(super) branch: String,
    pub(super) tip: String,
    pub(super) made: String,
    pub(super) counts: String,
}

impl Frame {
    pub(super) fn new(view: &crate::report::view::ReportView, root: &'static str) -> Self {
        use crate::report::text::{moment, plain};
        let tip = view.commits.last();
        let count =
            |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        Self {
            root,
            project: plain(&view.project),
            branch: plain(&view.branch),
            tip: tip.map_or_else(String::new, |tip| plain(&tip.id).chars().take(7).collect()),
            made: moment(view.now),
            counts: format!(
                "{} · {}",
                count(view.series.len(), "series", "series"),
                count(view.commits.len(), "commit", "commits"),
            ),
        }
    }
}
