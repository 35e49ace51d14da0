use crate::formats::testing::{close, fixture, get};
use crate::formats::{FormatError, Options, Readings, read};
use crate::model::{Direction, Unit};
use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn all(path: &Path, options: &Options) -> Result<Readings, Vec<FormatError>> {
    read(&[path], options)
}

fn the(name: &str) -> PathBuf {
    fixture("criterion/0.8.2").join(name)
}

/// A copy of one result, to be spoilt.
fn copy(name: &str) -> (tempfile::TempDir, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    let to = scratch.path().join("criterion").join(name).join("new");
    fs::create_dir_all(&to).unwrap();
    for file in super::FILES {
        fs::copy(the(name).join("new").join(file), to.join(file)).unwrap();
    }
    (scratch, to)
}

fn set_time(folder: &Path, time: SystemTime) {
    for name in super::FILES {
        let file = File::options().write(true).open(folder.join(name)).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }
}

/// Fixtures are as old as their checkout, which may span hours.
fn any_age() -> Options {
    Options {
        include_stale: true,
        ..Options::default()
    }
}

#[test]
fn a_whole_folder() {
    let found = all(&the(""), &any_age()).unwrap();
    let names: Vec<&str> = found
        .readings
        .iter()
        .map(|r| r.measurements[0].benchmark.as_str())
        .collect();
    assert_eq!(names.len(), 9);
    assert!(names.contains(&"parse: a/b?"), "{names:?}");
    assert!(
        found
            .readings
            .iter()
            .all(|r| r.format == "criterion" && r.failures.is_empty())
    );
    assert!(
        found
            .readings
            .iter()
            .all(|r| r.measurements[0].metric == "time")
    );
}

#[test]
fn samples_are_times_over_iterations() {
    let found = all(&the("flat/fib 15"), &any_age()).unwrap();
    let reading = &found.readings[0];
    let time = get(reading, "flat/fib 15", "time");
    let samples = time.samples.as_ref().unwrap();
    assert_eq!((time.n, samples.values.len()), (10, 10));
    assert!(close(samples.iterations.as_ref().unwrap()[0], 7331.0));
    assert!(close(samples.values[0], 9_755_073.0 / 7331.0));
    // For ten samples of equal size, criterion's median is ours.
    assert!(close(time.value, 1_335.791_092_620_379_2), "{}", time.value);
    assert_eq!(
        (&time.unit, time.direction),
        (&Unit::Nanoseconds, Some(Direction::Lower))
    );
    assert!(close(
        get(reading, "flat/fib 15", "time.mean").value,
        1_337.677_779_293_411_5
    ));
    // Flat sampling has no slope, and dispersion is no metric.
    let metrics: Vec<&str> = reading
        .measurements
        .iter()
        .map(|m| m.metric.as_str())
        .collect();
    assert_eq!(metrics, ["time", "time.mean", "time.median"]);
    let linear = all(&the("fib 10"), &any_age()).unwrap();
    assert_eq!(linear.readings.len(), 1, "base/ was read too");
    assert!(get(&linear.readings[0], "fib 10", "time.slope").value > 0.0);
}

#[test]
fn throughput_and_bandwidth_are_derived() {
    for (name, metric, amount) in [
        ("copy/clone", "bandwidth", 4096.0),
        ("copy/clone decimal", "bandwidth", 4096.0),
        ("copy/clone bits", "bandwidth", 4096.0),
        ("copy/clone both", "bandwidth", 4096.0),
        ("copy/clone both", "throughput", 4096.0),
        ("sum/iter/100", "throughput", 100.0),
    ] {
        let found = all(&the(name).join("new"), &any_age()).unwrap();
        let reading = &found.readings[0];
        let made = get(reading, name, metric);
        let time = get(reading, name, "time").value;
        assert!(close(made.value, amount * 1e9 / time), "{name} {metric}");
        assert_eq!(made.direction, Some(Direction::Higher));
    }
}

#[test]
fn one_file_leads_to_its_folder() {
    let by_folder = all(&the("fib 10"), &any_age()).unwrap();
    for file in super::FILES {
        let by_file = all(&the("fib 10/new").join(file), &any_age()).unwrap();
        assert_eq!(by_file.readings[0].digest, by_folder.readings[0].digest);
        assert_eq!(
            by_file.readings[0].measurements,
            by_folder.readings[0].measurements
        );
    }
    let base = all(&the("fib 10/base/estimates.json"), &any_age()).unwrap_err();
    assert!(
        base[0].reason.contains("only the files in `new/`"),
        "{}",
        base[0]
    );
}

#[test]
fn without_samples_the_median_is_taken() {
    let (_scratch, new) = copy("fib 10");
    fs::remove_file(new.join("sample.json")).unwrap();
    let found = all(&new, &Options::default()).unwrap();
    let time = get(&found.readings[0], "fib 10", "time");
    let median = get(&found.readings[0], "fib 10", "time.median");
    assert!(close(time.value, median.value));
    assert_eq!((time.n, &time.samples), (1, &None));
}

#[test]
fn corrupt_files_name_file_place_and_reason() {
    for (file, text, expect) in [
        (
            "estimates.json",
            "{\"mean\": {\"point_estimate\": \"x\"",
            "mean.point_estimate",
        ),
        ("estimates.json", "", "empty"),
        ("estimates.json", "{}", "missing field `mean`"),
        (
            "sample.json",
            "{\"iters\": [1, 2], \"times\": [1]}",
            "2 iteration counts for 1 times",
        ),
        (
            "sample.json",
            "{\"iters\": [1, 0], \"times\": [1, 1]}",
            "iters[1]",
        ),
        (
            "sample.json",
            "{\"iters\": [1, 1], \"times\": [1, -1]}",
            "times[1]",
        ),
        (
            "sample.json",
            "{\"iters\": [1, 1], \"times\": [1, NaN]}",
            "line 1",
        ),
        (
            "sample.json",
            "{\"iters\": [], \"times\": []}",
            "no samples",
        ),
        (
            "sample.json",
            "{\"iters\": [1, 1], \"times\": [1, 1",
            "cut off",
        ),
        ("benchmark.json", "{\"full_id\": 7}", "full_id"),
        ("benchmark.json", "{\"full_id\": \"\"}", "no name"),
        (
            "benchmark.json",
            "{\"full_id\": \"x\", \"throughput\": {\"Furlongs\": 1}}",
            "unknown variant `Furlongs`",
        ),
    ] {
        let (scratch, new) = copy("fib 10");
        fs::write(new.join(file), text).unwrap();
        let errors = all(scratch.path(), &Options::default()).unwrap_err();
        let error = errors[0].to_string();
        assert!(
            error.contains(file) && error.contains(expect),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_missing_file_is_an_error() {
    for file in ["benchmark.json", "estimates.json"] {
        let (scratch, new) = copy("fib 10");
        fs::remove_file(new.join(file)).unwrap();
        let errors = all(scratch.path(), &Options::default()).unwrap_err();
        assert!(errors[0].path.ends_with(file), "{}", errors[0]);
    }
}

#[test]
fn a_time_of_zero_is_a_failure() {
    let (scratch, new) = copy("fib 10");
    fs::write(
        new.join("sample.json"),
        "{\"iters\": [1, 1], \"times\": [0, 0]}",
    )
    .unwrap();
    let found = all(scratch.path(), &Options::default()).unwrap();
    assert!(found.readings[0].measurements.is_empty());
    assert_eq!(found.readings[0].failures[0].benchmark, "fib 10");
}

#[test]
fn two_folders_with_one_name_are_an_error() {
    let (scratch, new) = copy("fib 10");
    let twin = scratch.path().join("criterion/fib 10_2/new");
    fs::create_dir_all(&twin).unwrap();
    for file in super::FILES {
        fs::copy(new.join(file), twin.join(file)).unwrap();
    }
    let errors = all(scratch.path(), &any_age()).unwrap_err();
    assert!(errors[0].reason.contains("`fib 10`"), "{}", errors[0]);
}

#[test]
fn stale_results_are_listed_not_read() {
    let (scratch, old) = copy("fib 10");
    let fresh = scratch.path().join("criterion/sum/new");
    fs::create_dir_all(&fresh).unwrap();
    for file in super::FILES {
        fs::copy(the("sum/iter/100/new").join(file), fresh.join(file)).unwrap();
    }
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    set_time(&fresh, noon);
    let read_at = |age: u64, options: &Options| {
        set_time(&old, noon - Duration::from_secs(age));
        all(scratch.path(), options).unwrap()
    };
    let plain = Options::default();
    assert_eq!(read_at(3600, &plain).stale, Vec::<PathBuf>::new());
    let stale = read_at(3601, &plain);
    assert_eq!(
        (stale.stale.as_slice(), stale.readings.len()),
        ([old.clone()].as_slice(), 1)
    );
    assert_eq!(read_at(3601, &any_age()).readings.len(), 2);

    let head = Options {
        head_time: Some(noon - Duration::from_secs(10)),
        ..Options::default()
    };
    assert_eq!(read_at(9, &head).readings.len(), 2);
    assert_eq!(read_at(11, &head).stale, std::slice::from_ref(&old));

    // What is older than the command is neither read nor stale: it is not this command's.
    let since = Options {
        modified_since: Some(noon - Duration::from_secs(10)),
        ..Options::default()
    };
    let found = read_at(7200, &since);
    assert_eq!((found.readings.len(), found.stale.len()), (1, 0));
}

#[test]
fn equal_content_has_equal_digest_and_other_content_another() {
    let (first, _) = copy("fib 10");
    let (second, new) = copy("fib 10");
    let digest = |folder: &Path| all(folder, &any_age()).unwrap().readings[0].digest.clone();
    assert_eq!(digest(first.path()), digest(second.path()));
    assert_eq!(digest(first.path()).len(), 64);
    fs::remove_file(new.join("sample.json")).unwrap();
    assert_ne!(digest(first.path()), digest(second.path()));
}
