//! Taurus' final statistics, as XML (`dump-xml`) and CSV (`dump-csv`).
//!
//! Versions seen: 1.16.32, 1.17.2, and an older XML.
//! Producer: <https://github.com/Blazemeter/taurus/blob/master/bzt/modules/reporting.py>
//! (`FinalStatus`)
//!
//! Times are seconds. Every label is a benchmark, all of them together are `Total`. What Taurus
//! calls throughput is the number of samples; the rate of the whole follows from `TestDuration`,
//! which the CSV does not have. The concurrency is what was seen at the end, not what was asked
//! for: it would give every run a series of its own and is no tag. The single samples are in
//! `kpi.jtl`, which is read as JMeter's.

use super::content::Content;
use super::delimited::{Header, Records, number};
use super::fault::Fault;
use super::load::Load;
use super::parsed::{Input, Parsed, RATE, not_negative};
use super::registry::{Format, Reader};
use super::source::Source;
use super::units::{self, SECOND};
use crate::model::Tags;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;

pub(crate) const FORMAT: Format = Format {
    name: "taurus",
    aliases: &["bzt"],
    produced_by: "bzt with `module: final-stats` and `dump-xml: FILE` or `dump-csv: FILE`",
    known_by: "XML in `<FinalStatus>`, or CSV with the columns `label`, `avg_rt` and `succ`",
    versions: &["1.16.32", "1.17.2"],
    metrics: &[
        "latency.p95",
        "latency.mean",
        "latency.min",
        "latency.max",
        "latency.p50",
        "latency.p90",
        "latency.p99",
        "latency.p99.9",
        "requests",
        "failures",
        "error_rate",
        "rate",
    ],
    samples: false,
    url: "https://gettaurus.org/docs/Reporting/#Final-Stats-Reporter",
    sniff: |content| is_xml(content) || is_csv(content),
    reader: Reader::File(read),
};

const TOTAL: &str = "Total";

fn is_xml(content: &Content<'_>) -> bool {
    let mut lines = content.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with("<?xml"));
    first.is_some_and(|line| line.starts_with("<FinalStatus"))
        || content
            .lines()
            .next()
            .is_some_and(|line| line.starts_with("<?xml") && line.contains("<FinalStatus"))
}

fn is_csv(content: &Content<'_>) -> bool {
    let first = content.lines().next().unwrap_or_default().trim_end();
    let cells: Vec<&str> = first.split(',').collect();
    ["label", "avg_rt", "succ", "fail"]
        .iter()
        .all(|name| cells.contains(name))
}

/// What is said of one label: by name, percentiles by `perc_95.0`.
type Group = BTreeMap<String, f64>;

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    if is_xml(&Content::new(input.bytes)) {
        xml(input.bytes)
    } else {
        csv(input.bytes)
    }
}

fn csv(mut bytes: &[u8]) -> Result<Parsed, Fault> {
    let mut source = Source::new(&mut bytes);
    let mut records = Records::new(b',');
    let header = match records.next(&mut source)? {
        Some(cells) => Header::new(cells, "line 1".to_owned())?,
        None => return Err(Fault::whole("the file is empty")),
    };
    let label = header.need("label")?;
    let all: Vec<usize> = (0..header.names().len()).collect();
    let mut parsed = Parsed::default();
    while let Some(cells) = records.next(&mut source)? {
        let place = || cells.place();
        header.fits(&cells, place)?;
        cells.whole(&all)?;
        let mut group = Group::new();
        for (at, name) in header.names().iter().enumerate() {
            // A status that this label never had is an empty cell.
            if at != label && !cells.get(at).is_empty() {
                group.insert(name.clone(), number(cells.get(at), place)?);
            }
        }
        let name = std::str::from_utf8(cells.get(label))
            .ok()
            .ok_or_else(|| Fault::at(place(), "the text is not UTF-8"))?;
        report(name, &group, None, place, &mut parsed)?;
    }
    Ok(parsed)
}

fn xml(bytes: &[u8]) -> Result<Parsed, Fault> {
    let mut reader = quick_xml::Reader::from_reader(bytes);
    let mut parsed = Parsed::default();
    let mut group: Option<(String, Group)> = None;
    let mut path: Vec<String> = Vec::new();
    let (mut duration, mut ended) = (None, false);
    loop {
        let at = reader.buffer_position();
        let place = || format!("byte {at}");
        let unsound =
            |e: &dyn std::fmt::Display| Fault::at(place(), format!("it is not sound XML: {e}"));
        match reader.read_event().map_err(|e| unsound(&e))? {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                match (path.len(), name.as_str()) {
                    (0, "FinalStatus") if !ended => {}
                    (0, _) => return Err(Fault::at(place(), "it is not in `<FinalStatus>`")),
                    (1, "Group") => {
                        let label = attribute(&start, "label", place)?;
                        let label =
                            label.ok_or_else(|| Fault::at(place(), "a group has no `label`"))?;
                        group = Some((label, Group::new()));
                    }
                    (2, _) => {
                        if let Some((_, group)) = &mut group {
                            value(&start, &name, group, place)?;
                        }
                    }
                    _ => {}
                }
                path.push(name);
                if path.len() > 16 {
                    return Err(Fault::at(place(), "its elements are nested too deeply"));
                }
            }
            Event::Text(text) if path.last().is_some_and(|name| name == "TestDuration") => {
                let text: &[u8] = text.as_ref().as_bytes();
                let seconds = not_negative(number(text.trim_ascii(), place)?, place)?;
                if duration.replace(seconds).is_some() {
                    return Err(Fault::at(place(), "`TestDuration` is given twice"));
                }
            }
            Event::End(_) => {
                path.pop();
                ended |= path.is_empty();
                if path.len() == 1
                    && let Some((label, group)) = group.take()
                {
                    report(&label, &group, duration, place, &mut parsed)?;
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !ended || !path.is_empty() {
        return Err(Fault::whole(
            "it ends before `</FinalStatus>`: the file is cut off",
        ));
    }
    if parsed.measurements.is_empty() && parsed.failures.is_empty() {
        parsed.fail(TOTAL, "no requests were made");
    }
    Ok(parsed)
}

fn attribute(
    start: &BytesStart<'_>,
    wanted: &str,
    place: impl Fn() -> String,
) -> Result<Option<String>, Fault> {
    for attribute in start.attributes() {
        let unsound =
            |e: &dyn std::fmt::Display| Fault::at(place(), format!("it is not sound XML: {e}"));
        let attribute = attribute.map_err(|e| unsound(&e))?;
        if attribute.key.as_ref() == wanted {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            return Ok(Some(value.map_err(|e| unsound(&e))?.into_owned()));
        }
    }
    Ok(None)
}

/// `<perc value="1.293" param="95.0">`: under the name that it has as a column.
fn value(
    start: &BytesStart<'_>,
    name: &str,
    group: &mut Group,
    place: impl Fn() -> String + Copy,
) -> Result<(), Fault> {
    let Some(value) = attribute(start, "value", place)? else {
        return Err(Fault::at(place(), format!("`{name}` has no `value`")));
    };
    let name = match attribute(start, "param", place)? {
        Some(param) => format!("{name}_{param}"),
        None => name.to_owned(),
    };
    let value = number(value.as_bytes(), place)?;
    if group.insert(name.clone(), value).is_some() {
        return Err(Fault::at(place(), format!("`{name}` is given twice")));
    }
    Ok(())
}

fn report(
    label: &str,
    group: &Group,
    duration: Option<f64>,
    place: impl Fn() -> String,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    let within = |fault: Fault| Fault {
        place: Some(format!("{}, {}", place(), fault.place.unwrap_or_default())),
        ..fault
    };
    let need = |name: &str| {
        let value = group.get(name).copied();
        value.ok_or_else(|| Fault::at(place(), format!("`{name}` of `{label}` is missing")))
    };
    if label == TOTAL {
        let reason =
            format!("a request is called `{TOTAL}`, as is the sum of all; give it another name");
        return Err(Fault::at(place(), reason));
    }
    let name = if label.is_empty() { TOTAL } else { label };
    let (succ, fail) = (need("succ")?, need("fail")?);
    let requests = (succ + fail, ("succ, fail", "count"));
    let load = Load::new(
        name,
        Tags::new(),
        requests,
        (fail, ("fail", "count")),
        parsed,
    );
    let Some(mut load) = load.map_err(within)? else {
        return Ok(());
    };
    for (key, value) in group {
        let Some(share) = key.strip_prefix("perc_") else {
            continue;
        };
        let statistic = match units::percentile(share).as_deref() {
            None => return Err(Fault::at(place(), format!("`{key}` is not a percentile"))),
            Some("p0") => "min".to_owned(),
            Some("p100") => "max".to_owned(),
            Some(name) => name.to_owned(),
        };
        load.latency(&statistic, *value, SECOND, (key, "s"))
            .map_err(within)?;
    }
    load.latency("mean", need("avg_rt")?, SECOND, ("avg_rt", "s"))
        .map_err(within)?;
    if let Some(seconds) = duration.filter(|seconds| *seconds > 0.0 && label.is_empty()) {
        let source = ("TestDuration", "1/s");
        load.value("rate", (succ + fail) / seconds, RATE, source)
            .map_err(within)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn xml_and_csv_of_one_run_agree() {
        let xml = read_fixture("taurus/stats.xml");
        let csv = read_fixture("taurus/stats.csv");
        let rates = xml
            .measurements
            .iter()
            .filter(|m| m.metric == "rate")
            .count();
        assert_eq!(xml.measurements.len(), csv.measurements.len() + rates);
        for m in &csv.measurements {
            assert!(
                close(get(&xml, &m.benchmark, &m.metric).value, m.value),
                "{m:?}"
            );
        }
        assert!(close(get(&csv, "json", "requests").value, 240.0));
        assert!(close(get(&csv, "Total", "latency.p99.9").value, 123e6));
    }

    const XML: &str = "<?xml version='1.0' encoding='UTF-8'?>\n<FinalStatus>\n  <TestDuration>4.0</TestDuration>\n  <Group label=\"\">\n    <avg_rt value=\"0.45950\"><name>avg_rt</name></avg_rt>\n    <perc value=\"1.29300\" param=\"95.0\"><name>perc/95.0</name></perc>\n    <succ value=\"666\"><name>succ</name></succ>\n    <fail value=\"11\"><name>fail</name></fail>\n  </Group>\n</FinalStatus>\n";

    #[test]
    fn seconds_and_the_rate_of_the_whole() {
        let reading = read_text("x.xml", "taurus", XML).unwrap();
        assert!(close(get(&reading, "Total", "latency.p95").value, 1.293e9));
        assert!(close(get(&reading, "Total", "rate").value, 677.0 / 4.0));
    }

    #[test]
    fn failed_tests_and_mistakes() {
        for (from, to, reason) in [
            (
                "<succ value=\"666\">",
                "<succ value=\"0\">",
                "every request failed",
            ),
            ("  <Group", "  <Other", "no requests"),
        ] {
            let text = XML.replace(from, to).replace(
                if from.contains("Group") {
                    "</Group>"
                } else {
                    "\u{0}"
                },
                "</Other>",
            );
            let reading = read_text("x.xml", "taurus", &text).unwrap();
            assert!(reading.measurements.is_empty(), "{to}");
            assert!(reading.failures[0].reason.contains(reason), "{to}");
        }
        for (from, to) in [
            ("1.29300", "1,29300"),
            ("1.29300", "-1.29300"),
            ("1.29300", "nan"),
            ("1.29300", "1e999"),
            ("95.0", "195.0"),
            ("\"666\"", "\"1 666\""),
            ("<fail value=\"11\"><name>fail</name></fail>", ""),
            ("</FinalStatus>", ""),
            ("label=\"\"", "label=\"Total\""),
            ("<succ value", "<fail value=\"1\"></fail><succ value"),
        ] {
            let text = XML.replace(from, to);
            assert_ne!(text, XML, "{from}");
            assert!(read_text("x.xml", "taurus", &text).is_err(), "{to}");
        }
        let csv = "label,avg_rt,fail,succ,perc_95.0,rc_200\n,0.5,0,3,1.5,3\na,0.5,3,0,1.5,\n";
        let reading = read_text("x.csv", "taurus", csv).unwrap();
        assert_eq!(reading.failures[0].benchmark, "a");
        for (from, to) in [
            ("1.5,3\n", "1.5\n"),
            ("0.5", "0,5"),
            ("0.5", "-1"),
            ("avg_rt,", ""),
        ] {
            assert!(
                read_text("x.csv", "taurus", &csv.replacen(from, to, 1)).is_err(),
                "{to}"
            );
        }
    }
}
