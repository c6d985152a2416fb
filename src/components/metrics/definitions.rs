//! What each figure means: one definition, printed where the figure stands.

pub(in crate::components) const RESPONSE_TIME: &str = "From the start of a request to its last token, \
    tokenization and sampling included. At fixed length it is the time for that many tokens.";
pub(in crate::components) const TOKENS_PER_SECOND: &str = "Decoding only: (generated tokens − 1) / (time of the \
    last token − time of the first). Processing the prompt is not in it.";
pub(in crate::components) const MEMORY: &str = "Peak resident memory, during the measured requests, of the \
    process that ran this model and nothing else. Anonymous memory cannot be reclaimed by the \
    system, file-mapped memory can. MB = 10^6 bytes.";
pub(in crate::components) const CPU: &str = "CPU seconds of the worker / wall seconds / logical cores, over the \
    measured requests. 100 % is the whole machine.";
pub(in crate::components) const MODEL_SIZE: &str = "Bytes of the model's file on disk. MB = 10^6 bytes. \
    It is exact: there is nothing to estimate.";
pub(in crate::components) const TIME_TO_FIRST_TOKEN: &str =
    "From the start of a request to its first sampled token.";
pub(in crate::components) const PROMPT_TOKENS_PER_SECOND: &str = "512 prompt tokens / the time to process them: \
    a test of its own in every launch, since short prompts are too short to time.";
pub(in crate::components) const CPU_SECONDS: &str = "CPU seconds of the worker from the first token to the \
    last / (generated tokens − 1) × 1,000: the first comes from the prompt. Decoding keeps its threads busy whatever the model: this figure, not the \
    percentage, tells what a smaller model saves.";
pub(in crate::components) const RIGHT_ANSWERS: &str = "Answers of the first launch that hold what was expected / \
    prompts that expect something. A text is found whatever its case and white space; a regular \
    expression matches anywhere. The 95 % interval of the share is Wilson's: over prompts, as \
    if they were drawn from many like them; more launches do not narrow it.";
pub(in crate::components) const TOKEN_LATENCY: &str = "The gaps between consecutive generated tokens of all \
    requests. A percentile is shown only where the sample can carry it: P50 from 11 gaps, \
    P95 from 130, P99 from 662.";
