//! What tells one series from another.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Slices of a benchmark such as `tenant=big` or `users=500`, sorted by name.
pub type Tags = BTreeMap<String, String>;

/// The identity of a series: the measurements of one benchmark, metric and tag set in one
/// environment label, in git order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeriesKey {
    /// What was exercised.
    pub benchmark: String,
    /// What was measured.
    pub metric: String,
    /// The slice.
    #[serde(default)]
    pub tags: Tags,
    /// The environment's label.
    pub env: String,
}

impl fmt::Display for SeriesKey {
    /// `BENCHMARK:METRIC{tag=v,…}@ENV`, the form that the command line reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.benchmark, self.metric)?;
        if !self.tags.is_empty() {
            f.write_str("{")?;
            for (i, (name, value)) in self.tags.iter().enumerate() {
                let comma = if i == 0 { "" } else { "," };
                write!(f, "{comma}{name}={value}")?;
            }
            f.write_str("}")?;
        }
        write!(f, "@{}", self.env)
    }
}
