//! plimsoll: a load line for software.

pub mod detect;
pub mod formats;
pub mod model;
pub mod report;
pub mod stats;
