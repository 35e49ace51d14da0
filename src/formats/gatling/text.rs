//! The log as text: one record a line, its cells separated by tabs.

use super::{Content, Fault, Parsed, Requests, Source, full_name, report, took};
use crate::formats::delimited::{Cells, Records};
use crate::formats::requests::{Request, shown, whole};

pub(super) fn is(content: &Content<'_>) -> bool {
    let first = content.lines().next().unwrap_or_default();
    let cells: Vec<&str> = first.split('\t').collect();
    let version = cells
        .last()
        .is_some_and(|v| v.trim().starts_with(['2', '3']));
    version && (cells.first() == Some(&"RUN") || cells.get(2) == Some(&"RUN")) && cells.len() >= 5
}

/// Where a request's cells stand.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Layout {
    groups: usize,
    name: usize,
    start: usize,
    end: usize,
    status: usize,
}

/// By where the status stands: 3.5 and later; 3.2 to 3.4 with a user; 2.3 to 3.1 with scenario and
/// user; before that also with two more times, at last behind scenario and user.
const LAYOUTS: [Layout; 4] = [
    Layout {
        groups: 1,
        name: 2,
        start: 3,
        end: 4,
        status: 5,
    },
    Layout {
        groups: 2,
        name: 3,
        start: 4,
        end: 5,
        status: 6,
    },
    Layout {
        groups: 3,
        name: 4,
        start: 5,
        end: 6,
        status: 7,
    },
    Layout {
        groups: 3,
        name: 4,
        start: 5,
        end: 8,
        status: 9,
    },
];

fn layout(cells: &Cells<'_>) -> Option<Layout> {
    LAYOUTS.into_iter().find(|layout| {
        let number = |at: usize| whole(cells.get(at)).is_some();
        matches!(cells.get(layout.status), b"OK" | b"KO")
            && number(layout.start)
            && number(layout.end)
    })
}

pub(super) fn read(source: &mut Source<'_>) -> Result<Parsed, Fault> {
    let mut records = Records::without_quotes(b'\t');
    let mut requests = Requests::default();
    let mut version = None;
    let mut fixed: Option<Layout> = None;
    let mut name = Vec::new();
    // A line that is not understood is a mistake, unless it is the last and has no end.
    let mut bad: Option<Fault> = None;
    let mut first = true;
    while let Some(cells) = records.next(source)? {
        if let Some(fault) = bad {
            return Err(fault);
        }
        let kind = match cells.get(2) {
            kind @ (b"RUN" | b"REQUEST" | b"USER" | b"GROUP") if cells.get(0) != b"REQUEST" => kind,
            _ => cells.get(0),
        };
        if std::mem::take(&mut first) {
            if kind != b"RUN" {
                return Err(Fault::at("line 1", "it does not begin with `RUN`"));
            }
            let text = String::from_utf8_lossy(cells.get(cells.len() - 1));
            version = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            continue;
        }
        match kind {
            b"REQUEST" => {
                if let Err(fault) = request(&cells, &mut fixed, &mut name, &mut requests) {
                    bad = Some(fault);
                }
            }
            b"USER" | b"GROUP" | b"ERROR" | b"ASSERTION" | b"RUN" => {}
            other => {
                let reason = format!("{} is not a kind of record", shown(other));
                bad = Some(Fault::at(cells.place(), reason));
            }
        }
    }
    let cut = match bad {
        Some(fault) if source.line_has_end() => return Err(fault),
        Some(fault) => fault.place,
        None => None,
    };
    report(&requests, version, cut)
}

fn request(
    cells: &Cells<'_>,
    fixed: &mut Option<Layout>,
    name: &mut Vec<u8>,
    requests: &mut Requests,
) -> Result<(), Fault> {
    let place = || cells.place();
    let unlike = || {
        Fault::at(
            place(),
            "the request's columns are not those of a known version",
        )
    };
    let layout = match *fixed {
        Some(layout) => layout,
        None => *fixed.insert(layout(cells).ok_or_else(unlike)?),
    };
    let failed = match cells.get(layout.status) {
        b"OK" => false,
        b"KO" => true,
        _ => return Err(unlike()),
    };
    let time = |at: usize| {
        let value = whole(cells.get(at)).and_then(|value| i64::try_from(value).ok());
        value.ok_or_else(|| Fault::at(place(), format!("{} is not a time", shown(cells.get(at)))))
    };
    let (latency, span) = took(time(layout.start)?, time(layout.end)?, place)?;
    if cells.get(layout.name).is_empty() {
        return Err(Fault::at(place(), "the request has no name"));
    }
    let groups = cells.get(layout.groups).split(|byte| *byte == b',');
    full_name(groups, cells.get(layout.name), name);
    let request = Request {
        latency: Some(latency),
        failed,
        span,
    };
    requests.add(name, &request).map_err(|fault| Fault {
        place: Some(place()),
        ..fault
    })
}
