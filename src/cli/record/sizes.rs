//! Sizes of files: `--file-size`.

use super::super::world::World;
use anyhow::{Context, Result, bail};
use plimsoll::formats::Reading;
use plimsoll::lab;
use plimsoll::report::text;
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// What the reading of a file's size is called.
pub(super) const FILE_SIZE: &str = "file-size";

/// The files whose size is asked for, by the name of the benchmark.
#[derive(Default)]
pub(super) struct Sizes(Vec<(String, PathBuf)>);

impl Sizes {
    /// Reads `NAME=PATH` or `PATH`; the first `=` ends the name.
    pub(super) fn new(given: &[String]) -> Result<Self> {
        let mut sizes: Vec<(String, PathBuf)> = Vec::new();
        for text in given {
            let (name, path) = text.split_once('=').unwrap_or((text, text));
            if name.is_empty() || path.is_empty() {
                bail!(
                    "--file-size `{}` is not PATH or NAME=PATH",
                    text::plain(text)
                );
            }
            if sizes.iter().any(|(known, _)| known == name) {
                bail!(
                    "--file-size names `{}` twice: one run holds a benchmark once",
                    text::plain(name)
                );
            }
            sizes.push((name.to_owned(), PathBuf::from(path)));
        }
        Ok(Self(sizes))
    }

    /// Their sizes now. Their age does not count: a build that had nothing to do leaves an old
    /// file whose size is right.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn read(&self, world: &World) -> Result<Vec<Reading>> {
        self.0
            .iter()
            .map(|(name, path)| {
                let meta = std::fs::metadata(world.folder.join(path)).with_context(|| {
                    format!(
                        "--file-size: {} cannot be read; nothing was stored",
                        path.display()
                    )
                })?;
                if !meta.is_file() {
                    bail!(
                        "--file-size: {} is no file; nothing was stored",
                        path.display()
                    );
                }
                let mut digest = Sha256::new();
                digest.update(format!("{FILE_SIZE}\0{name}\0{}", meta.len()));
                Ok(Reading {
                    path: path.clone(),
                    format: FILE_SIZE,
                    version: None,
                    measurements: vec![lab::file_size(name, meta.len())],
                    failures: Vec::new(),
                    notes: Vec::new(),
                    digest: digest
                        .finalize()
                        .iter()
                        .map(|b| format!("{b:02x}"))
                        .collect(),
                })
            })
            .collect()
    }
}
