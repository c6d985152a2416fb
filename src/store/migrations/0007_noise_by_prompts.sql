-- What was kept until now does not tell prompts by their texts, nor launches in
-- turn from those together, and may be of a model that was slowed down on purpose.
DELETE FROM noise;
