//! Proposals of tighter limits, as a patch that `git apply` takes. Nothing is edited here.

use super::text;
use crate::verdict::Tightening;
use similar::TextDiff;

/// Tighter limits that the history has earned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RatchetView {
    /// One sentence a limit, in the order of the budgets.
    pub sentences: Vec<String>,
    /// All of them as one unified diff of the budget files; empty where there is none.
    pub patch: String,
}

impl RatchetView {
    /// Proposals for budget files: each with the name a patch knows it by (from the root of the
    /// repository, with `/`) and its text. Files without a proposal may be left out.
    #[must_use]
    pub fn new(tightenings: &[Tightening], files: &[(&Tightening, String, String)]) -> Self {
        let mut view = Self {
            sentences: tightenings.iter().map(sentence).collect(),
            patch: String::new(),
        };
        let mut names: Vec<&str> = files.iter().map(|(_, name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let of_file = || files.iter().filter(|(_, own, _)| own == name);
            let Some((_, _, old)) = of_file().next() else {
                continue;
            };
            let new = of_file().fold(old.clone(), |text, (tighter, _, _)| edited(&text, tighter));
            view.patch.push_str(&patch(name, old, &new));
        }
        view
    }
}

/// One proposal in words.
fn sentence(tighter: &Tightening) -> String {
    text::plain(&format!(
        "{}/{} has stood well within its limit for {} commits: max = {} could be {}",
        tighter.feature, tighter.limit, tighter.stood, tighter.from, tighter.to
    ))
}

/// The text with one `max` written anew: everything else stays as it is, byte by byte.
fn edited(old: &str, tighter: &Tightening) -> String {
    let at = &tighter.at;
    let mut new = String::with_capacity(old.len());
    for (index, line) in old.split_inclusive('\n').enumerate() {
        if index + 1 != at.line {
            new.push_str(line);
            continue;
        }
        let before: String = line.chars().take(at.column - 1).collect();
        let was: String = line.chars().skip(at.column - 1).take(at.width).collect();
        let after: String = line.chars().skip(at.column - 1 + at.width).collect();
        let quote = was.chars().next().filter(|c| matches!(c, '"' | '\''));
        let quote = quote.map_or_else(String::new, String::from);
        new.push_str(&format!("{before}{quote}{}{quote}{after}", tighter.to));
    }
    new
}

fn patch(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    // A name with a space ends with a tab, as git writes it.
    let tab = if name.contains(' ') { "\t" } else { "" };
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{name}{tab}"), &format!("b/{name}{tab}"))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceSpan;

    fn tighter(text: &str, from: &str, to: &str) -> Tightening {
        let at = text.find(from).unwrap();
        Tightening {
            feature: "f".into(),
            limit: "l".into(),
            from: from.trim_matches('"').into(),
            to: to.into(),
            level: 1.0,
            stood: 12,
            at: SourceSpan::new("budgets/f.toml".into(), text, at..at + from.len()),
        }
    }

    #[test]
    fn two_limits_of_one_file_make_one_patch_that_touches_nothing_else() {
        let old = "a = 1\r\n# ä\r\nmax = \"250ms\" # why\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nmax = 6\r\nend";
        let both = [tighter(old, "\"250ms\"", "200ms"), tighter(old, "6\r", "5")];
        let both = [
            both[0].clone(),
            Tightening {
                at: SourceSpan {
                    width: 1,
                    ..both[1].at.clone()
                },
                ..both[1].clone()
            },
        ];
        let files: Vec<_> = both
            .iter()
            .map(|t| (t, "budgets/my f.toml".to_owned(), old.to_owned()))
            .collect();
        let view = RatchetView::new(&both, &files);
        assert_eq!(view.sentences.len(), 2);
        assert!(
            view.patch
                .starts_with("--- a/budgets/my f.toml\t\n+++ b/budgets/my f.toml\t\n")
        );
        let changed: Vec<&str> = view
            .patch
            .lines()
            .skip(2)
            .filter(|line| line.starts_with(['+', '-']))
            .collect();
        assert_eq!(
            changed,
            [
                "-max = \"250ms\" # why",
                "+max = \"200ms\" # why",
                "-max = 6",
                "+max = 5"
            ]
        );
        assert!(view.patch.contains("+max = \"200ms\" # why\r\n"));
    }

    #[test]
    fn without_proposals_there_is_no_patch() {
        assert_eq!(RatchetView::new(&[], &[]), RatchetView::default());
    }
}
