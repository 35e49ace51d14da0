//! Foreign text in GitHub's Markdown: names, reasons and owners come from files and pull requests.
//!
//! Two ways in, and no third: [`code`] for names, [`prose`] for sentences that hold foreign words.
//! Mentions, issue references and bare links are made by GitHub after Markdown is rendered, from
//! the text as it is shown: entities do not keep them away, a zero-width space does.

use crate::report::text;

/// A code span that nothing inside can leave, also in a table: plain backticks where that is safe,
/// else `<code>` with every mark written as a number.
#[must_use]
pub fn code(foreign: &str) -> String {
    let shown = text::plain(foreign);
    let odd = |c: char| matches!(c, '`' | '|' | '\\' | '<' | '>' | '$');
    if shown.contains(odd) || shown.trim().is_empty() || shown != shown.trim() {
        return format!("<code>{}</code>", numbered(&shown));
    }
    format!("`{shown}`")
}

/// Text for the inside of an HTML tag of our own, such as `<summary>`.
#[must_use]
pub fn summary(foreign: &str) -> String {
    format!("<code>{}</code>", numbered(&text::plain(foreign)))
}

/// A sentence that may hold foreign words: no Markdown, HTML, mention, reference, link or formula.
#[must_use]
pub fn prose(sentence: &str) -> String {
    let shown = text::plain_up_to(sentence, 600);
    let mut out = String::with_capacity(shown.len());
    let mut last = ' ';
    let mut chars = shown.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // The space stands after the mark, so that copying a sentence copies almost the same.
            '@' | '#' => {
                out.push(c);
                out.push_str("&#8203;");
            }
            ':' if chars.peek() == Some(&'/') => out.push_str(":&#8203;"),
            '.' if last == 'w' || last == 'W' => out.push_str("&#8203;."),
            // `:name:` would be a picture, `mailto:` an address.
            ':' if chars.peek().is_some_and(|next| !next.is_whitespace()) => out.push_str("&#58;"),
            '&' | '<' | '>' | '"' | '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$'
            | '{' | '}' => {
                out.push_str(&format!("&#{};", u32::from(c)));
            }
            c => out.push(c),
        }
        last = c;
    }
    // "GH-12" is a reference, too.
    out.replace("GH-", "GH&#8203;-")
        .replace("gh-", "gh&#8203;-")
}

/// A link's target, where it is a plain http(s) address; anything else is no link.
#[must_use]
pub fn url(address: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&*+,;=%".contains(c);
    let web = address.starts_with("https://") || address.starts_with("http://");
    (web && address.len() <= 2000 && address.chars().all(plain)).then_some(address)
}

/// A block of code that nothing inside can leave: its fence is longer than any run of backticks.
#[must_use]
pub fn block(language: &str, foreign: &str) -> String {
    let shown = text::plain_lines(foreign);
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{shown}{fence}\n")
}

/// Every mark as its number; letters, digits, spaces and what lies beyond ASCII as they are.
fn numbered(shown: &str) -> String {
    let mut out = String::with_capacity(shown.len() * 2);
    let mut last = ' ';
    for c in shown.chars() {
        if c == '.' && (last == 'w' || last == 'W') {
            out.push_str("&#8203;");
        }
        if c.is_ascii_punctuation() {
            out.push_str(&format!("&#{};", u32::from(c)));
        } else {
            out.push(c);
        }
        // Bare addresses become links after the rest is parsed, entities or not.
        if matches!(c, '@' | ':') {
            out.push_str("&#8203;");
        }
        last = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_a_code_span() {
        assert_eq!(code("plain name"), "`plain name`");
        assert_eq!(code("a`b"), "<code>a&#96;b</code>");
        assert_eq!(code("a\\|b"), "<code>a&#92;&#124;b</code>");
        assert_eq!(code("a\n</b>"), "<code>a &#60;&#47;b&#62;</code>");
        assert_eq!(code(""), "<code></code>");
        assert_eq!(code("\u{202e}x"), "`U+202Ex`");
        assert_eq!(code(&"x".repeat(10_000)).chars().count(), 203);
    }

    #[test]
    fn nothing_leaves_a_block_of_code() {
        assert_eq!(block("diff", "+a\n"), "```diff\n+a\n```\n");
        assert_eq!(block("", "x\n````\n# y"), "`````\nx\n````\n# y\n`````\n");
        assert_eq!(block("", ""), "```\n```\n");
    }

    #[test]
    fn sentences_mention_nobody_and_link_nowhere() {
        let shown = prose("by @everyone: https://x.y www.z.a <b> [a](b) #12 $x$ GH-3");
        for bad in ["@e", "://", "www.", "<b>", "[a]", "#12", "$", "GH-3"] {
            assert!(!shown.contains(bad), "{bad} in {shown}");
        }
    }

    #[test]
    fn only_plain_addresses_are_links() {
        assert!(url("https://acme.example/r/index.html?a=b#c").is_some());
        for bad in [
            "javascript:alert(1)",
            "https://x.y/a)b",
            "https://x.y/ b",
            "//x.y",
            "https://x\"y",
        ] {
            assert!(url(bad).is_none(), "{bad}");
        }
    }
}
