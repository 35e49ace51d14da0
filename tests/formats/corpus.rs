//! The corpus of real files: read in place where `PLIMSOLL_CORPUS` names its folder.

use crate::{load, micro, sound};
use plimsoll::formats::{Options, read, read_bytes};
use std::path::{Path, PathBuf};

/// A folder of the corpus, and which formats its files may have.
pub(crate) type Folder = (&'static str, &'static [&'static str]);

#[allow(
    clippy::disallowed_methods,
    reason = "a test reads its own environment"
)]
fn corpus() -> Option<PathBuf> {
    std::env::var("PLIMSOLL_CORPUS")
        .ok()
        .map(|folder| PathBuf::from(folder).join("formats"))
}

fn with_stale() -> Options {
    Options {
        include_stale: true,
        ..Options::default()
    }
}

#[test]
fn the_corpus_is_read_with_the_right_values() {
    let Some(corpus) = corpus() else { return };
    for row in [micro::ROWS, load::ROWS].into_iter().flat_map(str::lines) {
        if !row.is_empty() {
            the_row_is_right(&corpus, row);
        }
    }
}

fn the_row_is_right(corpus: &Path, row: &str) {
    let cells: Vec<&str> = row.split(" | ").map(str::trim).collect();
    let [file, benchmark, metric, tags, value, n] = cells[..] else {
        panic!("not six cells: {row}");
    };
    let (value, n): (f64, u64) = (value.parse().unwrap(), n.parse().unwrap());
    let path = corpus.join(file);
    let found = read(&[&path], &with_stale()).unwrap_or_else(|e| panic!("{file}: {e:?}"));
    let stem = path.file_stem().unwrap().to_string_lossy();
    let wanted = if benchmark.is_empty() {
        &*stem
    } else {
        benchmark
    };
    let hit = found
        .readings
        .iter()
        .flat_map(|r| &r.measurements)
        .find(|m| {
            let tagged = match tags {
                "" => true,
                "-" => m.tags.is_empty(),
                one => m.tags.iter().any(|(k, v)| one == format!("{k}={v}")),
            };
            m.benchmark == wanted && m.metric == metric && tagged
        })
        .unwrap_or_else(|| panic!("{file}: no {wanted} {metric} {tags}"));
    let off = (hit.value - value).abs();
    assert!(off <= 1e-9 * value.abs(), "{row}: {}", hit.value);
    assert!(n == 0 || hit.n == n, "{row}: n is {}", hit.n);
    found.readings.iter().for_each(sound);
}

#[test]
fn criterion_of_the_corpus_agrees_with_its_own_estimates() {
    let Some(corpus) = corpus() else { return };
    let found = read(&[&corpus.join("criterion")], &with_stale()).unwrap();
    assert!(found.readings.len() >= 6, "{}", found.readings.len());
    for reading in &found.readings {
        sound(reading);
        let value = |metric: &str| {
            let hit = reading.measurements.iter().find(|m| m.metric == metric);
            hit.unwrap_or_else(|| panic!("no {metric}")).value
        };
        let (time, median) = (value("time"), value("time.median"));
        assert!(
            (time - median).abs() <= 1e-6 * median,
            "{}: {time} {median}",
            reading.path.display()
        );
    }
}

#[test]
fn no_file_of_the_corpus_is_taken_for_another_tool() {
    let Some(corpus) = corpus() else { return };
    let folders: Vec<&Folder> = [micro::FOLDERS, load::FOLDERS]
        .into_iter()
        .flatten()
        .collect();
    let refused: Vec<&(&str, &str)> = [micro::REFUSED, load::REFUSED]
        .into_iter()
        .flatten()
        .collect();
    let mut mistakes = Vec::new();
    let mut todo = vec![corpus.clone()];
    let mut read_files = 0;
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let name = path.strip_prefix(&corpus).unwrap().to_str().unwrap();
            let (tool, rest) = name.split_once('/').unwrap_or(("", name));
            if tool.is_empty() || rest == "SOURCE.txt" {
                continue;
            }
            let formats = folders.iter().find(|(folder, _)| *folder == tool);
            let bytes = std::fs::read(&path).unwrap();
            let result = read_bytes(Path::new(rest), &bytes, &Options::default());
            let refused = refused.iter().find(|(file, _)| *file == name);
            match (result, refused) {
                (Ok(reading), None) => {
                    if formats.is_none_or(|(_, formats)| !formats.contains(&reading.format)) {
                        mistakes.push(format!("{name} was read as {}", reading.format));
                    }
                    sound(&reading);
                    read_files += 1;
                }
                (Ok(reading), Some(_)) => {
                    mistakes.push(format!("{name} was read as {}", reading.format));
                }
                (Err(error), Some((_, why))) => {
                    if !error.reason.contains(why) {
                        mistakes.push(format!("{name}: {error}"));
                    }
                }
                // A part of criterion's three files.
                (Err(error), None) => {
                    let part = tool == "criterion" && name.contains("/target/");
                    if !part {
                        mistakes.push(format!("{name}: {error}"));
                    }
                }
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert!(read_files >= 20, "{read_files}");
    for (file, _) in refused {
        assert!(
            corpus.join(file).exists(),
            "{file} is refused, and not there"
        );
    }
}
