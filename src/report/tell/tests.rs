use super::*;
use crate::budget::{Consequence, Kind};
use crate::model::Unit;
use crate::verdict::Judgement;
use std::collections::BTreeSet;

/// The verdict that a reason belongs to, and a word of what to do about it. No reason is forgotten:
/// a new one does not compile here.
fn expected(reason: Reason) -> (Verdict, &'static str) {
    match reason {
        Reason::Learning => (Verdict::Unproven, "more commits"),
        Reason::Suspect => (Verdict::Unproven, "more runs decide"),
        Reason::BothSides => (Verdict::Unproven, "of this commit decide"),
        Reason::TooFewRuns => (Verdict::Unproven, "--runs"),
        Reason::TooFewSamples => (Verdict::Unproven, "lengthen the benchmark"),
        Reason::OrderUnknown => (Verdict::Unproven, "fetch-depth: 0"),
        Reason::NotDeterministic => (Verdict::Unproven, "remove deterministic = true"),
        Reason::NoRelativeSize => (Verdict::Unproven, "limit it with max"),
        Reason::Warned => (Verdict::Within, "the next change"),
        Reason::NotMeasured => (Verdict::Missing, "record it"),
        Reason::BenchmarkFailed => (Verdict::Missing, "record again"),
        Reason::MatchesNothing => (Verdict::Missing, "see the finding"),
        Reason::Misfit => (Verdict::Missing, "see the finding"),
        Reason::Unattainable => (Verdict::Unproven, "more runs a side"),
        Reason::AnchorNotMeasured => (Verdict::Unproven, "record --commit"),
        Reason::MachineChanged => (Verdict::Unproven, "record --commit"),
        Reason::GuardMissing => (Verdict::Missing, "record it, too"),
        Reason::GuardBroken => (Verdict::Unproven, "mend that first"),
        Reason::UnfitRunner => (Verdict::Unproven, "plimsoll doctor"),
        Reason::NotTested => (Verdict::Unproven, "test higher load"),
        Reason::Unsound => (Verdict::Unproven, "plimsoll capacity"),
        Reason::ScaleAssumed => (Verdict::Unproven, "scale_unit"),
    }
}

fn verdict(verdict: Verdict, reason: Reason) -> LimitVerdict {
    let mut judgement = Judgement::bare(verdict, reason);
    judgement.points = (2, 5);
    judgement.runs_needed = Some(2);
    LimitVerdict {
        feature: "f".to_owned(),
        limit: "l".to_owned(),
        rule: Some(Rule::Regress),
        owner: "@o".to_owned(),
        kind: Kind::Symptom,
        on_unproven: Consequence::Warn,
        on_missing: Consequence::Fail,
        series: None,
        unit: Unit::Nanoseconds,
        direction: Direction::Lower,
        judgement,
        p_adjusted: None,
        value: Some(1.0),
        runs: 1,
        pairs: None,
        limit_value: None,
        allowed: None,
        used: None,
        new_machine: false,
        suspects: Vec::new(),
        introduced_by: None,
        introduced_subject: None,
        accepted: None,
        members: Vec::new(),
        against: None,
        before: None,
        interval: None,
        slice: None,
        exhausted: None,
        trend: Vec::new(),
        causes: Vec::new(),
        capacity: None,
    }
}

#[test]
fn every_reason_has_words_a_stable_name_and_a_next_step() {
    let mut names = BTreeSet::new();
    let mut sentences = BTreeSet::new();
    for reason in Reason::ALL {
        let (word, next) = expected(reason);
        let said = sentence(&verdict(word, reason));
        assert!(said.contains(next), "{reason:?}: {said}");
        assert!(
            !said.ends_with(':') && said.len() > 20,
            "{reason:?}: {said}"
        );
        let name = reason.as_str();
        let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(name.chars().all(kebab), "{name}");
        assert!(names.insert(name), "{name} stands for two reasons");
        if reason != Reason::Misfit {
            assert!(sentences.insert(said.clone()), "two reasons say: {said}");
        }
    }
}

#[test]
fn all_reasons_are_listed() {
    // Reasons are ordered as they are declared; the list holds each once, the last one included.
    assert!(
        Reason::ALL
            .windows(2)
            .all(|two| (two[0] as u8) + 1 == two[1] as u8)
    );
    assert_eq!(Reason::ALL[0] as u8, 0);
    assert_eq!(Reason::ALL.last(), Some(&Reason::ScaleAssumed));
}

#[test]
fn side_by_side_every_reason_has_words_too() {
    for reason in Reason::ALL {
        let (word, _) = expected(reason);
        let mut paired = verdict(word, reason);
        paired.pairs = Some(12);
        let said = sentence(&paired);
        assert!(said.len() > 20, "{reason:?}: {said}");
    }
}

#[test]
fn a_creep_that_cannot_be_judged_says_which_of_two_reasons() {
    let mut creep = verdict(Verdict::Unproven, Reason::Unattainable);
    creep.rule = Some(Rule::Creep);
    creep.judgement.points = (8, 20);
    assert!(sentence(&creep).contains("8 commits were measured inside the window, 20 are needed"));
    creep.judgement.points = (48, 20);
    let said = sentence(&creep);
    assert!(
        said.contains("steps cut the 48 commits") && !said.contains("20"),
        "{said}"
    );
}

#[test]
fn an_exact_change_has_no_interval() {
    let mut exact = verdict(Verdict::Over, Reason::Learning);
    exact.judgement.effect = Some((0.2, 0.2, 0.2));
    assert_eq!(effect(&exact), "+20.0 %");
}
