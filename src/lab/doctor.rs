//! Whether this machine can measure, from what its system says of itself.

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Fine,
    /// Makes figures noisier or less comparable.
    Noisy,
    /// Wrong, and can be mended.
    Wrong,
}

impl Grade {
    /// `ok`, `noisy` or `mend`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Noisy => "noisy",
            Self::Wrong => "mend",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub grade: Grade,
    /// What was looked at.
    pub subject: &'static str,
    /// What was seen.
    pub seen: String,
    /// What to do about it: a command where there is one.
    pub mend: Option<String>,
}

impl Finding {
    /// Something as it should be.
    #[must_use]
    pub fn fine(subject: &'static str, seen: impl Into<String>) -> Self {
        Self {
            grade: Grade::Fine,
            subject,
            seen: seen.into(),
            mend: None,
        }
    }

    /// Something that makes figures noisier.
    #[must_use]
    pub fn noisy(subject: &'static str, seen: impl Into<String>, mend: &str) -> Self {
        Self {
            grade: Grade::Noisy,
            subject,
            seen: seen.into(),
            mend: Some(mend.to_owned()).filter(|mend| !mend.is_empty()),
        }
    }

    /// Something wrong.
    #[must_use]
    pub fn wrong(subject: &'static str, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            grade: Grade::Wrong,
            subject,
            seen: seen.into(),
            mend: Some(mend.into()),
        }
    }
}

/// Looks at a Linux machine through its files; `read` gives the content of one, `None` where there is
/// none. On other systems there is nothing to see, and nothing is claimed.
#[must_use]
pub fn examine(read: &dyn Fn(&str) -> Option<String>, cores: usize) -> Vec<Finding> {
    let line = |path: &str| read(path).map(|text| text.trim().to_owned());
    let mut found = Vec::new();
    found.extend(governor(&line));
    found.extend(boost(&line));
    found.extend(load(&line, cores));
    found.extend(power(&line));
    found.extend(virtualisation(&line));
    found.extend(quota(&line));
    found.extend(clock(&line));
    found
}

type Line<'a> = dyn Fn(&str) -> Option<String> + 'a;

fn governor(line: &Line<'_>) -> Option<Finding> {
    let name = line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")?;
    let subject = "CPU frequency";
    Some(if name == "performance" {
        Finding::fine(subject, "governor performance")
    } else {
        Finding::noisy(
            subject,
            format!("governor {name} changes the speed while you measure"),
            "sudo cpupower frequency-set --governor performance",
        )
    })
}

fn boost(line: &Line<'_>) -> Option<Finding> {
    let subject = "CPU boost";
    let intel = line("/sys/devices/system/cpu/intel_pstate/no_turbo");
    let (on, mend) = match intel {
        Some(off) => (
            off == "0",
            "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo",
        ),
        None => (
            line("/sys/devices/system/cpu/cpufreq/boost")? == "1",
            "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost",
        ),
    };
    Some(if on {
        Finding::noisy(
            subject,
            "on: the speed depends on heat and on other cores",
            mend,
        )
    } else {
        Finding::fine(subject, "off")
    })
}

fn load(line: &Line<'_>, cores: usize) -> Option<Finding> {
    let text = line("/proc/loadavg")?;
    let load: f64 = text.split_whitespace().next()?.parse().ok()?;
    let seen = format!("{load:.1} of {cores} cores busy over the last minute");
    Some(if load > 0.5 * cores as f64 {
        Finding::noisy(
            "load",
            seen,
            "trust CPU time more than wall time; close what runs beside",
        )
    } else {
        Finding::fine("load", seen)
    })
}

fn power(line: &Line<'_>) -> Option<Finding> {
    let battery = ["BAT0", "BAT1", "BATT"]
        .iter()
        .find_map(|name| line(&format!("/sys/class/power_supply/{name}/status")))?;
    Some(if battery == "Discharging" {
        Finding::noisy("power", "on battery: the CPU is held back", "plug it in")
    } else {
        Finding::fine("power", "on mains")
    })
}

fn virtualisation(line: &Line<'_>) -> Option<Finding> {
    let info = line("/proc/cpuinfo")?;
    let flags = info.lines().find(|line| line.starts_with("flags"))?;
    let guest = flags.split_whitespace().any(|flag| flag == "hypervisor");
    let vendor = line("/sys/class/dmi/id/sys_vendor").unwrap_or_default();
    let vendor = vendor.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(if guest {
        let whose = if vendor.is_empty() {
            String::new()
        } else {
            format!(" ({vendor})")
        };
        Finding::noisy(
            "virtual machine",
            format!("yes{whose}: neighbours take time that nobody sees"),
            "compare side by side (plimsoll compare), not with figures of another day",
        )
    } else {
        Finding::fine("virtual machine", "no")
    })
}

fn quota(line: &Line<'_>) -> Option<Finding> {
    let text = line("/sys/fs/cgroup/cpu.max")?;
    let (most, period) = text.split_once(' ')?;
    let most: f64 = most.parse().ok()?;
    let period: f64 = period.parse().ok()?;
    Some(Finding::noisy(
        "CPU quota",
        format!(
            "{:.1} CPUs: beyond it the system makes programs wait",
            most / period.max(1.0)
        ),
        "give the container whole CPUs, or none but a share",
    ))
}

fn clock(line: &Line<'_>) -> Option<Finding> {
    let name = line("/sys/devices/system/clocksource/clocksource0/current_clocksource")?;
    let good = [
        "tsc",
        "kvm-clock",
        "arch_sys_counter",
        "hyperv_clocksource_tsc_page",
    ];
    Some(if good.contains(&name.as_str()) {
        Finding::fine("clock", name)
    } else {
        Finding::noisy(
            "clock",
            format!("{name} is slow to read: short benchmarks measure the clock"),
            "",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> Vec<(Grade, &'static str)> {
        let read = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| format!("{text}\n"))
        };
        let found = examine(&read, 4);
        found.into_iter().map(|f| (f.grade, f.subject)).collect()
    }

    #[test]
    fn a_quiet_machine_is_fine() {
        let found = machine(&[
            (
                "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                "performance",
            ),
            ("/sys/devices/system/cpu/intel_pstate/no_turbo", "1"),
            ("/proc/loadavg", "0.12 0.3 0.4 1/200 4242"),
            ("/sys/class/power_supply/BAT0/status", "Charging"),
            ("/proc/cpuinfo", "flags\t\t: fpu sse2"),
            ("/sys/fs/cgroup/cpu.max", "max 100000"),
            (
                "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                "tsc",
            ),
        ]);
        assert_eq!(found.len(), 6);
        assert!(
            found.iter().all(|(grade, _)| *grade == Grade::Fine),
            "{found:?}"
        );
    }

    #[test]
    fn what_makes_noise_is_named() {
        let found = machine(&[
            (
                "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                "powersave",
            ),
            ("/sys/devices/system/cpu/cpufreq/boost", "1"),
            ("/proc/loadavg", "3.9 0.3 0.4 1/200 4242"),
            ("/sys/class/power_supply/BAT1/status", "Discharging"),
            ("/proc/cpuinfo", "flags\t\t: fpu hypervisor"),
            ("/sys/fs/cgroup/cpu.max", "150000 100000"),
            (
                "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                "hpet",
            ),
        ]);
        assert_eq!(found.len(), 7);
        assert!(
            found.iter().all(|(grade, _)| *grade == Grade::Noisy),
            "{found:?}"
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_claimed() {
        assert!(machine(&[]).is_empty());
        assert!(machine(&[("/proc/loadavg", "x"), ("/sys/fs/cgroup/cpu.max", "")]).is_empty());
    }
}
