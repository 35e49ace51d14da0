//! What the tests of all formats share.

use super::{FormatError, Options, Reading, read, read_bytes};
use crate::model::Measurement;
use std::path::{Path, PathBuf};

/// A fixture by its path below `tests/fixtures/formats`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/formats")
        .join(name)
}

/// Reads a fixture whose format is found by content.
pub(crate) fn read_fixture(name: &str) -> Reading {
    let path = fixture(name);
    let mut found = read(&[&path], &Options::default()).unwrap();
    assert_eq!(found.readings.len(), 1, "{name}");
    found.readings.remove(0)
}

/// Reads text as a format.
pub(crate) fn read_text(path: &str, from: &str, text: &str) -> Result<Reading, FormatError> {
    let options = Options {
        from: Some(from.to_owned()),
        ..Options::default()
    };
    read_bytes(Path::new(path), text.as_bytes(), &options)
}

/// The first measurement of this benchmark and metric.
pub(crate) fn get<'a>(reading: &'a Reading, benchmark: &str, metric: &str) -> &'a Measurement {
    reading
        .measurements
        .iter()
        .find(|m| m.benchmark == benchmark && m.metric == metric)
        .unwrap_or_else(|| panic!("no {benchmark} {metric} in {:#?}", reading.measurements))
}

/// Equal but for rounding.
pub(crate) fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}
