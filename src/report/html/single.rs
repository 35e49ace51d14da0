//! The report as one file: the overview, and the details of what is not fine.

use super::ReportError;
use super::names::{Names, urgency};
use super::overview::{Overview, Row, by_urgency};
use super::page::{Pages, SCRIPT, STYLE, Theme};
use super::series::SeriesPage;
use crate::report::view::{ReportView, State};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Series that get a section of their own.
const SECTIONS: usize = 40;

/// Everything on the page.
#[derive(Debug, Serialize)]
pub(super) struct Single<'a> {
    #[serde(flatten)]
    overview: Overview<'a>,
    /// Series that are not listed.
    unlisted: usize,
    details: Vec<SeriesPage>,
    left_out: usize,
    style: String,
    script: String,
    style_hash: String,
    script_hash: String,
}

/// The page; the theme can be embedded.
pub(super) fn render(view: &ReportView, theme: &Theme) -> Result<Vec<u8>, ReportError> {
    let fine = urgency(State::Learning);
    let mut troubled = by_urgency(view, |series| urgency(series.state) < fine);
    let left_out = troubled.len().saturating_sub(SECTIONS);
    troubled.truncate(SECTIONS);
    let slug = |at: &usize| view.series[*at].slug.clone();
    let names = Names::of_one_page(view, troubled.iter().map(slug).collect());
    let details: Result<Vec<SeriesPage>, ReportError> = troubled
        .iter()
        .map(|at| SeriesPage::new(view, &names, &view.series[*at]).map(SeriesPage::without_runs))
        .collect();
    let (style, script) = (theme.text(STYLE), theme.text(SCRIPT));
    let rows = view
        .series
        .iter()
        .map(|series| Row::new(view, &names, series));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let overview = Overview::new(view, &names, &rows, 0);
    Pages::new(theme)?.single(&Single {
        unlisted: overview.unlisted(view),
        overview,
        details: details?,
        left_out,
        style: style.to_owned(),
        script: script.to_owned(),
        style_hash: policy_hash(style),
        script_hash: policy_hash(script),
    })
}

/// A source of a content security policy: the digest of the text of an element.
fn policy_hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place > group.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
