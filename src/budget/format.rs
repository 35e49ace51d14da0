//! The one description of the file formats: every table, every key, what it takes and what it
//! means. The parser asks it which keys there are, and the JSON schemas are made from it.

mod settings;

pub(super) use settings::{HOOK, LAB, SETTINGS};

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Text that is not empty.
    Text,
    /// Text in which `*` and `?` match anything.
    Pattern,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An amount with its unit, or a bare number for counts.
    Quantity,
    /// A relative limit such as `+5%`.
    Percent,
    /// A number.
    Number,
    /// A number as text with its sign, such as `+0.1`, or a number.
    Signed,
    /// A whole number of at least this.
    Whole(u64),
    /// true or false.
    Flag,
    /// A date.
    Date,
    /// A list of text.
    Texts,
    /// A table from names to patterns.
    Tags,
    /// A table.
    Table(&'static Section),
    /// A list of tables.
    Tables(&'static Section),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) needed: bool,
    pub(super) about: &'static str,
}

/// One table.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
}

const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key {
        name,
        shape,
        needed: false,
        about,
    }
}

const fn needed(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key {
        name,
        shape,
        needed: true,
        about,
    }
}

const CONSEQUENCE: Shape = Shape::Word(&["warn", "fail"]);

/// The names of all rules, as in a budget file.
pub(super) const RULES: &[&str] = &[
    "max",
    "regress",
    "drift",
    "creep",
    "growth",
    "complexity",
    "scaling",
    "guard",
    "capacity",
    "milestone",
    "contention",
    "coherency",
];

/// `budgets/NAME.toml`.
pub(super) const BUDGET: Section = Section {
    about: "The performance budget of one feature.",
    keys: &[
        needed("schema", Shape::Whole(1), "Version of this format: 1."),
        needed(
            "feature",
            Shape::Table(&FEATURE),
            "What is budgeted, and whose it is.",
        ),
        needed(
            "limit",
            Shape::Tables(&LIMIT),
            "The limits, at least one [[limit]].",
        ),
        key(
            "accepted",
            Shape::Tables(&ACCEPTED),
            "Changes that the owner took on purpose, for a while.",
        ),
        key(
            "milestone",
            Shape::Tables(&MILESTONE),
            "Demands with a date that a limit with `capacity` must carry.",
        ),
        key(
            "demand",
            Shape::Table(&DEMAND),
            "What is asked for now, and how it grows.",
        ),
    ],
};

const FEATURE: Section = Section {
    about: "What is budgeted, and whose it is.",
    keys: &[
        needed(
            "name",
            Shape::Text,
            "Name of the feature, unique among all budget files.",
        ),
        needed(
            "owner",
            Shape::Text,
            "Who answers for it, such as @acme/payments; checked against CODEOWNERS where there is one.",
        ),
        key("journey", Shape::Text, "What the user does."),
        key(
            "paths",
            Shape::Texts,
            "Globs of the source files that belong to it.",
        ),
    ],
};

const LIMIT: Section = Section {
    about: "A selection of series and the rules they are judged by.",
    keys: &[
        needed(
            "id",
            Shape::Text,
            "Name of the limit, unique in its feature.",
        ),
        key(
            "kind",
            Shape::Word(&["symptom", "cause"]),
            "A symptom (default) may fail a change; a cause only explains or warns.",
        ),
        needed("select", Shape::Table(&SELECT), "Which series it is about."),
        key(
            "direction",
            Shape::Word(&["lower", "higher"]),
            "Which way is better, where the tool does not say it.",
        ),
        key(
            "max",
            Shape::Quantity,
            "The absolute limit, such as 250ms: at most this where lower is better, at least this where higher is.",
        ),
        key(
            "regress",
            Shape::Table(&REGRESS),
            "How much worse one change may make it.",
        ),
        key(
            "drift",
            Shape::Table(&DRIFT),
            "How much worse it may be than at a pinned commit.",
        ),
        key(
            "creep",
            Shape::Table(&CREEP),
            "How much it may grow in a window by slope and small steps.",
        ),
        key(
            "growth",
            Shape::Table(&GROWTH),
            "How fast a counter may grow with the size in `select.by`; exact.",
        ),
        key(
            "complexity",
            Shape::Table(&COMPLEXITY),
            "The greatest exponent k of c0 + c1·n^k over the sizes in `select.by`.",
        ),
        key(
            "scaling",
            Shape::Table(&SCALING),
            "How many times its value at one size it may be at another.",
        ),
        key(
            "slices",
            Shape::Texts,
            "Tags whose values are judged one by one, the worst shown.",
        ),
        key(
            "guard",
            Shape::Table(&GUARD),
            "Another metric of the same benchmark without which the value means nothing.",
        ),
        key("min", Shape::Table(&MIN), "The least evidence asked for."),
        key(
            "deterministic",
            Shape::Flag,
            "An exact counter: one run decides, no statistics.",
        ),
        key(
            "ratchet",
            Shape::Table(&RATCHET),
            "Proposes a tighter `max` as a patch.",
        ),
        key(
            "capacity",
            Shape::Table(&CAPACITY),
            "What a sweep of load steps must carry.",
        ),
        key(
            "scale_unit",
            Shape::Table(&SCALE_UNIT),
            "How units of what was tested add up: the owner's assumption.",
        ),
        key(
            "unproven",
            CONSEQUENCE,
            "What an unproven verdict does: warn (default) or fail.",
        ),
        key(
            "missing",
            CONSEQUENCE,
            "What a missing verdict does: fail (default) or warn.",
        ),
    ],
};

const SELECT: Section = Section {
    about: "Which series a limit is about.",
    keys: &[
        needed(
            "benchmark",
            Shape::Pattern,
            "The benchmark's name; * matches anything.",
        ),
        key(
            "metric",
            Shape::Pattern,
            "The metric's name; without it the benchmark's headline metric.",
        ),
        key(
            "tags",
            Shape::Tags,
            "Tags that must be there, each matching.",
        ),
        key(
            "env",
            Shape::Pattern,
            "The environment's label; without it any.",
        ),
        key(
            "by",
            Shape::Text,
            "The tag that holds the size, for growth, complexity and scaling.",
        ),
        key(
            "x",
            Shape::Text,
            "The tag that holds the load, for capacity; without it concurrency, connections, users, vus, clients, n or load.",
        ),
        key(
            "y",
            Shape::Text,
            "The metric that is the throughput, for capacity; without it throughput, else rate.",
        ),
        key(
            "latency",
            Shape::Text,
            "The statistic of latency that is the tail, for capacity, such as p95.",
        ),
    ],
};

const CAPACITY: Section = Section {
    about: "What a sweep of load steps must carry.",
    keys: &[
        key(
            "model",
            Shape::Word(&["usl"]),
            "The law that is fitted: usl, the universal scalability law.",
        ),
        key(
            "at_latency",
            Shape::Quantity,
            "The tail budget: a step whose tail is beyond it is broken.",
        ),
        key(
            "max_errors",
            Shape::Percent,
            "The share of failed requests with which a step counts; 1%.",
        ),
        key(
            "confidence",
            Shape::Number,
            "Two-sided confidence of all intervals; 0.95.",
        ),
        key(
            "min",
            Shape::Quantity,
            "The throughput that must be carried, whatever the day, such as 1200 req/s.",
        ),
        key(
            "think",
            Shape::Quantity,
            "How long users wait between requests; 0s for tools that do not.",
        ),
        key(
            "regress",
            Shape::Table(&COEFFICIENTS),
            "How much one change may add to contention and coherency.",
        ),
        key(
            "drift",
            Shape::Table(&COEFFICIENTS_SINCE),
            "How much may be added to them since a pinned commit.",
        ),
    ],
};

const COEFFICIENTS: Section = Section {
    about: "How much may be added to the law's coefficients, as differences.",
    keys: &[
        key(
            "contention",
            Shape::Percent,
            "The most that may be added to α, such as +1% (2.1 % to 3.1 %).",
        ),
        key(
            "coherency",
            Shape::Percent,
            "The most that may be added to β, such as +0.01%.",
        ),
    ],
};

const COEFFICIENTS_SINCE: Section = Section {
    about: "How much may be added to the law's coefficients since a pinned commit.",
    keys: &[
        needed(
            "vs",
            Shape::Text,
            "The anchor: tag:NAME, commit:ID, date:YYYY-MM-DD, or start (the commit that added this file).",
        ),
        key(
            "contention",
            Shape::Percent,
            "The most that may be added to α, such as +1%.",
        ),
        key(
            "coherency",
            Shape::Percent,
            "The most that may be added to β, such as +0.01%.",
        ),
    ],
};

const SCALE_UNIT: Section = Section {
    about: "How units of what was tested add up: the owner's assumption, unproven unless half of them were tested.",
    keys: &[
        needed(
            "name",
            Shape::Text,
            "What one is called, such as pod; a tag of that name says how many were tested.",
        ),
        needed("planned", Shape::Whole(1), "How many there will be."),
        key(
            "tested",
            Shape::Whole(1),
            "How many were tested together; 1.",
        ),
        key(
            "efficiency",
            Shape::Number,
            "Share of its throughput that each further unit adds; 1.",
        ),
    ],
};

const MILESTONE: Section = Section {
    about: "A demand with a date.",
    keys: &[
        needed(
            "limit",
            Shape::Text,
            "Id of the limit with `capacity` that must carry it.",
        ),
        needed("name", Shape::Text, "Its name."),
        needed("date", Shape::Date, "The day."),
        key(
            "demand",
            Shape::Text,
            "A multiple of [demand].current such as 3x, or a rate such as 4200 req/s; without it the present demand, grown until that day.",
        ),
        key(
            "safety",
            Shape::Number,
            "So many times the demand must be carried; 1.",
        ),
        key(
            "fail_from",
            Shape::Date,
            "From this day on it fails a check, before it warns; without it from now on.",
        ),
    ],
};

const DEMAND: Section = Section {
    about: "What is asked for now, and how it grows.",
    keys: &[
        needed(
            "current",
            Shape::Quantity,
            "The demand, such as 1400 req/s.",
        ),
        needed("measured", Shape::Date, "The day of that figure."),
        key(
            "growth",
            Shape::Text,
            "How it grows, such as 4%/month, 1%/week or 60%/year.",
        ),
    ],
};

const REGRESS: Section = Section {
    about: "How much worse one change may make it.",
    keys: &[
        key(
            "vs",
            Shape::Text,
            "base (default): the history of the base; or tags:NAME=VALUE: the slice of the same runs with this tag.",
        ),
        needed(
            "limit",
            Shape::Percent,
            "The change that is too much, such as +5% (-5% where higher is better).",
        ),
        key(
            "warn",
            Shape::Percent,
            "The change from which it is said, at most `limit`.",
        ),
    ],
};

const DRIFT: Section = Section {
    about: "How much worse it may be than at a pinned commit.",
    keys: &[
        needed(
            "vs",
            Shape::Text,
            "The anchor: tag:NAME, commit:ID, date:YYYY-MM-DD, or start (the commit that added this file).",
        ),
        needed(
            "limit",
            Shape::Percent,
            "The drift that is too much, such as +8%.",
        ),
        key(
            "until",
            Shape::Date,
            "When the anchor is due to be moved; a finding from then on.",
        ),
    ],
};

const CREEP: Section = Section {
    about: "How much it may grow in a window by slope and small steps.",
    keys: &[
        needed(
            "window",
            Shape::Text,
            "How far back, such as \"90d\", \"12w\" or \"40 commits\".",
        ),
        needed(
            "limit",
            Shape::Percent,
            "The growth over the window that is too much, such as +4%.",
        ),
    ],
};

const GROWTH: Section = Section {
    about: "How fast a counter may grow with the size in `select.by`.",
    keys: &[needed(
        "max_slope",
        Shape::Number,
        "The greatest increase for one more of the size; 0 for a constant number, 1 is N+1.",
    )],
};

const COMPLEXITY: Section = Section {
    about: "The exponent k of c0 + c1·n^k.",
    keys: &[
        key("exponent", Shape::Number, "The greatest k allowed."),
        key(
            "regress",
            Shape::Signed,
            "How much one change may add to k, such as \"+0.1\".",
        ),
    ],
};

const SCALING: Section = Section {
    about: "How many times its value at one size it may be at another.",
    keys: &[
        needed("by", Shape::Text, "The tag that holds the size."),
        needed("from", Shape::Number, "The small size."),
        needed("to", Shape::Number, "The large size."),
        needed(
            "max_ratio",
            Shape::Number,
            "Value at `to` ÷ value at `from`, at the most (÷ the other way round where higher is better).",
        ),
    ],
};

const GUARD: Section = Section {
    about: "Another metric of the same benchmark without which the value means nothing: a fast failure is no improvement.",
    keys: &[
        needed(
            "metric",
            Shape::Text,
            "Its name, such as error_rate; same benchmark, tags and environment.",
        ),
        key(
            "max",
            Shape::Quantity,
            "The greatest value with which the measurement counts.",
        ),
        key(
            "min",
            Shape::Quantity,
            "The least value with which the measurement counts.",
        ),
    ],
};

const MIN: Section = Section {
    about: "The least evidence asked for.",
    keys: &[
        key("points", Shape::Whole(2), "Points of the base; 5."),
        key("runs", Shape::Whole(1), "Runs of the head; 1."),
        key(
            "samples",
            Shape::Whole(1),
            "Samples inside each run; none asked for.",
        ),
    ],
};

const RATCHET: Section = Section {
    about: "Proposes a tighter `max` as a patch; never edits by itself.",
    keys: &[
        key(
            "after",
            Shape::Whole(5),
            "Commits in a row that stayed below the tighter limit; 10.",
        ),
        key(
            "floor",
            Shape::Quantity,
            "No limit tighter than this is proposed.",
        ),
    ],
};

pub(super) const ACCEPTED: Section = Section {
    about: "A change that its owner took on purpose.",
    keys: &[
        needed("id", Shape::Text, "Its name."),
        needed("limit", Shape::Text, "Id of the limit it is about."),
        key(
            "rule",
            Shape::Word(RULES),
            "The rule it is about; without it any of the limit.",
        ),
        key(
            "series",
            Shape::Text,
            "The series it is about, BENCHMARK:METRIC{tag=v}@ENV; without it any of the limit.",
        ),
        key(
            "commit",
            Shape::Text,
            "The commit that brought the change; for readers.",
        ),
        needed(
            "level_before",
            Shape::Quantity,
            "The level before the change, with its unit.",
        ),
        needed(
            "ceiling",
            Shape::Percent,
            "How much worse than that it may get.",
        ),
        needed("reason", Shape::Text, "Why."),
        key("issue", Shape::Text, "The issue that will undo it."),
        needed("by", Shape::Text, "Who accepted it."),
        key("created", Shape::Date, "Since when."),
        needed(
            "expires",
            Shape::Date,
            "Until when, at most 180 days ahead.",
        ),
    ],
};

impl Section {
    /// The section of a table or list of tables; the section itself where the key takes no table.
    pub(super) fn inner(&'static self, name: &str) -> &'static Self {
        self.keys
            .iter()
            .find(|key| key.name == name)
            .map_or(self, |key| match key.shape {
                Shape::Table(inner) | Shape::Tables(inner) => inner,
                _ => self,
            })
    }
}
