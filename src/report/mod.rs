//! What people and programs see: outputs are functions of a frozen view, one file each.
pub mod chart;
pub mod html;
pub mod text;
pub mod view;
