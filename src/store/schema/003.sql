-- The slice that failed; NULL where the benchmark failed as a whole.
ALTER TABLE failure ADD COLUMN tags INTEGER REFERENCES tags;
