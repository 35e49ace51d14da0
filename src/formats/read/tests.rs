use super::*;
use crate::formats::testing::fixture;
use std::time::{Duration, SystemTime};

fn scratch(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

const HYPERFINE: &str = r#"{"results": [{"command": "x", "times": [1]}]}"#;
const GO: &str = "BenchmarkA-2 5 10 ns/op\n";

fn one_error(inputs: &[&Path], options: &Options) -> String {
    let errors = read(inputs, options).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors[0].to_string()
}

#[test]
fn a_folder_gives_every_known_file() {
    let folder = scratch(&[
        ("b.json", HYPERFINE),
        ("sub/a.txt", GO),
        ("notes.txt", "nothing here\n"),
        ("package.json", "{\"name\": \"x\"}"),
        ("image.png", "BenchmarkA-2 5 10 ns/op\n"),
        (
            ".hidden/c.json",
            "{\"results\": [{\"command\": \"x\", \"times\": [",
        ),
    ]);
    let found = read(&[folder.path()], &Options::default()).unwrap();
    let formats: Vec<&str> = found.readings.iter().map(|r| r.format).collect();
    assert_eq!(formats, ["hyperfine", "go"]);
    let skipped: Vec<_> = found.skipped.iter().filter_map(|p| p.file_name()).collect();
    assert_eq!(skipped, ["notes.txt", "package.json"]);
}

#[test]
fn a_broken_result_in_a_folder_is_not_skipped() {
    let cut = &HYPERFINE[..HYPERFINE.len() - 4];
    let folder = scratch(&[("a.json", cut), ("b.txt", GO)]);
    let error = one_error(&[folder.path()], &Options::default());
    assert!(
        error.contains("a.json: line 1") && error.contains("cut off"),
        "{error}"
    );
}

#[test]
fn nothing_to_read_is_an_error() {
    let folder = scratch(&[("notes.txt", "nothing\n")]);
    let error = one_error(&[folder.path()], &Options::default());
    assert!(
        error.contains("no results") && error.contains("plimsoll formats"),
        "{error}"
    );
    let empty = scratch(&[]);
    assert!(one_error(&[empty.path()], &Options::default()).contains("0 files"));
}

#[test]
fn missing_empty_and_unknown_files_are_errors() {
    let folder = scratch(&[("empty.json", " \n"), ("other.json", "{\"a\": 1}")]);
    let path = |name: &str| folder.path().join(name);
    let missing = one_error(&[&path("no.json")], &Options::default());
    assert!(
        missing.contains("no.json") && missing.contains("cannot be read"),
        "{missing}"
    );
    let empty = one_error(&[&path("empty.json")], &Options::default());
    assert!(empty.contains("the file is empty"), "{empty}");
    let other = one_error(&[&path("other.json")], &Options::default());
    assert!(
        other.contains("--from FORMAT") && other.contains("plimsoll formats"),
        "{other}"
    );
    let history = scratch(&[("data.js", "window.BENCHMARK_DATA = {\"entries\": {}}")]);
    let history = one_error(&[&history.path().join("data.js")], &Options::default());
    assert!(
        history.contains("github-action-benchmark") && history.contains("plimsoll import"),
        "{history}"
    );
    let all = read(
        &[&path("no.json"), &path("empty.json")],
        &Options::default(),
    );
    assert_eq!(all.unwrap_err().len(), 2);
}

#[test]
fn an_unknown_from_says_where_the_names_are() {
    let options = Options {
        from: Some("jmeter-next".to_owned()),
        ..Options::default()
    };
    let error = one_error(&[Path::new("x.json")], &options);
    assert!(
        error.contains("`jmeter-next`") && error.contains("plimsoll formats"),
        "{error}"
    );
    assert!(read_bytes(Path::new("-"), GO.as_bytes(), &options).is_err());
    assert!(read(&[], &options).is_err());
}

#[test]
fn from_reads_as_told() {
    let folder = scratch(&[("a.json", HYPERFINE), ("b.txt", GO)]);
    let from = |name: &str| Options {
        from: Some(name.to_owned()),
        ..Options::default()
    };
    let go = read(&[folder.path()], &from("go-bench")).unwrap();
    assert_eq!((go.readings.len(), go.readings[0].format), (1, "go"));
    let wrong = one_error(&[&folder.path().join("a.json")], &from("k6"));
    assert!(wrong.contains("read as k6"), "{wrong}");
    let none = one_error(&[folder.path()], &from("criterion"));
    assert!(none.contains("**/new/estimates.json"), "{none}");
}

#[test]
fn the_same_measurement_in_two_files_is_an_error_naming_both() {
    let folder = scratch(&[("a.json", HYPERFINE), ("b.json", HYPERFINE)]);
    let error = one_error(&[folder.path()], &Options::default());
    assert!(
        error.contains("a.json") && error.contains("b.json"),
        "{error}"
    );
}

#[test]
fn overlapping_inputs_are_read_once() {
    let folder = scratch(&[("a.json", HYPERFINE)]);
    let file = folder.path().join("a.json");
    let found = read(&[folder.path(), &file], &Options::default()).unwrap();
    assert_eq!(found.readings.len(), 1);
    let fib = fixture("criterion/0.8.2/fib 10");
    let fresh = Options {
        include_stale: true,
        ..Options::default()
    };
    let found = read(&[&fib, &fib.join("new/sample.json")], &fresh).unwrap();
    assert_eq!(found.readings.len(), 1);
}

#[test]
fn the_digest_does_not_depend_on_the_order() {
    let folder = scratch(&[("a.json", HYPERFINE), ("b.txt", GO)]);
    let (a, b) = (folder.path().join("a.json"), folder.path().join("b.txt"));
    let one = read(&[&a, &b], &Options::default()).unwrap();
    let other = read(&[&b, &a], &Options::default()).unwrap();
    assert_eq!(one.digest(), other.digest());
    assert_ne!(one.readings[0].digest, one.readings[1].digest);
    assert_ne!(
        one.digest(),
        read(&[&a], &Options::default()).unwrap().digest()
    );
}

#[test]
fn older_results_than_the_command_are_left_alone() {
    let folder = scratch(&[("a.json", HYPERFINE), ("b.txt", GO)]);
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for (name, time) in [("a.json", start - Duration::from_secs(1)), ("b.txt", start)] {
        let file = fs::File::options()
            .write(true)
            .open(folder.path().join(name))
            .unwrap();
        file.set_modified(time).unwrap();
    }
    let since = Options {
        modified_since: Some(start),
        ..Options::default()
    };
    let found = read(&[folder.path()], &since).unwrap();
    assert_eq!((found.readings.len(), found.readings[0].format), (1, "go"));
}

#[test]
fn bytes_are_read_by_content() {
    let found = read_bytes(Path::new("-"), GO.as_bytes(), &Options::default()).unwrap();
    assert_eq!(found.format, "go");
    let criterion = br#"{"iters": [1], "times": [1]}"#;
    let error = read_bytes(Path::new("-"), criterion, &Options::default()).unwrap_err();
    assert!(error.reason.contains("three files"), "{error}");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let marked = format!("\u{feff}{HYPERFINE}");
    let found = read_bytes(Path::new("-"), marked.as_bytes(), &Options::default()).unwrap();
    assert_eq!(found.format, "hyperfine");
}

#[test]
fn utf_16_is_told() {
    let text: Vec<u8> = "\u{feff}BenchmarkA 5 1 ns/op\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let error = read_bytes(Path::new("x.txt"), &text, &Options::default()).unwrap_err();
    assert!(error.reason.contains("UTF-16"), "{error}");
}
