//! GitHub: where a workflow runs, the one comment of a pull request, its check run.
//!
//! The only module that speaks HTTP. Everything here is given its surroundings: variables, the
//! event, a transport, a clock.

pub mod api;
pub mod artifact;
pub mod client;
pub mod comment;
pub mod context;
pub mod marker;
pub mod publish;
pub mod workflow;
