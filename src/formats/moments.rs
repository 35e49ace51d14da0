//! Time series of load tests: how the service behaved from moment to moment.

use super::FormatError;
use super::delimited::{Header, Records, number};
use super::fault::Fault;
use super::k6;
use super::read::Unpacked;
use super::source::Source;
use std::path::Path;

/// What a tool reported of one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadMoment {
    /// Seconds, on any clock.
    pub time: f64,
    /// The load at that moment.
    pub n: f64,
    /// Tail latency (p95) of the last seconds, in nanoseconds.
    pub tail: Option<f64>,
    /// Share of requests that failed in the last seconds.
    pub errors: Option<f64>,
}

/// The time series in a result file that was read as `format`: Locust's history, or every second of
/// k6's single measurements, of all requests together. `None` for any other file.
///
/// # Errors
/// Where the file cannot be read, or a number in it.
pub fn moments(path: &Path, format: &str) -> Result<Option<Vec<LoadMoment>>, FormatError> {
    let read: fn(&mut Source<'_>) -> Result<Option<Vec<LoadMoment>>, Fault> = match format {
        "locust" => locust,
        "k6" => k6::moments,
        _ => return Ok(None),
    };
    let of = |fault: Fault| fault.of(path);
    let cannot = |error| of(Fault::whole(format!("it cannot be read: {error}")));
    let mut file = std::io::BufReader::new(std::fs::File::open(path).map_err(cannot)?);
    let mut unpacked = Unpacked::new(&mut file).map_err(cannot)?;
    read(&mut Source::new(unpacked.reader())).map_err(of)
}

fn locust(source: &mut Source<'_>) -> Result<Option<Vec<LoadMoment>>, Fault> {
    let mut records = Records::new(b',');
    let header = match records.next(source)? {
        Some(cells) => Header::new(cells, "line 1".to_owned())?,
        None => return Ok(None),
    };
    let columns = [
        "Timestamp",
        "User Count",
        "Name",
        "95%",
        "Requests/s",
        "Failures/s",
    ];
    let mut at = [0; 6];
    for (place, name) in at.iter_mut().zip(columns) {
        match header.find(name) {
            Some(found) => *place = found,
            None => return Ok(None),
        }
    }
    let [time, users, name, tail, rate, failures] = at;
    let mut found = Vec::new();
    while let Some(cells) = records.next(source)? {
        let place = || cells.place();
        header.fits(&cells, place)?;
        if !matches!(cells.get(name), b"Aggregated" | b"Total") {
            continue;
        }
        let value = |at: usize| number(cells.get(at), place);
        // `N/A` before there were requests.
        let tail = match cells.get(tail) {
            b"N/A" | b"" => None,
            _ => Some(value(tail)? * 1e6).filter(|tail| *tail > 0.0),
        };
        let made = value(rate)?;
        found.push(LoadMoment {
            time: value(time)?,
            n: value(users)?,
            tail,
            errors: if made > 0.0 {
                Some(value(failures)? / made)
            } else {
                None
            },
        });
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_of_locust() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/formats/locust/run_stats_history.csv");
        let found = moments(&file, "locust").unwrap().unwrap();
        assert!(found.len() > 2 && found[0].tail.is_none());
        assert!(found.windows(2).all(|pair| pair[0].time <= pair[1].time));
        assert!(found.iter().any(|m| m.n > 0.0 && m.errors.is_some()));
        assert_eq!(moments(&file, "wrk").unwrap(), None);
        let other = file.with_file_name("run_stats.csv");
        assert_eq!(moments(&other, "locust").unwrap(), None);
    }
}
