use super::*;
use crate::ledger::{folder, pack};
use crate::model::{
    Direction, Environment, Failure, Measurement, Samples, Source, Spread, Tags, Unit,
};
use proptest::prelude::*;

pub(crate) fn any_run() -> impl Strategy<Value = RunFile> {
    let number = prop_oneof![
        any::<f64>().prop_filter("finite", |v| v.is_finite()),
        Just(-0.0),
        Just(0.1 + 0.2),
        Just(f64::MIN_POSITIVE / 3.0),
    ];
    let text = prop_oneof!["[a-z/ ]{0,8}", any::<String>()];
    let samples = (
        proptest::collection::vec(number.clone(), 0..12),
        any::<bool>(),
    )
        .prop_map(|(values, weighted)| Samples {
            iterations: weighted.then(|| values.iter().map(|v| v * 0.5).collect()),
            values,
        });
    let unit = prop_oneof![
        Just(Unit::Nanoseconds),
        Just(Unit::Bytes),
        any::<String>().prop_map(|text| Unit::from_canonical(&text)),
    ];
    let measurement = (
        (text.clone(), text.clone(), number, unit),
        proptest::option::of(any::<bool>()),
        proptest::collection::btree_map(text.clone(), text.clone(), 0..3),
        (0..u64::MAX / 2, proptest::option::of(any::<(u32, u32)>())),
        proptest::option::of(samples),
        (text.clone(), text.clone()),
    )
        .prop_map(
            |(what, up, tags, (n, spread), samples, source)| Measurement {
                benchmark: what.0,
                metric: what.1,
                value: what.2,
                unit: what.3,
                direction: up.map(|up| {
                    if up {
                        Direction::Higher
                    } else {
                        Direction::Lower
                    }
                }),
                tags,
                n,
                spread: spread.map(|(below, above)| Spread { below, above }),
                samples,
                source_metric: source.0,
                source_unit: source.1,
            },
        );
    let commit = (
        text.clone(),
        text.clone(),
        -62_000_000_000_i64..250_000_000_000,
        0..3_u8,
    );
    (
        proptest::collection::vec(measurement, 0..6),
        proptest::collection::vec((text.clone(), text.clone()), 0..3),
        proptest::collection::btree_map(text.clone(), text.clone(), 0..3),
        (
            text.clone(),
            text.clone(),
            text,
            any::<bool>(),
            any::<u32>(),
        ),
        proptest::option::of(commit),
        any::<bool>(),
    )
        .prop_map(|(mut measurements, failures, facts, own, commit, long)| {
            let mut keys = BTreeSet::new();
            measurements.retain(|m| {
                keys.insert((
                    m.benchmark.clone(),
                    m.metric.clone(),
                    m.unit.clone(),
                    m.tags.clone(),
                ))
            });
            let hex = |digit: u8| {
                CommitId::new(format!("{digit:x}").repeat(if long { 64 } else { 40 })).unwrap()
            };
            let run = Run {
                schema: 1,
                commit: hex(10),
                environment: Environment {
                    label: own.0,
                    facts,
                },
                suite: own.1,
                part: own.2.clone(),
                dirty: own.3,
                source: Source {
                    digest: own.2.clone(),
                    started: own.3.then_some(own.2),
                    attempt: own.4,
                },
                measurements,
                failures: failures
                    .into_iter()
                    .map(|(benchmark, reason)| Failure {
                        benchmark,
                        reason,
                        tags: Tags::new(),
                    })
                    .collect(),
            };
            RunFile {
                digest: run.id().unwrap(),
                commit: commit.map(|(author, subject, time, parents)| Commit {
                    id: run.commit.clone(),
                    parents: (0..parents).map(hex).collect(),
                    author,
                    subject,
                    time: Timestamp::from_second(time).unwrap(),
                }),
                run,
                thinned: false,
            }
        })
}

fn digests(store: &Store) -> Vec<RunId> {
    let mut all: Vec<_> = store.digests().unwrap().into_iter().map(|d| d.0).collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_stored_run_is_written_and_rebuilt_bit_for_bit(runs in proptest::collection::vec(any_run(), 1..5)) {
        let scratch = tempfile::tempdir().unwrap();
        let mut first = Store::open(&scratch.path().join("a.db")).unwrap();
        let arrivals: Vec<_> = runs.iter().map(RunFile::arrival).collect();
        first.append_arrivals(&arrivals, Timestamp::UNIX_EPOCH).unwrap();
        folder::export(&first, scratch.path(), None).unwrap();
        let mut second = Store::open(&scratch.path().join("b.db")).unwrap();
        let imported = folder::import(&mut second, scratch.path(), Timestamp::UNIX_EPOCH).unwrap();
        prop_assert_eq!(imported.skipped, vec![]);
        prop_assert_eq!(digests(&second), digests(&first));
        let text = |store: &Store| -> BTreeSet<String> {
            folder::run_files(store).unwrap().map(|run| run.unwrap().encode().unwrap()).collect()
        };
        prop_assert_eq!(text(&second), text(&first));
        // Once more: nothing changes.
        let again = folder::export(&second, scratch.path(), None).unwrap();
        prop_assert_eq!(again.written, 0);
    }

    #[test]
    fn what_does_not_fit_loses_its_samples_and_nothing_else(runs in proptest::collection::vec(any_run(), 1..5)) {
        let scratch = tempfile::tempdir().unwrap();
        let mut first = Store::open(&scratch.path().join("a.db")).unwrap();
        let arrivals: Vec<_> = runs.iter().map(RunFile::arrival).collect();
        first.append_arrivals(&arrivals, Timestamp::UNIX_EPOCH).unwrap();
        let (whole, thin) = (scratch.path().join("whole"), scratch.path().join("thin"));
        prop_assert!(!folder::export(&first, &whole, Some(u64::MAX)).unwrap().thinned);
        prop_assert!(folder::export(&first, &thin, Some(1)).unwrap().thinned);
        let mut second = Store::open(&scratch.path().join("b.db")).unwrap();
        let imported = folder::import(&mut second, &thin, Timestamp::UNIX_EPOCH).unwrap();
        prop_assert_eq!(imported.skipped, vec![]);
        prop_assert_eq!(digests(&second), digests(&first));
        let values = |store: &Store, samples: bool| -> BTreeSet<String> {
            let mut all = BTreeSet::new();
            for run in folder::run_files(store).unwrap() {
                for one in run.unwrap().run.measurements {
                    assert!(samples || one.samples.is_none());
                    all.insert(format!("{} {} {:?} {}", one.benchmark, one.metric, one.value, one.n));
                }
            }
            all
        };
        prop_assert_eq!(values(&second, false), values(&first, true));
    }

    #[test]
    fn a_pack_gives_back_what_was_put_in(runs in proptest::collection::vec(any_run(), 1..5)) {
        let files: Vec<_> = runs.iter().map(|run| (run.digest.short(), run.encode().unwrap())).collect();
        let wanted: BTreeSet<_> = files.iter().map(|(digest, _)| *digest).collect();
        let packs = pack::packs("2026-10", files);
        prop_assert_eq!(packs.len(), 1);
        prop_assert!(pack::is_path(&packs[0].path), "{}", packs[0].path);
        let read: BTreeSet<_> = pack::read(packs[0].text.as_bytes())
            .map(|(_, run)| run.unwrap().digest.short())
            .collect();
        prop_assert_eq!(read, wanted);
    }

    #[test]
    fn no_damaged_byte_goes_unnoticed(run in any_run(), place: prop::sample::Index, byte: u8) {
        let text = run.encode().unwrap();
        prop_assert_eq!(&RunFile::decode(text.as_bytes()).unwrap(), &RunFile { run: sorted(&run.run), ..run.clone() });
        let mut bytes = text.into_bytes();
        let place = place.index(bytes.len());
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        if let Ok(other) = RunFile::decode(&bytes) {
            // Only what is said about the commit is not under the digest.
            prop_assert_eq!(other.digest, run.digest);
            prop_assert_ne!(other.commit, run.commit);
        }
    }

    #[test]
    fn a_path_that_is_written_is_understood(run in any_run()) {
        let path = run.path();
        let name = parse_path(&path).unwrap();
        prop_assert_eq!(name.digest, run.digest.short());
        prop_assert_eq!(name.commit, run.run.commit.as_str());
        prop_assert_eq!(name.month, run.month());
    }
}

/// As the canonical form has it.
fn sorted(run: &Run) -> Run {
    serde_json::from_str(&canonical_json(run).unwrap()).unwrap()
}

#[test]
fn paths_that_are_no_run_files() {
    for path in [
        "runs/v1/2026-10/x.json",
        "runs/v1/2026-10/../../etc/passwd",
        "runs/v2/2026-10/aa-bb.json",
        "runs/v1/26-10/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-0123456789abcdef.json",
        "runs/v1/2026-10/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-0123456789abcde.json",
        "runs/v1/2026-10/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-+123456789abcdef.json",
    ] {
        assert_eq!(parse_path(path), None, "{path}");
    }
    assert!(!pack::is_path("packs/v1/2026-10-0123.ndjson"));
    assert!(!pack::is_path("packs/v1/é026-1-0123456789abcdef.ndjson"));
}

#[test]
fn a_file_of_a_later_version_is_told_from_a_damaged_one() {
    let later = br#"{"schema":"plimsoll.run/2","shape":"unknown"}"#;
    let error = RunFile::decode(later).unwrap_err();
    assert!(matches!(error, FileError::Newer(_)), "{error}");
    for other in [
        &b""[..],
        b"{}",
        b"{\"schema\":\"else/1\"}",
        b"\xff",
        b"<<<<<<< HEAD",
    ] {
        let error = RunFile::decode(other).unwrap_err();
        assert!(matches!(error, FileError::Damaged(_)), "{error}");
    }
}

/// Every key of a value is named by the schema, and every key that the schema asks for is there.
fn fits(value: &serde_json::Value, schema: &serde_json::Value, root: &serde_json::Value) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/$defs/");
        return fits(value, &root["$defs"][name], root);
    }
    if let Some(ways) = schema["oneOf"].as_array() {
        let way = &ways[usize::from(!value.is_null())];
        return fits(value, way, root);
    }
    let kind = match value {
        serde_json::Value::Object(fields) => {
            for (key, inner) in fields {
                let named = schema["properties"].get(key);
                let free = Some(&schema["additionalProperties"]).filter(|free| free.is_object());
                let inner_schema = named.or(free);
                fits(
                    inner,
                    inner_schema.unwrap_or_else(|| panic!("`{key}` is not in the schema")),
                    root,
                );
            }
            for key in schema["required"].as_array().into_iter().flatten() {
                assert!(
                    fields.contains_key(key.as_str().unwrap()),
                    "{key} is missing"
                );
            }
            "object"
        }
        serde_json::Value::Array(items) => {
            items
                .iter()
                .for_each(|item| fits(item, &schema["items"], root));
            "array"
        }
        serde_json::Value::String(_) => "string",
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::Number(n) if n.is_f64() => "number",
        serde_json::Value::Number(_) => "integer",
        serde_json::Value::Null => "null",
    };
    match (&schema["type"], &schema["const"], schema["enum"].as_array()) {
        (serde_json::Value::String(wanted), _, _) => assert_eq!(kind, wanted, "{value}"),
        (_, _, Some(words)) => assert!(words.contains(value), "{value}"),
        (_, constant, _) => assert_eq!(value, constant),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_published_schema_describes_every_run_file(run in any_run()) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schemas/run-1.schema.json");
        let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&run.encode().unwrap()).unwrap();
        fits(&value, &schema, &schema);
    }
}
