//! Labelled histories from a folder: `<set>/labels.json` and `<set>/<series>.csv`.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

/// A labelled series: its values (NaN: missing) and the marks of each annotator.
pub struct Labelled {
    pub name: String,
    pub values: Vec<f64>,
    pub annotators: Vec<Vec<usize>>,
}

pub fn read_values(path: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
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

pub fn read_set(folder: &Path) -> Result<Vec<Labelled>, Box<dyn Error>> {
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

/// Every history of a folder, without labels.
pub fn read_histories(folder: &Path) -> Result<Vec<(String, Vec<f64>)>, Box<dyn Error>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "csv"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, read_values(&path)?))
        })
        .collect()
}
