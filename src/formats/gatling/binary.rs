//! The log of 3.13 and later: records of big-endian numbers and strings that are written once.

use super::{Fault, Parsed, Requests, Source, full_name, report, took};
use crate::formats::requests::Request;
use std::collections::HashMap;
use std::io::Read;

/// A string of a log is shorter than this, and all of them together than the next.
const LONGEST: usize = 1 << 20;
const ALL: usize = 48 << 20;
/// Nobody nests groups deeper, or lists more scenarios or assertions.
const MOST: i32 = 10_000;

pub(super) fn is(bytes: &[u8]) -> bool {
    // A run record, the length of the version, the version.
    let Some([0, 0, 0, 0, length]) = bytes.get(..5) else {
        return false;
    };
    let version = bytes.get(5..5 + usize::from(*length).min(40));
    version.is_some_and(|v| {
        v.len() >= 3 && v[0] == b'3' && v[1] == b'.' && v.iter().all(u8::is_ascii_graphic)
    })
}

/// Why a record was not read.
enum Stop {
    /// The log ends inside it.
    Cut,
    Wrong(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Wrong(fault)
    }
}

struct Log<'s, 'a> {
    source: &'s mut Source<'a>,
    /// Bytes read so far.
    at: u64,
    cached: HashMap<i32, Vec<u8>>,
    cached_bytes: usize,
}

impl Log<'_, '_> {
    fn place(&self) -> String {
        format!("byte {}", self.at)
    }

    fn wrong<T>(&self, reason: impl Into<String>) -> Result<T, Stop> {
        Err(Stop::Wrong(Fault::at(self.place(), reason)))
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), Stop> {
        match self.source.read_exact(out) {
            Ok(()) => {
                self.at += out.len() as u64;
                Ok(())
            }
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(Stop::Cut),
            Err(e) => self.wrong(format!("it cannot be read: {e}")),
        }
    }

    /// The kind of the next record; nothing at the end.
    fn kind(&mut self) -> Result<Option<u8>, Stop> {
        let mut byte = [0];
        match self.fill(&mut byte) {
            Ok(()) => Ok(Some(byte[0])),
            Err(Stop::Cut) => Ok(None),
            Err(stop) => Err(stop),
        }
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let mut byte = [0];
        self.fill(&mut byte)?;
        Ok(byte[0])
    }

    fn truth(&mut self) -> Result<bool, Stop> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            other => self.wrong(format!("{other} is neither yes nor no")),
        }
    }

    fn int(&mut self) -> Result<i32, Stop> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes)?;
        Ok(i32::from_be_bytes(bytes))
    }

    fn long(&mut self) -> Result<i64, Stop> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(i64::from_be_bytes(bytes))
    }

    fn count(&mut self) -> Result<i32, Stop> {
        let count = self.int()?;
        if (0..=MOST).contains(&count) {
            return Ok(count);
        }
        self.wrong(format!("{count} cannot be a number of things"))
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Stop> {
        let length = self.int()?;
        let Some(length) = usize::try_from(length).ok().filter(|n| *n <= LONGEST) else {
            return self.wrong(format!("{length} cannot be the length of a text"));
        };
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A text as UTF-8.
    fn string(&mut self) -> Result<Vec<u8>, Stop> {
        let bytes = self.bytes()?;
        if bytes.is_empty() {
            return Ok(bytes);
        }
        match self.byte()? {
            0 => Ok(bytes
                .iter()
                .map(|b| char::from(*b))
                .collect::<String>()
                .into_bytes()),
            1 => {
                let units = bytes
                    .chunks_exact(2)
                    .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
                let text: Result<String, _> = char::decode_utf16(units).collect();
                match text {
                    Ok(text) if bytes.len().is_multiple_of(2) => Ok(text.into_bytes()),
                    _ => self.wrong("a text is not UTF-16"),
                }
            }
            other => self.wrong(format!("{other} is not a known encoding of text")),
        }
    }

    /// A text that is written in full where it comes first: its number.
    fn cached(&mut self) -> Result<i32, Stop> {
        let index = self.int()?;
        if index < 0 {
            let index = index.checked_neg().unwrap_or(0);
            if self.cached.contains_key(&index) {
                return Ok(index);
            }
            return self.wrong("a text is used that was never written");
        }
        let text = self.string()?;
        self.cached_bytes += text.len() + 32;
        if self.cached_bytes > ALL {
            return self.wrong("it holds too many different texts");
        }
        self.cached.insert(index, text);
        Ok(index)
    }

    fn text(&self, index: i32) -> &[u8] {
        self.cached.get(&index).map_or(b"", Vec::as_slice)
    }

    fn groups(&mut self, into: &mut Vec<i32>) -> Result<(), Stop> {
        into.clear();
        for _ in 0..self.count()? {
            let index = self.cached()?;
            into.push(index);
        }
        Ok(())
    }

    fn header(&mut self) -> Result<(String, i64), Stop> {
        let kind = self.byte()?;
        if kind != 0 {
            return self.wrong("it does not begin with a run");
        }
        let version = String::from_utf8_lossy(&self.string()?).into_owned();
        self.string()?; // the class
        let start = self.long()?;
        self.string()?; // the description
        for _ in 0..self.count()? {
            self.string()?; // a scenario
        }
        for _ in 0..self.count()? {
            self.bytes()?; // an assertion
        }
        Ok((version, start))
    }
}

pub(super) fn read(source: &mut Source<'_>) -> Result<Parsed, Fault> {
    let mut log = Log {
        source,
        at: 0,
        cached: HashMap::new(),
        cached_bytes: 0,
    };
    let (version, start) = log.header().map_err(|stop| match stop {
        Stop::Cut => Fault::whole("it is cut off in its first record"),
        Stop::Wrong(fault) => fault,
    })?;
    let mut requests = Requests::default();
    let cut = match records(&mut log, start, &mut requests) {
        Ok(()) => None,
        Err(Stop::Cut) => Some(log.place()),
        Err(Stop::Wrong(fault)) => return Err(fault),
    };
    report(&requests, Some(version), cut)
}

fn records(log: &mut Log<'_, '_>, run: i64, requests: &mut Requests) -> Result<(), Stop> {
    let mut groups = Vec::new();
    let mut full = Vec::new();
    while let Some(kind) = log.kind()? {
        match kind {
            1 => {
                log.groups(&mut groups)?;
                let name = log.cached()?;
                let (start, end) = (log.int()?, log.int()?);
                let ok = log.truth()?;
                log.cached()?; // the message
                let at = |offset: i32| run.saturating_add(i64::from(offset));
                let (latency, span) = took(at(start), at(end), || log.place())?;
                if log.text(name).is_empty() {
                    return log.wrong("a request has no name");
                }
                full_name(
                    groups.iter().map(|i| log.text(*i)),
                    log.text(name),
                    &mut full,
                );
                let request = Request {
                    latency: Some(latency),
                    failed: !ok,
                    span,
                };
                requests.add(&full, &request)?;
            }
            2 => {
                log.int()?;
                log.truth()?;
                log.int()?;
            }
            3 => {
                log.groups(&mut groups)?;
                log.int()?;
                log.int()?;
                log.int()?;
                log.truth()?;
            }
            4 => {
                log.cached()?;
                log.int()?;
            }
            other => return log.wrong(format!("{other} is not a kind of record")),
        }
    }
    Ok(())
}
