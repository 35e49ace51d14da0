//! Units and directions.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What one step of a value means.
///
/// Files are normalised to the canonical units when they are read, so that two tools which report
/// the same thing in ms and in s meet in one series. A unit that is not understood keeps the
/// tool's own text and its values stay unscaled.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Time, in nanoseconds (`ns`).
    Nanoseconds,
    /// Size, in bytes (`B`).
    Bytes,
    /// Events per second (`1/s`).
    PerSecond,
    /// Bytes per second (`B/s`).
    BytesPerSecond,
    /// A number of things (`count`).
    Count,
    /// A fraction, 0 to 1 where it is a share (`ratio`).
    Ratio,
    /// Anything else: the tool's own text.
    Other(String),
}

impl Unit {
    /// The canonical text: `ns B 1/s B/s count ratio`, else the tool's own.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "B",
            Self::PerSecond => "1/s",
            Self::BytesPerSecond => "B/s",
            Self::Count => "count",
            Self::Ratio => "ratio",
            Self::Other(text) => text,
        }
    }

    /// Reads the canonical text back; anything else is [`Unit::Other`].
    #[must_use]
    pub fn from_canonical(text: &str) -> Self {
        match text {
            "ns" => Self::Nanoseconds,
            "B" => Self::Bytes,
            "1/s" => Self::PerSecond,
            "B/s" => Self::BytesPerSecond,
            "count" => Self::Count,
            "ratio" => Self::Ratio,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Unit {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::from_canonical(&text))
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Lower is better: times, sizes, errors.
    Lower,
    /// Higher is better: rates, scores.
    Higher,
}

impl Direction {
    /// +1 where growth is worse, −1 where growth is better: multiplied with a change, worse is
    /// always positive.
    #[must_use]
    pub fn worsening_sign(self) -> f64 {
        match self {
            Self::Lower => 1.0,
            Self::Higher => -1.0,
        }
    }

    /// `lower is better` or `higher is better`.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Lower => "lower is better",
            Self::Higher => "higher is better",
        }
    }
}
