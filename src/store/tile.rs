//! Tiles: what one run measured of up to [`SERIES`] neighbouring series, as one small blob.
//!
//! Written once, in the order of arrival, so that a new run touches few pages however long the
//! history is; read series by series with one pass over the tiles of a block. Being the record
//! itself and no copy of it, a tile never grows stale. A checksum tells damage from data.
//!
//! Layout: a byte for the form (0 plain, 1 zstd), a CRC-32 of the body, then the body: the number
//! of cells as u16; whole numbers column by column (distances between series, spread known, below,
//! above, sample count, origin), each as its least value (LEB128), a byte for the width w and w
//! planes of what lies above it; the values as eight planes. Plane k holds byte k of every cell,
//! little endian: neighbours share their high bytes, so this compresses well.

use crate::model::Spread;

/// Series of a tile. Large enough that few tiles make a run, small enough that one series is read
/// without most of the others.
pub(super) const SERIES: i64 = 512;
const PLAIN: u8 = 0;
const COMPRESSED: u8 = 1;
const HEAD: usize = 5;
/// No body is larger: two bytes, then at most nine columns of eleven bytes and eight planes.
const LARGEST: usize = 2 + 9 * (11 + 8 * SERIES as usize);
/// Below this many bytes a zstd frame costs more than it saves.
const WORTH_COMPRESSING: usize = 64;
const LEVEL: i32 = 1;

/// The block that a series belongs to.
pub(super) fn block_of(series: i64) -> i64 {
    series.div_euclid(SERIES)
}

/// One measurement of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    /// Row of the series.
    pub(super) series: i64,
    pub(super) value: f64,
    pub(super) spread: Option<Spread>,
    pub(super) n: u64,
    /// Row of what the tool called the metric.
    pub(super) origin: u64,
}

/// Packs tiles; the buffers inside are used again from call to call.
pub(super) struct Packer {
    zstd: zstd::bulk::Compressor<'static>,
    body: Vec<u8>,
    column: Vec<u64>,
}

impl Packer {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            zstd: zstd::bulk::Compressor::new(LEVEL)?,
            body: Vec::new(),
            column: Vec::new(),
        })
    }

    /// Packs cells of one block, series ascending, at most [`SERIES`] of them.
    pub(super) fn pack(&mut self, cells: &[Cell]) -> std::io::Result<Vec<u8>> {
        let count = u16::try_from(cells.len()).map_err(std::io::Error::other)?;
        self.body.clear();
        self.body.extend_from_slice(&count.to_le_bytes());
        let mut last = cells
            .first()
            .map_or(0, |cell| block_of(cell.series) * SERIES);
        self.whole(cells.iter().map(|cell| {
            let distance = cell.series - last;
            last = cell.series;
            distance.unsigned_abs()
        }));
        self.whole(cells.iter().map(|cell| u64::from(cell.spread.is_some())));
        let spread = |end: fn(Spread) -> u32| {
            move |cell: &Cell| cell.spread.map_or(0, |spread| u64::from(end(spread)))
        };
        self.whole(cells.iter().map(spread(|spread| spread.below)));
        self.whole(cells.iter().map(spread(|spread| spread.above)));
        self.whole(cells.iter().map(|cell| cell.n));
        self.whole(cells.iter().map(|cell| cell.origin));
        self.column.clear();
        self.column
            .extend(cells.iter().map(|cell| cell.value.to_bits()));
        push_planes(&mut self.body, &self.column, 8);
        let mut blob = vec![PLAIN];
        blob.extend_from_slice(&crc32fast::hash(&self.body).to_le_bytes());
        if self.body.len() >= WORTH_COMPRESSING {
            let small = self.zstd.compress(&self.body)?;
            if small.len() < self.body.len() {
                blob[0] = COMPRESSED;
                blob.extend_from_slice(&small);
                return Ok(blob);
            }
        }
        blob.extend_from_slice(&self.body);
        Ok(blob)
    }

    fn whole(&mut self, values: impl Iterator<Item = u64>) {
        self.column.clear();
        self.column.extend(values);
        let least = self.column.iter().copied().min().unwrap_or(0);
        let most = self.column.iter().copied().max().unwrap_or(0);
        let width = (u64::BITS - (most - least).leading_zeros()).div_ceil(8) as usize;
        push_leb128(&mut self.body, least);
        self.body.push(width as u8);
        self.column.iter_mut().for_each(|value| *value -= least);
        push_planes(&mut self.body, &self.column, width);
    }
}

/// Reads tiles, column by column; the buffers inside are used again from call to call.
#[derive(Default)]
pub(super) struct Reader {
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    body: Vec<u8>,
    /// Place of each cell's series in the block.
    pub(super) places: Vec<u64>,
    known: Vec<u64>,
    below: Vec<u64>,
    above: Vec<u64>,
    pub(super) n: Vec<u64>,
    pub(super) origins: Vec<u64>,
    pub(super) values: Vec<u64>,
}

impl Reader {
    /// Reads a tile into the columns; `None` where it is damaged.
    pub(super) fn read(&mut self, blob: &[u8]) -> Option<()> {
        let (&[form, a, b, c, d], packed) = blob.split_first_chunk::<HEAD>()?;
        let mut own = std::mem::take(&mut self.body);
        let body = match form {
            PLAIN => packed,
            COMPRESSED => {
                own.clear();
                own.reserve(LARGEST);
                if self.zstd.is_none() {
                    self.zstd = zstd::bulk::Decompressor::new().ok();
                }
                self.zstd
                    .as_mut()?
                    .decompress_to_buffer(packed, &mut own)
                    .ok()?;
                own.as_slice()
            }
            _ => return None,
        };
        let sound = crc32fast::hash(body) == u32::from_le_bytes([a, b, c, d]);
        let read = sound.then(|| self.columns(body)).flatten();
        self.body = own;
        read
    }

    fn columns(&mut self, body: &[u8]) -> Option<()> {
        let (count, mut rest) = body.split_first_chunk::<2>()?;
        let count = usize::from(u16::from_le_bytes(*count));
        if count as i64 > SERIES {
            return None;
        }
        for column in [
            &mut self.places,
            &mut self.known,
            &mut self.below,
            &mut self.above,
            &mut self.n,
            &mut self.origins,
        ] {
            rest = pull_whole(rest, count, column)?;
        }
        let mut place = 0_u64;
        for distance in &mut self.places {
            place = place.checked_add(*distance)?;
            *distance = place;
        }
        rest = pull_planes(rest, count, 8, 0, &mut self.values)?;
        (rest.is_empty() && place < SERIES as u64).then_some(())
    }

    /// The spread of a cell.
    pub(super) fn spread(&self, cell: usize) -> Option<Spread> {
        (self.known[cell] != 0).then(|| Spread {
            below: self.below[cell] as u32,
            above: self.above[cell] as u32,
        })
    }
}

fn push_planes(out: &mut Vec<u8>, values: &[u64], width: usize) {
    for byte in 0..width {
        out.extend(values.iter().map(|value| (value >> (8 * byte)) as u8));
    }
}

fn push_leb128(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn pull_whole<'b>(body: &'b [u8], count: usize, out: &mut Vec<u64>) -> Option<&'b [u8]> {
    let mut least = 0_u64;
    let mut rest = body;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        least |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let (&width, rest) = rest.split_first()?;
            return pull_planes(rest, count, usize::from(width), least, out);
        }
    }
    None
}

fn pull_planes<'b>(
    body: &'b [u8],
    count: usize,
    width: usize,
    least: u64,
    out: &mut Vec<u64>,
) -> Option<&'b [u8]> {
    if width > 8 {
        return None;
    }
    let (planes, rest) = body.split_at_checked(count * width)?;
    out.clear();
    out.resize(count, 0);
    for byte in 0..width {
        let plane = &planes[byte * count..(byte + 1) * count];
        for (value, part) in out.iter_mut().zip(plane) {
            *value |= u64::from(*part) << (8 * byte);
        }
    }
    if least > 0 {
        for value in out {
            *value = value.wrapping_add(least);
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(reader: &Reader, block: i64) -> Vec<Cell> {
        (0..reader.values.len())
            .map(|i| Cell {
                series: block * SERIES + reader.places[i] as i64,
                value: f64::from_bits(reader.values[i]),
                spread: reader.spread(i),
                n: reader.n[i],
                origin: reader.origins[i],
            })
            .collect()
    }

    fn cell() -> impl Strategy<Value = Cell> {
        let spread = proptest::option::of((any::<u32>(), any::<u32>()));
        (0..SERIES, any::<f64>(), spread, any::<u64>(), any::<u64>()).prop_map(
            |(series, value, spread, n, origin)| Cell {
                series,
                value,
                spread: spread.map(|(below, above)| Spread { below, above }),
                n,
                origin,
            },
        )
    }

    proptest! {
        #[test]
        fn cells_come_back_bit_for_bit(
            cells_in in proptest::collection::vec(cell(), 0..=SERIES as usize),
            block in 0_i64..1000,
        ) {
            let mut sorted = cells_in;
            sorted.sort_by_key(|cell| cell.series);
            sorted.dedup_by_key(|cell| cell.series);
            for cell in &mut sorted {
                cell.series += block * SERIES;
            }
            let blob = Packer::new().unwrap().pack(&sorted).unwrap();
            let mut reader = Reader::default();
            prop_assert_eq!(reader.read(&blob), Some(()));
            let back = cells(&reader, block);
            let bits = |all: &[Cell]| all.iter().map(|c| (c.series, c.value.to_bits(), c.spread, c.n, c.origin)).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&sorted));
        }

        #[test]
        fn a_damaged_tile_is_refused(at in 0_usize..2000, change in 1_u8..=255, count in 1_i64..100) {
            let whole: Vec<Cell> = (0..count)
                .map(|i| Cell { series: i, value: i as f64 * 1.25, spread: None, n: 3, origin: 1 })
                .collect();
            let mut blob = Packer::new().unwrap().pack(&whole).unwrap();
            let at = at % blob.len();
            blob[at] ^= change;
            let mut reader = Reader::default();
            // What is still read is what was written: some bits of a frame carry nothing.
            if reader.read(&blob).is_some() {
                prop_assert_eq!(cells(&reader, 0), whole);
            }
        }

        #[test]
        fn foreign_bytes_never_panic(blob in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Reader::default().read(&blob);
        }
    }

    #[test]
    fn an_empty_tile_and_a_cut_one() {
        let mut packer = Packer::new().unwrap();
        let mut reader = Reader::default();
        assert_eq!(reader.read(&packer.pack(&[]).unwrap()), Some(()));
        assert!(reader.values.is_empty());
        let one = Cell {
            series: 7,
            value: 0.1,
            spread: None,
            n: u64::MAX,
            origin: 0,
        };
        let blob = packer.pack(&[one]).unwrap();
        for end in 0..blob.len() {
            assert_eq!(reader.read(&blob[..end]), None, "{end}");
        }
    }
}
