-- Named lists of prompts, each with the answer that is expected of it.
CREATE TABLE prompt_sets (
    name         TEXT PRIMARY KEY NOT NULL,
    prompts_json TEXT NOT NULL
) STRICT;
