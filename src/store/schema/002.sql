-- Raw samples were dropped on purpose (`plimsoll prune`); digest stays that of the whole run.
ALTER TABLE run ADD COLUMN thinned INTEGER NOT NULL DEFAULT 0;

-- Runs that were seen on a data branch, by the first 64 bits of their digest.
CREATE TABLE synced (
  remote TEXT NOT NULL,      -- digest of the data branch's address
  digest INTEGER NOT NULL,
  PRIMARY KEY (remote, digest)
) WITHOUT ROWID;
-- What packs hold. A pack's name is its digest, so an entry never grows stale.
CREATE TABLE packed (
  pack   TEXT NOT NULL,
  digest INTEGER NOT NULL,
  PRIMARY KEY (pack, digest)
) WITHOUT ROWID;
