//! Names with and without GOMAXPROCS.

use std::collections::{BTreeMap, BTreeSet};

/// What the suffixes of a package's names mean.
struct Suffixes {
    /// The list of GOMAXPROCS of the run (`-cpu 1,2`), of which 1 is written as no suffix. Other
    /// suffixes are parts of names.
    procs: BTreeSet<u32>,
    /// The names as they were printed.
    names: BTreeSet<String>,
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

/// The GOMAXPROCS with which each possible name was run, whatever a suffix means.
type Runs<'a> = BTreeMap<&'a str, BTreeSet<u32>>;

impl Suffixes {
    fn of(names: BTreeSet<String>) -> Self {
        let mut runs: Runs<'_> = BTreeMap::new();
        for name in &names {
            let (base, procs) = cut(name);
            runs.entry(base).or_default().insert(procs);
            runs.entry(name).or_default().insert(1);
        }
        let procs = Self::whole(&names, &runs).unwrap_or_else(|| Self::seen(&names));
        Self { procs, names }
    }

    /// The longest list with which every benchmark was run, as `go test` runs them: each name is
    /// then a benchmark with one of the list, and that benchmark was run with all of it.
    fn whole(names: &BTreeSet<String>, runs: &Runs<'_>) -> Option<BTreeSet<u32>> {
        let lists: BTreeSet<&BTreeSet<u32>> = runs.values().collect();
        let mut lists: Vec<&BTreeSet<u32>> = lists.into_iter().collect();
        // All names may end in the one GOMAXPROCS of the run: that reading goes before the one in
        // which they are names as they stand.
        lists.sort_by_key(|list| (std::cmp::Reverse(list.len()), list.contains(&1)));
        let explains = |list: &BTreeSet<u32>| {
            let all_of = |base: &str| runs.get(base).is_some_and(|own| own.is_superset(list));
            names.iter().all(|name| {
                let (base, procs) = cut(name);
                list.contains(&procs) && all_of(base) || list.contains(&1) && all_of(name)
            })
        };
        lists.into_iter().find(|list| explains(list)).cloned()
    }

    /// Where a benchmark is missing somewhere, as one that failed: every suffix that occurs, if any
    /// benchmark shows them all.
    fn seen(names: &BTreeSet<String>) -> BTreeSet<u32> {
        let mut bases: Runs<'_> = BTreeMap::new();
        for name in names {
            let (base, procs) = cut(name);
            bases.entry(base).or_default().insert(procs);
        }
        let all: BTreeSet<u32> = bases.values().flatten().copied().collect();
        if bases.values().any(|procs| *procs == all) {
            all
        } else {
            BTreeSet::from([1])
        }
    }

    /// Whether a benchmark of this name was run with the whole list.
    fn all_of(&self, base: &str) -> bool {
        self.procs.iter().all(|procs| match procs {
            1 => self.names.contains(base),
            procs => self.names.contains(&format!("{base}-{procs}")),
        })
    }

    fn split<'a>(&self, name: &'a str) -> (&'a str, Option<u32>) {
        let (base, procs) = cut(name);
        let several = self.procs.len() > 1;
        let own_name = self.all_of(name) && !self.all_of(base);
        if self.procs.contains(&procs) && !own_name {
            (base, several.then_some(procs))
        } else {
            (name, several.then_some(1))
        }
    }
}

impl Names {
    /// Decides for each package, by all names that occur in it.
    pub(super) fn of<'a>(names: impl Iterator<Item = (Option<&'a str>, &'a str)>) -> Self {
        let mut packages: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
        for (package, name) in names {
            let all = packages.entry(package.map(str::to_owned)).or_default();
            all.insert(name.to_owned());
        }
        Self(
            packages
                .into_iter()
                .map(|(package, names)| (package, Suffixes::of(names)))
                .collect(),
        )
    }

    /// The stable name of a benchmark, and its GOMAXPROCS where that tells it from another.
    pub(super) fn split<'a>(&self, package: Option<&str>, name: &'a str) -> (&'a str, Option<u32>) {
        match self.0.get(&package.map(str::to_owned)) {
            Some(suffixes) => suffixes.split(name),
            None => (name, None),
        }
    }
}
