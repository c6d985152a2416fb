-- What the variants of a run change, judged.
ALTER TABLE runs ADD COLUMN comparison_json TEXT;
-- What a model shows against itself: by what it depends on, the latest.
CREATE TABLE noise (
    model_sha256 TEXT NOT NULL,
    machine      TEXT NOT NULL,
    settings     TEXT NOT NULL,
    run_id       INTEGER REFERENCES runs (id) ON DELETE SET NULL,
    noise_json   TEXT NOT NULL,
    PRIMARY KEY (model_sha256, machine, settings)
) STRICT, WITHOUT ROWID;
-- A list of one technique is found in an index, as one of a model is.
CREATE INDEX runs_by_technique ON runs (deleted_at_s, technique, id DESC);
