-- The measurements of a run, up to 512 series beside each other, as one checked blob: see tile.rs.
CREATE TABLE tile (
  run   INTEGER NOT NULL REFERENCES run,
  block INTEGER NOT NULL,    -- series / 512
  data  BLOB NOT NULL,
  PRIMARY KEY (run, block)
);
CREATE INDEX tile_by_block ON tile (block, run);

-- Which way is better, by the newest run whose tool said so (+1 higher, -1 lower, 0 unknown).
ALTER TABLE series ADD COLUMN direction INTEGER NOT NULL DEFAULT 0;

-- Samples are written run by run, so that a new run touches few pages.
CREATE TABLE sample_of_run (
  run    INTEGER NOT NULL REFERENCES run,
  series INTEGER NOT NULL REFERENCES series,
  data   BLOB NOT NULL,
  PRIMARY KEY (run, series)
) WITHOUT ROWID;
INSERT INTO sample_of_run SELECT run, series, data FROM sample ORDER BY run, series;
DROP TABLE sample;
ALTER TABLE sample_of_run RENAME TO sample;
