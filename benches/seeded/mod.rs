//! Seeded runs: every series has noise of 1 %, and one in fifty a step of 8 %.

use plimsoll::model::{
    CommitId, Direction, Environment, Measurement, Run, Samples, Source, Spread, Tags, Unit,
};

/// One budget that selects every series.
pub(crate) const BUDGET: &str = "schema = 1\n[feature]\nname = \"all\"\nowner = \"@seed\"\n[[limit]]\nid = \"change\"\nselect = { benchmark = \"*\", metric = \"time\" }\nregress = { limit = \"+5%\" }\n";

/// A well mixed number between −1 and 1 for a place (SplitMix64).
fn noise(series: usize, commit: usize, sample: usize) -> f64 {
    let mut z = ((series as u64) << 40) ^ ((commit as u64) << 16) ^ sample as u64;
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// The run of one commit.
pub(crate) fn run(commit: CommitId, at: usize, series: usize, samples: usize) -> Run {
    let measurements = (0..series)
        .map(|s| {
            let step = if s % 50 == 0 && at > 100 { 1.08 } else { 1.0 };
            let level = 1e6 * (1.0 + s as f64 / 100.0) * step;
            let value = level * (1.0 + 0.01 * (noise(s, at, 1) + noise(s, at, 2)));
            let taken: Vec<f64> = (0..samples)
                .map(|i| value * (1.0 + 0.01 * noise(s, at, 3 + i)))
                .collect();
            Measurement {
                benchmark: format!("module_{}/function_{s}", s / 20),
                metric: "time".to_owned(),
                value,
                unit: Unit::Nanoseconds,
                direction: Some(Direction::Lower),
                tags: Tags::new(),
                n: samples.max(1) as u64,
                spread: Spread::between(value * 0.99, value, value * 1.01),
                samples: (samples > 0).then_some(Samples {
                    values: taken,
                    iterations: None,
                }),
                source_metric: "median".to_owned(),
                source_unit: "ns".to_owned(),
            }
        })
        .collect();
    Run {
        schema: 1,
        commit,
        environment: Environment {
            label: "ci".to_owned(),
            facts: [("cpu".to_owned(), "seeded".to_owned())].into(),
        },
        suite: String::new(),
        part: String::new(),
        dirty: false,
        source: Source {
            digest: format!("{at:064x}"),
            started: None,
            attempt: 0,
        },
        measurements,
        failures: Vec::new(),
    }
}
