//! A table of a TOML file on its way to a type: every access notes what is wrong and goes on, so
//! that all faults are found in one pass.

use super::format::Section;
use super::{Quantity, parse_percent};
use crate::diag::{Diagnostic, Severity, SourceSpan};
use jiff::civil::Date;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One file while it is read.
pub(super) struct Faults<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
    pub(super) found: Vec<Diagnostic>,
}

impl<'a> Faults<'a> {
    /// The tables of a file, as far as its syntax can be understood; what cannot is noted.
    pub(super) fn of(file: &'a Path, text: &'a str) -> (Spanned<DeTable<'a>>, Self) {
        let mut faults = Self {
            file,
            text,
            found: Vec::new(),
        };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            faults.error(
                "not-toml",
                span,
                error.message().to_owned(),
                "mend the syntax (TOML 1.0)",
            );
        }
        (root, faults)
    }

    /// Everything that was noted, but for what only follows from broken syntax on the same line.
    pub(super) fn told(mut self) -> Vec<Diagnostic> {
        let line = |finding: &Diagnostic| finding.source.as_ref().map(|at| at.line);
        let broken: Vec<Option<usize>> = self
            .found
            .iter()
            .filter(|finding| finding.code == "not-toml")
            .map(line)
            .collect();
        self.found
            .retain(|finding| finding.code == "not-toml" || !broken.contains(&line(finding)));
        self.found
    }

    pub(super) fn span(&self, span: Range<usize>) -> SourceSpan {
        SourceSpan::new(self.file.to_owned(), self.text, span)
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Severity::Error, code, span, message, help);
    }

    pub(super) fn push(
        &mut self,
        severity: Severity,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let source = Some(self.span(span));
        self.found.push(Diagnostic {
            severity,
            code,
            message: message.into(),
            help: help.into(),
            source,
        });
    }
}

/// A table and where it stands.
#[derive(Clone)]
pub(super) struct Table<'t, 'i> {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    entries: &'t DeTable<'i>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub(super) fn root(entries: &'t DeTable<'i>) -> Self {
        Self {
            name: "the file".to_owned(),
            span: 0..0,
            entries,
        }
    }

    /// Refuses a file of a schema that this version does not know: what it says may mean another
    /// thing there.
    pub(super) fn version(&self, faults: &mut Faults<'_>) {
        let version = self.whole("schema", 1, faults);
        if let (Some(2..), Some(value)) = (version, self.value("schema")) {
            faults.error(
                "newer-schema",
                value.span(),
                "this file is of a newer schema",
                "upgrade plimsoll, or write schema = 1",
            );
        }
    }

    pub(super) fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.entries.get(key)
    }

    /// Notes every key that the section does not know: a limit that is passed over in silence would
    /// be a false pass.
    pub(super) fn only(&self, section: &Section, faults: &mut Faults<'_>) {
        let known: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
        let known = known.as_slice();
        for (key, _) in self.entries {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let help = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{} knows: {}", self.name, known.join(", ")),
            };
            faults.error(
                "unknown-key",
                key.span(),
                format!("unknown key `{name}` in {}", self.name),
                help,
            );
        }
    }

    pub(super) fn text(
        &self,
        key: &str,
        faults: &mut Faults<'_>,
    ) -> Option<(&'t str, Range<usize>)> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                faults.error(
                    "empty",
                    value.span(),
                    format!("`{key}` is empty"),
                    "write something, or remove the line",
                );
                None
            }
            DeValue::String(text) => Some((text.as_ref(), value.span())),
            other => {
                let message = format!("`{key}` is {}, not text", kind_of(other));
                faults.error(
                    "wrong-type",
                    value.span(),
                    message,
                    format!("write {key} = \"…\""),
                );
                None
            }
        }
    }

    pub(super) fn required(
        &self,
        key: &str,
        help: &str,
        faults: &mut Faults<'_>,
    ) -> Option<(&'t str, Range<usize>)> {
        if self.value(key).is_none() {
            let message = format!("{} has no `{key}`", self.name);
            faults.error("key-missing", self.span.clone(), message, help);
            return None;
        }
        self.text(key, faults)
    }

    pub(super) fn whole(&self, key: &str, least: u64, faults: &mut Faults<'_>) -> Option<u64> {
        let value = self.value(key)?;
        let read = match value.get_ref() {
            DeValue::Integer(number) => {
                u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
            }
            _ => None,
        };
        if let Some(number) = read.filter(|number| *number >= least) {
            return Some(number);
        }
        let message = format!("`{key}` is not a whole number of at least {least}");
        faults.error(
            "wrong-type",
            value.span(),
            message,
            format!("write {key} = {}", least.max(3)),
        );
        None
    }

    /// A finite number; `signed` allows text with a sign, such as \"+0.1\".
    pub(super) fn number(
        &self,
        key: &str,
        signed: bool,
        faults: &mut Faults<'_>,
    ) -> Option<(f64, Range<usize>)> {
        let value = self.value(key)?;
        let text = match value.get_ref() {
            DeValue::Integer(number) => Some(number.as_str().to_owned()),
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            DeValue::String(text) if signed => Some(text.trim().to_owned()),
            _ => None,
        };
        let number = text.and_then(|text| text.replace('_', "").parse::<f64>().ok());
        if let Some(number) = number.filter(|number| number.is_finite()) {
            return Some((number, value.span()));
        }
        let example = if signed { "\"+0.1\"" } else { "1.5" };
        faults.error(
            "wrong-type",
            value.span(),
            format!("`{key}` is not a finite number"),
            format!("write for example {key} = {example}"),
        );
        None
    }

    pub(super) fn flag(&self, key: &str, faults: &mut Faults<'_>) -> Option<bool> {
        let value = self.value(key)?;
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(*flag);
        }
        faults.error(
            "wrong-type",
            value.span(),
            format!("`{key}` is not true or false"),
            format!("write {key} = true"),
        );
        None
    }

    pub(super) fn choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&str, T)],
        faults: &mut Faults<'_>,
    ) -> Option<T> {
        let (text, span) = self.text(key, faults)?;
        let found = choices.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names: Vec<_> = choices
                .iter()
                .map(|(name, _)| format!("\"{name}\""))
                .collect();
            faults.error(
                "unknown-word",
                span,
                format!("`{key}` is \"{text}\""),
                format!("it takes {}", names.join(" or ")),
            );
        }
        found.map(|(_, choice)| *choice)
    }

    /// An amount: text with a unit, or a bare number.
    pub(super) fn quantity(
        &self,
        key: &str,
        faults: &mut Faults<'_>,
    ) -> Option<(Quantity, Range<usize>)> {
        let value = self.value(key)?;
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            other => {
                let message = format!("`{key}` is {}, not an amount", kind_of(other));
                faults.error(
                    "wrong-type",
                    value.span(),
                    message,
                    format!("write for example {key} = \"250ms\""),
                );
                return None;
            }
        };
        match Quantity::parse(&text) {
            Ok(quantity) => Some((quantity, value.span())),
            Err(reason) => {
                faults.error(
                    "bad-amount",
                    value.span(),
                    reason,
                    format!("write for example {key} = \"250ms\""),
                );
                None
            }
        }
    }

    pub(super) fn percent(
        &self,
        key: &str,
        faults: &mut Faults<'_>,
    ) -> Option<(f64, Range<usize>)> {
        let (text, span) = self.text(key, faults)?;
        match parse_percent(text) {
            Ok(fraction) => Some((fraction, span)),
            Err(reason) => {
                faults.error(
                    "bad-percentage",
                    span,
                    reason,
                    format!("write for example {key} = \"+5%\""),
                );
                None
            }
        }
    }

    pub(super) fn date(&self, key: &str, faults: &mut Faults<'_>) -> Option<(Date, Range<usize>)> {
        let value = self.value(key)?;
        let written = match value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => String::new(),
        };
        match written.parse() {
            Ok(date) => Some((date, value.span())),
            Err(_) => {
                faults.error(
                    "bad-date",
                    value.span(),
                    format!("`{key}` is not a date"),
                    format!("write {key} = 2027-01-31"),
                );
                None
            }
        }
    }

    pub(super) fn table(&self, key: &str, faults: &mut Faults<'_>) -> Option<Self> {
        let value = self.value(key)?;
        if let DeValue::Table(entries) = value.get_ref() {
            return Some(Table {
                name: format!("`{key}`"),
                span: value.span(),
                entries,
            });
        }
        faults.error(
            "wrong-type",
            value.span(),
            format!("`{key}` is not a table"),
            format!("write [{key}] or {key} = {{ … }}"),
        );
        None
    }

    pub(super) fn tables(&self, key: &str, faults: &mut Faults<'_>) -> Vec<Self> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let mut tables = Vec::new();
        let mut wrong = !matches!(value.get_ref(), DeValue::Array(_));
        if let DeValue::Array(items) = value.get_ref() {
            for item in items {
                match item.get_ref() {
                    DeValue::Table(entries) => tables.push(Table {
                        name: format!("[[{key}]]"),
                        span: item.span(),
                        entries,
                    }),
                    _ => wrong = true,
                }
            }
        }
        if wrong {
            faults.error(
                "wrong-type",
                value.span(),
                format!("`{key}` is not a list of tables"),
                format!("write [[{key}]] above its lines"),
            );
        }
        tables
    }

    pub(super) fn texts(&self, key: &str, faults: &mut Faults<'_>) -> Vec<(&'t str, Range<usize>)> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            faults.error(
                "wrong-type",
                value.span(),
                format!("`{key}` is not a list"),
                format!("write {key} = [\"…\"]"),
            );
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => texts.push((text.as_ref(), item.span())),
                other => faults.error(
                    "wrong-type",
                    item.span(),
                    format!("an entry of `{key}` is {}", kind_of(other)),
                    "write text in quotes",
                ),
            }
        }
        texts
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (&'t str, &'t Spanned<DeValue<'i>>)> {
        self.entries
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), value))
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The known name at the least edit distance, at most a third of its length away.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
