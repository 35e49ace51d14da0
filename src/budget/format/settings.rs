//! `plimsoll.toml`, key by key.

use super::{Section, Shape, key, needed};

/// `plimsoll.toml`.
pub(in crate::budget) const SETTINGS: Section = Section {
    about: "What holds for the whole project.",
    keys: &[
        key("schema", Shape::Whole(1), "Version of this format: 1."),
        key(
            "env",
            Shape::Table(&ENV),
            "What this project calls where it is measured.",
        ),
        key(
            "retired",
            Shape::Tables(&RETIRED),
            "Series that are no longer measured on purpose.",
        ),
        key(
            "rename",
            Shape::Tables(&RENAME),
            "Series that go on under another name.",
        ),
        key(
            "sync",
            Shape::Table(&SYNC),
            "Where the data branch is that carries the history between machines.",
        ),
        key(
            "lab",
            Shape::Table(&LAB),
            "How two builds are made and measured on this machine.",
        ),
        key("hook", Shape::Table(&HOOK), "What the pre-push hook does."),
    ],
};

const ENV: Section = Section {
    about: "What this project calls where it is measured.",
    keys: &[key(
        "label",
        Shape::Text,
        "Label of the environment where --env gives none; without it <os>-<arch>, on GitHub github-<image>-<arch>.",
    )],
};

const SYNC: Section = Section {
    about: "Where the data branch is that carries the history between machines.",
    keys: &[
        key(
            "remote",
            Shape::Text,
            "Name of the remote; without it origin.",
        ),
        key(
            "branch",
            Shape::Text,
            "Name of the branch; without it plimsoll-data.",
        ),
        key(
            "ref",
            Shape::Text,
            "Full name of a reference in the branch's place, such as refs/plimsoll/data.",
        ),
        key(
            "repository",
            Shape::Text,
            "Address of a repository in the remote's place.",
        ),
        key(
            "loose_months",
            Shape::Whole(0),
            "Months that stay one file a run, 3 without it; older ones are packed.",
        ),
    ],
};

pub(in crate::budget) const LAB: Section = Section {
    about: "How two builds are made and measured on this machine.",
    keys: &[
        key(
            "setup",
            Shape::Text,
            "Shell line that is run before each build.",
        ),
        key("build", Shape::Text, "Shell line that builds."),
        key("bench", Shape::Text, "Shell line that measures."),
        key(
            "results",
            Shape::Texts,
            "Result files or folders that it writes, seen from the root of the project.",
        ),
        key("from", Shape::Text, "Read results as this format."),
        key(
            "time",
            Shape::Text,
            "Time for the runs of a comparison, builds excluded; 60s without it.",
        ),
        key(
            "pairs",
            Shape::Whole(1),
            "So many pairs of runs, whatever the time; at most 2000.",
        ),
    ],
};

pub(in crate::budget) const HOOK: Section = Section {
    about: "What the pre-push hook does.",
    keys: &[
        key(
            "bench",
            Shape::Text,
            "Shell line that measures, where it is another than that of [lab].",
        ),
        key(
            "time",
            Shape::Text,
            "Time for the runs, builds excluded, where it is another than that of [lab].",
        ),
        key(
            "max_wall",
            Shape::Text,
            "The whole hook ends within this time, builds included; 3m without it.",
        ),
        key(
            "strict",
            Shape::Flag,
            "Whatever is not proven within blocks a push, too.",
        ),
    ],
};

const RENAME: Section = Section {
    about: "Series that go on under another name.",
    keys: &[
        needed("from", Shape::Table(&RENAMED), "The old name."),
        needed("to", Shape::Table(&RENAMED), "The new name."),
        key("reason", Shape::Text, "Why."),
        key("since", Shape::Date, "Since when."),
    ],
};

const RENAMED: Section = Section {
    about: "A side of a renaming; what is left out stays as it is.",
    keys: &[
        key(
            "benchmark",
            Shape::Text,
            "The benchmark; one * stands for the part that stays.",
        ),
        key("metric", Shape::Text, "The metric."),
        key("tags", Shape::Tags, "Tags that change."),
        key("env", Shape::Text, "The environment's label."),
    ],
};

const RETIRED: Section = Section {
    about: "Series that are no longer measured on purpose.",
    keys: &[
        needed("benchmark", Shape::Pattern, "Their benchmark."),
        key("metric", Shape::Pattern, "Their metric; without it all."),
        key("env", Shape::Pattern, "Their environment; without it all."),
        key("reason", Shape::Text, "Why."),
        key("since", Shape::Date, "Since when."),
    ],
};
