//! JSON with a place for every mistake.

use super::fault::Fault;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// Reads one whole JSON document. Anything behind it is a mistake; a byte order mark before it is
/// not.
pub(crate) fn document<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let (line, column) = (inner.line(), inner.column());
        let mut place = format!("line {line}, column {column}");
        if path != "." && path != "?" {
            place = format!("{place}, at `{path}`");
        }
        Fault::at(place, reason(&inner))
    })?;
    reader.end().map_err(|error| {
        Fault::at(
            format!("line {}, column {}", error.line(), error.column()),
            "more text follows where the document should end",
        )
    })?;
    Ok(value)
}

/// The document with strings in place of the bare words `NaN`, `Infinity` and `-Infinity`, which
/// Python writes and JSON does not know: `"N"`, `"inf   "`, `"-inf   "`. They are as long as the
/// words, so places stay right.
pub(crate) fn without_bare_words(bytes: &[u8]) -> Cow<'_, [u8]> {
    const WORDS: [(&[u8], &[u8]); 3] = [
        (b"NaN", b"\"N\""),
        (b"-Infinity", b"\"-inf   \""),
        (b"Infinity", b"\"inf   \""),
    ];
    let mut out = Cow::Borrowed(bytes);
    let mut at = 0;
    let mut in_string = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'N' | b'I' | b'-' if !in_string => {
                let rest = bytes.get(at..).unwrap_or_default();
                if let Some((word, text)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
                    out.to_mut()
                        .splice(at..at + word.len(), text.iter().copied());
                    at += word.len() - 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    out
}

/// Reads the JSON documents that begin a line, among lines of other text; gives each with the
/// number of its first line. A document may run over several lines.
pub(crate) fn documents_among_lines<T: DeserializeOwned>(
    text: &str,
) -> Result<Vec<(usize, T)>, Fault> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while !rest.is_empty() {
        if rest.starts_with('{') {
            let mut documents =
                serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
            // The first look only finds the end, the second says where a mistake is.
            let end = match documents.next() {
                Some(Ok(_)) => documents.byte_offset(),
                _ => rest.len(),
            };
            let (this, after) = rest.split_at(end);
            let value = document(this.as_bytes()).map_err(|fault: Fault| {
                let place = fault.place.unwrap_or_default();
                Fault::at(
                    format!("in the document of line {line}: {place}"),
                    fault.reason,
                )
            })?;
            found.push((line, value));
            line += this.matches('\n').count();
            rest = after;
        }
        let Some((_, after)) = rest.split_once('\n') else {
            break;
        };
        line += 1;
        rest = after;
    }
    Ok(found)
}

/// What is wrong, without the line and column that serde_json repeats at the end.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cut = text.rfind(" at line ").unwrap_or(text.len());
    let text = &text[..cut];
    if error.is_eof() {
        format!("the file ends too early, it is cut off ({text})")
    } else {
        text.to_owned()
    }
}

/// An object whose keys are data. A key that comes twice is an error, where an ordinary map would
/// silently keep the last.
#[derive(Debug, Clone)]
pub(crate) struct UniqueMap<V>(pub(crate) BTreeMap<String, V>);

impl<V> Default for UniqueMap<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for UniqueMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Keys<V> {
            type Value = UniqueMap<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut found = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    let value = map.next_value()?;
                    if found.contains_key(&key) {
                        return Err(serde::de::Error::custom(format_args!(
                            "`{key}` is given twice"
                        )));
                    }
                    found.insert(key, value);
                }
                Ok(UniqueMap(found))
            }
        }
        deserializer.deserialize_map(Keys(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Doc {
        #[serde(rename = "list")]
        _list: Vec<f64>,
    }

    #[test]
    fn wrong_type_is_placed() {
        let fault = document::<Doc>(b"{\"list\": [1,\n \"x\"]}").unwrap_err();
        let place = fault.place.unwrap();
        assert!(
            place.contains("line 2") && place.contains("list[1]"),
            "{place}"
        );
        assert!(
            fault.reason.contains("invalid type: string \"x\""),
            "{}",
            fault.reason
        );
    }

    #[test]
    fn truncation_and_trailing_text_are_said() {
        let cut = document::<Doc>(b"{\"list\": [1,").unwrap_err();
        assert!(cut.reason.contains("cut off"), "{}", cut.reason);
        let more = document::<Doc>(b"{\"list\": []} {}").unwrap_err();
        assert!(more.reason.contains("more text"), "{}", more.reason);
    }

    #[test]
    fn nan_and_overflow_are_errors() {
        assert!(document::<Doc>(b"{\"list\": [NaN]}").is_err());
        let over = document::<Doc>(b"{\"list\": [1e999]}").unwrap_err();
        assert!(over.reason.contains("out of range"), "{}", over.reason);
    }

    #[test]
    fn bare_words_become_strings_of_the_same_length() {
        let text = br#"{"NaN": [NaN, -Infinity, Infinity, -1], "a\"NaN": "Infinity"}"#;
        let out = without_bare_words(text);
        let want = br#"{"NaN": ["N", "-inf   ", "inf   ", -1], "a\"NaN": "Infinity"}"#;
        assert_eq!(out.as_ref(), want);
        assert!(matches!(without_bare_words(b"[-1]"), Cow::Borrowed(_)));
    }

    #[test]
    fn documents_among_lines_of_text() {
        let text = "running\n{\"list\": [1,\n2]}\nend\n{\"list\": []}";
        let found = documents_among_lines::<Doc>(text).unwrap();
        let lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 5]);
        let cut = documents_among_lines::<Doc>("x\n{\"list\": [1,").unwrap_err();
        assert!(cut.place.unwrap().contains("line 2"));
    }

    #[test]
    fn a_key_given_twice_is_an_error() {
        let twice = document::<UniqueMap<f64>>(b"{\"a\": 1, \"a\": 2}").unwrap_err();
        assert!(
            twice.reason.contains("`a` is given twice"),
            "{}",
            twice.reason
        );
    }
}
