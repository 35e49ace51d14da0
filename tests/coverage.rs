//! The profile interval of the peak covers what it says: a small part of `cargo bench --bench capacity`,
//! and all of it with `PLIMSOLL_DEEP=1`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "the simulation of the benchmark; how deep is asked of the environment"
)]

#[path = "../benches/capacity/designs.rs"]
mod designs;

#[test]
fn the_profile_interval_covers_the_peak_in_every_design() {
    let deep = std::env::var_os("PLIMSOLL_DEEP").is_some();
    let (draws, low, high) = if deep {
        (2_000, 0.91, 0.975)
    } else {
        // Four standard errors of so few draws on either side.
        (100, 0.82, 1.01)
    };
    let mut sum = 0.0;
    for design in &designs::DESIGNS {
        let found = designs::covered(design, draws, 1);
        println!(
            "{} ({} loads × {}, noise {}), peak {:.0}: covered {:.4}, open {:.4}",
            design.name,
            design.loads.len(),
            design.runs,
            design.noise,
            design.peak(),
            found.profile,
            found.open,
        );
        assert!(
            found.profile > low && found.profile < high,
            "{}",
            design.name
        );
        assert!(found.open < 0.5, "{}", design.name);
        sum += found.profile / 6.0;
    }
    assert!(sum > 0.90 && sum < 0.985, "{sum}");
}
