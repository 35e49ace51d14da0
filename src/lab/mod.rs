//! Measuring here, on this machine.

mod usage;

pub use usage::{Usage, command_name, file_size};
