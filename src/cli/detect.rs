//! `plimsoll detect`: change points of files, without store or repository.

use super::answer;
use super::args::{Detect as Args, Format, Way};
use super::world::World;
use anyhow::{Context, Result, bail};
use plimsoll::detect::{Detection, Input, Scale, Settings, detect_all};
use plimsoll::formats::{PlainSeries, read_series};
use plimsoll::report::{chart, json, tell, text};
use plimsoll::verdict::Exit;
use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    if !(args.p > 0.0 && args.p < 1.0) {
        bail!("--p must lie between 0 and 1");
    }
    if !(args.min_effect >= 0.0 && args.min_effect.is_finite()) {
        bail!("--min-effect must be a share such as 0.02");
    }
    let mut all: Vec<PlainSeries> = Vec::new();
    for file in &args.files {
        let bytes = read(world, file)?;
        all.extend(read_series(file, &bytes, args.files.len() > 1)?);
    }
    let settings = Settings {
        p: args.p,
        min_effect: args.min_effect,
    };
    let inputs: Vec<Input<'_>> = all
        .iter()
        .map(|series| Input {
            values: &series.values,
            ..Input::default()
        })
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut detections = detect_all(&inputs, &settings, threads);
    let mut out = String::new();
    let mut drawn = HashSet::new();
    for (series, found) in all.iter().zip(&mut detections) {
        if let Some(folder) = &args.plot {
            plot(world, folder, series, found, &mut drawn)?;
        }
        if let Some(way) = args.direction {
            found
                .change_points
                .retain(|change| (change.after > change.before) == (way == Way::Up));
        }
        match args.format {
            Format::Json => {
                let line = json::detection(&series.name, series.values.len(), found);
                let _ = writeln!(out, "{line}");
            }
            Format::Table => table(&mut out, series, found),
            Format::Markdown => markdown(&mut out, series, found),
        }
    }
    answer(&out)?;
    Ok(Exit::Within)
}

/// Draws one series into `<folder>/<name>.svg`, the name made safe for a file.
fn plot(
    world: &World,
    folder: &Path,
    series: &PlainSeries,
    found: &Detection,
    drawn: &mut HashSet<String>,
) -> Result<()> {
    let Some(svg) = chart::plain(&text::plain_up_to(&series.name, 80), &series.values, found)?
    else {
        return Ok(());
    };
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
            c
        } else {
            '-'
        }
    };
    let mut name: String = series.name.chars().take(100).map(safe).collect();
    if !drawn.insert(name.clone()) {
        name = format!("{name}-{}", drawn.len());
        drawn.insert(name.clone());
    }
    let folder = world.folder.join(folder);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let path = folder.join(format!("{name}.svg"));
    std::fs::write(&path, svg).with_context(|| format!("cannot write {}", path.display()))
}

fn read(world: &World, file: &Path) -> Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)
            .context("standard input cannot be read")?;
        return Ok(bytes);
    }
    std::fs::read(world.folder.join(file))
        .with_context(|| format!("{} cannot be read", file.display()))
}

fn summary(series: &PlainSeries, found: &Detection) -> String {
    let n = series.values.iter().filter(|v| v.is_finite()).count();
    let missing = series.values.len() - n;
    let missing = if missing > 0 {
        format!(", {missing} missing")
    } else {
        String::new()
    };
    let noise = match found.scale {
        Scale::Log => format!("noise {}", tell::noise(found.sigma)),
        Scale::Linear => format!("noise ±{}", short(found.sigma)),
    };
    let changes = match found.change_points.len() {
        0 => "no change".to_owned(),
        1 => "1 change".to_owned(),
        k => format!("{k} changes"),
    };
    format!("{n} points{missing}, {changes}, {noise}")
}

fn table(out: &mut String, series: &PlainSeries, found: &Detection) {
    let _ = writeln!(
        out,
        "{}  {}",
        text::plain(&series.name),
        summary(series, found)
    );
    let _ = writeln!(out, "  {}", text::sparkline(&series.values, 60));
    for change in &found.change_points {
        let _ = writeln!(
            out,
            "  at {:<6} ({}…{})  {} → {}  {}  p {}",
            change.index,
            change.from,
            change.to,
            short(change.before),
            short(change.after),
            size(
                found.scale,
                change.effect,
                change.effect_low,
                change.effect_high
            ),
            p_value(change.p),
        );
    }
}

fn markdown(out: &mut String, series: &PlainSeries, found: &Detection) {
    let name = text::plain(&series.name)
        .replace('|', "\\|")
        .replace('`', "'");
    let _ = writeln!(out, "**`{name}`** {}\n", summary(series, found));
    if found.change_points.is_empty() {
        return;
    }
    out.push_str(
        "| index | range | before | after | change (95 % CI) | p |\n|---:|---|---:|---:|---|---|\n",
    );
    for change in &found.change_points {
        let _ = writeln!(
            out,
            "| {} | {}…{} | {} | {} | {} | {} |",
            change.index,
            change.from,
            change.to,
            short(change.before),
            short(change.after),
            size(
                found.scale,
                change.effect,
                change.effect_low,
                change.effect_high
            ),
            p_value(change.p),
        );
    }
    out.push('\n');
}

fn size(scale: Scale, effect: f64, low: f64, high: f64) -> String {
    match scale {
        Scale::Log => text::effect_interval(effect, low, high),
        Scale::Linear => format!("{} ({} … {})", short(effect), short(low), short(high)),
    }
}

fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "< 0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}

/// Five significant digits, whatever the magnitude.
fn short(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude > 0.0 && !(1e-3..1e7).contains(&magnitude) {
        return format!("{value:.4e}");
    }
    let digits = if magnitude >= 1.0 {
        4 - (magnitude.log10() as usize).min(4)
    } else {
        5
    };
    format!("{value:.digits$}")
}
