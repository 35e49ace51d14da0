//! Names with and without GOMAXPROCS.

use std::collections::{BTreeMap, BTreeSet};

/// What the suffixes of a package's names mean.
enum Suffixes {
    /// Parts of names.
    Names,
    /// The one GOMAXPROCS of the run.
    OneProcs,
    /// A list of GOMAXPROCS (`-cpu 1,2`).
    SeveralProcs,
}

/// How the names of every package are to be read.
pub(super) struct Names(BTreeMap<Option<String>, Suffixes>);

/// The name before `-8`, and 8; 1 where there is none.
fn cut(name: &str) -> (&str, u32) {
    let parts = name.rsplit_once('-').and_then(|(base, digits)| {
        let plain = !digits.starts_with(['0', '+']);
        let procs = digits.parse().ok().filter(|procs| *procs > 1 && plain)?;
        Some((base, procs))
    });
    parts.unwrap_or((name, 1))
}

impl Names {
    /// Decides for each package, by all names that occur in it.
    pub(super) fn of<'a>(names: impl Iterator<Item = (Option<&'a str>, &'a str)>) -> Self {
        type Procs<'a> = BTreeMap<&'a str, BTreeSet<u32>>;
        let mut packages: BTreeMap<Option<&str>, Procs<'_>> = BTreeMap::new();
        for (package, name) in names {
            let (base, procs) = cut(name);
            let bases = packages.entry(package).or_default();
            bases.entry(base).or_default().insert(procs);
        }
        let decide = |bases: &Procs<'_>| {
            let all: BTreeSet<u32> = bases.values().flatten().copied().collect();
            if !bases.values().any(|procs| *procs == all) {
                Suffixes::Names
            } else if all.len() > 1 {
                Suffixes::SeveralProcs
            } else {
                Suffixes::OneProcs
            }
        };
        Self(
            packages
                .iter()
                .map(|(package, bases)| (package.map(str::to_owned), decide(bases)))
                .collect(),
        )
    }

    /// The stable name of a benchmark, and its GOMAXPROCS where that tells it from another.
    pub(super) fn split<'a>(&self, package: Option<&str>, name: &'a str) -> (&'a str, Option<u32>) {
        let (base, procs) = cut(name);
        match self.0.get(&package.map(str::to_owned)) {
            Some(Suffixes::SeveralProcs) => (base, Some(procs)),
            Some(Suffixes::OneProcs) => (base, None),
            Some(Suffixes::Names) | None => (name, None),
        }
    }
}
