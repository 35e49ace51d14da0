//! Records of cells, separated by commas or the like: lines without quotes are cut in place, others
//! as RFC 4180 says.

use super::fault::{Fault, UNENDED};
use super::requests::shown;
use super::source::Source;

/// A quoted cell may hold line breaks, but not a whole file.
const LONGEST_RECORD: usize = 32 << 20;

/// Reads records one after the other.
#[derive(Debug)]
pub(crate) struct Records {
    delimiter: u8,
    /// Whether `"` at the beginning of a cell quotes it.
    quotes: bool,
    /// The cells of a record with quotes, one behind the other.
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// The cells of one record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells<'a> {
    bytes: &'a [u8],
    /// Where each cell ends; the next begins `gap` behind.
    ends: &'a [usize],
    gap: usize,
    line: u64,
    /// Whether a line break follows.
    ended: bool,
}

impl<'a> Cells<'a> {
    /// `line 7`: where the record ends.
    pub(crate) fn place(&self) -> String {
        format!("line {}", self.line)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// An error where the file ends within this record, in one of the columns that are `read`: half
    /// a number looks like a number. A program that writes a record writes its line break, too.
    pub(crate) fn whole(&self, read: &[usize]) -> Result<(), Fault> {
        if self.ended || !read.iter().any(|at| at + 1 == self.len()) {
            return Ok(());
        }
        Err(Fault::at(self.place(), UNENDED))
    }

    /// A cell; an absent one is empty.
    pub(crate) fn get(&self, at: usize) -> &'a [u8] {
        let Some(end) = self.ends.get(at) else {
            return b"";
        };
        let start = match at.checked_sub(1) {
            Some(before) => self.ends.get(before).map_or(0, |end| end + self.gap),
            None => 0,
        };
        self.bytes.get(start..*end).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a, '_> {
        (0..self.len()).map(|at| self.get(at))
    }
}

impl Records {
    pub(crate) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            quotes: true,
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Quotes are characters like any other.
    pub(crate) fn without_quotes(delimiter: u8) -> Self {
        Self {
            quotes: false,
            ..Self::new(delimiter)
        }
    }

    /// The next record; nothing at the end. Empty lines are left out.
    pub(crate) fn next<'r>(
        &'r mut self,
        source: &'r mut Source<'_>,
    ) -> Result<Option<Cells<'r>>, Fault> {
        loop {
            if !source.advance()? {
                return Ok(None);
            }
            if !source.current().is_empty() {
                break;
            }
        }
        self.ends.clear();
        if !self.quotes || memchr::memchr(b'"', source.current()).is_none() {
            let line = source.current();
            self.ends.extend(memchr::memchr_iter(self.delimiter, line));
            self.ends.push(line.len());
            return Ok(Some(Cells {
                bytes: line,
                ends: &self.ends,
                gap: 1,
                line: source.number(),
                ended: source.line_has_end(),
            }));
        }
        self.quoted(source)?;
        Ok(Some(Cells {
            bytes: &self.bytes,
            ends: &self.ends,
            gap: 0,
            line: source.number(),
            ended: source.line_has_end(),
        }))
    }

    fn quoted(&mut self, source: &mut Source<'_>) -> Result<(), Fault> {
        let begun = source.place();
        self.bytes.clear();
        let mut inside = false;
        let mut cell = 0;
        loop {
            let line = source.current();
            let mut at = 0;
            while let Some(&byte) = line.get(at) {
                at += 1;
                if inside {
                    if byte != b'"' {
                        self.bytes.push(byte);
                    } else if line.get(at) == Some(&b'"') {
                        self.bytes.push(byte);
                        at += 1;
                    } else {
                        inside = false;
                    }
                } else if byte == self.delimiter {
                    cell = self.bytes.len();
                    self.ends.push(cell);
                } else if byte == b'"' && self.bytes.len() == cell {
                    inside = true;
                } else {
                    self.bytes.push(byte);
                }
            }
            if !inside {
                self.ends.push(self.bytes.len());
                return Ok(());
            }
            self.bytes.push(b'\n');
            if self.bytes.len() > LONGEST_RECORD || !source.advance()? {
                return Err(Fault::at(begun, "a quoted cell of it does not end"));
            }
        }
    }
}

/// The columns of a header by name.
#[derive(Debug)]
pub(crate) struct Header {
    names: Vec<String>,
}

impl Header {
    /// The names of the first record.
    pub(crate) fn new(cells: Cells<'_>, place: String) -> Result<Self, Fault> {
        let mut names: Vec<String> = Vec::new();
        for cell in cells.iter() {
            let name = String::from_utf8_lossy(cell.trim_ascii()).into_owned();
            if !name.is_empty() && names.contains(&name) {
                return Err(Fault::at(
                    place,
                    format!("the column `{name}` is there twice"),
                ));
            }
            names.push(name);
        }
        Ok(Self { names })
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The place of a column that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<usize, Fault> {
        self.find(name)
            .ok_or_else(|| Fault::at("line 1", format!("the column `{name}` is missing")))
    }

    /// An error unless a record has as many cells as the header.
    pub(crate) fn fits(&self, cells: &Cells<'_>, place: impl Fn() -> String) -> Result<(), Fault> {
        if cells.len() == self.names.len() {
            return Ok(());
        }
        Err(Fault::at(
            place(),
            format!(
                "it has {} cells where the header has {}; the file may be cut off",
                cells.len(),
                self.names.len()
            ),
        ))
    }
}

/// A finite number in plain writing: digits, a point, an exponent. A comma or a space in it may be
/// a decimal sign or a separator of thousands, so it is an error.
pub(crate) fn number(cell: &[u8], place: impl Fn() -> String) -> Result<f64, Fault> {
    let text = std::str::from_utf8(cell).unwrap_or_default().trim();
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let value: Option<f64> = text.parse().ok().filter(|_| plain);
    match value {
        Some(value) if value.is_finite() => Ok(value),
        Some(_) => Err(Fault::at(place(), format!("{} is too large", shown(cell)))),
        None => Err(Fault::at(
            place(),
            format!("{} is not a number", shown(cell)),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, mut records: Records) -> Result<Vec<Vec<String>>, Fault> {
        let mut bytes = text.as_bytes();
        let mut source = Source::new(&mut bytes);
        let mut out = Vec::new();
        while let Some(cells) = records.next(&mut source)? {
            let row = cells
                .iter()
                .map(|c| String::from_utf8_lossy(c).into_owned());
            out.push(row.collect());
        }
        Ok(out)
    }

    #[test]
    fn quoted_and_plain_lines() {
        let text = "a,b,\n\n\"x, \"\"y\"\"\nz\",1,\"\"\nlast\r\n";
        let rows = all(text, Records::new(b',')).unwrap();
        assert_eq!(rows[0], ["a", "b", ""]);
        assert_eq!(rows[1], ["x, \"y\"\nz", "1", ""]);
        assert_eq!(rows[2], ["last"]);
        let plain = all("\"a\t\"b\n", Records::without_quotes(b'\t')).unwrap();
        assert_eq!(plain[0], ["\"a", "\"b"]);
        let open = all("a\nb,\"c\n", Records::new(b',')).unwrap_err();
        assert_eq!(open.place.as_deref(), Some("line 2"));
    }

    #[test]
    fn numbers_in_plain_writing() {
        let read = |text: &str| number(text.as_bytes(), String::new);
        assert!((read("1.5e3").unwrap() - 1500.0).abs() < 1e-9);
        for text in ["", "1,5", "1 000", "NaN", "inf", "1e999", "0x1", "1_0"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..proptest::prelude::ProptestConfig::with_cases(256) })]
        #[test]
        fn cells_are_those_of_the_csv_crate(rows in proptest::collection::vec(
            proptest::collection::vec("[a\", \n]{0,4}", 1..4), 1..5))
        {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            proptest::prop_assert_eq!(all(&text, Records::new(b',')).unwrap(), rows);
        }
    }
}
