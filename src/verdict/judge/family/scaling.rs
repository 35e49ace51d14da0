//! `scaling`: the value at one size over that at another, run by run.

use super::{Families, Member};
use crate::budget::{Rule, Scaling};
use crate::model::{Direction, SeriesKey, Unit};
use crate::store::{Cell, Columns, SeriesRow};
use crate::verdict::judge::Judging;
use crate::verdict::select::Pair;
use crate::verdict::{Judgement, Reason, Verdict};

impl Judging<'_, '_> {
    /// `max` on the ratio of two sizes, run by run.
    pub(super) fn scaling(
        &self,
        pair: &Pair<'_>,
        key: &SeriesKey,
        members: &[Member],
        rule: &Scaling,
        found: &mut Families,
    ) {
        let of_size = |size: f64| {
            members
                .iter()
                .find(|member| (member.size / size - 1.0).abs() < 1e-9)
        };
        let (Some(small), Some(large)) = (of_size(rule.from), of_size(rule.to)) else {
            let sizes: Vec<String> = members.iter().map(|m| m.size.to_string()).collect();
            let message = format!(
                "limit `{}` compares {} = {} with {}, and recorded sizes are {}",
                pair.limit.id,
                rule.by,
                rule.from,
                rule.to,
                sizes.join(", ")
            );
            found.fault(
                pair,
                members,
                "scaling",
                message,
                "name two sizes that are measured",
            );
            return;
        };
        let (below, above) = match pair.direction {
            Direction::Lower => (small, large),
            Direction::Higher => (large, small),
        };
        let columns = ratio(
            &self.check.columns[above.index],
            &self.check.columns[below.index],
        );
        let row = SeriesRow {
            key: key.clone(),
            unit: Unit::Ratio,
            direction: Some(Direction::Lower),
            ..self.check.series[above.index].clone()
        };
        let ratios = Pair {
            direction: Direction::Lower,
            ..*pair
        };
        let judged = self.with_bench(&row, &columns, |bench| {
            let mut judged = self.max(&ratios, bench, rule.max_ratio);
            judged.rule = Some(Rule::Scaling);
            judged.unit = Unit::Other("×".to_owned());
            judged
        });
        let mut judged = judged.unwrap_or_else(|| {
            let judgement = Judgement::bare(Verdict::Missing, Reason::NotMeasured);
            self.describe_family(pair, key, Rule::Scaling, members, judgement)
        });
        judged.members = members
            .iter()
            .map(|member| self.check.series[member.index].key.clone())
            .collect();
        found.limits.push(judged);
    }
}

/// The ratio of two series in each run that has both.
fn ratio(above: &Columns, below: &Columns) -> Columns {
    let of_run = |cell: Cell| {
        let other = below.get(below.runs().binary_search(&cell.run).ok()?)?;
        let value = cell.value / other.value;
        value.is_finite().then_some(Cell {
            run: cell.run,
            value,
            spread: None,
            n: cell.n.min(other.n),
        })
    };
    above.iter().filter_map(of_run).collect()
}
