//! `plimsoll export`: every point, for spreadsheets and programs.

use super::args::{Export as Args, Table};
use super::world::World;
use super::{load, log, say};
use anyhow::{Context, Result, bail};
use plimsoll::budget::Pattern;
use plimsoll::report::export;
use plimsoll::report::view::{ReportView, SeriesView};
use plimsoll::verdict::Exit;
use std::io::{self, BufWriter, Write};

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let view = load::project(world, args.budgets.as_ref(), world.now)?;
    let series = selected(&view, args.selection.as_deref())?;
    for note in &view.notes {
        say(note);
    }
    if let Some(path) = &args.output {
        let path = world.folder.join(path);
        let file = std::fs::File::create(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        write(&view, &series, args, BufWriter::new(file))
            .with_context(|| format!("cannot write {}", path.display()))?;
        let points: usize = series.iter().map(|series| series.points.len()).sum();
        say(&format!(
            "wrote {points} points of {} series to {}",
            series.len(),
            path.display()
        ));
        return Ok(Exit::Within);
    }
    match write(&view, &series, args, BufWriter::new(io::stdout().lock())) {
        // A reader that went away (`| head`) has seen what it wanted.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Within),
        other => Ok(other.map(|()| Exit::Within)?),
    }
}

fn write(
    view: &ReportView,
    series: &[&SeriesView],
    args: &Args,
    mut out: impl Write,
) -> io::Result<()> {
    match args.form.unwrap_or(Table::Csv) {
        Table::Csv => export::csv(view, series, args.raw, &mut out),
        Table::Ndjson => export::ndjson(view, series, &mut out),
    }
}

/// All series; those whose name fits a pattern with `*`; else what `plimsoll log` understands.
fn selected<'v>(view: &'v ReportView, selection: Option<&str>) -> Result<Vec<&'v SeriesView>> {
    let Some(name) = selection else {
        return Ok(view.series.iter().collect());
    };
    if !name.contains('*') {
        return log::find(view, name);
    }
    let pattern = Pattern::new(name).map_err(anyhow::Error::msg)?;
    let fits = |series: &&SeriesView| {
        pattern.matches(&series.key.benchmark) || pattern.matches(&series.key.to_string())
    };
    let found: Vec<&SeriesView> = view.series.iter().filter(fits).collect();
    if found.is_empty() {
        bail!("no series fits `{name}`: `plimsoll log` lists what there is");
    }
    Ok(found)
}
