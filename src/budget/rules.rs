//! What the rules of a limit ask for.

use super::Quantity;
use jiff::civil::Date;

/// Which rule of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The absolute limit.
    Max,
    /// The limit of one change.
    Regress,
    /// The limit of all changes since a pinned commit.
    Drift,
    /// The limit of slope and small steps in a window.
    Creep,
    /// The limit of a counter's growth with size.
    Growth,
    /// The limit of the exponent in the size.
    Complexity,
    /// The limit of the ratio between two sizes.
    Scaling,
    /// The metric without which the value means nothing.
    Guard,
    /// What a sweep of load steps carries.
    Capacity,
    /// A demand with a date.
    Milestone,
    /// The limit of what may be added to the share of work that waits in line.
    Contention,
    /// The limit of what may be added to the cost of agreeing with each other.
    Coherency,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 12] = [
        Self::Max,
        Self::Regress,
        Self::Drift,
        Self::Creep,
        Self::Growth,
        Self::Complexity,
        Self::Scaling,
        Self::Guard,
        Self::Capacity,
        Self::Milestone,
        Self::Contention,
        Self::Coherency,
    ];

    /// Whether it is about a level, which a change can raise and an owner accept: a value, a slope, an
    /// exponent, a ratio between sizes. What load steps say is none.
    #[must_use]
    pub fn has_level(self) -> bool {
        match self {
            Self::Max
            | Self::Regress
            | Self::Drift
            | Self::Creep
            | Self::Guard
            | Self::Growth
            | Self::Complexity
            | Self::Scaling => true,
            Self::Capacity | Self::Milestone | Self::Contention | Self::Coherency => false,
        }
    }

    /// The key of a budget file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Regress => "regress",
            Self::Drift => "drift",
            Self::Creep => "creep",
            Self::Growth => "growth",
            Self::Complexity => "complexity",
            Self::Scaling => "scaling",
            Self::Guard => "guard",
            Self::Capacity => "capacity",
            Self::Milestone => "milestone",
            Self::Contention => "contention",
            Self::Coherency => "coherency",
        }
    }
}

/// How much worse one change may make it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regress {
    /// Fraction of worsening that is too much, positive whatever the direction.
    pub limit: f64,
    /// Fraction from which it is said.
    pub warn: Option<f64>,
    /// Written as a fall (`-5%`), as for metrics where higher is better.
    pub falls: bool,
}

/// The slice of the same runs that `regress = { vs = "tags:NAME=VALUE" }` compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// The tag.
    pub tag: String,
    /// Its value.
    pub value: String,
}

/// A fraction of worsening, positive whatever the direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worsening {
    /// The fraction.
    pub fraction: f64,
    /// Written as a fall (`-5%`), as for metrics where higher is better.
    pub falls: bool,
}

/// Where drift is counted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// The commit of a tag.
    Tag(String),
    /// A commit, as written.
    Commit(String),
    /// The newest commit before the end of this day (UTC).
    Date(Date),
    /// The commit that added the budget file.
    Start,
}

impl Anchor {
    /// Reads `tag:NAME`, `commit:ID`, `date:2026-05-01` or `start`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("tag", name)) if !name.trim().is_empty() => {
                Some(Self::Tag(name.trim().to_owned()))
            }
            Some(("commit", id))
                if id.len() >= 4 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
            {
                Some(Self::Commit(id.to_ascii_lowercase()))
            }
            Some(("date", date)) => date.trim().parse().ok().map(Self::Date),
            None if text == "start" => Some(Self::Start),
            _ => None,
        }
    }

    /// As it is written.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Tag(name) => format!("tag:{name}"),
            Self::Commit(id) => format!("commit:{id}"),
            Self::Date(date) => format!("date:{date}"),
            Self::Start => "start".to_owned(),
        }
    }
}

/// How much worse it may be than at a pinned commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The pinned commit.
    pub anchor: Anchor,
    /// The limit.
    pub limit: Worsening,
    /// When the anchor is due to be moved.
    pub until: Option<Date>,
}

/// How far back a creep is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Window {
    /// So many days before the judged commit.
    Days(f64),
    /// So many commits of the first-parent line, the judged one included.
    Commits(u32),
}

/// How much it may grow in a window by slope and small steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Creep {
    /// The window.
    pub window: Window,
    /// The limit.
    pub limit: Worsening,
}

/// How fast a counter may grow with size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// The greatest Δcount ÷ Δsize.
    pub max_slope: f64,
}

/// The exponent k of c0 + c1·n^k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Complexity {
    /// The greatest exponent.
    pub exponent: Option<f64>,
    /// How much one change may add to it.
    pub regress: Option<f64>,
}

/// How many times its value at one size it may be at another.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// The tag that holds the size.
    pub by: String,
    /// The small size.
    pub from: f64,
    /// The large size.
    pub to: f64,
    /// The greatest ratio of worsening from one to the other.
    pub max_ratio: f64,
}

/// Another metric of the same benchmark without which a value means nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// Its name.
    pub metric: String,
    /// The greatest value.
    pub max: Option<Quantity>,
    /// The least value.
    pub min: Option<Quantity>,
}

/// When a tighter limit is proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratchet {
    /// Commits in a row that stayed below it.
    pub after: usize,
    /// No limit tighter than this.
    pub floor: Option<Quantity>,
}
