-- What users do to stored runs: name them, note something, delete them with a
-- way back. A deleted run is hidden at once and removed days later.
ALTER TABLE runs ADD COLUMN name TEXT;
ALTER TABLE runs ADD COLUMN note TEXT;
ALTER TABLE runs ADD COLUMN deleted_at_s INTEGER;

-- Lists show what is not deleted. Each index answers its kind of filter alone,
-- without a look at the wide rows; the first, which SQLite ends in the id, also
-- finds what is to be removed.
DROP INDEX runs_by_model;
CREATE INDEX runs_listed ON runs (deleted_at_s);
CREATE INDEX runs_by_time ON runs (deleted_at_s, created_at_s);
CREATE INDEX runs_by_model ON runs (deleted_at_s, model_id, id DESC);
CREATE INDEX runs_by_model_and_time ON runs (deleted_at_s, model_id, created_at_s);
