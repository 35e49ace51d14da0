//! History that travels: immutable run files, and the data branch that carries them.
//!
//! The set of run files is the record of truth; the store is a working copy of it. A run file is
//! named by what it holds, so the same run has the same name everywhere, files are only ever added,
//! and two histories are merged by taking every file of both.
//!
//! [`mod@file`] is one run as a file, [`pack`] many of a month in one, [`folder`] a folder of them; [`sync`]
//! exchanges them with a data branch, [`order`] finds the order of commits in a shallow clone.

pub mod file;
pub mod folder;
pub mod order;
pub mod pack;
pub mod sync;
