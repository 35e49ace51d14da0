//! What people and programs see: outputs are functions of a frozen view, one file each.

pub mod account;
pub mod build;
pub mod capacity;
pub mod chart;
pub mod check;
pub mod document;
pub mod explain;
pub mod export;
pub mod html;
pub mod json;
pub mod ledger;
pub mod markdown;
pub mod paired;
pub mod ratchet;
pub mod since;
pub mod sync;
pub mod tell;
pub mod terminal;
pub mod text;
pub mod view;
