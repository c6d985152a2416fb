-- A run is one benchmark job; its arms hold the figures, its samples the raw
-- measurements, its events what was announced while it ran.
CREATE TABLE runs (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    technique       TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    model_id        TEXT    NOT NULL,
    model_json      TEXT    NOT NULL,
    spec_json       TEXT    NOT NULL,
    created_at_s    INTEGER NOT NULL DEFAULT (unixepoch()),
    finished_at_s   INTEGER,
    failure_json    TEXT,
    -- The process that runs it, so that a run whose process is gone is found.
    owner_pid       INTEGER NOT NULL,
    owner_start_s   INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_by_model ON runs (model_id, id DESC);
CREATE INDEX runs_unfinished ON runs (status) WHERE status IN ('queued', 'running');

CREATE TABLE environments (
    run_id           INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    environment_json TEXT NOT NULL
) STRICT;

CREATE TABLE arms (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    result_json TEXT    NOT NULL,
    -- Copies for lists, so that they read no JSON.
    tokens_per_second REAL,
    response_time_s   REAL,
    memory_usage_mb   REAL,
    UNIQUE (run_id, position)
) STRICT;

-- One measured request; the gaps between tokens are in generation_json.
CREATE TABLE samples (
    run_id          INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    arm_position    INTEGER NOT NULL,
    iteration       INTEGER NOT NULL,
    prompt          INTEGER NOT NULL,
    response_time_s REAL    NOT NULL,
    generation_json TEXT    NOT NULL,
    PRIMARY KEY (run_id, arm_position, iteration, prompt)
) STRICT, WITHOUT ROWID;

CREATE TABLE launches (
    run_id       INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    arm_position INTEGER NOT NULL,
    iteration    INTEGER NOT NULL,
    load_s       REAL    NOT NULL,
    prefill_tokens_per_second REAL,
    launch_json  TEXT    NOT NULL,
    PRIMARY KEY (run_id, arm_position, iteration)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    event_json TEXT    NOT NULL,
    PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key        TEXT PRIMARY KEY,
    value_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
