//! HdrHistogram's percentile distributions (`.hgrm`) and interval logs (`.hlog`).
//!
//! Versions seen: distributions of HdrHistogram 2.1 (Java), hdrhistogram 0.10.8 (Python), vegeta's
//! `hdrplot`; logs of the format 1.2 and 1.3 with payloads V2, plain or packed; logs of
//! HdrHistogramJS 3.0.1.
//! Producer: <https://github.com/HdrHistogram/HdrHistogram/blob/master/src/main/java/org/HdrHistogram/HistogramLogWriter.java>
//!
//! Neither file says its unit: the writer chose a scale. `--from hdrhistogram-ms` (`-ns`, `-us`,
//! `-s`) says it, and gives `latency.p95` and the like. Without it the numbers stand as they are,
//! as `p95`, without unit and direction. In a log the unit is that of the values inside the
//! histograms, which is mostly nanoseconds, and not that of `Interval_Max`. vegeta's `hdrplot` says
//! its unit in the header. A percentile that a distribution does not print is the value of the next
//! higher one that it does.
//!
//! All intervals of a log together are the benchmark, which is called after the file; a `Tag=` of
//! the log is the tag `tag`.

use super::content::Content;
use super::delimited::number;
use super::fault::Fault;
use super::parsed::{Bench, Input, Parsed, RATE, Source, TIME, not_negative};
use super::registry::{Format, Reader};
use super::requests::PERCENTILES;
use super::units;
use crate::model::{Direction, Tags, Unit};
use base64::Engine as _;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use std::collections::BTreeMap;
use std::io::Read;

pub(crate) const FORMAT: Format = Format {
    name: "hdrhistogram",
    aliases: &[
        "hdrhistogram-ns",
        "hdrhistogram-us",
        "hdrhistogram-ms",
        "hdrhistogram-s",
    ],
    produced_by: "anything that writes HdrHistogram's percentiles (.hgrm) or interval logs (.hlog); `vegeta report -type=hdrplot`",
    known_by: "lines under `Value Percentile TotalCount 1/(1-Percentile)`, or a log that begins with `#[…histogram log format`",
    versions: &["2.1", "log 1.2", "log 1.3", "js 3.0.1"],
    metrics: &[
        "latency.p95",
        "latency.mean",
        "latency.min",
        "latency.max",
        "latency.p50 … latency.p99.9",
        "count",
        "rate",
    ],
    samples: false,
    url: "https://hdrhistogram.github.io/HdrHistogram/",
    sniff: |content| is_distribution(content) || is_log(content),
    reader: Reader::File(read),
};

/// A payload that unpacks to more is no histogram: five digits of 64 bits take 50 MB.
const LARGEST: u64 = 64 << 20;

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let own = input.from.and_then(|from| from.rsplit_once('-'));
    let unit = own.map(|(_, unit)| unit);
    let text = input.text()?;
    if is_distribution(&Content::new(input.bytes)) {
        distribution(text, input.stem, unit)
    } else {
        log(text, input.stem, unit)
    }
}

/// The words of a distribution's header, of which the first may hold the unit.
fn header(line: &str) -> Option<Option<&str>> {
    let comma = line.contains(',');
    let words: Vec<&str> = if comma {
        line.split(',')
            .map(|cell| cell.trim().trim_matches('"'))
            .collect()
    } else {
        line.split_whitespace().collect()
    };
    let [value, "Percentile", "TotalCount", "1/(1-Percentile)"] = words[..] else {
        return None;
    };
    let rest = value.strip_prefix("Value")?;
    let unit = rest
        .strip_prefix('(')
        .and_then(|unit| unit.strip_suffix(')'));
    (rest.is_empty() || unit.is_some()).then_some(unit)
}

fn is_distribution(content: &Content<'_>) -> bool {
    let first = content.lines().map(str::trim).find(|line| !line.is_empty());
    first.is_some_and(|line| header(line).is_some())
}

fn is_log(content: &Content<'_>) -> bool {
    let mut lines = content
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let mut comments = lines.by_ref().take_while(|line| line.starts_with('#'));
    comments.any(|line| line.to_ascii_lowercase().contains("histogram log format"))
        || content
            .lines()
            .take(20)
            .any(|line| line.starts_with("\"StartTimestamp\",\"Interval_Length\""))
}

/// How numbers of a file become measurements.
struct Scale<'u> {
    bench: Bench,
    n: u64,
    unit: Option<&'u str>,
}

impl Scale<'_> {
    fn add(
        &self,
        statistic: &str,
        value: f64,
        place: &str,
        parsed: &mut Parsed,
    ) -> Result<(), Fault> {
        let value = not_negative(value, || place.to_owned())?;
        let (metric, kind, factor): (String, (Unit, Option<Direction>), f64) = match self.unit {
            Some(unit) => {
                let factor = units::time(unit)
                    .ok_or_else(|| Fault::whole(format!("`{unit}` is not a unit of time")))?;
                (format!("latency.{statistic}"), TIME, factor)
            }
            None => (
                statistic.to_owned(),
                (Unit::Other(String::new()), None),
                1.0,
            ),
        };
        let source: Source<'_> = (statistic, self.unit.unwrap_or_default());
        let value = not_negative(value * factor, || place.to_owned())?;
        // Zero stands for less than the histogram can tell.
        if value > 0.0 {
            let made = self.bench.value(metric, (value, self.n), kind, source);
            parsed.measurements.push(made);
        }
        Ok(())
    }

    fn count(&self, parsed: &mut Parsed) {
        let kind = (Unit::Count, None);
        let made = self
            .bench
            .value("count", (self.n as f64, 1), kind, ("count", "count"));
        parsed.measurements.push(made);
    }
}

fn distribution(text: &str, stem: &str, given: Option<&str>) -> Result<Parsed, Fault> {
    let mut unit = given;
    // Value, share, how many up to it.
    let mut rows: Vec<(f64, f64, f64)> = Vec::new();
    let mut said: BTreeMap<&str, f64> = BTreeMap::new();
    let mut seen_header = false;
    // The header names no unit, as of all but vegeta: then a summary stands at the end.
    let mut plain = false;
    let mut last = 0;
    for (i, line) in text.lines().enumerate() {
        let place = || format!("line {}", i + 1);
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if let Some(own) = header(line) {
            if seen_header {
                return Err(Fault::at(
                    place(),
                    "a second distribution begins; give each a file",
                ));
            }
            seen_header = true;
            plain = own.is_none() && !line.contains(',');
            unit = unit.or(own);
        } else if let Some(comment) = line.strip_prefix("#[") {
            let comment = comment.strip_suffix(']').ok_or_else(|| {
                Fault::at(
                    place(),
                    "the line does not end in `]`; the file may be cut off",
                )
            })?;
            for part in comment.split(',') {
                let (name, value) = part.split_once('=').ok_or_else(|| {
                    Fault::at(place(), format!("`{}` is not `NAME = NUMBER`", part.trim()))
                })?;
                let value = not_negative(number(value.trim().as_bytes(), place)?, place)?;
                said.insert(name.trim(), value);
            }
        } else if !line.starts_with('#') {
            let cells: Vec<&str> = line
                .split(|c: char| c == ',' || c.is_whitespace())
                .filter(|cell| !cell.is_empty())
                .collect();
            let [value, share, count, ..] = cells[..] else {
                return Err(Fault::at(
                    place(),
                    "it has fewer than three numbers; the file may be cut off",
                ));
            };
            let read = |cell: &str| number(cell.as_bytes(), place);
            let row = (
                not_negative(read(value)?, place)?,
                read(share)?,
                not_negative(read(count)?, place)?,
            );
            last = i + 1;
            let back = rows
                .last()
                .is_some_and(|last| row.0 < last.0 || row.1 < last.1 || row.2 < last.2);
            if back || !(0.0..=1.0).contains(&row.1) {
                return Err(Fault::at(
                    place(),
                    "its numbers go back, or its share is not between 0 and 1",
                ));
            }
            rows.push(row);
        }
    }
    let mut parsed = Parsed::default();
    let Some(&(highest, share, total)) = rows.last() else {
        parsed.fail(stem, "nothing was recorded");
        return Ok(parsed);
    };
    let whole = said
        .get("Total count")
        .or_else(|| said.get("TotalCount"))
        .copied();
    let place = format!("line {last}");
    if share < 1.0 {
        let reason = format!("it ends at {} %: the file is cut off", share * 100.0);
        return Err(Fault::at(place, reason));
    }
    if let Some(whole) = whole.filter(|whole| (whole - total).abs() > 0.5) {
        let reason = format!("{total} are counted here and {whole} in all");
        return Err(Fault::at(place, reason));
    }
    if plain && whole.is_none() {
        return Err(Fault::at(
            place,
            "no line `#[Max = …, Total count = …]` follows: the file is cut off",
        ));
    }
    if total <= 0.0 {
        parsed.fail(stem, "nothing was recorded");
        return Ok(parsed);
    }
    let scale = Scale {
        bench: Bench::new(stem, Tags::new()),
        n: total as u64,
        unit,
    };
    scale.count(&mut parsed);
    for (statistic, wanted) in PERCENTILES {
        if let Some((value, ..)) = rows.iter().find(|row| row.1 >= wanted - 1e-9) {
            scale.add(statistic, *value, statistic, &mut parsed)?;
        }
    }
    if let Some(mean) = said.get("Mean") {
        scale.add("mean", *mean, "Mean", &mut parsed)?;
    }
    if let Some((lowest, ..)) = rows.iter().find(|row| row.2 > 0.0) {
        scale.add("min", *lowest, "min", &mut parsed)?;
    }
    let max = said.get("Max").copied().unwrap_or(highest);
    scale.add("max", max, "Max", &mut parsed)?;
    Ok(parsed)
}

/// All intervals of one tag.
struct Sum {
    histogram: Histogram<u64>,
    seconds: f64,
}

fn log(text: &str, stem: &str, unit: Option<&str>) -> Result<Parsed, Fault> {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    let mut reader = Deserializer::new();
    for (i, line) in text.lines().enumerate() {
        let place = || format!("line {}", i + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '"']) {
            continue;
        }
        let (tag, rest) = match line.strip_prefix("Tag=") {
            Some(tagged) => tagged
                .split_once(',')
                .ok_or_else(|| Fault::at(place(), "its tag does not end"))?,
            None => ("", line),
        };
        let cells: Vec<&str> = rest.split(',').collect();
        let [start, length, max, payload] = cells[..] else {
            return Err(Fault::at(
                place(),
                format!(
                    "it has {} cells and not four; the file may be cut off",
                    cells.len()
                ),
            ));
        };
        for cell in [start, length, max] {
            not_negative(number(cell.as_bytes(), place)?, place)?;
        }
        let seconds = number(length.as_bytes(), place)?;
        let histogram =
            unpacked(payload, &mut reader).map_err(|reason| Fault::at(place(), reason))?;
        match sums.get_mut(tag) {
            Some(sum) => {
                sum.seconds += seconds;
                sum.histogram
                    .add(&histogram)
                    .map_err(|e| Fault::at(place(), e.to_string()))?;
            }
            None => {
                let mut histogram = histogram;
                histogram.auto(true);
                sums.insert(tag.to_owned(), Sum { histogram, seconds });
            }
        }
    }
    let mut parsed = Parsed::default();
    if sums.is_empty() {
        parsed.fail(stem, "nothing was recorded");
    }
    for (tag, Sum { histogram, seconds }) in &sums {
        let tags: Tags = Some(tag)
            .filter(|tag| !tag.is_empty())
            .map(|tag| ("tag".to_owned(), tag.clone()))
            .into_iter()
            .collect();
        let bench = Bench::new(stem, tags);
        if histogram.is_empty() {
            parsed.failures.push(bench.failed("nothing was recorded"));
            continue;
        }
        let scale = Scale {
            bench,
            n: histogram.len(),
            unit,
        };
        scale.count(&mut parsed);
        let quantiles = PERCENTILES.map(|(name, share)| (name, histogram.value_at_quantile(share)));
        for (statistic, value) in quantiles {
            scale.add(statistic, value as f64, statistic, &mut parsed)?;
        }
        scale.add("mean", histogram.mean(), "mean", &mut parsed)?;
        scale.add("min", histogram.min() as f64, "min", &mut parsed)?;
        scale.add("max", histogram.max() as f64, "max", &mut parsed)?;
        if *seconds > 0.0 {
            let rate = not_negative(scale.n as f64 / seconds, || "Interval_Length".to_owned())?;
            let made = scale
                .bench
                .value("rate", (rate, 1), RATE, ("Interval_Length", "1/s"));
            parsed.measurements.push(made);
        }
    }
    Ok(parsed)
}

/// Cookies of the second version, plain and packed.
const PLAIN: u32 = 0x1c84_9313;
const PACKED: u32 = 0x1c84_9314;
/// Those of version 0 and version 1, plain and packed, without the width of their counts.
const OLD: [u32; 4] = [0x1c84_9308, 0x1c84_9309, 0x1c84_9301, 0x1c84_9302];
/// Cookie, length of the counts, offset, digits, lowest, highest, ratio.
const HEAD: usize = 40;

/// The offset of the counts and the ratio of integers to doubles. HdrHistogramJS writes the integer 1
/// as either: its ratio is then no double of that size, and its counts are not shifted.
const OFFSET: std::ops::Range<usize> = 8..12;
const RATIO: std::ops::Range<usize> = 32..40;

/// Reads the histogram of an interval. Its length is checked before anything is made of it.
fn unpacked(payload: &str, reader: &mut Deserializer) -> Result<Histogram<u64>, String> {
    let standard = base64::engine::general_purpose::STANDARD;
    let bytes = standard
        .decode(payload.trim())
        .map_err(|e| format!("its histogram is not base64: {e}"))?;
    let word = |bytes: &[u8], at: usize| {
        let four = bytes.get(at..at + 4)?;
        Some(u32::from_be_bytes(four.try_into().ok()?))
    };
    let mut bytes = match word(&bytes, 0) {
        Some(PLAIN) => bytes,
        Some(PACKED) => {
            let mut plain = Vec::new();
            let packed = bytes.get(8..).unwrap_or_default();
            ZlibDecoder::new(packed)
                .take(LARGEST + 1)
                .read_to_end(&mut plain)
                .map_err(|e| format!("its histogram is damaged or cut off: {e}"))?;
            plain
        }
        Some(other) if OLD.contains(&(other & !0xf0)) => {
            return Err(
                "its histogram has version 0 or 1, which writers before 2016 made; write the log again with a HdrHistogram that makes version 2, or give its percentiles (.hgrm)".to_owned(),
            );
        }
        Some(other) => {
            return Err(format!(
                "its histogram has the form {other:#x}; known is version 2, plain ({PLAIN:#x}) and packed ({PACKED:#x})"
            ));
        }
        None => return Err("its histogram is cut off".to_owned()),
    };
    let counts = word(&bytes, 4).map(|length| length as usize);
    if bytes.len() as u64 > LARGEST || counts != bytes.len().checked_sub(HEAD) {
        return Err("its histogram is cut off, or too large".to_owned());
    }
    if bytes.get(OFFSET) == Some(&[0, 0, 0, 1]) && bytes.get(RATIO) == Some(&1_u64.to_be_bytes()) {
        bytes.splice(OFFSET, [0; 4]).for_each(drop);
        bytes.splice(RATIO, 1_f64.to_be_bytes()).for_each(drop);
    }
    reader
        .deserialize(&mut bytes.as_slice())
        .map_err(|e| format!("its histogram is damaged: {e}"))
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, fixture, get, read_fixture, read_text};
    use crate::model::Direction;

    #[test]
    fn a_log_of_the_javascript_library() {
        // 7, 14 … 7000, and 99 with a tag.
        let reading = read_fixture("hdrhistogram/hdr-histogram-js_3.0.1.hlog");
        let of = |metric: &str, tagged: bool| {
            let mut all = reading.measurements.iter();
            let found = all.find(|m| m.metric == metric && m.tags.contains_key("tag") == tagged);
            found.unwrap().value
        };
        assert!(close(of("count", false), 1000.0) && close(of("min", false), 7.0));
        assert!(
            (of("p50", false) - 3500.0).abs() <= 4.0,
            "{}",
            of("p50", false)
        );
        assert!(
            (of("p95", false) - 6650.0).abs() <= 7.0,
            "{}",
            of("p95", false)
        );
        assert!(
            (of("max", false) - 7000.0).abs() <= 7.0,
            "{}",
            of("max", false)
        );
        assert!(close(of("count", true), 1.0) && close(of("p50", true), 99.0));
    }

    fn text(name: &str) -> String {
        std::fs::read_to_string(fixture(name)).unwrap()
    }

    #[test]
    fn a_distribution_with_and_without_its_unit() {
        let reading = read_fixture("hdrhistogram/requests.hgrm");
        let p95 = get(&reading, "requests", "p95");
        assert_eq!((p95.unit.as_str(), p95.direction), ("", None));
        let said = read_text(
            "requests.hgrm",
            "hdrhistogram-ms",
            &text("hdrhistogram/requests.hgrm"),
        )
        .unwrap();
        let latency = get(&said, "requests", "latency.p95");
        assert!(close(latency.value, p95.value * 1e6) && latency.n == 1000);
        assert_eq!(latency.direction, Some(Direction::Lower));
        assert!(close(get(&said, "requests", "count").value, 1000.0));
    }

    /// The same thousand values were written as a distribution and as a log of four intervals.
    #[test]
    fn the_intervals_of_a_log_are_the_whole() {
        // A distribution has the value of the first share that is printed from 95 % on.
        let log = read_text(
            "requests.hlog",
            "hdrhistogram-us",
            &text("hdrhistogram/requests.hlog"),
        )
        .unwrap();
        let all = read_text(
            "requests.hgrm",
            "hdrhistogram-ms",
            &text("hdrhistogram/requests.hgrm"),
        )
        .unwrap();
        for (metric, off) in [
            ("latency.mean", 1e-3),
            ("latency.max", 1e-3),
            ("latency.p95", 0.03),
        ] {
            let (log, all) = (
                get(&log, "requests", metric).value,
                get(&all, "requests", metric).value,
            );
            assert!((log - all).abs() <= off * all, "{metric}: {log} {all}");
        }
        assert!(close(get(&log, "requests", "count").value, 1000.0));
        assert!(close(get(&log, "requests", "rate").value, 250.0));
    }

    #[test]
    fn tags_of_a_log_are_tags() {
        let own = text("hdrhistogram/requests.hlog");
        let interval = own.lines().find(|line| line.starts_with("0.")).unwrap();
        let tagged = own.replace(interval, &format!("Tag=writes,{interval}"));
        let reading = read_text("x", "hdrhistogram", &tagged).unwrap();
        let tags: Vec<_> = reading
            .measurements
            .iter()
            .filter(|m| m.metric == "count")
            .collect();
        assert_eq!(tags.len(), 2);
        assert_eq!(tags[1].tags["tag"], "writes");
    }

    #[test]
    fn empty_and_damaged_files() {
        let empty = "Value Percentile TotalCount 1/(1-Percentile)\n\n#[Mean = 0.000, StdDeviation = 0.000]\n";
        let reading = read_text("x", "hdrhistogram", empty).unwrap();
        assert!(reading.measurements.is_empty() && reading.failures.len() == 1);
        let head = "#[Histogram log format version 1.3]\n\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
        assert_eq!(
            read_text("x", "hdrhistogram", head).unwrap().failures.len(),
            1
        );

        let own = text("hdrhistogram/requests.hgrm");
        let cut = &own[..own.len() / 2];
        assert!(read_text("x", "hdrhistogram", cut).is_err());
        for to in [
            " 1.928210201231",
            " -0.928210201231",
            " 0,928210201231",
            " nan",
        ] {
            let from = " 0.928210201231";
            let changed = own.replace(from, to);
            assert_ne!(changed, own);
            assert!(read_text("x", "hdrhistogram", &changed).is_err(), "{to}");
        }
        let twice = format!("{own}\n{own}");
        assert!(read_text("x", "hdrhistogram", &twice).is_err());

        let own = text("hdrhistogram/requests.hlog");
        let interval = own.lines().find(|line| line.starts_with("0.")).unwrap();
        for bad in [
            &interval[..interval.len() - 9],
            "0.0,1.0,2.0",
            "0.0,-1.0,2.0,HISTFAAA",
            "0.0,1.0,2.0,HISTBAAA",
            "0.0,1.0,2.0,!!!!",
            "0.0,1.0,2.0,AAAAAAAA",
            "0,0,1.0,2.0,HISTFAAA",
            // Packed, in which nothing is.
            "0.0,1.0,2.0,HISTFAAAAAA=",
            // Says that four gigabytes follow.
            "0.0,1.0,2.0,HISTE/////8AAAAAAAAAAwAAAAAAAAABAAAAAAAACP8/8AAAAAAAAA==",
        ] {
            let error = read_text("x", "hdrhistogram", &own.replace(interval, bad)).unwrap_err();
            assert!(error.place.is_some(), "{bad}: {error}");
        }
    }
    #[test]
    fn payloads_of_old_versions_say_what_to_do() {
        use base64::Engine as _;
        let standard = base64::engine::general_purpose::STANDARD;
        for cookie in [0x1c84_9308_u32, 0x1c84_9319, 0x1c84_9301, 0x1c84_9312] {
            let payload = standard.encode(cookie.to_be_bytes());
            let text = format!("#[Histogram log format version 1.1]\n0.1,1.0,5.0,{payload}\n");
            let error = read_text("x.hlog", "hdrhistogram", &text).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 2"));
            assert!(error.reason.contains("makes version 2"), "{error}");
        }
    }
}
