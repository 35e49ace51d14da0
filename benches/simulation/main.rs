//! Simulated pull requests: how often a check is red without a reason, and what it catches.
//!
//! `cargo bench --bench simulation` prints the tables of `docs/method.md`; a number after `--`
//! sets how many pull requests each figure rests on (default 400), the word `trends` prints only the
//! tables of creep and drift, `seed=7` draws other pull requests. Everything runs through the
//! code that `plimsoll check` runs, from stored columns to verdicts. Seeds are fixed.

#![allow(
    clippy::print_stdout,
    reason = "a table on standard output is the product"
)]

#[path = "../calibration/corpus.rs"]
#[allow(dead_code, reason = "shared with the calibration")]
mod corpus;
#[path = "../calibration/noise.rs"]
#[allow(dead_code, reason = "shared with the calibration")]
mod noise;
#[path = "../calibration/random.rs"]
#[allow(dead_code, reason = "shared with the calibration")]
mod random;
mod trends;
#[allow(dead_code, reason = "shared with the tests")]
mod world;

use noise::Noise;
use plimsoll::verdict::{LimitVerdict, Stage, Verdict};
use random::Random;
use std::collections::HashSet;
use std::error::Error;
use std::path::Path;
use world::{Design, World, budgets};

const SEED: u64 = 20_261_121;

type Any<T> = Result<T, Box<dyn Error>>;

fn main() -> Any<()> {
    let count = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse::<usize>().ok())
        .unwrap_or(400)
        .max(10);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/data");
    let mut recorded = Vec::new();
    for file in ["process-wall.csv", "process-cpu.csv"] {
        recorded.extend(corpus::read_columns(&data.join(file))?);
    }
    let recorded: Vec<Vec<f64>> = recorded.iter().map(|x| standardised(x)).collect();
    let seed = std::env::args()
        .find_map(|argument| argument.strip_prefix("seed=")?.parse().ok())
        .unwrap_or(SEED);
    let lab = Lab {
        count,
        seed,
        recorded,
    };
    println!("{count} pull requests a figure, seed {seed}; one run's sd is 2 %\n");
    if std::env::args().any(|argument| argument == "trends") {
        return lab.trends();
    }
    lab.innocent()?;
    lab.power()?;
    lab.many()?;
    lab.outliers()?;
    lab.clear_cases()?;
    lab.trends()
}

/// Logarithms around their median in units of their own scale.
fn standardised(values: &[f64]) -> Vec<f64> {
    let logs: Vec<f64> = values.iter().map(|x| x.ln()).collect();
    let centre = plimsoll::stats::median(&logs).unwrap_or(0.0);
    let scale = plimsoll::stats::difference_scale(&logs);
    logs.iter().map(|x| (x - centre) / scale).collect()
}

/// The number of the series a verdict is about.
fn number(limit: &LimitVerdict) -> Option<usize> {
    limit
        .series
        .as_ref()?
        .benchmark
        .strip_prefix('b')?
        .parse()
        .ok()
}

const PLAIN: Design = Design {
    series: 1,
    base_commits: 30,
    base_runs: 3,
    head_runs: 3,
    noise: Noise::Normal,
    own: 0.5,
    outliers: 0.0,
    effect: 0.0,
};

struct Lab {
    count: usize,
    seed: u64,
    recorded: Vec<Vec<f64>>,
}

/// Shares of pull requests.
#[derive(Default)]
struct Shares {
    red: f64,
    over: f64,
    within: f64,
    unproven: f64,
    /// Mean of the printed effect of the first series where it was over.
    size: f64,
}

impl Lab {
    fn run(&self, design: Design, limit: &str) -> Any<Shares> {
        self.run_confirmed(design, limit, 0)
    }

    /// With so many runs more of what the first stage suspects.
    fn run_confirmed(&self, design: Design, limit: &str, confirm: usize) -> Any<Shares> {
        let budgets = budgets(limit)?;
        let count = self.repetitions(design.series);
        let mut shares = Shares::default();
        let mut sizes = Vec::new();
        for index in 0..count {
            let random = Random::stream(self.seed, design.series as u64, index as u64);
            let mut world = World::new(design, &self.recorded, random)?;
            let found = if confirm == 0 {
                world.check(&budgets, Stage::Only)?
            } else {
                let first = world.check(&budgets, Stage::First)?;
                let suspects = first.iter().filter(|limit| limit.is_suspect());
                let again: HashSet<usize> = suspects.filter_map(number).collect();
                world.more(confirm, &again)?;
                world.check(&budgets, Stage::Confirmed)?
            };
            let is = |verdict| found.iter().any(|v| v.judgement.verdict == verdict);
            shares.red += f64::from(u8::from(is(Verdict::Over)));
            let first = found.iter().find(|v| {
                v.series
                    .as_ref()
                    .is_some_and(|key| key.benchmark == "b0000")
            });
            let Some(first) = first else { continue };
            match first.judgement.verdict {
                Verdict::Over => {
                    shares.over += 1.0;
                    sizes.extend(first.judgement.effect.map(|effect| effect.0));
                }
                Verdict::Within => shares.within += 1.0,
                Verdict::Unproven => shares.unproven += 1.0,
                _ => {}
            }
        }
        let percent = 100.0 / count as f64;
        Ok(Shares {
            red: shares.red * percent,
            over: shares.over * percent,
            within: shares.within * percent,
            unproven: shares.unproven * percent,
            size: 100.0 * sizes.iter().sum::<f64>() / sizes.len().max(1) as f64,
        })
    }

    /// Many series cost time and tell more each.
    fn repetitions(&self, series: usize) -> usize {
        match series {
            0..=10 => self.count,
            11..=100 => (self.count / 2).max(10),
            _ => (self.count / 8).max(10),
        }
    }

    fn innocent(&self) -> Any<()> {
        println!("## Nothing changed: pull requests with any red, %\n");
        println!(
            "regress +5 %, 30 commits of base; runs of one job share half of their variance\n"
        );
        println!("| noise from job to job | runs | 1 series | 10 | 100 | 1,000 |");
        println!("|---|---|---|---|---|---|");
        let kinds = [
            Noise::Normal,
            Noise::Outliers,
            Noise::Bimodal,
            Noise::Heavy,
            Noise::Ar(0.5),
            Noise::Recorded,
        ];
        for noise in kinds {
            for runs in [1, 3, 10] {
                let mut cells = Vec::new();
                for series in [1, 10, 100, 1000] {
                    let design = Design {
                        series,
                        noise,
                        base_runs: runs,
                        head_runs: runs,
                        ..PLAIN
                    };
                    cells.push(format!("{:.1}", self.run(design, "+5%")?.red));
                }
                println!("| {} | {runs} | {} |", noise.name(), cells.join(" | "));
            }
        }
        println!();
        println!("The same with a limit of +1 %, half a standard deviation:\n");
        println!("| noise from job to job | runs | 1 series | 10 | 100 |");
        println!("|---|---|---|---|---|");
        for noise in kinds {
            for runs in [1, 3, 10] {
                let mut cells = Vec::new();
                for series in [1, 10, 100] {
                    let design = Design {
                        series,
                        noise,
                        base_runs: runs,
                        head_runs: runs,
                        ..PLAIN
                    };
                    cells.push(format!("{:.1}", self.run(design, "+1%")?.red));
                }
                println!("| {} | {runs} | {} |", noise.name(), cells.join(" | "));
            }
        }
        println!();
        Ok(())
    }

    fn power(&self) -> Any<()> {
        println!("## One series got slower: over / unproven %, limit +5 %\n");
        println!(
            "| base runs | head runs | own share of variance | base | +5 % | +10 % | +20 % | +30 % |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for (base_runs, head_runs) in [(1, 1), (1, 3), (3, 3), (1, 5), (5, 5), (10, 10)] {
            for own in [1.0, 0.5, 0.0] {
                for base_commits in [20, 40] {
                    let mut cells = Vec::new();
                    for effect in [0.05_f64, 0.1, 0.2, 0.3] {
                        let design = Design {
                            base_commits,
                            base_runs,
                            head_runs,
                            own,
                            effect: effect.ln_1p(),
                            ..PLAIN
                        };
                        let shares = self.run(design, "+5%")?;
                        cells.push(format!("{:.1} / {:.1}", shares.over, shares.unproven));
                    }
                    println!(
                        "| {base_runs} | {head_runs} | {own} | {base_commits} | {} |",
                        cells.join(" | ")
                    );
                }
            }
        }
        println!();
        Ok(())
    }

    fn many(&self) -> Any<()> {
        println!(
            "## One of many series got slower by 10 %, 3 runs, limit +5 %: over / unproven %; innocent red %\n"
        );
        println!("| base commits | own share | confirmed by | 1 | 10 | 100 | 1,000 |");
        println!("|---|---|---|---|---|---|---|");
        for base_commits in [20, 40] {
            for own in [1.0, 0.5] {
                for confirm in [0, 5] {
                    let mut cells = Vec::new();
                    for series in [1, 10, 100, 1000] {
                        let unchanged = Design {
                            series,
                            base_commits,
                            own,
                            ..PLAIN
                        };
                        let slower = Design {
                            effect: 0.1_f64.ln_1p(),
                            ..unchanged
                        };
                        let shares = self.run_confirmed(slower, "+5%", confirm)?;
                        let innocent = self.run_confirmed(unchanged, "+1%", confirm)?;
                        cells.push(format!(
                            "{:.1} / {:.1}; {:.1}",
                            shares.over, shares.unproven, innocent.red
                        ));
                    }
                    println!(
                        "| {base_commits} | {own} | {confirm} | {} |",
                        cells.join(" | ")
                    );
                }
            }
        }
        println!("\nInnocent red: nothing changed, limit +1 %.\n");
        Ok(())
    }

    fn outliers(&self) -> Any<()> {
        println!("## One run in ten is an outlier (3 to 15 sd): over %, and the size printed\n");
        println!("| runs | +10 % | +20 % | +30 % |");
        println!("|---|---|---|---|");
        for runs in [1, 3, 5, 10] {
            let mut cells = Vec::new();
            for effect in [0.1_f64, 0.2, 0.3] {
                let design = Design {
                    base_runs: runs,
                    head_runs: runs,
                    outliers: 0.1,
                    effect: effect.ln_1p(),
                    ..PLAIN
                };
                let shares = self.run(design, "+5%")?;
                cells.push(format!("{:.1} (+{:.1})", shares.over, shares.size));
            }
            println!("| {runs} | {} |", cells.join(" | "));
        }
        let design = Design {
            base_runs: 1,
            head_runs: 5,
            outliers: 0.1,
            effect: 0.3_f64.ln_1p(),
            ..PLAIN
        };
        let shares = self.run(design, "+5%")?;
        println!(
            "| 5, base 1 | | | {:.1} (+{:.1}) |\n",
            shares.over, shares.size
        );
        Ok(())
    }

    /// Limits of four standard errors: what is plain must be said plainly.
    fn clear_cases(&self) -> Any<()> {
        println!("## Plain cases, 5 runs, 30 commits of base\n");
        println!(
            "| noise from job to job | limit of 4 standard errors | twice that: over % | unchanged: within % |"
        );
        println!("|---|---|---|---|");
        for noise in [
            Noise::Normal,
            Noise::Outliers,
            Noise::Bimodal,
            Noise::Heavy,
            Noise::Ar(0.5),
            Noise::Recorded,
        ] {
            let design = Design {
                noise,
                base_runs: 5,
                head_runs: 5,
                ..PLAIN
            };
            // Recorded histories differ in how much they scatter: each has a limit of its own.
            let histories: Vec<&[Vec<f64>]> = match noise {
                Noise::Recorded => self.recorded.chunks(1).collect(),
                _ => vec![&[]],
            };
            let (mut over, mut within, mut limits) = (0, 0, Vec::new());
            let count = self.count.div_ceil(histories.len());
            for (number, history) in histories.iter().enumerate() {
                let limit = 4.0 * self.standard_error(design, history)?;
                limits.push(limit);
                let budgets = budgets(&format!("+{:.3}%", 100.0 * limit.exp_m1()))?;
                for index in 0..count {
                    let verdict = |effect: f64| -> Any<Option<Verdict>> {
                        let random = Random::stream(self.seed, 500 + number as u64, index as u64);
                        let design = Design { effect, ..design };
                        let world = World::new(design, history, random)?;
                        let found = world.check(&budgets, Stage::Only)?;
                        Ok(found.first().map(|limit| limit.judgement.verdict))
                    };
                    let twice = (2.0 * limit.exp_m1()).ln_1p();
                    over += usize::from(verdict(twice)? == Some(Verdict::Over));
                    within += usize::from(verdict(0.0)? == Some(Verdict::Within));
                }
            }
            let percent = |n: usize| 100.0 * n as f64 / (count * histories.len()) as f64;
            limits.sort_by(f64::total_cmp);
            let told = |at: usize| format!("+{:.1} %", 100.0 * limits[at].exp_m1());
            let told = match limits.len() {
                1 => told(0),
                n => format!("{} to {}", told(0), told(n - 1)),
            };
            println!(
                "| {} | {told} | {:.1} | {:.1} |",
                noise.name(),
                percent(over),
                percent(within)
            );
        }
        println!();
        Ok(())
    }

    /// The standard deviation of a head's mean less that of its base, over many draws of the noise.
    fn standard_error(&self, design: Design, history: &[Vec<f64>]) -> Any<f64> {
        let draws = 1000;
        let mut differences = Vec::new();
        for index in 0..draws {
            let random = Random::stream(self.seed, 400, index);
            differences.push(World::new(design, history, random)?.difference());
        }
        let mean = differences.iter().sum::<f64>() / draws as f64;
        let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
        Ok((squares / (draws - 1) as f64).sqrt())
    }
}
