//! Many run files of one month in one: a line each, in order of digest.

use super::file::{FileError, RunFile, is_month};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// A pack grows no longer than this, in bytes: hosts refuse files of 100 MB.
const LARGEST: usize = 32 << 20;

/// A pack and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// `packs/v1/<month>-<first 16 hex of its SHA-256>.ndjson`.
    pub path: String,
    /// One run file a line.
    pub text: String,
    /// First 64 bits of the digests inside.
    pub digests: Vec<u64>,
}

/// Puts the run files of a month, given as digest and bytes, into as few packs as their sizes
/// allow.
#[must_use]
pub fn packs(month: &str, mut files: Vec<(u64, String)>) -> Vec<Pack> {
    files.sort();
    files.dedup_by_key(|(digest, _)| *digest);
    let mut packs = Vec::new();
    let (mut text, mut digests) = (String::new(), Vec::new());
    for (digest, file) in files {
        if !text.is_empty() && text.len() + file.len() >= LARGEST {
            packs.push(named(
                month,
                std::mem::take(&mut text),
                std::mem::take(&mut digests),
            ));
        }
        text.push_str(file.trim_end_matches('\n'));
        text.push('\n');
        digests.push(digest);
    }
    if !digests.is_empty() {
        packs.push(named(month, text, digests));
    }
    packs
}

fn named(month: &str, text: String, digests: Vec<u64>) -> Pack {
    let digest = Sha256::digest(text.as_bytes());
    let mut name = format!("packs/v1/{month}-");
    for byte in &digest[..8] {
        let _ = write!(name, "{byte:02x}");
    }
    Pack {
        path: name + ".ndjson",
        text,
        digests,
    }
}

/// Whether this is the path of a pack.
#[must_use]
pub fn is_path(path: &str) -> bool {
    let inside = path
        .strip_prefix("packs/v1/")
        .and_then(|name| name.strip_suffix(".ndjson"));
    inside
        .and_then(|name| Some((name.get(..7)?, name.get(7..)?)))
        .is_some_and(|(month, rest)| {
            is_month(month)
                && rest.len() == 17
                && rest.starts_with('-')
                && rest[1..].bytes().all(|b| b.is_ascii_hexdigit())
        })
}

/// The run files of a pack. Every line proves itself, so a damaged line costs no other.
pub fn read(bytes: &[u8]) -> impl Iterator<Item = (usize, Result<RunFile, FileError>)> {
    bytes
        .split(|&b| b == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(i, line)| (i + 1, RunFile::decode(line)))
}
