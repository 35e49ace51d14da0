//! Numbers and lines of text that is made for people.

use std::borrow::Cow;

/// `13,967,756.30`: digits, a comma before each group of three, a point before the fraction. No
/// sign, no exponent and nothing of another locale.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let grouped = whole.contains(',');
    let good = digits(first)
        && digits(fraction)
        && !(grouped && first.len() > 3)
        && groups.all(|group| group.len() == 3 && digits(group));
    good.then(|| text.replace(',', "").parse().ok())
        .flatten()
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| format!("`{text}` is not a number with commas between its thousands"))
}

/// `1234.5`: digits and a point, nothing between thousands.
pub(crate) fn plain_number(text: &str) -> Result<f64, String> {
    let text = text.trim();
    number(text)
        .ok()
        .filter(|_| !text.contains(','))
        .ok_or_else(|| format!("`{text}` is not a plain number"))
}

/// The line without the sequences that colour a terminal.
pub(crate) fn uncoloured(line: &str) -> Cow<'_, str> {
    if !line.contains('\u{1b}') {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or("", |end| &after[end + 1..]);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number("13,967,756.30"), Ok(13_967_756.3));
        assert_eq!(number(" 81.61 "), Ok(81.61));
        assert_eq!(plain_number("0.174"), Ok(0.174));
        for text in [
            "", "-1", "1e3", "NaN", "inf", "1.2.3", "1.288,5", "1,28", "1234,567", ",1", "1,",
            "1 000",
        ] {
            assert!(number(text).is_err(), "{text}");
        }
        assert!(plain_number("1,000").is_err());
        assert!(number(&"9".repeat(400)).is_err());
    }

    #[test]
    fn colours_are_left_out() {
        assert_eq!(uncoloured("\u{1b}[1;34m10\u{1b}[0m|N/A"), "10|N/A");
        assert_eq!(uncoloured("plain"), "plain");
        assert_eq!(uncoloured("cut \u{1b}[1;3"), "cut ");
    }
}
