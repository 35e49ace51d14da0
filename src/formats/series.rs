//! Plain series for `detect`: CSV with a header, or NDJSON with `{"name":…,"values":[…]}` a line.

use super::FormatError;
use serde::Deserialize;
use std::borrow::Cow;
use std::path::Path;

/// A named series; NaN is a missing value that keeps its row.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainSeries {
    /// Its name.
    pub name: String,
    /// Its values, row by row.
    pub values: Vec<f64>,
}

/// Columns that label rows and are never series, in any case.
const LABELS: [&str; 6] = ["index", "commit", "sha", "time", "timestamp", "date"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    values: Vec<Option<f64>>,
}

/// Reads the series of one file. `several` files are given: columns are named `<stem>/<column>`.
///
/// # Errors
/// Where a cell is no number, a row is short or long, or nothing is a series: with its place.
pub fn read_series(
    path: &Path,
    bytes: &[u8],
    several: bool,
) -> Result<Vec<PlainSeries>, FormatError> {
    let error = |place: Option<String>, reason: String| FormatError {
        path: path.to_owned(),
        place,
        reason,
    };
    let text = std::str::from_utf8(bytes).map_err(|e| {
        error(
            Some(format!("byte {}", e.valid_up_to())),
            "is not UTF-8 text".to_owned(),
        )
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(error(
            None,
            "is empty: a CSV with a header, or NDJSON lines, are expected".to_owned(),
        ));
    }
    let series = if text.trim_start().starts_with('{') {
        ndjson(text).map_err(|(line, reason)| error(Some(format!("line {line}")), reason))?
    } else {
        csv_columns(path, text, several).map_err(|(place, reason)| error(place, reason))?
    };
    Ok(series)
}

fn ndjson(text: &str) -> Result<Vec<PlainSeries>, (usize, String)> {
    let mut series = Vec::new();
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let line: Line = serde_json::from_str(&without_nan(line)).map_err(|e| {
            (
                number + 1,
                format!("is not {{\"name\":…,\"values\":[numbers or null]}}: {e}"),
            )
        })?;
        let values = line
            .values
            .into_iter()
            .map(|value| value.unwrap_or(f64::NAN))
            .collect();
        series.push(PlainSeries {
            name: line.name,
            values,
        });
    }
    Ok(series)
}

/// `NaN`, which some programs write and JSON does not know, as `null`; strings stay as they are.
fn without_nan(line: &str) -> Cow<'_, str> {
    if !line.contains("NaN") {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + 8);
    let mut rest = line;
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\\' if in_string => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            'N' if !in_string && rest.starts_with("NaN") => {
                out.push_str("null");
                rest = &rest["NaN".len()..];
                continue;
            }
            '"' => {
                in_string = !in_string;
                1
            }
            other => other.len_utf8(),
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    Cow::Owned(out)
}

/// Every blank line after the header as an empty cell: in a table of one column it is a row whose
/// value is missing.
fn blank_lines_as_cells(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.trim_end().lines() {
        let blank = line.trim().is_empty() && !out.trim().is_empty();
        out.push_str(if blank { "\"\"" } else { line });
        out.push('\n');
    }
    out
}

type Fault = (Option<String>, String);

fn csv_columns(path: &Path, text: &str, several: bool) -> Result<Vec<PlainSeries>, Fault> {
    let header = text.lines().find(|line| !line.trim().is_empty());
    let text = match header {
        Some(header) if !header.contains(',') => Cow::Owned(blank_lines_as_cells(text)),
        _ => Cow::Borrowed(text),
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let whole = |e: csv::Error| (place_of(&e), plain_reason(&e));
    let header = reader.headers().map_err(whole)?.clone();
    let wanted: Vec<(usize, &str)> = header
        .iter()
        .enumerate()
        .filter(|(_, name)| !LABELS.contains(&name.to_ascii_lowercase().as_str()))
        .collect();
    if let Some((_, number)) = wanted.iter().find(|(_, name)| name.parse::<f64>().is_ok()) {
        let reason =
            format!("the header holds the number `{number}`: the first line must name the columns");
        return Err((Some("line 1".to_owned()), reason));
    }
    if wanted.is_empty() {
        let reason = "no column is a series: every name is a label (index, commit, sha, time, timestamp, date)";
        return Err((Some("line 1".to_owned()), reason.to_owned()));
    }
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); wanted.len()];
    for row in reader.records() {
        let row = row.map_err(whole)?;
        let line = row.position().map_or(0, csv::Position::line);
        for (column, (index, name)) in columns.iter_mut().zip(&wanted) {
            let cell = row.get(*index).unwrap_or_default();
            let value = number(cell).ok_or_else(|| {
                (
                    Some(format!("line {line}, column {}", index + 1)),
                    format!("`{cell}` in `{name}` is not a number"),
                )
            })?;
            column.push(value);
        }
    }
    let stem = path.file_stem().map_or_else(
        || "-".to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    );
    let named = |name: &str| match (wanted.len(), several) {
        (1, _) if name == "value" => stem.clone(),
        (2.., true) => format!("{stem}/{name}"),
        _ => name.to_owned(),
    };
    Ok(wanted
        .iter()
        .zip(columns)
        .map(|((_, name), values)| PlainSeries {
            name: named(name),
            values,
        })
        .collect())
}

/// A finite number, or NaN for a cell that is empty or says so.
fn number(cell: &str) -> Option<f64> {
    if cell.is_empty() || ["nan", "null", "na", "n/a"].contains(&cell.to_ascii_lowercase().as_str())
    {
        return Some(f64::NAN);
    }
    cell.parse::<f64>().ok().filter(|value| value.is_finite())
}

fn place_of(e: &csv::Error) -> Option<String> {
    e.position().map(|at| format!("line {}", at.line()))
}

fn plain_reason(e: &csv::Error) -> String {
    match e.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("has {len} cells where the header names {expected_len} columns")
        }
        _ => e.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<PlainSeries>, FormatError> {
        read_series(Path::new("dir/hist.csv"), text.as_bytes(), false)
    }

    fn names(text: &str) -> Vec<String> {
        read(text).unwrap().into_iter().map(|s| s.name).collect()
    }

    #[test]
    fn labels_are_no_series_whatever_their_case() {
        assert_eq!(
            names("Index,COMMIT,sha,time,Timestamp,date,parse,sort\n0,a,b,c,d,e,1,2\n"),
            ["parse", "sort"]
        );
    }

    #[test]
    fn a_lone_value_column_is_named_after_its_file() {
        assert_eq!(names("index,value\n0,1\n"), ["hist"]);
        assert_eq!(names("index,parse\n0,1\n"), ["parse"]);
    }

    #[test]
    fn several_files_with_several_columns_are_told_apart() {
        let read = read_series(Path::new("a.csv"), b"x,y\n1,2\n", true).unwrap();
        assert_eq!(read[1].name, "a/y");
    }

    #[test]
    fn a_missing_value_keeps_its_row() {
        let values = &read("v\n1\n\"\"\nNaN\nnull\n2\n").unwrap()[0].values;
        assert_eq!(values.len(), 5);
        assert_eq!(values.iter().filter(|v| v.is_nan()).count(), 3);
    }

    #[test]
    fn a_blank_line_of_one_column_is_a_missing_value_and_none_at_the_end() {
        let values = &read("\nv\n1\n\n \n2\n\n\n").unwrap()[0].values;
        assert_eq!(values.len(), 4);
        assert!(values[1].is_nan() && values[2].is_nan());
        assert_eq!(
            read("v\n\nx\n").unwrap_err().place.as_deref(),
            Some("line 3, column 1")
        );
        assert_eq!(read("v,w\n1,2\n\n3,4\n").unwrap()[0].values.len(), 2);
    }

    #[test]
    fn nan_in_ndjson_is_a_missing_value_and_stays_in_names() {
        let read = read("{\"name\":\"NaN \\\"NaN\",\"values\":[1,NaN,3]}").unwrap();
        assert_eq!(read[0].name, "NaN \"NaN");
        assert!(read[0].values[1].is_nan());
        assert_eq!(read[0].values.len(), 3);
    }

    #[test]
    fn faults_name_their_place() {
        assert_eq!(
            read("a,b\n1,x\n").unwrap_err().place.as_deref(),
            Some("line 2, column 2")
        );
        assert_eq!(
            read("a,b\n1\n").unwrap_err().place.as_deref(),
            Some("line 2")
        );
        assert!(read("1,2\n3,4\n").unwrap_err().reason.contains("header"));
        assert!(read("").unwrap_err().reason.contains("empty"));
        assert!(
            read("commit\nabc\n")
                .unwrap_err()
                .reason
                .contains("no column")
        );
        assert!(read("v\ninf\n").is_err());
    }

    #[test]
    fn ndjson_by_content() {
        let read =
            read("{\"name\":\"a\",\"values\":[1,null,3]}\n\n{\"name\":\"b\",\"values\":[]}\n")
                .unwrap();
        assert_eq!(read[0].values.len(), 3);
        assert!(read[1].values.is_empty());
    }

    #[test]
    fn ndjson_with_other_things_is_refused() {
        assert_eq!(
            read("{\"name\":\"a\",\"values\":[\"1\"]}")
                .unwrap_err()
                .place
                .as_deref(),
            Some("line 1")
        );
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "(?s).{0,200}") {
            let _ = read(&text);
        }
    }
}
