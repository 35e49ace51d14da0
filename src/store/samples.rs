//! Raw samples as compact blobs: exact, and read only when asked for.
//!
//! Layout: one byte of flags (bit 0: zstd, bit 1: iterations follow the values), the number of
//! samples as u32, then the floats, little endian, with byte k of all floats before byte k + 1 of
//! any (neighbouring samples share sign, exponent and high digits, so this compresses well).

use crate::model::Samples;
use std::io::Read;

const COMPRESSED: u8 = 1;
const ITERATIONS: u8 = 2;
/// Below this many bytes a zstd frame costs more than it saves.
const WORTH_COMPRESSING: usize = 160;
const LEVEL: i32 = 1;

/// Packs samples; the buffers inside are used again from call to call.
pub(super) struct Packer {
    zstd: zstd::bulk::Compressor<'static>,
}

impl Packer {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            zstd: zstd::bulk::Compressor::new(LEVEL)?,
        })
    }

    pub(super) fn pack(&mut self, samples: &Samples) -> std::io::Result<Vec<u8>> {
        let iterations = samples.iterations.as_deref().unwrap_or_default();
        let mut flags = if samples.iterations.is_some() {
            ITERATIONS
        } else {
            0
        };
        let mut planes = Vec::with_capacity((samples.values.len() + iterations.len()) * 8);
        push_planes(&mut planes, &samples.values);
        push_planes(&mut planes, iterations);
        if planes.len() >= WORTH_COMPRESSING {
            let small = self.zstd.compress(&planes)?;
            if small.len() < planes.len() {
                planes = small;
                flags |= COMPRESSED;
            }
        }
        let count = u32::try_from(samples.values.len()).map_err(std::io::Error::other)?;
        let mut blob = Vec::with_capacity(planes.len() + 5);
        blob.push(flags);
        blob.extend_from_slice(&count.to_le_bytes());
        blob.extend_from_slice(&planes);
        Ok(blob)
    }
}

/// Unpacks a blob; `None` where it is damaged.
pub(super) fn unpack(blob: &[u8]) -> Option<Samples> {
    let (&flags, rest) = blob.split_first()?;
    let (count, body) = rest.split_first_chunk::<4>()?;
    let count = u32::from_le_bytes(*count) as usize;
    let columns = if flags & ITERATIONS == 0 { 1 } else { 2 };
    let size = count.checked_mul(8 * columns)?;
    let planes = if flags & COMPRESSED == 0 {
        body.to_vec()
    } else {
        decompress(body, size)?
    };
    if planes.len() != size {
        return None;
    }
    let (values, iterations) = planes.split_at(count * 8);
    Some(Samples {
        values: pull_planes(values),
        iterations: (columns == 2).then(|| pull_planes(iterations)),
    })
}

/// Reads at most `size` bytes, growing as they come: a damaged count asks for no memory.
fn decompress(body: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut planes = Vec::new();
    let limit = u64::try_from(size).ok()?.checked_add(1)?;
    zstd::stream::read::Decoder::new(body)
        .ok()?
        .take(limit)
        .read_to_end(&mut planes)
        .ok()?;
    Some(planes)
}

fn push_planes(out: &mut Vec<u8>, values: &[f64]) {
    for byte in 0..8 {
        out.extend(values.iter().map(|value| value.to_le_bytes()[byte]));
    }
}

fn pull_planes(planes: &[u8]) -> Vec<f64> {
    let count = planes.len() / 8;
    (0..count)
        .map(|i| f64::from_le_bytes(std::array::from_fn(|byte| planes[byte * count + i])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn samples_come_back_bit_for_bit(values in proptest::collection::vec(any::<f64>(), 0..200), weighted: bool) {
            let samples = Samples { iterations: weighted.then(|| values.clone()), values };
            let blob = Packer::new().unwrap().pack(&samples).unwrap();
            let back = unpack(&blob).unwrap();
            let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back.values), bits(&samples.values));
            prop_assert_eq!(back.iterations.as_deref().map(bits), samples.iterations.as_deref().map(bits));
        }

        #[test]
        fn a_damaged_blob_never_panics(blob in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = unpack(&blob);
        }
    }
}
