use super::super::parse;
use crate::budget::{Budget, Wanted};
use std::path::Path;

const HEAD: &str = "schema = 1\n[feature]\nname = \"api\"\nowner = \"@a\"\n";
const LIMIT: &str = "[[limit]]\nid = \"day\"\nselect = { benchmark = \"api\", x = \"connections\", y = \"rate\", latency = \"p95\" }\ncapacity = { model = \"usl\", at_latency = \"300ms\", confidence = 0.95, regress = { contention = \"+1%\" }, drift = { vs = \"tag:v2\", coherency = \"+0.01%\" } }\nscale_unit = { name = \"pod\", planned = 24, efficiency = 0.85 }\n";
const DAY: &str = "[[milestone]]\nlimit = \"day\"\nname = \"Black Friday\"\ndate = 2027-11-01\ndemand = \"3x\"\nsafety = 1.3\nfail_from = 2027-06-01\n[demand]\ncurrent = \"1400 req/s\"\nmeasured = 2026-11-15\ngrowth = \"4%/month\"\n";

fn read(text: &str) -> (Option<Budget>, Vec<(&'static str, usize)>) {
    let today = jiff::civil::date(2026, 11, 21);
    let (budget, found) = parse(Path::new("api.toml"), text, today);
    let line = |f: &crate::diag::Diagnostic| f.source.as_ref().map_or(0, |at| at.line);
    (budget, found.iter().map(|f| (f.code, line(f))).collect())
}

#[test]
fn the_design_s_example_is_read() {
    let (budget, found) = read(&format!("{HEAD}{LIMIT}{DAY}"));
    let budget = budget.unwrap_or_else(|| panic!("{found:?}"));
    let limit = &budget.limits[0];
    let rule = limit.capacity.as_ref().unwrap();
    assert_eq!(rule.at_latency, Some(300e6));
    assert_eq!(rule.x.as_deref(), Some("connections"));
    assert_eq!(limit.anchors().count(), 1);
    assert_eq!(
        limit.scale_unit.as_ref().unwrap().planned.to_bits(),
        24.0_f64.to_bits()
    );
    let milestone = &budget.milestones[0];
    assert_eq!(milestone.demand, Wanted::Times(3.0));
    let demand = budget.demand.unwrap();
    let grown = demand.on(jiff::civil::date(2027, 11, 15));
    // Twelve months of 4 %.
    assert!((grown / (1400.0 * 1.04_f64.powi(12)) - 1.0).abs() < 1e-3);
}

#[test]
fn all_faults_are_found_at_once_at_their_places() {
    let text = format!(
        "{HEAD}[[limit]]\nid = \"day\"\nselect = {{ benchmark = \"api\", metric = \"rate\" }}\nmax = \"3 req/s\"\ncapacity = {{ model = \"amdahl\", at_latency = \"300\", confidence = 95, colour = 1, regress = {{}} }}\nscale_unit = {{ name = \"pod\", planned = 0, efficiency = 1.5 }}\n[[limit]]\nid = \"other\"\nselect = {{ benchmark = \"b\", x = \"users\" }}\nmax = \"1ms\"\nscale_unit = {{ name = \"pod\", planned = 2 }}\n[[milestone]]\nlimit = \"other\"\nname = \"a\"\ndate = 2027-01-01\ndemand = \"many\"\nfail_from = 2027-02-01\nsafety = 0.5\n[demand]\ncurrent = \"1400\"\nmeasured = 2027-11-15\ngrowth = \"4%\"\n"
    );
    let (budget, found) = read(&text);
    assert!(budget.is_none());
    for expected in [
        ("capacity-alone", 7),
        ("capacity-alone", 8),
        ("unknown-word", 9),
        ("unit-misfit", 9),
        ("out-of-range", 9),
        ("unknown-key", 9),
        ("no-rule", 9),
        ("out-of-range", 10),
        ("capacity-missing", 13),
        ("capacity-missing", 15),
        ("unknown-limit", 17),
        ("bad-demand", 20),
        ("fail-after-date", 21),
        ("out-of-range", 22),
        ("unit-misfit", 24),
        ("date-in-future", 25),
        ("bad-growth", 26),
    ] {
        assert!(
            found.contains(&expected),
            "{expected:?} is not in {found:?}"
        );
    }
}

#[test]
fn a_milestone_needs_a_demand_and_a_future() {
    let without = DAY.split("[demand]").next().unwrap();
    let (budget, found) = read(&format!("{HEAD}{LIMIT}{without}"));
    assert!(
        budget.is_none() && found.iter().any(|f| f.0 == "demand-missing"),
        "{found:?}"
    );
    let past = DAY
        .replace("2027-11-01", "2026-01-01")
        .replace("fail_from = 2027-06-01\n", "");
    let (budget, found) = read(&format!("{HEAD}{LIMIT}{past}"));
    assert!(
        budget.is_some() && found.iter().any(|f| f.0 == "milestone-past"),
        "{found:?}"
    );
    let day = DAY.split("[demand]").next().unwrap();
    let (_, found) = read(&format!("{HEAD}{LIMIT}{day}{DAY}"));
    assert!(
        found.iter().any(|f| f.0 == "duplicate-milestone"),
        "{found:?}"
    );
    let (_, found) = read(&format!("{HEAD}{LIMIT}{}", DAY.replace("3x", "1e308x")));
    assert!(found.iter().any(|f| f.0 == "out-of-range"), "{found:?}");
    let bare = "[[limit]]\nid = \"day\"\nselect = { benchmark = \"api\" }\ncapacity = { at_latency = \"1s\" }\n";
    let (_, found) = read(&format!("{HEAD}{bare}"));
    assert!(found.contains(&("asks-for-nothing", 5)), "{found:?}");
    assert!(read(&format!("{HEAD}{bare}{DAY}")).0.is_some());
    let rate = without.replace("3x", "4200 req/s");
    assert!(read(&format!("{HEAD}{LIMIT}{rate}")).0.is_some());
}
