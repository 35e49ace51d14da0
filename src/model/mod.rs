//! The nouns of plimsoll: what was measured, where, at which commit.
//!
//! These types are plain data. They know nothing of files, git, SQLite or terminals; every other
//! module speaks through them. One word per thing, as in the glossary of the crate documentation.

mod commit;
mod measurement;
mod run;
mod series;
mod unit;

pub use commit::{Commit, CommitId};
pub use measurement::{Failure, Measurement, Samples, Spread};
pub use run::{Environment, Run, RunId, Source, canonical_json};
pub use series::{SeriesKey, Tags};
pub use unit::{Direction, Unit};
