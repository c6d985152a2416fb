-- A copy for lists: whether something disturbed the measurement.
ALTER TABLE arms ADD COLUMN is_unstable INTEGER NOT NULL DEFAULT 0;
