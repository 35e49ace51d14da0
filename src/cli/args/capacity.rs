//! Arguments of `plimsoll capacity`.

use super::Format;
use clap::{Args, ValueEnum};
use plimsoll::budget::{Dimension, Quantity, parse_percent};
use plimsoll::model::Unit;
use std::path::PathBuf;

/// What the fit makes smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Fit {
    /// Squares of logarithms: every step counts alike.
    #[default]
    Log,
    /// Squares of throughputs, as published tables have it.
    Absolute,
}

#[derive(Debug, Args)]
pub(crate) struct Capacity {
    /// A feature or a benchmark that was recorded, or result files of all load steps.
    #[arg(value_name = "FEATURE|FILE", required = true)]
    pub(crate) what: Vec<PathBuf>,
    /// Read every file as this format instead of finding it by content.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) from: Option<String>,
    /// What the fit makes smallest.
    #[arg(long, value_enum, default_value_t = Fit::Log)]
    pub(crate) fit: Fit,
    /// The tail budget, such as 300ms: how much is carried within it.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) at_latency: Option<f64>,
    /// The statistic of latency that is the tail, such as p99 [default: p95, else the next].
    #[arg(long, value_name = "NAME")]
    pub(crate) latency: Option<String>,
    /// The share of failed requests with which a step counts.
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = share)]
    pub(crate) max_errors: f64,
    /// How long users wait between requests, where the tool lets them.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) think: Option<f64>,
    /// A throughput that must be carried, such as "4200 req/s".
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub(crate) demand: Option<f64>,
    /// The tag that holds the load [default: concurrency, connections, users, vus, clients, n or load].
    #[arg(long, value_name = "TAG")]
    pub(crate) x: Option<String>,
    /// The metric that is the throughput [default: throughput, else rate].
    #[arg(long, value_name = "METRIC")]
    pub(crate) y: Option<String>,
    /// Two-sided confidence of all intervals.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = confidence)]
    pub(crate) confidence: f64,
    /// The commit whose sweep is looked at [default: the newest measured one].
    #[arg(long, value_name = "REV")]
    pub(crate) commit: Option<String>,
    /// Look only at this environment.
    #[arg(long, value_name = "LABEL")]
    pub(crate) env: Option<String>,
    /// Folder of the budget files [default: budgets at the root of the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) budgets: Option<PathBuf>,
    /// Unproven fails, too.
    #[arg(long)]
    pub(crate) strict: bool,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

fn amount(text: &str, unit: &Unit, example: &str) -> Result<f64, String> {
    let quantity = Quantity::parse(text)?;
    if quantity.dimension == Dimension::Known(unit.clone()) && quantity.value >= 0.0 {
        Ok(quantity.value)
    } else {
        Err(format!("write for example {example}"))
    }
}

fn time(text: &str) -> Result<f64, String> {
    amount(text, &Unit::Nanoseconds, "300ms")
}

fn rate(text: &str) -> Result<f64, String> {
    amount(text, &Unit::PerSecond, "\"4200 req/s\"")
}

fn share(text: &str) -> Result<f64, String> {
    parse_percent(text)
        .ok()
        .filter(|share| (0.0..1.0).contains(share))
        .ok_or_else(|| "write a share such as 1%".to_owned())
}

fn confidence(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(p) if (0.5..1.0).contains(&p) => Ok(p),
        _ => Err("write a share such as 0.95, at least 0.5 and below 1".to_owned()),
    }
}
