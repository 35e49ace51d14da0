//! Series of two builds under the names by which they are known now.

use super::PairedSeries;
use crate::budget::Renames;

/// Gives every series its present name. What the base measured under an old name and the head under
/// the new one is one series; where a build measured both names, the new one counts.
#[must_use]
pub fn renamed(series: &[PairedSeries], renames: &Renames) -> Vec<PairedSeries> {
    if renames.is_empty() {
        return series.to_vec();
    }
    let is_old = |own: &&PairedSeries| renames.key(&own.key) != own.key;
    let mut all: Vec<PairedSeries> = series.iter().filter(|own| !is_old(own)).cloned().collect();
    for old in series.iter().filter(is_old) {
        let key = renames.key(&old.key);
        let mut present = all.iter_mut();
        match present.find(|own| own.key == key && own.unit == old.unit) {
            Some(own) => {
                if own.base.is_empty() {
                    own.base.clone_from(&old.base);
                    own.control.clone_from(&old.control);
                }
                if own.head.is_empty() {
                    own.head.clone_from(&old.head);
                }
                own.direction = own.direction.or(old.direction);
                own.least_samples = own.least_samples.min(old.least_samples);
            }
            None => all.push(PairedSeries { key, ..old.clone() }),
        }
    }
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

#[cfg(test)]
mod tests {
    use super::super::tests::slower;
    use super::*;
    use crate::budget::parse_settings;
    use std::path::Path;

    #[test]
    fn the_old_name_of_the_base_and_the_new_one_of_the_head_are_one_series() {
        let text = "[[rename]]\nfrom = { benchmark = \"old\" }\nto = { benchmark = \"app\" }\nreason = \"a new name\"\n";
        let (settings, faults) = parse_settings(Path::new("plimsoll.toml"), text);
        assert!(faults.is_empty(), "{faults:?}");
        let renames = settings.unwrap().renames;
        let whole = slower(0.3, 8);
        let mut before = whole.clone();
        before.key.benchmark = "old".to_owned();
        before.head.clear();
        let mut after = whole.clone();
        after.base.clear();
        after.control.clear();
        let mut other = whole.clone();
        other.key.benchmark = "other".to_owned();
        assert_eq!(
            renamed(&[after, before, other.clone()], &renames),
            [whole, other.clone()]
        );
        assert_eq!(renamed(&[other.clone()], &Renames::default()), [other]);
    }
}
