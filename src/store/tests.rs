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
        store.columns(&[series[0].id]).unwrap()[0].values(),
        [1.0, 1.0]
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

/// A database as an older plimsoll left it: the schema of that time, and one run in its tables.
fn old_database(path: &std::path::Path, version: usize, run: &Run) {
    let connection = Connection::open(path).unwrap();
    for migration in &schema::MIGRATIONS[..version] {
        connection.execute_batch(migration.sql).unwrap();
    }
    connection
        .pragma_update(None, "user_version", version as i64)
        .unwrap();
    let m = &run.measurements[0];
    let spread = m.spread.unwrap();
    connection
        .execute_batch(&format!(
            "INSERT INTO commit_info (id, sha) VALUES (1, '{}');
             INSERT INTO environment VALUES (1, 'ci'); INSERT INTO facts VALUES (1, '{{\"cpu\":\"EPYC\"}}');
             INSERT INTO benchmark VALUES (1, 'parse'), (2, 'sort'); INSERT INTO metric VALUES (1, 'time', 'ns');
             INSERT INTO tags VALUES (1, '{{\"users\":\"500\"}}');
             INSERT INTO origin VALUES (7, '{}', '{}', -1);
             INSERT INTO series (id, benchmark, metric, tags, environment) VALUES (1030, 1, 1, 1, 1);
             INSERT INTO run (id, digest, commit_id, environment, facts, suite, part, dirty, source, recorded)
               VALUES (3, x'{}', 1, 1, 1, '', '', 0, '{}', 5);
             INSERT INTO failure (run, benchmark, reason) VALUES (3, 2, 'exit status 1');
             INSERT INTO point VALUES (1030, 3, {}, {}, {}, {}, 7);",
            run.commit,
            m.source_metric,
            m.source_unit,
            run.id().unwrap(),
            serde_json::to_string(&run.source).unwrap(),
            m.value,
            spread.below,
            spread.above,
            m.n,
        ))
        .unwrap();
    if !run.failures[0].tags.is_empty() {
        connection
            .execute("UPDATE failure SET tags = 1", [])
            .unwrap();
    }
    let blob = samples::Packer::new()
        .unwrap()
        .pack(m.samples.as_ref().unwrap())
        .unwrap();
    connection
        .execute(
            "INSERT INTO sample (series, run, data) VALUES (1030, 3, ?1)",
            [blob],
        )
        .unwrap();
}

#[test]
fn a_database_of_every_older_schema_is_lifted() {
    for version in 1..schema::MIGRATIONS.len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let mut old = run(&[1.0, 2.0], 1);
        old.measurements[0].direction = Some(crate::model::Direction::Lower);
        if version >= 3 {
            old.failures[0].tags = old.measurements[0].tags.clone();
        }
        old_database(&path, version, &old);
        let mut store = Store::open(&path).unwrap();
        assert_eq!(store.digests().unwrap(), [(old.id().unwrap(), false)]);
        assert_eq!(store.run(&store.runs().unwrap()[0]).unwrap(), old);
        assert_eq!(store.health().unwrap().faults, [] as [String; 0]);
        let series = store.series().unwrap();
        assert_eq!(series[0].direction, old.measurements[0].direction);
        assert_eq!(append(&mut store, &old).already, 1);
        append(&mut store, &run(&[3.0], 2));
        let columns = store.columns(&[series[0].id]).unwrap().remove(0);
        assert_eq!(columns.values(), [1.5, 3.0]);
        let mut sliced = run(&[1.0], 3);
        sliced.failures[0].tags = [("users".to_owned(), "7".to_owned())].into();
        append(&mut store, &sliced);
        let rows = store.runs().unwrap();
        assert_eq!(store.run(&rows[2]).unwrap(), sliced);
        assert_eq!(store.failures().unwrap()[&rows[0].id], old.failures);
        assert_eq!(store.failures().unwrap()[&rows[2].id], sliced.failures);
        store.mark_synced("here", [u64::MAX, 7]).unwrap();
        assert_eq!(store.synced("here").unwrap(), [u64::MAX, 7].into());
    }
}

#[test]
fn a_damaged_tile_is_said_and_never_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut store = Store::open(&path).unwrap();
    append(&mut store, &run(&[1.0, 2.0], 1));
    append(&mut store, &run(&[3.0, 4.0], 2));
    store
        .connection
        .execute_batch(
            "UPDATE tile SET data = CAST(substr(data, 1, 8) || x'ff' || substr(data, 10) AS BLOB) WHERE run = 2",
        )
        .unwrap();
    let series = store.series().unwrap()[0].id;
    let error = store.columns(&[series]).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    let rows = store.runs().unwrap();
    assert!(store.run(&rows[0]).is_ok());
    assert!(matches!(
        store.run(&rows[1]),
        Err(StoreError::Damaged { .. })
    ));
    let health = store.health().unwrap();
    assert_eq!(health.faults.len(), 1, "{:?}", health.faults);
}

#[test]
fn many_series_in_many_runs_come_back_whatever_their_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("history.db")).unwrap();
    let mut runs = Vec::new();
    for attempt in 1..=4_u32 {
        let mut own = run(&[1.0], attempt);
        own.measurements = (0..1_500_u32)
            .filter(|i| (i + attempt) % 3 > 0)
            .map(|i| {
                let mut m = own.measurements[0].clone();
                m.benchmark = format!("b{:04}", (i * 7919) % 1_500);
                m.value = f64::from(i * attempt);
                m
            })
            .collect();
        own.measurements
            .sort_by(|a, b| a.benchmark.cmp(&b.benchmark));
        append(&mut store, &own);
        runs.push(own);
    }
    let rows = store.runs().unwrap();
    let series = store.series().unwrap();
    assert_eq!(series.len(), 1_500);
    // Asked for in another order than they lie in.
    let ids: Vec<i64> = series.iter().rev().map(|row| row.id).collect();
    let columns = store.columns(&ids).unwrap();
    for (row, columns) in series.iter().rev().zip(&columns) {
        let expected: Vec<(i64, f64)> = rows
            .iter()
            .zip(&runs)
            .filter_map(|(at, run)| {
                let mut own = run.measurements.iter();
                let m = own.find(|m| m.benchmark == row.key.benchmark)?;
                Some((at.id, m.value))
            })
            .collect();
        let found: Vec<(i64, f64)> = columns.iter().map(|cell| (cell.run, cell.value)).collect();
        assert_eq!(found, expected, "{}", row.key);
    }
    assert_eq!(store.run(&rows[2]).unwrap(), runs[2]);
}

#[test]
fn the_direction_is_that_of_the_newest_run() {
    use crate::model::Direction;
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("history.db")).unwrap();
    for (attempt, direction) in [
        (1, Some(Direction::Lower)),
        (2, Some(Direction::Higher)),
        (3, None),
    ] {
        let mut own = run(&[1.0], attempt);
        own.measurements[0].direction = direction;
        append(&mut store, &own);
        assert_eq!(store.series().unwrap()[0].direction, direction);
    }
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
