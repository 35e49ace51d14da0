use super::*;
use crate::model::{CommitId, Environment, Failure, Measurement, Run, Samples, Source, Unit};
use jiff::Timestamp;
use rusqlite::Connection;

fn run(values: &[f64], attempt: u32) -> Run {
    let mut measurement = Measurement::from_samples(
        "parse",
        "time",
        Unit::Nanoseconds,
        None,
        Samples {
            values: values.to_vec(),
            iterations: Some(vec![2.0; values.len()]),
        },
    )
    .unwrap();
    measurement.tags.insert("users".into(), "500".into());
    Run {
        schema: 1,
        commit: CommitId::new("ab".repeat(20)).unwrap(),
        environment: Environment {
            label: "ci".into(),
            facts: [("cpu".to_owned(), "EPYC".to_owned())].into(),
        },
        suite: String::new(),
        part: String::new(),
        dirty: false,
        source: Source {
            digest: "00".into(),
            started: None,
            attempt,
        },
        measurements: vec![measurement],
        failures: vec![Failure {
            benchmark: "sort".into(),
            reason: "exit status 1".into(),
            tags: crate::model::Tags::new(),
        }],
    }
}

fn append(store: &mut Store, run: &Run) -> Appended {
    store
        .append(&[NewRun { run, commit: None }], Timestamp::UNIX_EPOCH)
        .unwrap()
}

#[test]
fn a_run_comes_back_with_the_same_digest() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("history.db")).unwrap();
    let run = run(&[0.1, 0.3, 0.7, 1e-17], 1);
    assert_eq!(
        append(&mut store, &run),
        Appended {
            stored: 1,
            already: 0
        }
    );
    let row = store.runs().unwrap().remove(0);
    let back = store.run(&row).unwrap();
    assert_eq!(back, run);
    assert_eq!(back.id().unwrap(), row.digest);
}

#[test]
fn the_same_run_is_stored_once_and_another_attempt_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("history.db")).unwrap();
    append(&mut store, &run(&[1.0], 1));
    assert_eq!(
        append(&mut store, &run(&[1.0], 1)),
        Appended {
            stored: 0,
            already: 1
        }
    );
    assert_eq!(
        append(&mut store, &run(&[1.0], 2)),
        Appended {
            stored: 1,
            already: 0
        }
    );
    let series = store.series().unwrap();
    assert_eq!(series.len(), 1);
    assert_eq!(
        store.columns(&[series[0].id]).unwrap()[0].values,
        vec![1.0, 1.0]
    );
}

#[test]
fn a_run_with_one_bad_measurement_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("history.db")).unwrap();
    let mut twice = run(&[1.0], 1);
    twice.measurements.push(twice.measurements[0].clone());
    let error = store.append(
        &[NewRun {
            run: &twice,
            commit: None,
        }],
        Timestamp::UNIX_EPOCH,
    );
    assert!(error.unwrap_err().to_string().contains("occurs twice"));
    let mut infinite = run(&[1.0], 1);
    infinite.measurements[0].value = f64::INFINITY;
    assert!(
        store
            .append(
                &[NewRun {
                    run: &infinite,
                    commit: None
                }],
                Timestamp::UNIX_EPOCH
            )
            .is_err()
    );
    assert!(store.runs().unwrap().is_empty());
    assert!(store.series().unwrap().is_empty());
}

#[test]
fn migrate_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    append(&mut Store::open(&path).unwrap(), &run(&[1.0], 1));
    assert_eq!(Store::open(&path).unwrap().runs().unwrap().len(), 1);
}

#[test]
fn a_newer_schema_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    drop(Store::open(&path).unwrap());
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = Store::open(&path).err().unwrap().to_string();
    assert!(error.contains("newer plimsoll (schema 99"), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    std::fs::write(
        &path,
        "not a database, and longer than a header would be, by some way".repeat(9),
    )
    .unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(&path).err().unwrap().to_string();
    assert!(error.contains("damaged"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn another_programs_database_is_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    assert!(matches!(
        Store::open(&path),
        Err(StoreError::Damaged { .. })
    ));
}

#[test]
fn reading_where_nothing_was_recorded_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = Store::open_existing(&folder.path().join("none.db"))
        .err()
        .unwrap();
    assert!(error.to_string().contains("plimsoll record"));
}

#[test]
fn a_file_that_nobody_may_write_is_read_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a %20 #name?.db");
    append(&mut Store::open(&path).unwrap(), &run(&[1.0], 1));
    let store = Store::open_unwritable(&path).unwrap();
    assert_eq!(store.runs().unwrap().len(), 1);
}

#[test]
fn a_database_of_the_first_schema_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    append(&mut Store::open(&path).unwrap(), &run(&[1.0, 2.0], 1));
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "ALTER TABLE failure DROP COLUMN tags; \
             ALTER TABLE run DROP COLUMN thinned; DROP TABLE synced; DROP TABLE packed; \
             PRAGMA user_version = 1;",
        )
        .unwrap();
    let mut store = Store::open(&path).unwrap();
    assert_eq!(
        store.digests().unwrap(),
        [(run(&[1.0, 2.0], 1).id().unwrap(), false)]
    );
    assert_eq!(store.health().unwrap().faults, [] as [String; 0]);
    assert_eq!(append(&mut store, &run(&[1.0, 2.0], 1)).already, 1);
    store.mark_synced("here", [u64::MAX, 7]).unwrap();
    assert_eq!(store.synced("here").unwrap(), [u64::MAX, 7].into());
}

#[test]
fn a_database_without_slices_of_failures_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    append(&mut Store::open(&path).unwrap(), &run(&[1.0, 2.0], 1));
    Connection::open(&path)
        .unwrap()
        .execute_batch("ALTER TABLE failure DROP COLUMN tags; PRAGMA user_version = 2;")
        .unwrap();
    let mut store = Store::open(&path).unwrap();
    assert_eq!(store.health().unwrap().faults, [] as [String; 0]);
    assert_eq!(append(&mut store, &run(&[1.0, 2.0], 1)).already, 1);
    let mut sliced = run(&[1.0], 2);
    sliced.failures[0].tags = [("users".to_owned(), "500".to_owned())].into();
    append(&mut store, &sliced);
    let rows = store.runs().unwrap();
    assert_eq!(store.run(&rows[1]).unwrap(), sliced);
    assert_eq!(sliced.id().unwrap(), rows[1].digest);
    assert_eq!(store.failures().unwrap()[&rows[1].id], sliced.failures);
    assert!(store.failures().unwrap()[&rows[0].id][0].tags.is_empty());
}

#[test]
fn a_full_disk_is_said_and_what_was_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("history.db")).unwrap();
    append(&mut store, &run(&[1.0], 1));
    // SQLite says "full" where the file may not grow, as on a disk without room.
    let pages: i64 = store
        .connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    store
        .connection
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let mut big = run(&[1.0], 2);
    for i in 0..2000 {
        let mut more = big.measurements[0].clone();
        more.benchmark = format!("benchmark {i}");
        big.measurements.push(more);
    }
    let new = NewRun {
        run: &big,
        commit: None,
    };
    let error = store.append(&[new], Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert_eq!(store.runs().unwrap().len(), 1);
    assert_eq!(store.health().unwrap().faults, [] as [String; 0]);
}
