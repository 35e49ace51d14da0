//! Which format a file has, by its content alone: `.json` may be any of twenty tools.

use super::content::Content;
use super::fault::Fault;
use super::registry::{Format, formats};

/// The one format that `content` has; `None` where it has none.
///
/// # Errors
/// Where two formats claim it: both are named.
pub(crate) fn sniff(content: &Content<'_>) -> Result<Option<&'static Format>, Fault> {
    choose(formats(), content)
}

fn choose<'f>(formats: &'f [Format], content: &Content<'_>) -> Result<Option<&'f Format>, Fault> {
    let found: Vec<&Format> = formats.iter().filter(|f| (f.sniff)(content)).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        many => {
            let names: Vec<&str> = many.iter().map(|f| f.name).collect();
            Err(Fault::whole(format!(
                "it could be {}; say which with `--from`",
                names.join(" or ")
            )))
        }
    }
}

/// The error for content that no format claims.
pub(crate) fn unknown() -> Fault {
    Fault::whole(format!(
        "its format is not known; say which it is with `--from FORMAT` (`plimsoll formats` lists the {} that are read)",
        formats().len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::registry::Reader;

    #[test]
    fn two_candidates_are_an_error_that_names_both() {
        let made = |name| Format {
            name,
            aliases: &[],
            produced_by: "",
            known_by: "",
            versions: &[],
            metrics: &[],
            samples: false,
            url: "",
            sniff: |content| content.has("x"),
            reader: Reader::Criterion,
        };
        let both = [made("one"), made("two")];
        let Err(fault) = choose(&both, &Content::new(b"{\"x\": 1}")) else {
            panic!("one was chosen");
        };
        assert!(fault.reason.contains("one or two"), "{}", fault.reason);
        assert!(choose(&both, &Content::new(b"{}")).unwrap().is_none());
    }

    #[test]
    fn unknown_is_short_and_says_the_next_step() {
        let reason = unknown().reason;
        assert!(reason.contains("--from FORMAT") && reason.contains("plimsoll formats"));
        assert!(reason.len() < 200, "{reason}");
    }
}
