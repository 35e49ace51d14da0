//! Exact robust segmentation by functional pruning (Fearnhead & Rigaill, "Changepoint detection in
//! the presence of outliers", JASA 2019): minimise Σ min((z − μ)², K²) + β per change.
//!
//! A run of j outliers costs at most j K², so a lone spike never makes two changes. The cost of
//! the best segmentation up to a point, as a function of the level there, is kept as quadratic
//! pieces; a piece that a new segment would beat is replaced by that segment, which is the pruning.

/// One piece of the cost as a function of the level: a μ² + b μ + c up to `high`.
#[derive(Debug, Clone, Copy)]
struct Piece {
    high: f64,
    a: f64,
    b: f64,
    c: f64,
    /// First index of the segment that this piece continues.
    start: u32,
}

impl Piece {
    fn at(&self, level: f64) -> f64 {
        (self.a * level + self.b) * level + self.c
    }

    fn minimum(&self, low: f64) -> f64 {
        if self.a > 0.0 {
            self.at((-0.5 * self.b / self.a).clamp(low, self.high))
        } else {
            self.c
        }
    }
}

/// What a change costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Penalty {
    /// K: residuals beyond it count no more.
    pub(super) clip: f64,
    /// β of a change.
    pub(super) change: f64,
    /// β of a change that leaves fewer than `late_points` points behind it, where an outlier
    /// pays for one boundary only.
    pub(super) late: f64,
    /// How many points at the end are late.
    pub(super) late_points: usize,
}

/// Buffers that serve many calls.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pieces: Vec<Piece>,
    pruned: Vec<Piece>,
    starts: Vec<u32>,
}

/// First indices of the segments after the first, ascending. `z` is in units of the noise.
pub(super) fn segment(z: &[f64], penalty: &Penalty, work: &mut Workspace) -> Vec<usize> {
    let n = z.len();
    if n < 2 {
        return Vec::new();
    }
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for &value in z {
        least = least.min(value);
        most = most.max(value);
    }
    let bottom = least - 1.0;
    let clip = penalty.clip;
    let ceiling = clip * clip;
    work.starts.clear();
    work.pieces.clear();
    work.pieces.push(Piece {
        high: most + 1.0,
        a: 0.0,
        b: 0.0,
        c: 0.0,
        start: 0,
    });
    for (t, &value) in z.iter().enumerate() {
        if t > 0 {
            let (best, start) = minimum(&work.pieces, bottom);
            work.starts.push(start);
            let beta = if t + penalty.late_points >= n {
                penalty.late
            } else {
                penalty.change
            };
            prune(
                &work.pieces,
                &mut work.pruned,
                bottom,
                best + beta,
                t as u32,
            );
            std::mem::swap(&mut work.pieces, &mut work.pruned);
        }
        add_loss(&work.pieces, &mut work.pruned, value, clip, ceiling);
        std::mem::swap(&mut work.pieces, &mut work.pruned);
    }
    let (_, mut start) = minimum(&work.pieces, bottom);
    let mut changes = Vec::new();
    while start > 0 {
        changes.push(start as usize);
        start = work.starts[start as usize - 1];
    }
    changes.reverse();
    changes
}

fn minimum(pieces: &[Piece], bottom: f64) -> (f64, u32) {
    let mut low = bottom;
    let mut best = (f64::INFINITY, 0);
    for piece in pieces {
        let value = piece.minimum(low);
        if value < best.0 {
            best = (value, piece.start);
        }
        low = piece.high;
    }
    best
}

/// The smaller of the pieces and the constant `restart`, a segment that begins at `t`.
fn prune(pieces: &[Piece], out: &mut Vec<Piece>, bottom: f64, restart: f64, t: u32) {
    out.clear();
    let mut low = bottom;
    let fresh = |high: f64| Piece {
        high,
        a: 0.0,
        b: 0.0,
        c: restart,
        start: t,
    };
    let push_fresh = |out: &mut Vec<Piece>, high: f64| match out.last_mut() {
        Some(last) if last.start == t => last.high = high,
        _ => out.push(fresh(high)),
    };
    for piece in pieces {
        let high = piece.high;
        if piece.a <= 0.0 {
            if piece.c <= restart {
                out.push(*piece);
            } else {
                push_fresh(out, high);
            }
        } else {
            let centre = -0.5 * piece.b / piece.a;
            let room = (restart - piece.at(centre)) / piece.a;
            if room <= 0.0 {
                push_fresh(out, high);
            } else {
                let reach = room.sqrt();
                let (left, right) = (centre - reach, centre + reach);
                if left >= high || right <= low {
                    push_fresh(out, high);
                } else {
                    if left > low {
                        push_fresh(out, left);
                    }
                    if right < high {
                        out.push(Piece {
                            high: right,
                            ..*piece
                        });
                        push_fresh(out, high);
                    } else {
                        out.push(*piece);
                    }
                }
            }
        }
        low = high;
    }
}

/// Adds min((μ − value)², K²) to every piece, splitting those that hold value ± K.
fn add_loss(pieces: &[Piece], out: &mut Vec<Piece>, value: f64, clip: f64, ceiling: f64) {
    out.clear();
    let (left, right) = (value - clip, value + clip);
    let mut low = f64::NEG_INFINITY;
    let outside = |piece: &Piece, high: f64| Piece {
        high,
        c: piece.c + ceiling,
        ..*piece
    };
    for piece in pieces {
        let high = piece.high;
        if high <= left || low >= right {
            out.push(outside(piece, high));
        } else {
            if low < left {
                out.push(outside(piece, left));
            }
            out.push(Piece {
                high: high.min(right),
                a: piece.a + 1.0,
                b: piece.b - 2.0 * value,
                c: piece.c + value * value,
                start: piece.start,
            });
            if high > right {
                out.push(outside(piece, high));
            }
        }
        low = high;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Penalty = Penalty {
        clip: 3.0,
        change: 10.0,
        late: 10.0,
        late_points: 0,
    };

    fn cost(z: &[f64], penalty: &Penalty, levels: &[f64]) -> f64 {
        // The best level of a segment among a fine grid is close enough to compare with.
        levels
            .iter()
            .map(|level| {
                z.iter()
                    .map(|z| ((z - level) * (z - level)).min(penalty.clip * penalty.clip))
                    .sum::<f64>()
            })
            .fold(f64::INFINITY, f64::min)
    }

    /// The same minimum by dynamic programming over all starts, on a grid of levels.
    fn slow(z: &[f64], penalty: &Penalty) -> f64 {
        let levels: Vec<f64> = (-400..=1200).map(|i| f64::from(i) * 0.01).collect();
        let mut best = vec![-penalty.change; z.len() + 1];
        for end in 1..=z.len() {
            best[end] = (0..end)
                .map(|start| best[start] + penalty.change + cost(&z[start..end], penalty, &levels))
                .fold(f64::INFINITY, f64::min);
        }
        best[z.len()]
    }

    fn total(z: &[f64], penalty: &Penalty, changes: &[usize]) -> f64 {
        let levels: Vec<f64> = (-400..=1200).map(|i| f64::from(i) * 0.01).collect();
        let mut bounds = vec![0];
        bounds.extend(changes);
        bounds.push(z.len());
        bounds
            .windows(2)
            .map(|pair| cost(&z[pair[0]..pair[1]], penalty, &levels))
            .sum::<f64>()
            + penalty.change * changes.len() as f64
    }

    fn noise(i: usize) -> f64 {
        ((i * 7919 + i * i * 31) % 1009) as f64 / 1009.0 * 3.4 - 1.7
    }

    #[test]
    fn finds_the_same_minimum_as_dynamic_programming() {
        let mut work = Workspace::default();
        for shift in 0..6 {
            let z: Vec<f64> = (0..60)
                .map(|i| {
                    let level = if i < 23 {
                        0.0
                    } else if i < 41 {
                        2.5
                    } else {
                        0.6
                    };
                    level + noise(i + 97 * shift) + if i % 13 == 5 { 7.0 } else { 0.0 }
                })
                .collect();
            let found = segment(&z, &PLAIN, &mut work);
            let difference = total(&z, &PLAIN, &found) - slow(&z, &PLAIN);
            assert!(
                difference.abs() < 0.02,
                "{difference} at {shift}: {found:?}"
            );
        }
    }

    #[test]
    fn one_clear_step() {
        let z: Vec<f64> = (0..50)
            .map(|i| noise(i) + if i < 30 { 0.0 } else { 6.0 })
            .collect();
        assert_eq!(segment(&z, &PLAIN, &mut Workspace::default()), vec![30]);
    }

    #[test]
    fn a_lone_spike_is_no_segment() {
        let mut z: Vec<f64> = (0..50).map(noise).collect();
        z[20] = 1e6;
        assert!(segment(&z, &PLAIN, &mut Workspace::default()).is_empty());
    }

    #[test]
    fn none_one_and_two_points() {
        let mut work = Workspace::default();
        assert!(segment(&[], &PLAIN, &mut work).is_empty());
        assert!(segment(&[1.0], &PLAIN, &mut work).is_empty());
        assert!(segment(&[1.0, 900.0], &PLAIN, &mut work).is_empty());
    }
}
