use super::*;
use crate::budget::{self, Limit, Rule};
use crate::model::{Direction, Environment, RunId, Source, Tags, Unit};
use crate::store::Cell;
use crate::verdict::{Reason, Verdict};
use proptest::prelude::*;

const DAY: Date = jiff::civil::date(2026, 11, 21);

fn commit(at: usize) -> CommitId {
    CommitId::new(format!("{at:040x}")).unwrap()
}

fn budgets(limits: &str) -> Vec<Budget> {
    let text = format!("schema = 1\n[feature]\nname = \"f\"\nowner = \"@o\"\n{limits}");
    let (budget, findings) = budget::parse(Path::new("f.toml"), &text, DAY);
    vec![budget.unwrap_or_else(|| panic!("{findings:?}"))]
}

/// A series of `m`: its metric, its unit, and the runs of each commit.
struct Made<'a> {
    metric: &'a str,
    unit: Unit,
    commits: &'a [Vec<f64>],
}

/// Judges the newest of so many commits, each measured in as many runs as it has values. Commits
/// without a value are measured, too, without that series.
fn judged(budgets: &[Budget], all: &[Made<'_>], with_base: bool) -> Outcome {
    let n = all.iter().map(|made| made.commits.len()).max().unwrap();
    let line: Vec<CommitId> = (0..n).map(commit).collect();
    let mut runs = Vec::new();
    let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); all.len()];
    for (place, id) in line.iter().enumerate() {
        let of = |made: &Made<'_>| made.commits.get(place).map_or(0, Vec::len);
        for attempt in 0..all.iter().map(of).max().unwrap().max(1) {
            let row = runs.len() as i64 + 1;
            runs.push(RunRow {
                id: row,
                digest: RunId([row as u8; 32]),
                commit: id.clone(),
                environment: Environment {
                    label: "ci".to_owned(),
                    facts: std::collections::BTreeMap::new(),
                },
                suite: String::new(),
                part: String::new(),
                dirty: false,
                source: Source {
                    attempt: attempt as u32 + 1,
                    ..Source::default()
                },
            });
            for (made, cells) in all.iter().zip(&mut cells) {
                let value = made.commits.get(place).and_then(|own| own.get(attempt));
                cells.extend(value.map(|value| Cell {
                    run: row,
                    value: *value,
                    spread: None,
                    n: 10,
                }));
            }
        }
    }
    let series: Vec<SeriesRow> = all
        .iter()
        .zip(1..)
        .map(|(made, id)| SeriesRow {
            id,
            key: SeriesKey {
                benchmark: "m".to_owned(),
                metric: made.metric.to_owned(),
                tags: Tags::new(),
                env: "ci".to_owned(),
            },
            unit: made.unit.clone(),
            direction: Some(Direction::Lower),
        })
        .collect();
    let columns: Vec<Columns> = cells
        .into_iter()
        .map(|own| own.into_iter().collect())
        .collect();
    let commits = Commits {
        times: line
            .iter()
            .zip(0_i64..)
            .map(|(id, i)| {
                (
                    id.clone(),
                    Timestamp::from_second(1_790_000_000 + i * 86_400).unwrap(),
                )
            })
            .collect(),
        pins: budgets
            .iter()
            .flat_map(|own| &own.limits)
            .filter_map(|limit: &Limit| limit.drift.as_ref())
            .map(|drift| {
                (
                    Path::new("f.toml").to_owned(),
                    drift.anchor.clone(),
                    commit(0),
                )
            })
            .collect(),
        ..Commits::default()
    };
    let base = ChosenBase {
        commit: commit(n.saturating_sub(2)),
        how: "the one before".to_owned(),
        measured: true,
    };
    judge(&Check {
        head: line.last().unwrap(),
        base: with_base.then_some(&base),
        timeline: &Timeline::new(line.clone()),
        runs: &runs,
        series: &series,
        columns: &columns,
        failures: &HashMap::new(),
        commits: &commits,
        budgets,
        retired: &[],
        env: None,
        shallow: false,
        today: DAY,
        threads: 1,
        control: Control::default(),
        stage: Stage::Only,
        memo: None,
    })
}

fn words(outcome: &Outcome) -> Vec<(Option<Rule>, Verdict, Option<Reason>)> {
    let mut all: Vec<_> = outcome
        .limits
        .iter()
        .map(|own| (own.rule, own.judgement.verdict, own.judgement.reason))
        .collect();
    all.sort_by_key(|own| own.0.map(|rule| rule.as_str()));
    all
}

const ALL: &str = "[[limit]]\nid = \"t\"\nselect = { benchmark = \"m\", metric = \"time\" }\n\
    max = \"200ms\"\nregress = { limit = \"+5%\" }\n\
    creep = { window = \"60 commits\", limit = \"+4%\" }\n\
    drift = { vs = \"tag:v1\", limit = \"+8%\" }\nratchet = { after = 5 }\n";

fn time(commits: &[Vec<f64>]) -> Made<'_> {
    Made {
        metric: "time",
        unit: Unit::Nanoseconds,
        commits,
    }
}

fn steady(n: usize, level: f64) -> Vec<Vec<f64>> {
    (0..n)
        .map(|i| vec![level * (1.0 + 0.002 * (((i * 37 + 11) % 53) as f64 / 53.0 - 0.5))])
        .collect()
}

#[test]
fn a_head_of_0_beside_a_history_above_0_has_no_relative_size() {
    let budgets = budgets(ALL);
    for head in [
        vec![0.0],
        vec![0.0, 1e8, 1e8],
        vec![-1.0, -1.0],
        vec![0.0; 6],
    ] {
        for with_base in [false, true] {
            let mut commits = steady(30, 1e8);
            commits.push(head.clone());
            let outcome = judged(&budgets, &[time(&commits)], with_base);
            let found = words(&outcome);
            assert_eq!(found.len(), 4, "{found:?}");
            for (rule, verdict, reason) in found {
                assert_eq!(
                    (verdict, reason),
                    (Verdict::Unproven, Some(Reason::NoRelativeSize)),
                    "{rule:?} of {head:?}"
                );
            }
        }
    }
}

#[test]
fn a_run_of_0_in_the_history_hides_nothing() {
    let budgets = budgets(ALL);
    let mut commits = steady(30, 1e8);
    commits[12] = vec![0.0, 1e8, 1e8];
    commits.push(vec![1.3e8; 3]);
    let outcome = judged(&budgets, &[time(&commits)], true);
    let regress = words(&outcome)
        .into_iter()
        .find(|own| own.0 == Some(Rule::Regress));
    assert_eq!(regress.map(|own| own.1), Some(Verdict::Over));
}

#[test]
fn a_counter_that_never_varied_may_fall_to_0() {
    let budgets = budgets(
        "[[limit]]\nid = \"q\"\nselect = { benchmark = \"m\", metric = \"queries\" }\n\
         max = \"6\"\nregress = { limit = \"+5%\" }\n",
    );
    let mut commits = vec![vec![3.0]; 12];
    commits.push(vec![0.0]);
    let made = Made {
        metric: "queries",
        unit: Unit::Count,
        commits: &commits,
    };
    for own in words(&judged(&budgets, &[made], true)) {
        assert_eq!(own.1, Verdict::Within, "{own:?}");
    }
}

#[test]
fn a_limit_that_fell_silent_long_ago_is_missing_unless_it_was_retired() {
    let two = budgets(
        "[[limit]]\nid = \"t\"\nselect = { benchmark = \"m\", metric = \"time\" }\n\
         regress = { limit = \"+5%\" }\n\
         [[limit]]\nid = \"cpu\"\nselect = { benchmark = \"m\", metric = \"cpu\" }\n\
         regress = { limit = \"+5%\" }\n",
    );
    for silent in [1, 10, 11, 40] {
        for with_base in [false, true] {
            let (told, whole) = (steady(12, 1e8), steady(12 + silent, 1e6));
            let cpu = Made {
                metric: "cpu",
                unit: Unit::Nanoseconds,
                commits: &whole,
            };
            let outcome = judged(&two, &[time(&told), cpu], with_base);
            let of = |limit: &str| {
                let mut all = outcome.limits.iter().filter(|own| own.limit == limit);
                let one = all
                    .next()
                    .map(|own| (own.judgement.verdict, own.judgement.reason));
                assert!(all.next().is_none());
                one
            };
            let missing = Some((Verdict::Missing, Some(Reason::NotMeasured)));
            assert_eq!(of("t"), missing, "silent for {silent}");
            assert_eq!(of("cpu"), Some((Verdict::Within, None)));
        }
    }
}

#[test]
fn a_unit_that_a_name_once_had_is_no_misfit() {
    let budgets = budgets(
        "[[limit]]\nid = \"s\"\nselect = { benchmark = \"m\", metric = \"size\" }\nmax = \"2 MiB\"\n",
    );
    let own = steady(12, 1e6);
    let size = |unit: Unit, commits| Made {
        metric: "size",
        unit,
        commits,
    };
    let odd = Unit::Other("files".to_owned());
    let mut once = vec![Vec::new(); 12];
    once[3] = vec![7.0];
    let outcome = judged(
        &budgets,
        &[size(Unit::Bytes, &own), size(odd.clone(), &once)],
        false,
    );
    assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
    assert_eq!(words(&outcome), [(Some(Rule::Max), Verdict::Within, None)]);
    // The unit that it has now is what counts.
    let outcome = judged(
        &budgets,
        &[size(Unit::Bytes, &own[..8]), size(odd, &own)],
        false,
    );
    assert!(!outcome.findings.is_empty());
}

#[test]
fn a_deterministic_metric_whose_runs_differ_is_never_within() {
    let budgets = budgets(
        "[[limit]]\nid = \"q\"\nselect = { benchmark = \"m\", metric = \"queries\" }\n\
         deterministic = true\nmax = \"6\"\nregress = { limit = \"+10%\" }\n",
    );
    for (head, verdict) in [
        (vec![3.0, 9.0, 3.0], Verdict::Unproven),
        (vec![3.0, 9.0], Verdict::Unproven),
        (vec![3.0, 12.0, 3.0, 3.0, 3.0], Verdict::Unproven),
        (vec![9.0, 12.0, 9.0], Verdict::Over),
        (vec![9.0], Verdict::Over),
        (vec![3.0, 3.0], Verdict::Within),
    ] {
        for with_base in [false, true] {
            let mut commits = vec![vec![3.0]; 8];
            commits.push(head.clone());
            let made = Made {
                metric: "queries",
                unit: Unit::Count,
                commits: &commits,
            };
            let outcome = judged(&budgets, &[made], with_base);
            assert_eq!(outcome.limits.len(), 2);
            for own in &outcome.limits {
                assert_eq!(own.judgement.verdict, verdict, "{:?} of {head:?}", own.rule);
                if verdict == Verdict::Unproven {
                    assert_eq!(own.judgement.reason, Some(Reason::NotDeterministic));
                    assert!(own.against.as_ref().unwrap().starts_with("3, "));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_value_is_a_panic(
        mut commits in prop::collection::vec(
            prop::collection::vec(
                prop_oneof![
                    8 => 0.5e8..2e8f64,
                    1 => Just(0.0),
                    1 => -1e9..1e9f64,
                    1 => prop::sample::select(vec![1e-300, 1e300, -1e300, f64::MIN_POSITIVE]),
                ],
                1..4,
            ),
            1..40,
        ),
        calm in any::<bool>(),
        with_base in any::<bool>(),
    ) {
        if calm {
            let n = commits.len() - 1;
            let own = steady(n, 1e8);
            commits[..n].clone_from_slice(&own);
        }
        let outcome = judged(&budgets(ALL), &[time(&commits)], with_base);
        for verdict in &outcome.limits {
            prop_assert!(verdict.judgement.p.is_none_or(|p| (0.0..=1.0).contains(&p)));
        }
    }
}
