//! Charts as small SVG that a style sheet colours: a class per ink, one path per ink, text in
//! true pixels at any width.
//!
//! Everything is laid out by plotters; `canvas` is the backend that writes it down.

mod canvas;
mod capacity;
mod history;
mod plain;
mod spark;

pub use capacity::capacity;
pub use history::{Chart, history};
pub use plain::plain;
pub use spark::{bar, spark, step};

/// A drawing failed; plotters says why.
#[derive(Debug, thiserror::Error)]
#[error("chart could not be drawn: {0}")]
pub struct ChartError(String);

impl<E: std::error::Error + Send + Sync> From<plotters::drawing::DrawingAreaErrorKind<E>>
    for ChartError
{
    fn from(error: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests;
