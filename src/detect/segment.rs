//! Exact robust segmentation by functional pruning (Fearnhead & Rigaill, "Changepoint detection in
//! the presence of outliers", JASA 2019): minimise Σ min((z − μ)², K²) + β per change.
//!
//! A run of j outliers costs at most j K², so a lone spike never makes two changes. The cost of
//! the best segmentation up to a point, as a function of the level there, is kept as quadratic
//! pieces; a piece that a new segment would beat is replaced by that segment, which is the pruning.

/// One piece of the cost as a function of the level: a μ² + b μ + c up to `high`.
#[derive(Debug, Clone, Copy, Default)]
struct Piece {
    high: f64,
    /// A whole number: how many points of the segment count here.
    a: f64,
    b: f64,
    c: f64,
    /// Smallest cost on the piece.
    least: f64,
    /// First index of the segment that this piece continues.
    start: u32,
}

impl Piece {
    fn at(&self, level: f64) -> f64 {
        (self.a * level + self.b) * level + self.c
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
    kept: Vec<Piece>,
    starts: Vec<u32>,
    /// −1/(2a) for every a: the vertex of a piece without a division.
    vertex: Vec<f64>,
}

/// Cheapest cost so far and the segment that has it.
#[derive(Debug, Clone, Copy)]
struct Best {
    cost: f64,
    start: u32,
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
    for a in work.vertex.len()..=n {
        work.vertex.push(-0.5 / a.max(1) as f64);
    }
    work.starts.clear();
    work.pieces.clear();
    work.pieces.push(Piece {
        high: most + 1.0,
        ..Piece::default()
    });
    let mut count = 1;
    let mut best = Best {
        cost: f64::INFINITY,
        start: 0,
    };
    for (t, &value) in z.iter().enumerate() {
        let restart = if t > 0 {
            work.starts.push(best.start);
            let late = t + penalty.late_points >= n;
            best.cost + if late { penalty.late } else { penalty.change }
        } else {
            f64::INFINITY
        };
        let kept = prune(
            &work.pieces[..count],
            &mut work.kept,
            &work.vertex,
            bottom,
            restart,
            t as u32,
        );
        (count, best) = add_loss(
            &work.kept[..kept],
            &mut work.pieces,
            &work.vertex,
            bottom,
            value,
            penalty.clip,
        );
    }
    let mut start = best.start;
    let mut changes = Vec::new();
    while start > 0 {
        changes.push(start as usize);
        start = work.starts[start as usize - 1];
    }
    changes.reverse();
    changes
}

/// Makes room for `count` pieces. The loops below write by index: a push that may allocate would
/// keep their state out of registers.
fn make_room(pieces: &mut Vec<Piece>, count: usize) {
    if pieces.len() < count {
        pieces.resize(2 * count, Piece::default());
    }
}

/// The smaller of the pieces and the constant `restart`, a segment that begins at `t`; how many
/// pieces that makes.
// Not inlined: together in one loop the two passes run out of registers.
#[inline(never)]
fn prune(
    pieces: &[Piece],
    out: &mut Vec<Piece>,
    vertex: &[f64],
    bottom: f64,
    restart: f64,
    t: u32,
) -> usize {
    make_room(out, 3 * pieces.len() + 1);
    let out = out.as_mut_slice();
    let fresh = |high: f64| Piece {
        high,
        a: 0.0,
        b: 0.0,
        c: restart,
        least: restart,
        start: t,
    };
    let mut low = bottom;
    let mut count = 0;
    // How far up the new segment is the cheapest, while that stretch still grows.
    let mut open = f64::NEG_INFINITY;
    for piece in pieces {
        let high = piece.high;
        if piece.least > restart {
            open = high;
        } else if piece.at(low) <= restart && piece.at(high) <= restart {
            // Convex: below at both ends is below throughout.
            if open >= low {
                out[count] = fresh(open);
                count += 1;
            }
            out[count] = *piece;
            count += 1;
            open = f64::NEG_INFINITY;
        } else {
            let half = vertex[piece.a as usize];
            let centre = piece.b * half;
            let room = (piece.at(centre) - restart) * (half + half);
            let reach = room.max(0.0).sqrt();
            let (left, right) = (centre - reach, centre + reach);
            if left >= high || right <= low {
                open = high;
            } else {
                if left > low {
                    open = left;
                }
                if open >= low {
                    out[count] = fresh(open);
                    count += 1;
                }
                out[count] = Piece {
                    high: high.min(right),
                    ..*piece
                };
                count += 1;
                open = if right < high {
                    high
                } else {
                    f64::NEG_INFINITY
                };
            }
        }
        low = high;
    }
    if open >= low {
        out[count] = fresh(open);
        count += 1;
    }
    count
}

/// Adds min((μ − value)², K²) to every piece, splitting those that hold value ± K; how many pieces
/// that makes, and the cheapest.
// Not inlined: as above.
#[inline(never)]
fn add_loss(
    pieces: &[Piece],
    out: &mut Vec<Piece>,
    vertex: &[f64],
    bottom: f64,
    value: f64,
    clip: f64,
) -> (usize, Best) {
    make_room(out, pieces.len() + 2);
    let out = out.as_mut_slice();
    let ceiling = clip * clip;
    let (left, right) = (value - clip, value + clip);
    let (square, slope) = (value * value, 2.0 * value);
    let least = |piece: &Piece, low: f64, high: f64| {
        if piece.a > 0.0 {
            let centre = piece.b * vertex[piece.a as usize];
            piece.at(centre.max(low).min(high))
        } else {
            piece.c
        }
    };
    let mut low = bottom;
    let mut count = 0;
    let mut best = Best {
        cost: f64::INFINITY,
        start: 0,
    };
    for piece in pieces {
        let high = piece.high;
        let mut outside = *piece;
        outside.c += ceiling;
        outside.least += ceiling;
        if high > left && low < right {
            let mut from = low;
            if low < left {
                outside.high = left;
                outside.least = least(&outside, low, left);
                out[count] = outside;
                count += 1;
                if outside.least < best.cost {
                    (best.cost, best.start) = (outside.least, outside.start);
                }
                from = left;
            }
            let mut inside = *piece;
            inside.high = high.min(right);
            inside.a += 1.0;
            inside.b -= slope;
            inside.c += square;
            inside.least = least(&inside, from, inside.high);
            out[count] = inside;
            count += 1;
            if inside.least < best.cost {
                (best.cost, best.start) = (inside.least, inside.start);
            }
            if high <= right {
                low = high;
                continue;
            }
            outside.high = high;
            outside.least = least(&outside, right, high);
        }
        out[count] = outside;
        count += 1;
        if outside.least < best.cost {
            (best.cost, best.start) = (outside.least, outside.start);
        }
        low = high;
    }
    (count, best)
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
