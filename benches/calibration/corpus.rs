//! Labelled histories from a folder: `<set>/labels.json` and `<set>/<series>.csv`.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

/// A labelled series: its values (NaN: missing) and the marks of each annotator.
pub(crate) struct Labelled {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
    pub(crate) annotators: Vec<Vec<usize>>,
}

pub(crate) fn read_values(path: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let column = reader
        .headers()?
        .iter()
        .position(|name| name == "value")
        .ok_or("no column `value`")?;
    let mut values = Vec::new();
    for row in reader.records() {
        let row = row?;
        let cell = row.get(column).unwrap_or("");
        values.push(if cell.is_empty() {
            f64::NAN
        } else {
            cell.parse()?
        });
    }
    Ok(values)
}

pub(crate) fn read_set(folder: &Path) -> Result<Vec<Labelled>, Box<dyn Error>> {
    let labels: BTreeMap<String, BTreeMap<String, Vec<usize>>> =
        serde_json::from_slice(&std::fs::read(folder.join("labels.json"))?)?;
    labels
        .into_iter()
        .map(|(name, annotators)| {
            Ok(Labelled {
                values: read_values(&folder.join(format!("{name}.csv")))?,
                annotators: annotators.into_values().collect(),
                name,
            })
        })
        .collect()
}

/// Every history of a folder, without labels, in order of file name.
pub(crate) fn read_histories(folder: &Path) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "csv"))
        .collect();
    paths.sort();
    paths.iter().map(|path| read_values(path)).collect()
}

/// Every column of a CSV of numbers.
pub(crate) fn read_columns(path: &Path) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let mut columns = vec![Vec::new(); reader.headers()?.len()];
    for row in reader.records() {
        for (column, cell) in columns.iter_mut().zip(&row?) {
            column.push(cell.parse()?);
        }
    }
    Ok(columns)
}
