//! How often the profile interval of the peak covers the truth, in six designs:
//! `cargo bench --bench capacity [-- DRAWS]`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program of its own that prints its table"
)]

mod designs;

use designs::{DESIGNS, covered};

fn main() {
    let draws = std::env::args()
        .filter_map(|text| text.parse().ok())
        .next()
        .unwrap_or(2_000);
    println!("Cover of the nominal 95 % interval of the peak, {draws} draws a design\n");
    println!("| design | loads | runs | noise | peak | covered | no upper end |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for design in &DESIGNS {
        let found = covered(design, draws, 1);
        println!(
            "| {} | {} | {} | {:.0} % | {:.0} | {:.1} % | {:.1} % |",
            design.name,
            design.loads.len(),
            design.runs,
            100.0 * design.noise,
            design.peak(),
            100.0 * found.profile,
            100.0 * found.open,
        );
    }
}
