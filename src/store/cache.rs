//! What is kept beside the database to save work: small files in a folder of their own, each under
//! the digest of everything that it depends on. Absent, damaged, or of another program or content:
//! then it is as if there were none. The folder can be deleted at any time.

use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 16] = b"plimsoll-cache/1";

/// The digest of everything that an entry depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheKey([u8; 32]);

/// Collects what an entry depends on. Every part is framed by its name and length, so that no two
/// different contents are written alike.
#[derive(Debug, Clone)]
pub struct KeyBuilder(Sha256);

impl KeyBuilder {
    /// Begins with the kind of the entry.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        Self(Sha256::new()).part("kind", kind.as_bytes())
    }

    /// Adds something that the entry depends on.
    #[must_use]
    pub fn part(mut self, name: &str, content: &[u8]) -> Self {
        for bytes in [name.as_bytes(), content] {
            self.0.update((bytes.len() as u64).to_le_bytes());
            self.0.update(bytes);
        }
        self
    }

    /// The digest.
    #[must_use]
    pub fn finish(self) -> CacheKey {
        CacheKey(self.0.finalize().into())
    }
}

/// A folder of entries.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The entries beside a database. Nothing is made before something is written.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(".cache");
        Self {
            folder: PathBuf::from(name),
        }
    }

    /// The content of an entry that was written under this key.
    #[must_use]
    pub fn read(&self, name: &str, key: CacheKey) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.folder.join(name)).ok()?;
        let head = 16 + 32 + 4;
        let frame = bytes.get(..head)?;
        let (content, sum) = (bytes.get(head..)?, frame.get(48..)?);
        let sound = &frame[..16] == MAGIC
            && frame[16..48] == key.0
            && sum == crc32fast::hash(content).to_le_bytes();
        if !sound {
            return None;
        }
        bytes.drain(..head);
        Some(bytes)
    }

    /// Writes an entry whole or not at all. A folder that cannot be written is no trouble: the work
    /// is done again next time.
    pub fn write(&self, name: &str, key: CacheKey, content: &[u8]) {
        let _ = self.try_write(name, key, content);
    }

    fn try_write(&self, name: &str, key: CacheKey, content: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let half = self
            .folder
            .join(format!("{name}.{}.half", std::process::id()));
        let mut bytes = Vec::with_capacity(content.len() + 52);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&key.0);
        bytes.extend_from_slice(&crc32fast::hash(content).to_le_bytes());
        bytes.extend_from_slice(content);
        let written =
            fs::write(&half, bytes).and_then(|()| fs::rename(&half, self.folder.join(name)));
        if written.is_err() {
            let _ = fs::remove_file(&half);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> CacheKey {
        KeyBuilder::new("test")
            .part("text", text.as_bytes())
            .finish()
    }

    #[test]
    fn an_entry_is_read_under_its_own_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::beside(&folder.path().join("history.db"));
        assert_eq!(cache.read("a", key("1")), None);
        cache.write("a", key("1"), b"what");
        assert_eq!(cache.read("a", key("1")).as_deref(), Some(&b"what"[..]));
        assert_eq!(cache.read("a", key("2")), None);
        cache.write("a", key("2"), b"");
        assert_eq!(cache.read("a", key("2")).as_deref(), Some(&b""[..]));
        assert_eq!(cache.read("a", key("1")), None);
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        let whole = KeyBuilder::new("test").part("a", b"bc").part("d", b"");
        let other = KeyBuilder::new("test").part("a", b"b").part("cd", b"");
        assert_ne!(whole.finish(), other.finish());
    }

    #[test]
    fn a_damaged_or_cut_entry_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::beside(&folder.path().join("history.db"));
        cache.write("a", key("1"), b"a verdict");
        let path = folder.path().join("history.db.cache").join("a");
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(cache.read("a", key("1")), None, "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(cache.read("a", key("1")), None, "cut at {at}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_no_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.db.cache");
        fs::write(&file, "a file where the folder would be").unwrap();
        let cache = Cache::beside(&folder.path().join("history.db"));
        cache.write("a", key("1"), b"x");
        assert_eq!(cache.read("a", key("1")), None);
    }
}
