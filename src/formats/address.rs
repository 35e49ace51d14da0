//! The address of a service, as the name of a test of it.

/// The one address among the words of a command, or in the line that it gives to a shell: what a
/// load test is called whose output does not say what it tested. `None` where there is none, or
/// where there are several: one of them may be a proxy.
#[must_use]
pub fn address_in(command: &[String]) -> Option<String> {
    let words = command.iter().map(String::as_str);
    let whole: Vec<String> = words.clone().filter_map(address).collect();
    let found = if whole.is_empty() {
        words
            .flat_map(str::split_whitespace)
            .map(|word| word.trim_matches(['\'', '"']))
            .filter_map(address)
            .collect()
    } else {
        whole
    };
    let (first, rest) = found.split_first()?;
    rest.iter()
        .all(|other| other == first)
        .then(|| first.clone())
}

/// A URL, without the user and the password that may stand in it: a name is shown to everybody.
pub(crate) fn address(word: &str) -> Option<String> {
    let (scheme, rest) = word.split_once("://")?;
    if !["http", "https"].contains(&scheme) || rest.is_empty() {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    Some(format!("{scheme}://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Option<String> {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        address_in(&words)
    }

    #[test]
    fn one_address_is_a_name() {
        for words in [
            &["hey", "-n", "20", "http://h/a"][..],
            &["hey", "-H", "Referer: http://other/", "http://h/a"],
            &["sh", "-c", "hey -n 20 'http://h/a' > x"],
            &["siege", "http://me:secret@h/a"],
        ] {
            assert_eq!(of(words).as_deref(), Some("http://h/a"), "{words:?}");
        }
        assert_eq!(
            of(&["hey", "https://u:p@h?x=a@b"]).as_deref(),
            Some("https://h?x=a@b")
        );
    }

    #[test]
    fn none_or_several_are_no_name() {
        for words in [
            &["k6", "run", "x.js"][..],
            &["hey", "-x", "http://proxy:3128", "http://h/a"],
            &["hey", "http://"],
            &["hey", "ftp://h/"],
            &[],
        ] {
            assert_eq!(of(words), None, "{words:?}");
        }
    }
}
