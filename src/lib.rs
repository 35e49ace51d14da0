//! plimsoll: a load line for software.
pub mod analysis;
pub mod budget;
pub mod detect;
pub mod diag;
pub mod formats;
pub mod git;
pub mod github;
pub mod history;
pub mod lab;
pub mod ledger;
pub mod model;
pub mod report;
pub mod stats;
pub mod store;
pub mod verdict;
