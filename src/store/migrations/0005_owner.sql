-- When the owner started, by a clock that nobody sets: seconds since 1970 moved
-- with the clock, and a run whose process lived could count as gone.
ALTER TABLE runs ADD COLUMN owner_start TEXT NOT NULL DEFAULT '';
ALTER TABLE runs DROP COLUMN owner_start_s;
