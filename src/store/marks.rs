//! What is remembered of data branches: the runs that were seen there, and what packs hold.

use super::{Store, StoreError};
use rusqlite::{TransactionBehavior, params};
use std::collections::{HashMap, HashSet};

impl Store {
    /// The runs that were seen on a data branch, by the first 64 bits of their digest.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn synced(&self, remote: &str) -> Result<HashSet<u64>, StoreError> {
        let read = || -> rusqlite::Result<HashSet<u64>> {
            self.connection
                .prepare_cached("SELECT digest FROM synced WHERE remote = ?1")?
                .query_map([remote], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))?
                .collect()
        };
        read().map_err(|e| self.explain(&e))
    }

    /// Remembers runs that were seen on a data branch.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn mark_synced(
        &mut self,
        remote: &str,
        digests: impl IntoIterator<Item = u64>,
    ) -> Result<(), StoreError> {
        self.insert_pairs(
            "INSERT OR IGNORE INTO synced (remote, digest) VALUES (?1, ?2)",
            remote,
            digests,
        )
    }

    /// What the packs that were read hold, by path.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn packed(&self) -> Result<HashMap<String, Vec<u64>>, StoreError> {
        let read = || -> rusqlite::Result<HashMap<String, Vec<u64>>> {
            let mut packed: HashMap<String, Vec<u64>> = HashMap::new();
            let mut statement = self
                .connection
                .prepare_cached("SELECT pack, digest FROM packed")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let digest = row.get::<_, i64>(1)?.cast_unsigned();
                packed.entry(row.get(0)?).or_default().push(digest);
            }
            Ok(packed)
        };
        read().map_err(|e| self.explain(&e))
    }

    /// Remembers what a pack holds.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub fn mark_packed(
        &mut self,
        pack: &str,
        digests: impl IntoIterator<Item = u64>,
    ) -> Result<(), StoreError> {
        self.insert_pairs(
            "INSERT OR IGNORE INTO packed (pack, digest) VALUES (?1, ?2)",
            pack,
            digests,
        )
    }

    fn insert_pairs(
        &mut self,
        sql: &str,
        first: &str,
        digests: impl IntoIterator<Item = u64>,
    ) -> Result<(), StoreError> {
        let path = self.path.clone();
        let write = || -> rusqlite::Result<()> {
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut insert = transaction.prepare_cached(sql)?;
                for digest in digests {
                    insert.execute(params![first, digest.cast_signed()])?;
                }
            }
            transaction.commit()
        };
        write().map_err(|e| super::explain(&path, &e))
    }
}
