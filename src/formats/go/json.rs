//! The event stream of `go test -json`.

use crate::formats::fault::Fault;
use crate::formats::json;
use serde::Deserialize;

/// One event; of its actions only `output` carries text.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Package")]
    package: Option<String>,
    #[serde(rename = "Test")]
    test: Option<String>,
    #[serde(rename = "Output")]
    output: Option<String>,
}

/// Lines of text with the line of the file on which each begins.
type Numbered = Vec<(usize, String)>;

/// The text of each package, joined from its events: one result line may be split over two, and
/// the events of packages that run at the same time come mixed. Lines that are not events, which
/// the linker or an older `go` writes between them, belong to no package.
pub(super) fn packages(text: &str) -> Result<Vec<(String, Numbered)>, Fault> {
    let mut packages: Vec<(String, Numbered, bool)> = Vec::new();
    // Packages of which no event says that they ended.
    let mut running: Vec<String> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let (package, output) = if line.starts_with('{') {
            let event: Event = json::document(line.as_bytes()).map_err(|fault| {
                let place = fault.place.unwrap_or_default();
                // The event's own line is always its first.
                let place = place.replacen("line 1", &format!("line {}", i + 1), 1);
                Fault::at(place, fault.reason)
            })?;
            let package = event.package.clone().unwrap_or_default();
            match event.action.as_str() {
                "start" if !running.contains(&package) => running.push(package),
                "pass" | "fail" | "skip" if event.test.is_none() => {
                    running.retain(|running| *running != package);
                }
                _ => {}
            }
            match event.output {
                Some(output) if event.action == "output" => {
                    (event.package.unwrap_or_default(), output)
                }
                _ => continue,
            }
        } else {
            (String::new(), format!("{line}\n"))
        };
        let at = match packages.iter().position(|(name, ..)| *name == package) {
            Some(at) => at,
            None => {
                packages.push((package, Vec::new(), false));
                packages.len() - 1
            }
        };
        let (_, lines, open) = &mut packages[at];
        for piece in output.split_inclusive('\n') {
            let whole = piece.ends_with('\n');
            let piece = piece.trim_end_matches('\n');
            match lines.last_mut() {
                Some((_, last)) if *open => last.push_str(piece),
                _ => lines.push((i + 1, piece.to_owned())),
            }
            *open = !whole;
        }
    }
    if let Some((package, lines, _)) = packages.iter().find(|(.., open)| *open) {
        let line = lines.last().map_or(0, |(number, _)| *number);
        return Err(Fault::at(
            format!("line {line}"),
            format!("the output of `{package}` ends within a line, it is cut off"),
        ));
    }
    if let Some(package) = running.first() {
        return Err(Fault::whole(format!(
            "no event says that `{package}` ended, the file is cut off"
        )));
    }
    Ok(packages
        .into_iter()
        .map(|(package, lines, _)| (package, lines))
        .collect())
}
