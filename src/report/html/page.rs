//! The templates.

use super::ReportError;
use super::changed::Regressions;
use super::compare::Compare;
use super::overview::{FeaturePage, Overview};
use super::series::SeriesPage;
use super::single::Single;
use crate::report::text::plain;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, HtmlEscape, UndefinedBehavior, Value};
use serde::Serialize;
use std::collections::BTreeMap;

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../templates/", $name)))),+]
    };
}

/// Every file that makes a report look as it does, as it is built in.
const FILES: &[(&str, &str)] = files![
    "assets/report.css",
    "assets/report.js",
    "base.html",
    "capacity.html",
    "compare.html",
    "feature.html",
    "index.html",
    "macros.html",
    "overview.html",
    "regressions.html",
    "regressions.xml",
    "series.html",
    "single.html",
];

/// The style sheet.
pub(super) const STYLE: &str = "assets/report.css";

/// The script.
pub(super) const SCRIPT: &str = "assets/report.js";

/// The templates, the style sheet and the script of a report. The default is what is built in;
/// single files can be replaced.
///
/// Templates are Jinja (minijinja). They escape by their extension, and a value that does not
/// exist is an error.
#[derive(Debug, Clone, Default)]
pub struct Theme {
    replaced: BTreeMap<String, String>,
}

impl Theme {
    /// The names of all files, as they lie in a folder of templates.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// The built-in files with some replaced: name, with `/`, and text.
    ///
    /// # Errors
    /// [`ReportError::UnknownTemplate`] for a name that no page uses, and
    /// [`ReportError::Template`] for a template that cannot be parsed.
    pub fn with(files: impl IntoIterator<Item = (String, String)>) -> Result<Self, ReportError> {
        let mut theme = Self::default();
        for (name, text) in files {
            if !Self::names().any(|known| known == name) {
                return Err(ReportError::UnknownTemplate(plain(&name)));
            }
            theme.replaced.insert(name, text);
        }
        Pages::new(&theme)?;
        Ok(theme)
    }

    /// The text of a file; empty for an unknown one.
    pub(super) fn text(&self, name: &str) -> &str {
        let built_in = || FILES.iter().find(|(known, _)| *known == name);
        match self.replaced.get(name) {
            Some(text) => text,
            None => built_in().map_or("", |(_, text)| text),
        }
    }
}

/// All templates, parsed: strict about missing values, escaping by file extension.
pub(super) struct Pages {
    environment: Environment<'static>,
}

impl Pages {
    pub(super) fn new(theme: &Theme) -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        environment.set_syntax(syntax);
        environment.add_filter("words", words);
        for name in Theme::names().filter(|name| !name.starts_with("assets/")) {
            environment.add_template_owned(name, theme.text(name).to_owned())?;
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

    pub(super) fn compare(&self, page: &Compare) -> Result<Vec<u8>, ReportError> {
        self.render("compare.html", page)
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

/// A sentence with what stands between backticks as code, safe inside an element.
fn words(text: &str) -> Value {
    let mut html = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, code, after)) = rest.split_once('`').and_then(|(before, rest)| {
        let (code, after) = rest.split_once('`')?;
        Some((before, code, after))
    }) {
        let (before, code) = (HtmlEscape(before), HtmlEscape(code));
        html.push_str(&format!("{before}<code>{code}</code>"));
        rest = after;
    }
    html.push_str(&HtmlEscape(rest).to_string());
    Value::from_safe_string(html)
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
    pub(super) fn new(
        view: &crate::report::view::ReportView,
        names: &super::names::Names,
        root: &'static str,
    ) -> Self {
        use crate::report::text::{moment, plain};
        let tip = view.commits.last();
        let count = |n: usize, one: &str, many: &str| {
            let words = if n == 1 { one } else { many };
            format!("{} {words}", super::sentence::number(n))
        };
        Self {
            root,
            project: plain(&view.project),
            branch: plain(&view.branch),
            tip: tip.map_or_else(String::new, |tip| plain(&tip.id).chars().take(7).collect()),
            made: moment(view.now),
            counts: format!(
                "{} · {}",
                count(names.series, "series", "series"),
                count(view.commits.len(), "commit", "commits"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_a_sentence_is_code_on_the_page() {
        let told = |text: &str| words(text).to_string();
        assert_eq!(
            told("see `plimsoll init`."),
            "see <code>plimsoll init</code>."
        );
        assert_eq!(
            told("`a` and `<b>`"),
            "<code>a</code> and <code>&lt;b&gt;</code>"
        );
        assert_eq!(told("one ` alone & <i>"), "one ` alone &amp; &lt;i&gt;");
        assert_eq!(told(""), "");
    }
}
