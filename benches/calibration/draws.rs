//! Fresh draws: windows of real noise, shuffled, with steps put in.

use crate::random::Random;

/// How the order of a window is broken, and where the steps lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Draw {
    /// Shuffled fully; half with one or two steps.
    Iid,
    /// Shuffled in blocks of ten; half with one or two steps.
    Block,
    /// Shuffled fully; two thirds with one step 1 to 20 points before the end.
    Tail,
}

impl Draw {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Iid => "iid",
            Self::Block => "block",
            Self::Tail => "tail",
        }
    }
}

/// Length of a drawn series.
pub(crate) const LENGTH: usize = 200;

/// One series and the first indices of its new levels. `pool` holds whole histories of noise.
pub(crate) fn draw(kind: Draw, pool: &[Vec<f64>], random: &mut Random) -> (Vec<f64>, Vec<usize>) {
    let history = &pool[random.below(pool.len())];
    let start = random.below((history.len() - LENGTH) / 10 + 1) * 10;
    let window = &history[start..start + LENGTH];
    let mut values: Vec<f64> = match kind {
        Draw::Iid | Draw::Tail => {
            let mut values = window.to_vec();
            random.shuffle(&mut values);
            values
        }
        Draw::Block => {
            let mut blocks: Vec<&[f64]> = window.chunks(10).collect();
            random.shuffle(&mut blocks);
            blocks.concat()
        }
    };
    let mut changes = Vec::new();
    if kind == Draw::Tail {
        if random.below(3) > 0 {
            changes.push(LENGTH - random.pick(&[1, 2, 3, 5, 8, 12, 20]));
        }
    } else if random.below(2) == 0 {
        changes.push(15 + random.below(LENGTH - 30));
        if random.below(10) < 3 {
            loop {
                let other = 15 + random.below(LENGTH - 30);
                if other.abs_diff(changes[0]) >= 20 {
                    changes.push(other);
                    break;
                }
            }
        }
    }
    changes.sort_unstable();
    for &at in &changes {
        let size = if kind == Draw::Tail {
            random.pick(&[0.05, 0.10, 0.20])
        } else {
            random.pick(&[0.02, 0.03, 0.05, 0.10, 0.20])
        };
        let factor = if random.below(2) == 0 {
            1.0 + size
        } else {
            1.0 / (1.0 + size)
        };
        for value in &mut values[at..] {
            *value *= factor;
        }
    }
    (values, changes)
}

/// Quiet windows of histories, one for every 100 points: those whose quarters have medians within
/// one standard deviation and a half, so that the noise holds no lasting change of its own.
pub(crate) fn windows(histories: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut windows = Vec::new();
    for history in histories {
        let present: Vec<f64> = history.iter().copied().filter(|x| x.is_finite()).collect();
        let mut start = 0;
        while start + LENGTH <= present.len() {
            let window = &present[start..start + LENGTH];
            let logs: Vec<f64> = window.iter().map(|x| x.ln()).collect();
            let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
            for quarter in logs.chunks(LENGTH / 4) {
                let median = plimsoll::stats::median(quarter).unwrap_or(0.0);
                least = least.min(median);
                most = most.max(median);
            }
            if most - least < 1.5 * plimsoll::stats::difference_scale(&logs) {
                windows.push(window.to_vec());
            }
            start += 100;
        }
    }
    windows
}
