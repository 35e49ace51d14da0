//! Many tests at once: adjusted p-values.
//!
//! An adjusted p is the smallest error rate at which its hypothesis would be rejected; compare it
//! with the rate that is wanted. All functions keep the order of their input.

/// Adjusted p-values of Benjamini & Hochberg (1995): false discovery rate under independence or
/// positive dependence. p̃₍ᵢ₎ = min over j ≥ i of p₍ⱼ₎·m/j, at most 1.
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, 1.0)
}

/// Adjusted p-values of Benjamini & Yekutieli (2001): false discovery rate under any dependence.
/// As [`benjamini_hochberg`], times Σ 1/i.
#[must_use]
pub fn benjamini_yekutieli(p: &[f64]) -> Vec<f64> {
    let harmonic = (1..=p.len()).map(|i| 1.0 / i as f64).sum();
    step_up(p, harmonic)
}

fn step_up(p: &[f64], factor: f64) -> Vec<f64> {
    let order = ascending_order(p);
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut least = 1.0_f64;
    for (place, &index) in order.iter().enumerate().rev() {
        least = least.min(p[index] * factor * p.len() as f64 / (place + 1) as f64);
        adjusted[index] = least;
    }
    adjusted
}

/// Adjusted p-values of Holm (1979): family-wise error under any dependence.
/// p̃₍ᵢ₎ = max over j ≤ i of p₍ⱼ₎·(m − j + 1), at most 1.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut most = 0.0_f64;
    for (place, &index) in ascending_order(p).iter().enumerate() {
        most = most.max(p[index] * (p.len() - place) as f64).min(1.0);
        adjusted[index] = most;
    }
    adjusted
}

fn ascending_order(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Benjamini & Hochberg (1995).
    const P: [f64; 15] = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
        0.5719, 0.6528, 0.7590, 1.0,
    ];

    fn starts_with(adjusted: &[f64], expected: &[f64], tolerance: f64) {
        for (a, e) in adjusted.iter().zip(expected) {
            assert!((a - e).abs() < tolerance, "{adjusted:?}");
        }
    }

    #[test]
    fn published_example() {
        let bh = benjamini_hochberg(&P);
        starts_with(
            &bh,
            &[
                0.0015, 0.003, 0.0095, 0.035_625, 0.0603, 0.063_857, 0.063_857, 0.0645, 0.0765,
                0.486,
            ],
            1e-6,
        );
        assert_eq!(bh.iter().filter(|p| **p <= 0.05).count(), 4);
        let by = benjamini_yekutieli(&P);
        starts_with(&by, &[0.004_977_34, 0.009_954_69, 0.031_523_18], 1e-8);
        assert_eq!(by.iter().filter(|p| **p <= 0.05).count(), 3);
        let holm = holm(&P);
        starts_with(&holm, &[0.0015, 0.0056, 0.0247], 1e-6);
        assert_eq!(holm.iter().filter(|p| **p <= 0.05).count(), 3);
    }

    #[test]
    fn order_of_input_is_kept_and_nothing_passes_one() {
        assert_eq!(benjamini_hochberg(&[0.9, 0.01]), vec![0.9, 0.02]);
        assert_eq!(holm(&[0.9, 0.8]), vec![1.0, 1.0]);
        assert!(benjamini_hochberg(&[]).is_empty());
    }
}
