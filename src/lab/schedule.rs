//! In which order two builds take turns.

use super::Side;

/// A small generator of random numbers with a seed (SplitMix64: Steele, Lea & Flood 2014): the same
/// seed gives the same order on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator that begins at a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub fn next_bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Heads or tails.
    pub fn coin(&mut self) -> bool {
        self.next_bits() >> 63 == 1
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.next_bits() >> 11) as f64 * (0.5_f64).powi(53)
    }
}

/// One execution of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A build of a pair, by the number of the pair.
    Pair(usize, Side),
    /// The base as its own control, by the number of the control pair; `true` for its first half.
    Control(usize, bool),
}

impl Turn {
    /// Which build runs.
    #[must_use]
    pub fn side(self) -> Side {
        match self {
            Self::Pair(_, side) => side,
            Self::Control(..) => Side::Base,
        }
    }
}

/// Pairs of builds between two control pairs.
const PAIRS_A_CONTROL: usize = 4;

/// The order of all executions: blocks of ABBA or BAAB, drawn by the seed, two pairs a block. Under a
/// machine that drifts steadily, the drift of both pairs of a block cancels. With `control`, a pair of
/// the base against itself after every second block; which of its two runs counts as first is drawn,
/// too.
#[must_use]
pub fn turns(seed: u64, pairs: usize, control: bool) -> Vec<Turn> {
    let mut random = Random::new(seed);
    let mut turns = Vec::new();
    let mut controls = 0;
    for block in 0..pairs.div_ceil(2) {
        let (first, second) = if random.coin() {
            (Side::Base, Side::Head)
        } else {
            (Side::Head, Side::Base)
        };
        let pair = 2 * block;
        turns.push(Turn::Pair(pair, first));
        turns.push(Turn::Pair(pair, second));
        if pair + 1 < pairs {
            turns.push(Turn::Pair(pair + 1, second));
            turns.push(Turn::Pair(pair + 1, first));
        }
        if control && (pair + 2) % PAIRS_A_CONTROL == 0 {
            let first = random.coin();
            turns.push(Turn::Control(controls, first));
            turns.push(Turn::Control(controls, !first));
            controls += 1;
        }
    }
    turns
}

/// Executions that one pair costs, its share of the control included: (base, head).
pub(super) fn runs_a_pair(control: bool) -> (f64, f64) {
    let extra = if control {
        2.0 / PAIRS_A_CONTROL as f64
    } else {
        0.0
    };
    (1.0 + extra, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_seed_gives_the_same_order_and_another_seed_another() {
        assert_eq!(turns(7, 20, true), turns(7, 20, true));
        assert_ne!(turns(7, 20, true), turns(8, 20, true));
        assert!(turns(7, 0, true).is_empty());
    }

    #[test]
    fn both_orders_occur_equally_often() {
        let base_first = (0..1000)
            .filter(|seed| turns(*seed, 2, false)[0].side() == Side::Base)
            .count();
        assert!((450..=550).contains(&base_first), "{base_first}");
    }

    proptest! {
        #[test]
        fn every_pair_has_each_build_once_side_by_side(seed: u64, pairs in 0_usize..60) {
            let all = turns(seed, pairs, true);
            for pair in 0..pairs {
                let at = |side| all.iter().position(|t| *t == Turn::Pair(pair, side));
                let (base, head) = (at(Side::Base).unwrap(), at(Side::Head).unwrap());
                prop_assert_eq!(base.abs_diff(head), 1);
            }
            let controls = all.iter().filter(|t| matches!(t, Turn::Control(..))).count();
            prop_assert_eq!(controls, pairs.div_ceil(2) / 2 * 2);
            prop_assert_eq!(all.len(), 2 * pairs + controls);
        }

        #[test]
        fn steady_drift_cancels_within_a_block(seed: u64, blocks in 1_usize..20) {
            let all = turns(seed, 2 * blocks, false);
            let mut sum = [0_i64; 40];
            for (time, turn) in all.iter().enumerate() {
                if let Turn::Pair(pair, side) = turn {
                    let sign = if *side == Side::Head { 1 } else { -1 };
                    sum[pair / 2] += sign * time as i64;
                }
            }
            prop_assert!(sum.iter().all(|drift| *drift == 0));
        }
    }
}
