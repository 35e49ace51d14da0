//! The seeded model behind the demo's measurements: levels that a story gives, noise that a
//! generator gives. Nothing here was measured, and the demo says so.

/// Commits of the story.
pub(super) const COMMITS: usize = 72;
/// The machine is replaced before this commit, by one that is faster.
pub(super) const MACHINE_CHANGE: usize = 22;
/// From this commit on the export benchmark no longer reports.
pub(super) const SILENT_FROM: usize = 66;
/// The change that its owner accepts.
pub(super) const ACCEPTED_AT: usize = 52;
/// The steps of the creep.
pub(super) const CREEP_AT: [usize; 6] = [28, 35, 43, 50, 57, 64];
/// The abrupt regression: the newest commit.
pub(super) const REGRESSION_AT: usize = COMMITS - 1;
/// An improvement.
pub(super) const IMPROVEMENT_AT: usize = 46;

/// How fast the new machine is, relative to the old.
const MACHINE_SPEED: f64 = 0.82;

/// One feature of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    Checkout,
    Search,
    Login,
    Export,
    Upload,
}

/// The level of a feature at a commit, in milliseconds.
pub(super) fn level(feature: Feature, commit: usize) -> f64 {
    let base = match feature {
        Feature::Checkout => 100.0,
        Feature::Search => 42.0,
        Feature::Login => 68.0,
        Feature::Export => 1_900.0,
        Feature::Upload => 240.0,
    };
    let machine = if commit >= MACHINE_CHANGE {
        MACHINE_SPEED
    } else {
        1.0
    };
    let story = match feature {
        Feature::Checkout if commit >= REGRESSION_AT => 1.24,
        Feature::Search => {
            1.021_f64.powi(CREEP_AT.iter().filter(|at| commit >= **at).count() as i32)
        }
        Feature::Login if commit >= ACCEPTED_AT => 1.09,
        Feature::Upload if commit >= IMPROVEMENT_AT => 0.93,
        _ => 1.0,
    };
    base * machine * story
}

/// Spread between runs, as a fraction.
fn noise(feature: Feature) -> f64 {
    match feature {
        Feature::Search => 0.008,
        Feature::Upload => 0.02,
        _ => 0.012,
    }
}

/// SplitMix64 (Steele, Lea & Flood 2014): small, seedable, the same on every machine.
pub(super) struct Generator(u64);

impl Generator {
    /// Streams of neighbouring seeds must not be one stream shifted, so the seed is mixed, too.
    pub(super) fn new(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(0x9E37_79B9_7F4A_7C15)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// A standard normal number (Box & Muller 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// The centre of one run: the level with noise between runs, now and then an outlier.
    pub(super) fn run(&mut self, feature: Feature, commit: usize) -> f64 {
        let outlier = if self.uniform() < 0.02 {
            1.0 + 0.2 * self.uniform()
        } else {
            1.0
        };
        level(feature, commit) * (noise(feature) * self.normal()).exp() * outlier
    }

    /// Samples inside a run around its centre.
    pub(super) fn samples(&mut self, centre: f64, n: usize) -> Vec<f64> {
        (0..n)
            .map(|_| centre * (0.01 * self.normal()).exp())
            .collect()
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What the team did, commit by commit.
pub(super) fn subject(commit: usize) -> String {
    let named = match commit {
        0 => "Start the shop",
        22 => "Docs: how to run the benchmarks on the new runner",
        28 => "Search: highlight matches",
        35 => "Search: fold accents",
        43 => "Search: log every query",
        46 => "Upload: stream instead of buffering",
        50 => "Search: rank by popularity",
        52 => "Login: hash passwords with Argon2id",
        53 => "Accept the cost of Argon2id",
        57 => "Search: suggest corrections",
        64 => "Search: join the stock table",
        66 => "Export: move to the job queue",
        71 => "Audit every transfer",
        _ => "",
    };
    if !named.is_empty() {
        return named.to_owned();
    }
    const VERBS: [&str; 6] = [
        "Tidy",
        "Test",
        "Document",
        "Rename parts of",
        "Split",
        "Simplify",
    ];
    const THINGS: [&str; 7] = [
        "the basket",
        "the mailer",
        "the price list",
        "invoices",
        "the admin pages",
        "sessions",
        "the stock import",
    ];
    format!(
        "{} {}",
        VERBS[commit % VERBS.len()],
        THINGS[(commit * 3) % THINGS.len()]
    )
}

pub(super) fn author(commit: usize) -> &'static str {
    ["Ada Byron", "Lena Fischer", "Grace Obi", "Tomás Vega"][commit * 7 % 4]
}
