//! Readers as a caller sees them: on damaged input, and on a corpus of real files where there is
//! one.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

use plimsoll::formats::{Options, Reading, formats, read, read_bytes};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

mod corpus;
mod load;
mod micro;
mod text;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats")
}

/// Every fixture that is one file, with the format that it has.
fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    [micro::FILES, load::FILES].into_iter().flatten().copied()
}

fn from(name: &str) -> Options {
    Options {
        from: Some(name.to_owned()),
        ..Options::default()
    }
}

fn bytes_of(file: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// What must hold of anything that was read, however damaged its source was.
fn sound(reading: &Reading) {
    assert!(!(reading.measurements.is_empty() && reading.failures.is_empty()));
    for m in &reading.measurements {
        assert!(m.value.is_finite() && m.n >= 1, "{m:?}");
        assert!(!m.benchmark.is_empty() && !m.metric.is_empty(), "{m:?}");
        if m.unit.as_str() == "ns" {
            assert!(m.value >= 0.0, "{m:?}");
        }
        if m.metric == "time" {
            assert!(m.value > 0.0, "{m:?}");
        }
        for dispersion in ["stddev", "std_dev", "mad", "error"] {
            assert_ne!(m.metric.rsplit('.').next(), Some(dispersion), "{m:?}");
        }
        if let Some(samples) = &m.samples {
            assert_eq!(m.n, samples.values.len() as u64);
            assert!(samples.values.iter().all(|v| v.is_finite()));
        }
    }
}

#[test]
fn every_fixture_is_sniffed_as_what_it_is() {
    for (format, file) in files() {
        let reading = read_bytes(Path::new(file), &bytes_of(file), &Options::default()).unwrap();
        assert_eq!(reading.format, format, "{file}");
        sound(&reading);
    }
}

#[test]
fn no_fixture_is_read_as_another_tool() {
    for (format, file) in files() {
        for other in formats().iter().filter(|f| f.name != format) {
            let result = read_bytes(Path::new(file), &bytes_of(file), &from(other.name));
            assert!(result.is_err(), "{file} was read as {}", other.name);
        }
    }
}

#[test]
fn cut_json_is_always_an_error() {
    let deep = std::env::var_os("PLIMSOLL_DEEP").is_some();
    let cuts = if deep { 2_000 } else { 150 };
    for (format, file) in files().filter(|(_, file)| file.ends_with(".json")) {
        let bytes = bytes_of(file);
        let text = bytes.trim_ascii_end();
        for end in (0..text.len()).step_by(1 + text.len() / cuts) {
            let result = read_bytes(Path::new(file), &text[..end], &from(format));
            assert!(result.is_err(), "{file} cut at {end} was read");
        }
    }
}

#[test]
fn a_string_in_place_of_a_number_is_an_error_or_says_nothing() {
    for (format, file) in files().filter(|(_, file)| file.ends_with(".json")) {
        // asv's files are JSON of Python, with bare words.
        let Ok(document) = serde_json::from_slice::<serde_json::Value>(&bytes_of(file)) else {
            assert_eq!(format, "asv", "{file}");
            continue;
        };
        let right = read_bytes(Path::new(file), &bytes_of(file), &from(format)).unwrap();
        let mut places = Vec::new();
        numbers(&document, String::new(), &mut places);
        let step = 1 + places.len() / 200;
        for place in places.into_iter().step_by(step) {
            // Arguments of a benchmark and a range may be numbers or text.
            if place.contains("/args/") || place.ends_with("/range") {
                continue;
            }
            let mut wrong = document.clone();
            *wrong.pointer_mut(&place).unwrap() = "12".into();
            let result = read_bytes(Path::new(file), wrong.to_string().as_bytes(), &from(format));
            if let Ok(reading) = result {
                assert_eq!(reading.measurements, right.measurements, "{file}: {place}");
                assert_eq!(reading.failures, right.failures, "{file}: {place}");
            }
        }
    }
}

fn numbers(value: &serde_json::Value, place: String, out: &mut Vec<String>) {
    match value {
        serde_json::Value::Number(_) => out.push(place),
        serde_json::Value::Array(list) => {
            for (i, v) in list.iter().enumerate() {
                numbers(v, format!("{place}/{i}"), out);
            }
        }
        serde_json::Value::Object(map) => {
            for (k, v) in map {
                let key = k.replace('~', "~0").replace('/', "~1");
                numbers(v, format!("{place}/{key}"), out);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for options in formats().iter().map(|f| from(f.name)).chain([Options::default()]) {
            if let Ok(reading) = read_bytes(Path::new("x"), &bytes, &options) {
                sound(&reading);
            }
        }
    }

    #[test]
    fn arbitrary_words_of_the_formats_never_panic(
        words in proptest::collection::vec(prop_oneof![
            Just("Benchmark".to_owned()), Just("BenchmarkA-2".to_owned()), Just("\t".to_owned()),
            Just(" ns/op".to_owned()), Just("\n".to_owned()), Just("{".to_owned()),
            Just("}".to_owned()), Just("\"results\":[".to_owned()), Just("\"command\":".to_owned()),
            Just("--- FAIL: ".to_owned()), Just("FAIL\t".to_owned()), Just("panic: ".to_owned()),
            Just("pkg: ".to_owned()), Just("Unit ".to_owned()), Just("\"metrics\":{".to_owned()),
            "[ -~\u{e9}\u{1f600}]{0,6}", any::<f64>().prop_map(|v| v.to_string()),
        ], 0..40),
    ) {
        let text = words.concat();
        for options in formats().iter().map(|f| from(f.name)).chain([Options::default()]) {
            if let Ok(reading) = read_bytes(Path::new("x"), text.as_bytes(), &options) {
                sound(&reading);
            }
        }
    }

    #[test]
    fn damaged_fixtures_never_panic_and_never_give_unsound_values(
        which in 0..files().count(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (format, file) = files().nth(which).unwrap();
        let mut bytes = bytes_of(file);
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        for options in [from(format), Options::default()] {
            if let Ok(reading) = read_bytes(Path::new(file), &bytes, &options) {
                sound(&reading);
            }
        }
    }

    #[test]
    fn damaged_criterion_results_never_panic(
        which in 0..3_usize,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let names = ["benchmark.json", "estimates.json", "sample.json"];
        let scratch = tempfile::tempdir().unwrap();
        let new = scratch.path().join("new");
        std::fs::create_dir(&new).unwrap();
        for (i, name) in names.iter().enumerate() {
            let mut bytes = bytes_of(&format!("criterion/0.8.2/fib 10/new/{name}"));
            if i == which {
                for (at, byte) in &flips {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
                if let Some(cut) = cut {
                    bytes.truncate(cut.index(bytes.len()));
                }
            }
            std::fs::write(new.join(name), bytes).unwrap();
        }
        match read(&[scratch.path()], &Options::default()) {
            Ok(found) => found.readings.iter().for_each(sound),
            Err(errors) => prop_assert!(errors.iter().all(|e| e.path.ends_with(names[which]))),
        }
    }
}
