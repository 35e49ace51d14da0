//! What a file looks like from outside, so that formats can be told apart before one is read.

use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// The bytes of a file and the outline of the JSON document that they begin with.
pub(crate) struct Content<'a> {
    bytes: &'a [u8],
    outline: BTreeSet<String>,
}

/// Documents are outlined to this depth; no format needs more to be known.
const DEPTH: usize = 4;
/// An outline stops here: a file with so many different keys uses them as data.
const PATHS: usize = 20_000;
/// Only so much of a file is looked at.
const BYTES: usize = 8 << 20;

impl<'a> Content<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        Self {
            bytes,
            outline: outline(&bytes[..bytes.len().min(BYTES)]),
        }
    }

    /// The part that is looked at.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        &self.bytes[..self.bytes.len().min(BYTES)]
    }

    /// Whether the text begins as a JSON object or array.
    pub(crate) fn is_json(&self) -> bool {
        let first = self.bytes.iter().find(|b| !b.is_ascii_whitespace());
        matches!(first, Some(b'{' | b'['))
    }

    /// Whether the first JSON document has something at this path: keys joined by `/`, array
    /// elements as `[]`, for example `results/[]/command`.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.outline.contains(path)
    }

    /// Whether the whole file is one JSON document that reads as `T` and that `holds` agrees to:
    /// for shapes in which no key is fixed.
    pub(crate) fn is_like<T: DeserializeOwned>(&self, holds: impl FnOnce(&T) -> bool) -> bool {
        self.is_json() && serde_json::from_slice::<T>(self.bytes).is_ok_and(|value| holds(&value))
    }

    /// The lines of the part that is looked at; those that are not UTF-8 are left out.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.bytes[..self.bytes.len().min(BYTES)]
            .split(|b| *b == b'\n')
            .filter_map(|line| std::str::from_utf8(line).ok())
    }
}

/// The paths of the first JSON document. The document need not be whole or right: a truncated
/// file of a known tool should be told as that, and fail in that tool's reader, at its place.
fn outline(bytes: &[u8]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    // The path of every open container, and whether it is an object.
    let mut open: Vec<(String, bool)> = Vec::new();
    let mut key: Option<String> = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => {
                let path = match open.last() {
                    Some((parent, true)) => join(parent, key.take().as_deref().unwrap_or("")),
                    Some((parent, false)) => join(parent, "[]"),
                    None => String::new(),
                };
                open.push((path, byte == b'{'));
            }
            b'}' | b']' => {
                key = None;
                if open.pop().is_none() || open.is_empty() {
                    break;
                }
            }
            b',' => key = None,
            b'"' => {
                let start = at;
                while let Some(&inner) = bytes.get(at) {
                    match inner {
                        b'\\' => at += 2,
                        b'"' => break,
                        _ => at += 1,
                    }
                }
                let text = bytes.get(start..at.min(bytes.len())).unwrap_or_default();
                at += 1;
                let Some((path, true)) = open.last() else {
                    continue;
                };
                if key.is_none() {
                    let text = String::from_utf8_lossy(&text[..text.len().min(200)]).into_owned();
                    if open.len() <= DEPTH {
                        paths.insert(join(path, &text));
                        if paths.len() >= PATHS {
                            break;
                        }
                    }
                    key = Some(text);
                }
            }
            _ if open.is_empty() && !byte.is_ascii_whitespace() => break,
            _ => {}
        }
        // Deeper than any real result: stop before the paths grow without bound.
        if open.len() > 128 {
            break;
        }
    }
    paths
}

fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() {
        key.to_owned()
    } else {
        format!("{parent}/{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outline_of_a_document() {
        let text = br#"{"results": [{"command": "a\"}", "n": {"x": [1]}}, {"more": null}], "k": 1} {"not": 1}"#;
        let content = Content::new(text);
        assert!(content.is_json());
        for path in [
            "results",
            "results/[]/command",
            "results/[]/n/x",
            "results/[]/more",
            "k",
        ] {
            assert!(content.has(path), "{path}");
        }
        assert!(!content.has("not") && !content.has("a\\\"}"));
    }

    #[test]
    fn outline_of_a_truncated_document() {
        assert!(Content::new(br#"{"results": [{"comm"#).has("results"));
        assert!(!Content::new(b"plain \"text\": {").is_json());
    }
}
