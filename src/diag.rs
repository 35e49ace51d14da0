//! Findings about files that people write: what is wrong, where, and what to do next.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; judging goes on.
    Warning,
    /// Nothing can be judged until it is mended.
    Error,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Stable kebab-case code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: String,
    /// Where.
    pub source: Option<SourceSpan>,
}

/// A place in a file, with what is needed to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpan {
    /// The file as the user knows it.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The text of the line.
    pub text: String,
    /// How many characters are meant, at least 1.
    pub width: usize,
}

impl SourceSpan {
    /// The place of a byte range in a text.
    #[must_use]
    pub fn new(file: PathBuf, text: &str, span: Range<usize>) -> Self {
        let floor = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let end = floor(span.end).clamp(start, line_end);
        Self {
            file,
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            text: text[line_start..line_end].trim_end_matches('\r').to_owned(),
            width: text[start..end].chars().count().max(1),
        }
    }
}

impl fmt::Display for Diagnostic {
    /// `file:line:column: message`, the line with a caret, and the next step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        writeln!(f, "{severity}[{}]: {}", self.code, self.message)?;
        if let Some(at) = &self.source {
            let gutter = " ".repeat(at.line.to_string().len());
            let indent: String = at
                .text
                .chars()
                .take(at.column - 1)
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            writeln!(
                f,
                "{gutter}--> {}:{}:{}",
                at.file.display(),
                at.line,
                at.column
            )?;
            writeln!(f, "{gutter} |")?;
            writeln!(f, "{} | {}", at.line, at.text)?;
            writeln!(f, "{gutter} | {indent}{}", "^".repeat(at.width))?;
            write!(f, "{gutter} = {}", self.help)
        } else {
            write!(f, " = {}", self.help)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_counts_lines_and_characters() {
        let text = "a = 1\nü = \"five\"\n";
        let at = SourceSpan::new("b.toml".into(), text, 11..17);
        assert_eq!((at.line, at.column, at.width), (2, 5, 6));
        assert_eq!(at.text, "ü = \"five\"");
    }

    #[test]
    fn a_span_outside_of_the_text_is_its_end() {
        let at = SourceSpan::new("b.toml".into(), "x", 7..9);
        assert_eq!((at.line, at.column, at.width), (1, 2, 1));
    }
}
