//! What happened while so many users were at work.

use super::{HOW, NANOS, Role};
use crate::formats::distribution::Distribution;
use crate::formats::fault::Fault;
use crate::formats::load::Load;
use crate::formats::moments::LoadMoment;
use crate::formats::parsed::{Parsed, RATE};
use crate::formats::requests::distribution;
use std::collections::BTreeMap;

/// Numbers of users that were kept for less, on end, are parts of a ramp.
const STAGE: i64 = 5 * NANOS;
/// So many stages keep the distribution of their times; a slow ramp has more, and then none does.
const WITH_TIMES: usize = 64;

/// A stretch of time.
#[derive(Default)]
struct Stage {
    nanos: i64,
    requests: u64,
    failures: u64,
    times: Distribution,
}

impl Stage {
    fn add(&mut self, other: &Self) -> Result<(), Fault> {
        self.nanos = self.nanos.saturating_add(other.nanos);
        self.requests += other.requests;
        self.failures += other.failures;
        self.times.merge(&other.times)
    }
}

/// Stages by number of users.
#[derive(Default)]
pub(super) struct Stages {
    by_users: BTreeMap<u64, Stage>,
    now: Option<(u64, i64)>,
    /// With the users of now, so far.
    stretch: Stage,
    /// Since the last word on users: how long that lasts is not known yet.
    pending: Stage,
    /// What every second was like, where that is asked for.
    pub(super) moments: Option<Vec<LoadMoment>>,
}

impl Stages {
    /// k6 says every second how many users there are.
    pub(super) fn users(&mut self, users: f64, time: i64) -> Result<(), Fault> {
        let users = users.max(0.0) as u64;
        let mut pending = std::mem::take(&mut self.pending);
        if let Some((before, since)) = self.now {
            pending.nanos = time.saturating_sub(since).max(0);
            if let Some(moments) = &mut self.moments {
                moments.push(moment(before, time, &pending));
            }
            self.stretch.add(&pending)?;
            if before != users {
                self.end_of_stretch(before)?;
            }
        }
        self.now = Some((users, time));
        Ok(())
    }

    fn end_of_stretch(&mut self, users: u64) -> Result<(), Fault> {
        let stretch = std::mem::take(&mut self.stretch);
        if users == 0 || stretch.nanos < STAGE || stretch.requests == 0 {
            return Ok(());
        }
        self.by_users.entry(users).or_default().add(&stretch)?;
        if self.by_users.len() > WITH_TIMES {
            for stage in self.by_users.values_mut() {
                stage.times = Distribution::default();
            }
        }
        Ok(())
    }

    pub(super) fn request(&mut self, role: Role, value: f64) {
        let stage = &mut self.pending;
        match role {
            Role::Made => stage.requests += 1,
            Role::Failed if value != 0.0 => stage.failures += 1,
            _ => {}
        }
    }

    /// How long a request took, in steps of a distribution.
    pub(super) fn took(&mut self, steps: u64) -> Result<(), Fault> {
        self.pending.times.record(steps)
    }

    /// Each stage that was kept, where there are several: the tag `vus` tells them apart.
    pub(super) fn report(mut self, name: &str, parsed: &mut Parsed) -> Result<(), Fault> {
        if let Some((users, _)) = self.now {
            self.end_of_stretch(users)?;
        }
        if self.by_users.len() < 2 {
            return Ok(());
        }
        let with_times = self.by_users.len() <= WITH_TIMES;
        for (users, stage) in self.by_users {
            let tags = [("vus".to_owned(), users.to_string())].into();
            let made = stage.requests as f64;
            let failed = stage.failures.min(stage.requests) as f64;
            let load = Load::new(
                name,
                tags,
                (made, ("http_reqs", "count")),
                (failed, ("http_req_failed", "count")),
                parsed,
            )?;
            let Some(mut load) = load else { continue };
            if with_times {
                let source = (HOW.source, HOW.unit);
                distribution(&mut load, &stage.times, HOW.step, source, true)?;
            }
            let rate = made / (stage.nanos as f64 / NANOS as f64);
            load.value("rate", rate, RATE, ("http_reqs", "1/s"))?;
        }
        Ok(())
    }
}

fn moment(users: u64, time: i64, second: &Stage) -> LoadMoment {
    let made = second.requests as f64;
    let tail = second.times.percentiles([0.95]);
    LoadMoment {
        time: time as f64 / NANOS as f64,
        n: users as f64,
        tail: tail.map(|[p95]| p95 as f64 * HOW.step),
        errors: (made > 0.0).then(|| second.failures as f64 / made),
    }
}
