//! Estimators, tests and intervals on slices of numbers.
//!
//! Everything here is a pure function of its arguments: no series, no commits, no units. Each
//! function names its source; the expected values of the tests are published or were recomputed
//! with R and SciPy. Distributions come from `statrs`, which nothing outside this module uses.
//!
//! Conventions: `NaN` and infinities are the caller's to remove unless a function says otherwise;
//! an estimate that does not exist (an empty sample, say) is `None`, never a made-up number.

mod binomial;
mod blocks;
mod distribution;
mod multiple;
mod order;
mod paired;
mod power_law;
mod rank;
mod scalability;
mod trend;

pub use binomial::{centre_interval, clopper_pearson, upper_bound_rank};
pub use blocks::{BlockTrend, trend_in_blocks};
pub use distribution::{
    beta_quantile, normal_cdf, normal_pdf, normal_quantile, normal_sf, student_t_cdf,
    student_t_quantile, student_t_sf,
};
pub use multiple::{benjamini_hochberg, benjamini_yekutieli, holm};
pub use order::{
    MAD_TO_SD, difference_scale, mad, median, median_and_mad, median_in_place, quantile,
    quantile_sorted,
};
pub(crate) use order::{Ranked, difference_scale_with};
pub use paired::{PairedShift, p_above, paired_shift, pairs_needed};
pub use power_law::{PowerLaw, power_law};
pub use rank::{
    BrunnerMunzel, Estimate, MannWhitney, MaximalRankSum, SignedRank, brunner_munzel,
    hodges_lehmann, mann_whitney, maximal_rank_sum, ranks, signed_rank, walsh,
};
pub use scalability::{Bounds, Residuals, Scalability, scalability};
pub use trend::{MannKendall, TheilSen, autocorrelation_factor, mann_kendall, theil_sen};
