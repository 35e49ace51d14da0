//! The bytes of one file, read once from front to back: in bounded memory, with their digest taken
//! on the way.

use super::fault::Fault;
use super::hex;
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, Read};
use std::ops::Range;

/// How much is asked for at a time.
const CHUNK: usize = 256 << 10;
/// A line longer than this is no line of a result.
const LONGEST_LINE: usize = 32 << 20;

/// A reader that hands out lines without copying them.
pub(crate) struct Source<'a> {
    inner: &'a mut dyn Read,
    digest: Sha256,
    buffer: Vec<u8>,
    /// What of `buffer` is not yet handed out.
    start: usize,
    end: usize,
    /// `inner` has ended.
    ended: bool,
    /// Nothing was handed out so far.
    fresh: bool,
    lines: u64,
    /// Where the last line stands in `buffer`.
    line: Range<usize>,
    line_has_end: bool,
}

impl<'a> Source<'a> {
    pub(crate) fn new(inner: &'a mut dyn Read) -> Self {
        Self {
            inner,
            digest: Sha256::new(),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            ended: false,
            fresh: true,
            lines: 0,
            line: 0..0,
            line_has_end: true,
        }
    }

    /// Reads on, behind what is there. Whether something came.
    fn more(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.end + CHUNK {
            // Doubling keeps the copying of one long line linear.
            self.buffer.resize((2 * self.end).max(2 * CHUNK), 0);
        }
        loop {
            match self.inner.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(n) => {
                    self.digest.update(&self.buffer[self.end..self.end + n]);
                    self.end += n;
                    return Ok(true);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// The beginning, at least `wanted` bytes of it where there are so many, and whether that is
    /// all. It is handed out again later.
    pub(crate) fn head(&mut self, wanted: usize) -> Result<(&[u8], bool), Fault> {
        while self.end - self.start < wanted && self.more().map_err(|e| unreadable(&e))? {}
        let whole = self.ended;
        Ok((&self.buffer[self.start..self.end], whole))
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> Result<&[u8], Fault> {
        while self.more().map_err(|e| unreadable(&e))? {}
        self.fresh = false;
        let from = self.start;
        self.start = self.end;
        Ok(&self.buffer[from..self.end])
    }

    /// The next line without its line break, or nothing at the end. A byte order mark before the
    /// first line is left out.
    #[cfg(test)]
    pub(crate) fn line(&mut self) -> Result<Option<&[u8]>, Fault> {
        Ok(self.advance()?.then(|| self.current()))
    }

    /// Goes to the next line; false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, Fault> {
        let mut searched = 0;
        let (stop, next) = loop {
            let held = &self.buffer[self.start..self.end];
            if let Some(at) = memchr::memchr(b'\n', &held[searched..]) {
                self.line_has_end = true;
                break (searched + at, searched + at + 1);
            }
            searched = held.len();
            if searched > LONGEST_LINE {
                let reason = format!("it is longer than {} MiB", LONGEST_LINE >> 20);
                return Err(Fault::at(format!("line {}", self.lines + 1), reason));
            }
            if !self.more().map_err(|e| unreadable(&e))? {
                if searched == 0 {
                    self.line = self.start..self.start;
                    return Ok(false);
                }
                self.line_has_end = false;
                break (searched, searched);
            }
        };
        let mut line = self.start..self.start + stop;
        self.start += next;
        self.lines += 1;
        if std::mem::take(&mut self.fresh) && self.buffer[line.clone()].starts_with(b"\xef\xbb\xbf")
        {
            line.start += 3;
        }
        if self.buffer[line.clone()].ends_with(b"\r") {
            line.end -= 1;
        }
        self.line = line;
        Ok(true)
    }

    /// The line that [`Source::advance`] went to.
    pub(crate) fn current(&self) -> &[u8] {
        &self.buffer[self.line.clone()]
    }

    /// Whether the last line that was handed out has a line break: without, it may be cut off.
    pub(crate) fn line_has_end(&self) -> bool {
        self.line_has_end
    }

    /// `line 7`: the line that was handed out last.
    pub(crate) fn place(&self) -> String {
        format!("line {}", self.lines)
    }

    /// The number of the line that was handed out last.
    pub(crate) fn number(&self) -> u64 {
        self.lines
    }

    /// SHA-256 of all bytes, those that nobody asked for included.
    pub(crate) fn digest(mut self) -> Result<String, Fault> {
        self.start = self.end;
        while self.more().map_err(|e| unreadable(&e))? {
            self.start = self.end;
        }
        Ok(hex(&self.digest.finalize()))
    }
}

impl Read for Source<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let held = self.fill_buf()?;
        let n = held.len().min(out.len());
        out[..n].copy_from_slice(&held[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fresh = false;
        if self.start == self.end {
            self.more()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }
}

fn unreadable(error: &io::Error) -> Fault {
    Fault::whole(format!("it cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of a few.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(out.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn lines(bytes: &[u8], step: usize) -> (Vec<Vec<u8>>, String) {
        let mut drip = Drip(bytes, step);
        let mut source = Source::new(&mut drip);
        source.head(3).unwrap();
        let mut out = Vec::new();
        while let Some(line) = source.line().unwrap() {
            out.push(line.to_vec());
        }
        (out, source.digest().unwrap())
    }

    #[test]
    fn lines_do_not_depend_on_how_the_bytes_come() {
        let text = b"\xef\xbb\xbfone\r\n\ntwo\nlast";
        for step in [1, 2, 7, 1000] {
            let (found, digest) = lines(text, step);
            assert_eq!(
                found,
                [&b"one"[..], b"", b"two", b"last"].map(<[u8]>::to_vec)
            );
            assert_eq!(digest, hex(&Sha256::digest(text)));
        }
        assert!(lines(b"", 1).0.is_empty());
    }

    #[test]
    fn a_line_without_end_is_an_error_and_not_all_memory() {
        let mut endless = io::repeat(b'x');
        let mut source = Source::new(&mut endless);
        let fault = source.line().unwrap_err();
        assert!(fault.reason.contains("longer than"), "{}", fault.reason);
    }

    #[test]
    fn the_head_is_read_again() {
        let mut bytes: &[u8] = b"a\nb\n";
        let mut source = Source::new(&mut bytes);
        assert_eq!(source.head(100).unwrap(), (&b"a\nb\n"[..], true));
        assert_eq!(source.line().unwrap(), Some(&b"a"[..]));
        assert_eq!(source.place(), "line 1");
        assert_eq!(source.rest().unwrap(), b"b\n");
        assert_eq!(source.line().unwrap(), None);
    }
}
