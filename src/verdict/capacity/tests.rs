use super::*;
use crate::analysis::capacity::Step;
use crate::budget::parse;
use std::path::Path;

/// A sweep of the law with a little noise, three runs a step.
fn sweep(alpha: f64, beta: f64, up_to: u32, slow: f64) -> Capacity {
    let wobble = [0.004, -0.006, 0.003, -0.002, 0.006, -0.004, 0.001, -0.003];
    let steps = (0..up_to).map(|i| {
        let n = f64::from(1_u32 << i);
        let x = 100.0 * n / (1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0));
        let runs: Vec<f64> = (0..3)
            .map(|run| x * (1.0 + wobble[(i as usize + 3 * run) % 8]))
            .collect();
        Step {
            n,
            mean: runs.iter().map(|x| n / x * 1e9).collect(),
            tail: vec![(10.0 + slow * n) * 1e6; 3],
            error_rate: vec![0.0; 3],
            throughput: runs,
            ..Step::default()
        }
    });
    let sweep = Sweep {
        benchmark: "api".into(),
        axis: "connections".into(),
        tail: "latency.p95".into(),
        throughput: "rate".into(),
        steps: steps.collect(),
        ..Sweep::default()
    };
    let asked = Question {
        at_latency: Some(100e6),
        ..Question::default()
    };
    Capacity::new(sweep, asked)
}

struct Asked {
    milestone: Milestone,
    demand: Option<Demand>,
    unit: Option<ScaleUnit>,
}

fn asked(rest: &str) -> Asked {
    let text = format!(
        "schema = 1\n[feature]\nname = \"api\"\nowner = \"@a\"\n[[limit]]\nid = \"day\"\nselect = {{ benchmark = \"api\" }}\ncapacity = {{ at_latency = \"100ms\" }}\n{rest}"
    );
    let today = jiff::civil::date(2026, 11, 21);
    let (budget, findings) = parse(Path::new("api.toml"), &text, today);
    let budget = budget.unwrap_or_else(|| panic!("{findings:?}"));
    Asked {
        milestone: budget.milestones[0].clone(),
        demand: budget.demand,
        unit: budget.limits[0].scale_unit.clone(),
    }
}

fn judged(of: &Capacity, rest: &str) -> MilestoneFound {
    let asked = asked(rest);
    judge_milestone(
        of,
        &asked.milestone,
        asked.demand.as_ref(),
        asked.unit.as_ref(),
    )
}

fn rate(demand: &str) -> String {
    format!(
        "[[milestone]]\nlimit = \"day\"\nname = \"launch\"\ndate = 2027-06-01\ndemand = \"{demand}\"\n"
    )
}

#[test]
fn a_demand_is_within_over_or_between() {
    // The tail reaches 100 ms at N = 90, between 64 and 128; the peak is at 70.
    let of = sweep(0.02, 0.0002, 8, 1.0);
    let a = of.available.unwrap();
    assert!(a.low < a.value && a.value < a.high.unwrap());
    let verdict = |demand: f64| judged(&of, &rate(&format!("{demand} req/s")));
    assert_eq!(verdict(a.low * 0.99).verdict, Verdict::Within);
    assert_eq!(verdict(a.high.unwrap() * 1.01).verdict, Verdict::Over);
    let between = verdict(a.value);
    assert_eq!(
        (between.verdict, between.reason),
        (Verdict::Unproven, Some(Reason::BothSides))
    );
    let (room, low, high) = between.headroom().unwrap();
    assert!(room.abs() < 1e-9 && low < 0.0 && high.unwrap() > 0.0);
}

#[test]
fn what_was_not_tested_is_never_within_and_never_over() {
    let of = sweep(0.02, 0.0002, 6, 1.0);
    let found = judged(&of, &rate("1e9 req/s"));
    assert_eq!(
        (found.verdict, found.reason),
        (Verdict::Unproven, Some(Reason::NotTested))
    );
    assert!(found.test_up_to.unwrap() > 32.0 && found.high.is_none());
    assert_eq!(judged(&of, &rate("100 req/s")).verdict, Verdict::Within);
}

#[test]
fn a_sweep_that_cannot_be_relied_on_passes_and_fails_nothing() {
    let few = sweep(0.02, 0.0002, 5, 1.0);
    for demand in ["1 req/s", "1e9 req/s"] {
        let found = judged(&few, &rate(demand));
        assert_eq!(
            (found.verdict, found.reason),
            (Verdict::Unproven, Some(Reason::Unsound))
        );
    }
    let none = sweep(0.02, 0.0002, 2, 1.0);
    let found = judged(&none, &rate("1 req/s"));
    assert_eq!(found.verdict, Verdict::Unproven);
    assert!(found.capacity.is_none() && found.headroom().is_none());
}

#[test]
fn units_are_an_assumption_until_half_of_them_were_tested() {
    let of = sweep(0.02, 0.0002, 8, 1.0);
    let one = of.available.unwrap();
    let unit = |tested: u32| {
        format!(
            "scale_unit = {{ name = \"pod\", planned = 24, tested = {tested}, efficiency = 0.5 }}\n{}",
            rate("8000 req/s")
        )
    };
    let found = judged(&of, &unit(1));
    assert_eq!(
        (found.verdict, found.reason),
        (Verdict::Unproven, Some(Reason::ScaleAssumed))
    );
    // One, and 23 more that each add half.
    assert!((found.capacity.unwrap() / one.value - 12.5).abs() < 1e-9);
    let units = found.units.unwrap();
    let expected = (1.0 + (8000.0 - one.value) / (one.value * 0.5)).ceil();
    assert!((units.needed - expected).abs() < 1e-9, "{units:?}");
    assert!(units.least.unwrap() <= units.needed && units.needed <= units.most.unwrap());
    // What one carries needs no assumption about the others.
    let needs = |demand: f64| judged(&of, &unit(1).replace("8000", &demand.to_string()));
    assert_eq!(needs(0.99 * one.low).verdict, Verdict::Within);
    assert_eq!(needs(1.01 * one.low).reason, Some(Reason::ScaleAssumed));
    // Twelve of 24 were tested together: 8,000 are more than what all carry.
    let found = judged(&of, &unit(12));
    assert_eq!(found.verdict, Verdict::Over);
    let found = judged(&of, &unit(12).replace("8000", "2000"));
    assert_eq!(found.verdict, Verdict::Within);
    // Not even if every unit adds all of its own.
    let found = judged(&of, &unit(1).replace("8000", "90000"));
    assert_eq!(found.verdict, Verdict::Over);
}

#[test]
fn growth_runs_out_on_a_day() {
    let of = sweep(0.02, 0.0002, 8, 1.0);
    let value = of.available.unwrap().value;
    // Half of what is carried, and a tenth more a month: 7.27 months.
    let rest = format!(
        "[[milestone]]\nlimit = \"day\"\nname = \"launch\"\ndate = 2027-06-01\n[demand]\ncurrent = \"{} req/s\"\nmeasured = 2026-11-01\ngrowth = \"10%/month\"\n",
        value / 2.0
    );
    let found = judged(&of, &rest);
    let (day, low, high) = found.runs_out.unwrap();
    assert_eq!(day.to_string(), "2027-06-10");
    assert!(low.unwrap() <= day && day <= high.unwrap());
    // Without a demand of its own a milestone asks for what has grown until its day.
    let months = 212.0 / crate::budget::DAYS_A_MONTH;
    assert!((found.demand / (value / 2.0 * 1.1_f64.powf(months)) - 1.0).abs() < 1e-9);
    // A multiple counts from the present demand.
    let found = judged(
        &of,
        &rest.replace(
            "2027-06-01\n",
            "2027-06-01\ndemand = \"3x\"\nsafety = 1.5\n",
        ),
    );
    assert!((found.needed / (1.5 * 1.5 * value) - 1.0).abs() < 1e-9);
    assert_eq!(found.verdict, Verdict::Over);
}

#[test]
fn before_its_day_a_milestone_warns() {
    let of = sweep(0.02, 0.0002, 8, 1.0);
    let found = judged(
        &of,
        &rate("9000 req/s").replace("2027-06-01", "2027-06-01\nfail_from = 2027-03-01"),
    );
    assert!(!found.fails(jiff::civil::date(2027, 2, 28)));
    assert!(found.fails(jiff::civil::date(2027, 3, 1)));
}

#[test]
fn more_contention_is_found_and_the_same_is_not() {
    let base = sweep(0.021, 0.0001, 8, 1.0);
    let worse = sweep(0.034, 0.0001, 8, 1.0);
    let (found, added) = judge_added(&worse, &base, Coefficient::Contention, 0.005, "base");
    let added = added.unwrap();
    assert_eq!(found.verdict, Verdict::Over, "{added:?}");
    assert!((added.before - 0.021).abs() < 0.002 && (added.after - 0.034).abs() < 0.002);
    let (found, _) = judge_added(&base, &base, Coefficient::Contention, 0.01, "base");
    assert_eq!(found.verdict, Verdict::Within);
    let (found, _) = judge_added(&base, &worse, Coefficient::Contention, 0.005, "base");
    assert!(found.improved && found.verdict == Verdict::Within);
    let few = sweep(0.021, 0.0001, 3, 1.0);
    let (found, added) = judge_added(&few, &base, Coefficient::Coherency, 0.01, "base");
    assert!(found.verdict == Verdict::Unproven && added.is_none());
}

#[test]
fn the_least_that_must_be_carried() {
    let of = sweep(0.02, 0.0002, 8, 1.0);
    let a = of.available.unwrap();
    assert_eq!(judge_least(&of, Some(a.low)).verdict, Verdict::Within);
    assert_eq!(judge_least(&of, Some(a.value)).verdict, Verdict::Unproven);
    assert_eq!(judge_least(&of, Some(2.0 * a.value)).verdict, Verdict::Over);
    assert_eq!(judge_least(&of, None).verdict, Verdict::Within);
    let broken = sweep(0.02, 0.0002, 8, 1000.0);
    assert_eq!(judge_least(&broken, None).verdict, Verdict::Over);
}
