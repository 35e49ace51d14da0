//! The profile interval of the peak covers what it says: a small part of `cargo bench --bench capacity`.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "the simulation of the benchmark"
)]

#[path = "../benches/capacity/designs.rs"]
mod designs;

#[test]
fn the_profile_interval_covers_the_peak_in_every_design() {
    for design in &designs::DESIGNS {
        let found = designs::covered(design, 60, 7);
        // 60 draws: 91 to 97 % less and more three standard errors.
        assert!(
            found.profile > 0.80,
            "{} at {:.0}: {}",
            design.name,
            design.peak(),
            found.profile
        );
    }
    let all: f64 = designs::DESIGNS
        .iter()
        .map(|design| designs::covered(design, 60, 8).profile)
        .sum::<f64>()
        / 6.0;
    assert!(all > 0.89 && all < 0.985, "{all}");
    let one = designs::covered(&designs::DESIGNS[0], 60, 7);
    assert!(one.open < 1.0 && one.wald < one.profile + 0.1);
}
