//! A seeded project with every kind of series, as the analysis would describe it.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part of it"
)]
#![allow(clippy::unwrap_used, reason = "a test helper")]

use jiff::{SignedDuration, Timestamp};
use plimsoll::model::{Direction, SeriesKey, Tags, Unit};
use plimsoll::report::view::*;

/// SplitMix64: the same numbers on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Roughly normal: the sum of twelve uniforms less their mean.
    pub fn noise(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

pub const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title></script><svg onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "user\u{202e}gnp.exe",
    "=HYPERLINK(\"http://evil\")",
    "javascript:alert(1)",
    "line\nbreak\u{1b}[31m",
    "&lt;b&gt;",
    "]]><!--",
];

pub const NOW: &str = "2026-11-20T14:02:00Z";

const SUBJECTS: &[&str] = &[
    "Audit every transfer before it is booked",
    "Cache the tax table",
    "Move session lookup behind a feature flag",
    "Bump serde to 1.0.228",
    "Split the cart service in two",
    "Log slow queries",
    "Validate addresses on the server",
    "Use a bounded channel between import and index, so that a slow disk cannot fill memory",
    "Retry payment provider timeouts",
    "Tidy imports",
];

const AUTHORS: &[&str] = &["Ada Okafor", "Bjørn Lind", "Chen Wei", "Dora Kiss"];

pub fn commits(count: usize) -> Vec<CommitView> {
    let now: Timestamp = NOW.parse().unwrap();
    (0..count)
        .map(|i| {
            let mut random = Random(i as u64 + 1);
            let id: String = (0..40)
                .map(|_| char::from(b"0123456789abcdef"[(random.next() * 16.0) as usize]))
                .collect();
            CommitView {
                id,
                subject: SUBJECTS[(random.next() * SUBJECTS.len() as f64) as usize].to_owned(),
                author: AUTHORS[(random.next() * AUTHORS.len() as f64) as usize].to_owned(),
                time: now - SignedDuration::from_hours(((count - 1 - i) * 11) as i64 + 1),
                tags: if i > 0 && i % 45 == 0 {
                    vec![format!("v2.{}", i / 45)]
                } else {
                    Vec::new()
                },
            }
        })
        .collect()
}

/// A series made of stretches (first commit, level), with noise and a slope inside stretches.
#[derive(Clone)]
pub struct Plan<'a> {
    pub benchmark: &'a str,
    pub metric: &'a str,
    pub steps: &'a [(usize, f64)],
    pub noise: f64,
    pub runs: usize,
    pub until: usize,
    pub budget: Option<f64>,
    pub state: State,
    pub sentence: &'a str,
    pub feature: Option<usize>,
    pub unit: Unit,
    pub seed: u64,
}

pub fn series(plan: &Plan<'_>, commits: &[CommitView]) -> SeriesView {
    let mut random = Random(plan.seed);
    let level = |commit: usize| {
        let step = plan.steps.iter().rev().find(|(from, _)| *from <= commit);
        step.map_or(f64::NAN, |(_, level)| *level)
    };
    let first = plan.steps[0].0;
    let points: Vec<PointView> = (first..plan.until)
        .map(|commit| {
            let mut runs: Vec<f64> = (0..plan.runs)
                .map(|_| {
                    let outlier = if random.next() > 0.997 { 1.6 } else { 1.0 };
                    level(commit) * outlier * (1.0 + plan.noise * random.noise())
                })
                .collect();
            let shown = runs.clone();
            runs.sort_by(f64::total_cmp);
            PointView {
                commit,
                value: runs[runs.len() / 2],
                runs: shown,
                samples: plan.runs as u64 * 120,
                low: None,
                high: None,
                machine: 0,
            }
        })
        .collect();
    let bounds: Vec<usize> = plan
        .steps
        .iter()
        .map(|(from, _)| from - first)
        .chain([points.len()])
        .collect();
    let regimes: Vec<RegimeView> = bounds
        .windows(2)
        .zip(plan.steps)
        .filter(|(pair, _)| points.len() >= 5 && pair[1] > pair[0])
        .map(|(pair, (_, level))| RegimeView {
            first: pair[0],
            last: pair[1] - 1,
            level: *level,
            low: level * (1.0 - plan.noise),
            high: level * (1.0 + plan.noise),
        })
        .collect();
    let changes: Vec<ChangeView> = regimes
        .windows(2)
        .map(|pair| {
            let (before, after) = (pair[0].level, pair[1].level);
            let effect = after / before - 1.0;
            let commit = points[pair[1].first].commit;
            ChangeView {
                kind: ChangeKind::Change,
                point: pair[1].first,
                commit,
                range: (pair[1].first - 1, pair[1].first + 1),
                suspects: vec![commit, commit - 1, commit + 1],
                before,
                after,
                effect: Some((effect, effect - 0.02, effect + 0.02)),
                confidence: if effect.abs() > 0.05 {
                    "very likely"
                } else {
                    "likely"
                },
                p: 0.0003,
                accepted: None,
                improved: effect < 0.0,
            }
        })
        .collect();
    let enough = points.len() >= 5;
    let now = regimes.last().map(|regime| regime.level);
    let opening = regimes.first().map(|regime| regime.level);
    let ledger = opening.zip(now).map(|(opening, now)| {
        // A sixth of every step is taken as creep, so that there is something unexplained.
        let entries: Vec<(usize, f64)> = changes
            .iter()
            .enumerate()
            .map(|(at, change)| (at, (change.after - change.before) * 5.0 / 6.0))
            .collect();
        let explained: f64 = entries.iter().map(|(_, amount)| amount).sum();
        LedgerView {
            opening,
            entries,
            unattributed: now - opening - explained,
            now,
            headroom: plan.budget.map(|budget| budget - now),
        }
    });
    let slug: String = format!("{}-{}", plan.benchmark, plan.metric)
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let last_time = points.last().map(|point| commits[point.commit].time);
    let report: Timestamp = NOW.parse().unwrap();
    SeriesView {
        slug: format!("{}-{}", slug.trim_matches('-'), plan.seed),
        key: SeriesKey {
            benchmark: plan.benchmark.to_owned(),
            metric: plan.metric.to_owned(),
            tags: Tags::new(),
            env: "ci-linux".to_owned(),
        },
        unit: plan.unit.clone(),
        direction: Some(Direction::Lower),
        feature: plan.feature,
        limit: plan.budget.map(|_| "max".to_owned()),
        limits: Vec::new(),
        state: plan.state,
        sentence: plan.sentence.to_owned(),
        broken: if plan.state == State::Broken {
            vec!["max"]
        } else {
            Vec::new()
        },
        level: now.or_else(|| points.last().map(|point| point.value)),
        budget: plan.budget,
        used: now.zip(plan.budget).map(|(now, budget)| now / budget),
        regress: Some(0.05),
        drift: opening
            .zip(now)
            .filter(|_| enough)
            .map(|(opening, now)| Drift {
                absolute: now - opening,
                relative: now / opening - 1.0,
                days: 92.0,
            }),
        breaks_in_days: None,
        noise: enough.then_some(plan.noise),
        silent_days: last_time
            .filter(|_| plan.state == State::NoData)
            .map(|time| report.duration_since(time).as_secs_f64() / 86_400.0),
        machines: vec!["AMD EPYC 7763 64-Core Processor".to_owned()],
        points,
        regimes,
        changes,
        excursions: Vec::new(),
        ledger,
    }
}

/// A regression of the second series of the project that was put right after five results.
pub fn excursion() -> ExcursionView {
    ExcursionView {
        first: 60,
        last: 64,
        begun: 60,
        back: 65,
        around: 231e6,
        level: 277.2e6,
        improved: false,
    }
}

pub fn feature(name: &str, owner: &str, journey: Option<&str>) -> FeatureView {
    FeatureView {
        capacity: Vec::new(),
        name: name.to_owned(),
        owner: owner.to_owned(),
        file: format!("budgets/{name}.toml"),
        journey: journey.map(str::to_owned),
    }
}

/// Five features, nine series: steps, creep, a machine change, silence, noise, learning, no budget.
pub fn project() -> ReportView {
    let commits = commits(200);
    let ms = |v: f64| v * 1e6;
    let base = Plan {
        benchmark: "search",
        metric: "latency.p95",
        steps: &[(0, ms(500.0)), (80, ms(571.0)), (192, ms(612.0))],
        noise: 0.006,
        runs: 3,
        until: 200,
        budget: Some(ms(600.0)),
        state: State::Broken,
        sentence: "612 ms is over the budget of 600 ms since 3 d: undo or speed up the change of 3 d ago, or accept it.",
        feature: Some(0),
        unit: Unit::Nanoseconds,
        seed: 1,
    };
    let mut all = vec![series(&base, &commits)];
    let mut soon = series(
        &Plan {
            benchmark: "checkout",
            steps: &[
                (0, ms(212.0)),
                (40, ms(231.0)),
                (95, ms(258.0)),
                (130, ms(301.0)),
                (160, ms(324.0)),
                (181, ms(371.0)),
            ],
            budget: Some(ms(400.0)),
            state: State::Soon,
            sentence: "371 ms of 400 ms are used; at the present rate the rest is gone in about 26 days.",
            feature: Some(1),
            seed: 2,
            ..base.clone()
        },
        &commits,
    );
    soon.breaks_in_days = Some((26.0, 17.0, 48.0));
    soon.changes[2].accepted = Some(AcceptedView {
        by: "Ada Okafor".to_owned(),
        reason:
            "Fraud checks need one more call; agreed with product until the new provider is live."
                .to_owned(),
        expires: "2027-03-31".to_owned(),
    });
    all.push(soon);
    let creep: Vec<(usize, f64)> = (0..8)
        .map(|i| (i * 25, ms(69.0 * 1.035f64.powi(i as i32))))
        .collect();
    let mut creeping = series(
        &Plan {
            benchmark: "login",
            metric: "latency.p50",
            steps: &creep,
            budget: Some(ms(150.0)),
            state: State::Creeping,
            sentence: "Seven changes of less than 5 % each added 27 % in 92 days; none of them was over its limit.",
            feature: Some(2),
            seed: 3,
            ..base.clone()
        },
        &commits,
    );
    creeping.breaks_in_days = Some((240.0, 180.0, 400.0));
    all.push(creeping);
    all.push(series(
        &Plan {
            benchmark: "export/csv",
            metric: "time",
            steps: &[(0, ms(1_700.0)), (60, ms(1_910.0))],
            until: 186,
            budget: Some(ms(2_500.0)),
            state: State::NoData,
            sentence: "The last value is 6 days old although the benchmark is expected: is its job failing?",
            feature: Some(3),
            seed: 4,
            ..base.clone()
        },
        &commits,
    ));
    all.push(series(
        &Plan {
            benchmark: "upload",
            metric: "time",
            steps: &[(0, ms(3_100.0))],
            noise: 0.24,
            budget: Some(ms(5_000.0)),
            state: State::Noisy,
            sentence: "Runs differ by ±24 %: changes under 0.9 s cannot be seen. More runs a commit help (`record --runs 9`).",
            feature: Some(3),
            seed: 5,
            ..base.clone()
        },
        &commits,
    ));
    let mut machine = series(
        &Plan {
            benchmark: "index build",
            metric: "time",
            steps: &[(0, 41_900.0), (70, 38_200.0), (120, 31_500.0)],
            noise: 0.004,
            budget: Some(45_000.0),
            state: State::Ok,
            sentence: "31.5 µs of 45.0 µs are used; steady since the machine changed.",
            feature: Some(4),
            seed: 6,
            ..base.clone()
        },
        &commits,
    );
    machine
        .machines
        .push("AMD EPYC 9V74 80-Core Processor".to_owned());
    machine
        .points
        .iter_mut()
        .skip(120)
        .for_each(|point| point.machine = 1);
    machine.changes[1].kind = ChangeKind::Machine {
        from: "AMD EPYC 7763".to_owned(),
        to: "AMD EPYC 9V74".to_owned(),
    };
    machine.ledger = Some(LedgerView {
        opening: 31_500.0,
        entries: Vec::new(),
        unattributed: 0.0,
        now: 31_500.0,
        headroom: Some(13_500.0),
    });
    machine.drift = None;
    all.push(machine);
    all.push(series(
        &Plan {
            benchmark: "suggest",
            metric: "latency.p95",
            steps: &[(197, ms(48.0))],
            budget: Some(ms(80.0)),
            state: State::Learning,
            sentence: "3 of 5 points: about 2 more commits until it is judged. 48.0 ms would be within 80.0 ms.",
            feature: Some(0),
            seed: 7,
            ..base.clone()
        },
        &commits,
    ));
    all.push(series(
        &Plan {
            benchmark: "transfer",
            metric: "alloc.bytes",
            steps: &[(20, 1.31e6), (100, 1.12e6)],
            noise: 0.0005,
            budget: None,
            state: State::Unbudgeted,
            sentence: "No limit selects this series.",
            feature: None,
            unit: Unit::Bytes,
            seed: 8,
            ..base.clone()
        },
        &commits,
    ));
    all.push(series(
        &Plan {
            benchmark: "cart",
            metric: "latency.p95",
            steps: &[(0, ms(88.0)), (150, ms(74.0))],
            budget: Some(ms(120.0)),
            state: State::Ok,
            sentence: "74.0 ms of 120 ms are used.",
            feature: Some(1),
            seed: 9,
            ..base.clone()
        },
        &commits,
    ));
    ReportView {
        project: "acme/shop".to_owned(),
        branch: "main".to_owned(),
        now: NOW.parse().unwrap(),
        commits,
        features: vec![
            feature(
                "search",
                "@search",
                Some("A customer types three letters and sees products."),
            ),
            feature(
                "checkout",
                "@payments",
                Some("A customer pays for a full cart."),
            ),
            feature("login", "@identity", None),
            feature("data", "@platform", None),
            feature("indexing", "@search", None),
        ],
        series: all,
        commit_url: Some("https://example.org/acme/shop/commit/".to_owned()),
        unmatched: Vec::new(),
        notes: vec!["2 dirty runs are kept out of history.".to_owned()],
    }
}

/// The project with hostile text in every text field.
pub fn hostile(text: &str) -> ReportView {
    let mut view = project();
    let put = |field: &mut String| *field = text.to_owned();
    put(&mut view.project);
    put(&mut view.branch);
    view.notes.iter_mut().for_each(put);
    view.unmatched = vec![text.to_owned()];
    view.commit_url = Some(text.to_owned());
    for commit in &mut view.commits {
        put(&mut commit.subject);
        put(&mut commit.author);
        commit.tags.iter_mut().for_each(put);
    }
    put(&mut view.commits[199].id);
    put(&mut view.commits[192].id);
    for feature in &mut view.features {
        put(&mut feature.name);
        put(&mut feature.owner);
        put(&mut feature.file);
        feature.journey = Some(text.to_owned());
    }
    for series in &mut view.series {
        put(&mut series.key.benchmark);
        put(&mut series.key.metric);
        put(&mut series.key.env);
        series.key.tags.insert(text.to_owned(), text.to_owned());
        series.limit = Some(text.to_owned());
        put(&mut series.sentence);
        series.machines.iter_mut().for_each(put);
        for change in &mut series.changes {
            if let ChangeKind::Machine { from, to } = &mut change.kind {
                put(from);
                put(to);
            }
            change.accepted = Some(AcceptedView {
                by: text.to_owned(),
                reason: text.to_owned(),
                expires: text.to_owned(),
            });
        }
    }
    view.series[7].unit = Unit::Other(text.to_owned());
    view
}
