-- Dictionaries: each name is stored once.
CREATE TABLE commit_info (
  id      INTEGER PRIMARY KEY,
  sha     TEXT NOT NULL UNIQUE,
  parents TEXT,     -- ids separated by blanks; NULL while the commit is unknown here
  author  TEXT,
  subject TEXT,
  time    INTEGER   -- seconds since 1970
);
CREATE TABLE environment (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE);
CREATE TABLE facts       (id INTEGER PRIMARY KEY, json  TEXT NOT NULL UNIQUE);
CREATE TABLE benchmark   (id INTEGER PRIMARY KEY, name  TEXT NOT NULL UNIQUE);
CREATE TABLE metric      (id INTEGER PRIMARY KEY, name  TEXT NOT NULL, unit TEXT NOT NULL, UNIQUE (name, unit));
CREATE TABLE tags        (id INTEGER PRIMARY KEY, json  TEXT NOT NULL UNIQUE);
-- What the tool called a metric, and which way it says is better (+1 higher, -1 lower, 0 unknown).
CREATE TABLE origin (
  id        INTEGER PRIMARY KEY,
  metric    TEXT NOT NULL,
  unit      TEXT NOT NULL,
  direction INTEGER NOT NULL,
  UNIQUE (metric, unit, direction)
);

CREATE TABLE series (
  id          INTEGER PRIMARY KEY,
  benchmark   INTEGER NOT NULL REFERENCES benchmark,
  metric      INTEGER NOT NULL REFERENCES metric,
  tags        INTEGER NOT NULL REFERENCES tags,
  environment INTEGER NOT NULL REFERENCES environment,
  UNIQUE (benchmark, metric, tags, environment)
);

CREATE TABLE run (
  id          INTEGER PRIMARY KEY,
  digest      BLOB NOT NULL UNIQUE,
  commit_id   INTEGER NOT NULL REFERENCES commit_info,
  environment INTEGER NOT NULL REFERENCES environment,
  facts       INTEGER NOT NULL REFERENCES facts,
  suite       TEXT NOT NULL,
  part        TEXT NOT NULL,
  dirty       INTEGER NOT NULL,
  source      TEXT NOT NULL,     -- digest of the files, started, attempt (JSON)
  recorded    INTEGER NOT NULL   -- seconds since 1970; not part of the run's identity
);
CREATE INDEX run_by_commit ON run (commit_id);

CREATE TABLE failure (
  run       INTEGER NOT NULL REFERENCES run,
  benchmark INTEGER NOT NULL REFERENCES benchmark,
  reason    TEXT NOT NULL
);
CREATE INDEX failure_by_run ON failure (run);

-- The narrow table: one row a measurement. low and high are millionths of |value|.
CREATE TABLE point (
  series INTEGER NOT NULL REFERENCES series,
  run    INTEGER NOT NULL REFERENCES run,
  value  REAL NOT NULL,
  below  INTEGER,
  above  INTEGER,
  n      INTEGER NOT NULL,
  origin INTEGER NOT NULL REFERENCES origin,
  PRIMARY KEY (series, run)
) WITHOUT ROWID;
CREATE TABLE sample (
  series INTEGER NOT NULL,
  run    INTEGER NOT NULL,
  data   BLOB NOT NULL,
  PRIMARY KEY (series, run),
  FOREIGN KEY (series, run) REFERENCES point (series, run)
) WITHOUT ROWID;
