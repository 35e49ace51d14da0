//! JTL as XML: samples, and samples inside samples.

use super::{
    Fault, Parsed, Requests, Source, Times, Transactions, is_transaction, milliseconds, report,
    span, truth,
};
use crate::formats::requests::Request;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Samples inside each other: deeper than any real result.
const DEPTH: usize = 64;

/// What stands around an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Results,
    Transaction,
    Sample,
    Other,
}

pub(super) fn read(source: &mut Source<'_>) -> Result<Parsed, Fault> {
    let mut requests = Requests::default();
    let mut transactions = Transactions::new();
    let mut reader = Reader::from_reader(source);
    let mut buffer = Vec::new();
    let mut times = Times::default();
    let mut open: Vec<Around> = Vec::new();
    let mut ended = false;
    loop {
        buffer.clear();
        let at = reader.buffer_position();
        let place = || format!("byte {at}");
        let event = reader
            .read_event_into(&mut buffer)
            .map_err(|error| Fault::at(place(), format!("it is not sound XML: {error}")))?;
        let (start, empty) = match event {
            Event::Start(start) => (start, false),
            Event::Empty(start) => (start, true),
            Event::End(_) => {
                open.pop();
                ended |= open.is_empty();
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        let around = open.last().copied();
        let name = start.name();
        let own = match (name.as_ref(), around) {
            ("testResults", None) if !ended => Around::Results,
            (_, None) => return Err(Fault::at(place(), "it is not in `<testResults>`")),
            ("httpSample" | "sample", Some(around)) => {
                let mut counted = (&mut times, &mut requests, &mut transactions);
                sample(&start, around, &mut counted, place)?
            }
            _ => Around::Other,
        };
        if empty {
            ended |= open.is_empty();
        } else {
            open.push(own);
        }
        if open.len() > DEPTH {
            return Err(Fault::at(place(), "its elements are nested too deeply"));
        }
    }
    if !ended || !open.is_empty() {
        return Err(Fault::whole(
            "it ends before `</testResults>`: the file is cut off, or the test was stopped",
        ));
    }
    report(&requests, &transactions)
}

/// Counts a sample, unless it is a part of another.
fn sample(
    start: &BytesStart<'_>,
    around: Around,
    (times, requests, transactions): &mut (&mut Times, &mut Requests, &mut Transactions),
    place: impl Fn() -> String,
) -> Result<Around, Fault> {
    let (mut elapsed, mut label, mut success, mut time, mut transaction) =
        (None, None, None, None, false);
    for attribute in start.attributes() {
        let attribute =
            attribute.map_err(|e| Fault::at(place(), format!("it is not sound XML: {e}")))?;
        let key = attribute.key.as_ref();
        if !["t", "lb", "s", "ts", "rm"].contains(&key) {
            continue;
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|e| Fault::at(place(), format!("it is not sound XML: {e}")))?;
        match key {
            "t" => elapsed = Some(milliseconds(value.as_bytes(), &place)?),
            "lb" => label = Some(value.into_owned()),
            "s" => success = Some(truth(value.as_bytes(), &place)?),
            "ts" => time = times.read(value.as_bytes(), &place)?,
            _ => transaction = is_transaction(value.as_bytes()),
        }
    }
    let missing = |what: &str| Fault::at(place(), format!("a sample has no `{what}`"));
    let elapsed = elapsed.ok_or_else(|| missing("t"))?;
    let label = label
        .filter(|l| !l.is_empty())
        .ok_or_else(|| missing("lb"))?;
    let success = success.ok_or_else(|| missing("s"))?;
    if transaction && !transactions.contains(label.as_bytes()) {
        transactions.insert(label.clone().into_bytes());
    }
    if matches!(around, Around::Results | Around::Transaction) {
        requests.add(
            label.as_bytes(),
            &Request {
                latency: Some(elapsed),
                failed: !success,
                span: span(time, elapsed),
            },
        )?;
    }
    Ok(if transaction {
        Around::Transaction
    } else {
        Around::Sample
    })
}
