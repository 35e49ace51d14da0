//! Time and chance, and how long a writer waits that lost a race.

use std::time::Duration;

/// Time, passed in so that tests need not wait.
pub trait Clock {
    /// Time since some fixed moment.
    fn elapsed(&self) -> Duration;
    /// Waits.
    fn sleep(&self, duration: Duration);
}

/// The longest first wait; it doubles with every try.
const FIRST: Duration = Duration::from_millis(100);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(16);

/// How long to wait after so many tries: exponential backoff with full jitter (Brooker 2015,
/// "Exponential backoff and jitter"), chance in 0 … 1. Waits that are equal on all machines would
/// let all of them collide again.
#[must_use]
pub fn wait_after(tries: u32, chance: f64) -> Duration {
    let cap = FIRST.saturating_mul(1 << tries.min(16)).min(LONGEST);
    cap.mul_f64(chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        assert_eq!(wait_after(0, 1.0), FIRST);
        assert_eq!(wait_after(3, 1.0), FIRST * 8);
        assert_eq!(wait_after(60, 1.0), LONGEST);
        assert_eq!(wait_after(60, 0.0), Duration::ZERO);
        assert_eq!(wait_after(60, f64::INFINITY), LONGEST);
    }
}
