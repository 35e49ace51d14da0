//! The comment and its check run against a GitHub that remembers and fails.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod github_support;

use github_support::jobs::{HEAD, Job, NEXT, check, context};
use github_support::{BOT, Fake, Fault, Wire};
use plimsoll::github::comment::{When, Written};
use plimsoll::github::marker::Marker;
use plimsoll::github::publish::FailOn;
use plimsoll::report::document::{CheckDocument, Part};
use proptest::prelude::*;

#[test]
fn the_ordinary_case_needs_few_requests() {
    let fake = Fake::new(HEAD);
    let first = Job::new(1, HEAD, "over").run(&fake);
    assert!(
        matches!(first.comment, Some(Written::Created(_))),
        "{first:?}"
    );
    assert_eq!(first.exit, 1);
    assert!(first.requests <= 8, "{:#?}", fake.requests());
    let texts = fake.texts(BOT);
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("@acme/pay: `checkout · bench of run 1 time` is newly over"));
    let before = fake.requests().len();
    fake.set_head(NEXT);
    let second = Job::new(2, NEXT, "over").run(&fake);
    assert!(
        matches!(second.comment, Some(Written::Updated(_))),
        "{second:?}"
    );
    assert!(second.requests <= 8, "{:#?}", &fake.requests()[before..]);
    println!(
        "create {} requests, update {}",
        first.requests, second.requests
    );
    let check = fake
        .0
        .lock()
        .unwrap()
        .checks
        .values()
        .last()
        .unwrap()
        .clone();
    assert_eq!(check["conclusion"], "failure");
    assert_eq!(check["head_sha"], NEXT);
}

#[test]
fn quiet_until_there_is_something_to_tell_then_kept_up_to_date() {
    let fake = Fake::new(HEAD);
    let quiet = Job::new(1, HEAD, "within").run(&fake);
    assert_eq!(quiet.comment, Some(Written::Quiet));
    assert!(fake.texts(BOT).is_empty());
    Job::new(2, HEAD, "over").run(&fake);
    let fixed = Job::new(3, HEAD, "within").run(&fake);
    assert!(matches!(fixed.comment, Some(Written::Updated(_))));
    assert!(
        fake.texts(BOT)[0].contains("resolved in `aaaaaaa`"),
        "{}",
        fake.texts(BOT)[0]
    );
    let always = Job {
        when: When::Always,
        ..Job::new(1, HEAD, "within")
    };
    let other = Fake::new(HEAD);
    assert!(matches!(
        always.run(&other).comment,
        Some(Written::Created(_))
    ));
    let never = Job {
        when: When::Never,
        ..Job::new(4, HEAD, "over")
    };
    assert_eq!(never.run(&other).comment, None);
}

#[test]
fn an_owner_is_mentioned_once_until_it_was_mended_in_between() {
    let fake = Fake::new(HEAD);
    let live = |fake: &Fake| fake.texts(BOT)[0].contains("@acme/pay: ");
    let job = |run: u64, verdict: &str| Job {
        parts: vec![check(verdict, "b")],
        ..Job::new(run, HEAD, verdict)
    };
    job(1, "over").run(&fake);
    assert!(live(&fake));
    job(2, "over").run(&fake);
    assert!(!live(&fake));
    job(3, "within").run(&fake);
    job(4, "over").run(&fake);
    assert!(live(&fake), "newly over again");
}

#[test]
fn however_much_is_over_comment_and_check_run_are_taken_by_github() {
    for (rows, owners) in [(480, 1), (1_200, 1), (5_000, 1), (5_000, 5_000)] {
        let limits: Vec<serde_json::Value> = (0..rows)
            .map(|i| {
                let name = format!("{i:05} {}", "n".repeat(46));
                serde_json::json!({
                    "feature": "checkout", "limit": "p95", "rule": "max",
                    "owner": format!("@acme/team-{}", i % owners), "verdict": "over", "why": "because",
                    "series": { "benchmark": name, "metric": "time" }, "value": 1.0, "unit": "ns"
                })
            })
            .collect();
        let json = serde_json::json!({
            "schema": "plimsoll.check/1", "exit": 1, "verdict": "over", "commit": HEAD,
            "census": { "expected": rows, "judged": rows }, "limits": limits
        });
        let part = Part {
            name: "check.json".to_owned(),
            check: Ok(CheckDocument::parse(&json.to_string()).unwrap()),
        };
        let fake = Fake::new(HEAD);
        let job = Job {
            parts: vec![part],
            ..Job::new(1, HEAD, "over")
        };
        let done = job.run(&fake);
        assert!(done.notes.is_empty(), "{rows}: {:?}", done.notes);
        let comment = fake.texts(BOT)[0].clone();
        assert!(comment.encode_utf16().count() <= 65_536, "{rows}");
        let cut = comment.contains("more rows like these do not fit here");
        assert!(cut || rows < 1_200, "{rows}");
        let checks = fake.0.lock().unwrap().checks.clone();
        let summary = checks.values().last().unwrap()["output"]["summary"].clone();
        assert!(summary.as_str().unwrap().len() <= 65_535, "{rows}");
    }
}

#[test]
fn a_comment_is_ours_by_author_and_marker_only() {
    let fake = Fake::new(HEAD);
    Job::new(1, HEAD, "over").run(&fake);
    let own = fake.texts(BOT)[0].clone();
    let other = Fake::new(HEAD);
    other.comment("mallory", &own);
    other.comment(BOT, "<!-- another tool --> text");
    other.comment(BOT, &own.replacen("key=default", "key=arm", 1));
    Job::new(2, HEAD, "over").run(&other);
    assert_eq!(other.texts("mallory"), [own]);
    assert_eq!(other.texts(BOT).len(), 3);
}

#[test]
fn a_newer_comment_is_never_overwritten_by_an_older_run() {
    let fake = Fake::new(HEAD);
    Job::new(9, HEAD, "over").run(&fake);
    let before = fake.texts(BOT);
    let late = Job::new(8, HEAD, "within").run(&fake);
    assert!(matches!(late.comment, Some(Written::Newer(_))));
    assert_eq!(fake.texts(BOT), before);
}

#[test]
fn the_same_delivery_twice_writes_once_and_pages_are_read_to_the_end() {
    let fake = Fake::new(HEAD);
    fake.0.lock().unwrap().page = 3;
    for i in 0..10 {
        fake.comment("ann", &format!("remark {i}"));
    }
    let quiet = |run| Job {
        when: When::Always,
        ..Job::new(run, HEAD, "within")
    };
    quiet(1).run(&fake);
    let again = quiet(1).run(&fake);
    assert!(
        matches!(again.comment, Some(Written::Equal(_))),
        "{again:?}"
    );
    assert_eq!(fake.texts(BOT).len(), 1);
}

#[test]
fn duplicates_are_folded_into_the_oldest_with_the_newest_text() {
    let fake = Fake::new(HEAD);
    Job::new(5, HEAD, "over").run(&fake);
    let five = fake.texts(BOT)[0].clone();
    let four = five.replace("run=5.1", "run=4.1");
    let other = Fake::new(HEAD);
    let oldest = other.comment(BOT, &four);
    other.comment(BOT, &five);
    other.comment(BOT, &four);
    Job::new(3, HEAD, "within").run(&other);
    assert_eq!(other.texts(BOT), [five]);
    assert!(other.0.lock().unwrap().comments.contains_key(&oldest));
}

#[test]
fn what_a_channel_may_not_do_is_named_and_the_next_one_speaks() {
    for (forbidden, permissions) in [
        (vec!["comments"], vec!["pull-requests: write"]),
        (vec!["checks"], vec!["checks: write"]),
        (
            vec!["comments", "checks", "statuses"],
            vec!["pull-requests: write", "checks: write", "statuses: write"],
        ),
    ] {
        let fake = Fake::new(HEAD);
        fake.0.lock().unwrap().forbidden.clone_from(&forbidden);
        let done = Job::new(1, HEAD, "over").run(&fake);
        assert_eq!(done.exit, 1, "the verdict's code, whatever happens");
        for permission in permissions {
            assert!(
                done.notes.iter().any(|note| note.contains(permission)),
                "{:?}",
                done.notes
            );
        }
        assert!(done.summary.contains("1 of 1 exceeded"));
        assert!(
            done.summary.contains("the token lacks"),
            "the summary says it, too"
        );
        let statuses = fake.0.lock().unwrap().statuses.len();
        assert_eq!(statuses, usize::from(forbidden == ["checks"]));
    }
}

#[test]
fn a_fork_is_not_written_to_and_told_why() {
    for repository in [Some(2), None] {
        let fake = Fake::new(HEAD);
        let job = Job {
            context: context(1, HEAD, repository),
            ..Job::new(1, HEAD, "over")
        };
        let done = job.run(&fake);
        assert!(fake.texts(BOT).is_empty() && done.exit == 1);
        assert!(
            done.notes.iter().any(|note| note.contains("workflow_run")),
            "{:?}",
            done.notes
        );
    }
}

#[test]
fn the_check_run_that_was_opened_is_the_one_that_is_completed() {
    let fake = Fake::new(HEAD);
    let mut job = Job::new(1, HEAD, "over");
    job.open(&fake);
    {
        let state = fake.0.lock().unwrap();
        assert_eq!(state.checks[&job.opened.unwrap()]["status"], "in_progress");
    }
    job.run(&fake);
    let state = fake.0.lock().unwrap();
    assert_eq!(state.checks.len(), 1);
    let check = &state.checks[&job.opened.unwrap()];
    assert_eq!(check["status"], "completed");
    assert_eq!(check["conclusion"], "failure");
    assert_eq!(check["head_sha"], HEAD);
}

#[test]
fn exit_codes_follow_fail_on() {
    let exit = |fail_on: FailOn, verdict: &str| {
        fail_on.exit(&plimsoll::report::document::Tally::of(&[check(
            verdict, "b",
        )]))
    };
    let table = [
        (
            FailOn::Over,
            ["over", "unproven", "missing", "within"],
            [1, 0, 2, 0],
        ),
        (
            FailOn::Unproven,
            ["over", "unproven", "missing", "within"],
            [1, 1, 2, 0],
        ),
        (
            FailOn::Never,
            ["over", "unproven", "missing", "within"],
            [0, 0, 2, 0],
        ),
    ];
    for (fail_on, verdicts, exits) in table {
        assert_eq!(
            verdicts.map(|verdict| exit(fail_on, verdict)),
            exits,
            "{fail_on:?}"
        );
    }
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::None),
        1 => proptest::sample::select(&[
            Fault::BadGateway, Fault::BadGatewayAfterWrite, Fault::SecondaryLimit, Fault::TooMany,
            Fault::NoConnection, Fault::DroppedBefore, Fault::DroppedAfter, Fault::Slow,
        ][..]),
    ]
}

/// The run whose text stands, if exactly one comment of ours stands.
fn standing(fake: &Fake) -> Result<u64, String> {
    let texts = fake.texts(BOT);
    match texts.as_slice() {
        [one] => Ok(Marker::parse(one).unwrap().run.number),
        other => Err(format!("{} comments stand", other.len())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(8), ..ProptestConfig::default() })]

    /// Jobs one after the other, each with its faults, each perhaps delivered twice.
    #[test]
    fn whatever_the_faults_one_comment_stands_with_the_last_verdict(
        jobs in proptest::collection::vec(
            (proptest::sample::select(&["over", "within", "missing", "unproven"][..]),
             proptest::collection::vec(fault(), 0..14), any::<bool>()),
            1..5),
    ) {
        let fake = Fake::new(HEAD);
        let last = jobs.len() as u64;
        for (run, (verdict, faults, twice)) in (1..).zip(&jobs) {
            let job = Job { when: When::Always, ..Job::new(run, HEAD, verdict) };
            for _ in 0..=usize::from(*twice) {
                fake.fault(faults);
                let done = job.run(&fake);
                let expected = match *verdict { "over" => 1, "missing" => 2, _ => 0 };
                prop_assert_eq!(done.exit, expected, "the exit code is the verdict's");
            }
        }
        fake.fault(&[]);
        let text = &fake.texts(BOT)[0];
        prop_assert_eq!(standing(&fake), Ok(last), "{}", text);
        let bench = format!("bench of run {last}");
        prop_assert!(text.contains(&bench));
    }

    /// Two jobs at once: the second runs as a whole between any two requests of the first, or the
    /// other way round; old and new in either order, with and without a comment before.
    #[test]
    fn two_jobs_at_once_leave_one_comment_with_the_newer_verdict(
        at in 0usize..12, first_is_newer in any::<bool>(), before in any::<bool>(), same_head in any::<bool>(),
    ) {
        let fake = Fake::new(HEAD);
        if before {
            Job::new(1, HEAD, "over").run(&fake);
        }
        let (a, b) = if first_is_newer { (3, 2) } else { (2, 3) };
        let head = |run: u64| if run == 3 && !same_head { NEXT } else { HEAD };
        if !same_head {
            fake.set_head(NEXT);
        }
        let job = |run: u64| Job { when: When::Always, ..Job::new(run, head(run), "over") };
        let (inner, other) = (fake.clone(), job(b));
        let ran = std::rc::Rc::new(std::cell::Cell::new(false));
        let mark = ran.clone();
        let wire = Wire {
            before: Some(Box::new(move |count| {
                if count == at {
                    mark.set(true);
                    other.run(&inner);
                }
            })),
            ..Wire::new(&fake)
        };
        job(a).over(&wire);
        prop_assume!(ran.get());
        prop_assert_eq!(standing(&fake), Ok(3));
    }
}

/// The same over real connections: what octocrab makes of a server that fails.
#[test]
fn over_http_a_broken_connection_leaves_one_comment() {
    use plimsoll::github::client::{Octocrab, Timeouts, Token};
    use std::time::Duration;
    let faults = [
        Fault::BadGateway,
        Fault::BadGatewayAfterWrite,
        Fault::SecondaryLimit,
        Fault::TooMany,
        Fault::DroppedBefore,
        Fault::DroppedAfter,
        Fault::Slow,
    ];
    for fault in faults {
        // The fault strikes the comment's own POST, and then the PATCH of the next run.
        for (run, at) in [(1, 2), (2, 2)] {
            let fake = Fake::new(HEAD);
            if run == 2 {
                Job::new(1, HEAD, "over").run(&fake);
            }
            let server = github_support::server::Server::start(&fake);
            let timeouts = Timeouts {
                connect: Duration::from_secs(5),
                request: if fault == Fault::Slow {
                    Duration::from_millis(300)
                } else {
                    Duration::from_secs(20)
                },
            };
            let token = Token::new("ghs_test").unwrap();
            let wire = Octocrab::new(&server.url, &token, timeouts).unwrap();
            let mut plan = vec![Fault::None; at];
            plan.push(fault);
            fake.fault(&plan);
            let done = Job::new(run, HEAD, "over").through(&wire);
            assert_eq!(done.exit, 1);
            assert!(done.notes.is_empty(), "{fault:?}: {:?}", done.notes);
            assert_eq!(standing(&fake), Ok(run), "{fault:?}");
        }
    }
}

#[test]
fn a_wrong_token_is_named_and_changes_no_verdict() {
    use plimsoll::github::client::{Octocrab, Timeouts, Token};
    let fake = Fake::new(HEAD);
    let server = github_support::server::Server::start(&fake);
    let token = Token::new("ghs_other").unwrap();
    let wire = Octocrab::new(&server.url, &token, Timeouts::default()).unwrap();
    let done = Job::new(1, HEAD, "over").through(&wire);
    assert_eq!(done.exit, 1);
    assert!(
        done.notes
            .iter()
            .any(|note| note.contains("Bad credentials")),
        "{:?}",
        done.notes
    );
}
