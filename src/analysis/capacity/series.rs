//! How a service behaves over time: how long it needs to recover from an overload.

pub use crate::formats::LoadMoment as Moment;

/// How long it took until a service answered within its budget again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recovery {
    /// The largest load of the overload.
    pub overload: f64,
    /// The load after it.
    pub after: f64,
    /// Seconds from the end of the overload until the budget was met and stayed met; `None` where it
    /// never was before the series ends.
    pub seconds: Option<f64>,
}

/// The recovery after the largest load that broke a budget: from the moment at which the load fell to
/// one that had met the budget before the overload, until tail and errors are within it again and stay
/// there to the end of that load. `None` where nothing was broken, the load never fell that far, or no
/// load had met the budget before.
#[must_use]
pub fn recovery(moments: &[Moment], budget: Option<f64>, max_errors: f64) -> Option<Recovery> {
    let broken = |m: &Moment| {
        m.tail
            .zip(budget)
            .is_some_and(|(tail, budget)| tail > budget)
            || m.errors.is_some_and(|errors| errors > max_errors)
    };
    let first = moments.iter().position(broken)?;
    let met = moments[..first].iter().map(|m| m.n).fold(0.0, f64::max);
    let fallen = moments[first..]
        .iter()
        .position(|m| m.n <= met && m.n > 0.0)?
        + first;
    let overload = moments[first..fallen]
        .iter()
        .map(|m| m.n)
        .fold(0.0, f64::max);
    let after = moments.get(fallen)?;
    let lasts = moments[fallen..]
        .iter()
        .take_while(|m| m.n <= met && m.n > 0.0)
        .count();
    let stay = &moments[fallen..fallen + lasts];
    let last_broken = stay.iter().rposition(broken);
    let seconds = match last_broken {
        None => Some(0.0),
        Some(at) => stay.get(at + 1).map(|m| m.time - after.time),
    };
    Some(Recovery {
        overload,
        after: after.n,
        seconds,
    })
}
