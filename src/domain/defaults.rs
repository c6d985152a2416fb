//! The fixed defaults and limits of a run, in one place.

/// The seed's two prompts.
pub const PROMPTS: [&str; 2] = ["What is autism?", "What are the symptoms?"];
/// Fresh launches by default.
pub const ITERATIONS: u32 = 3;
/// The setting that finds small differences.
pub const ITERATIONS_CAREFUL: u32 = 10;
/// Tokens generated for each prompt by default.
pub const MAX_TOKENS: u32 = 128;
/// Context length, in tokens, unless a run asks for another.
pub const N_CTX: u32 = 2048;
/// Logical batch, in tokens.
pub const N_BATCH: u32 = 2048;
/// Physical batch, in tokens.
pub const N_UBATCH: u32 = 512;
/// Length of the standard prefill test, in tokens.
pub const PREFILL_TOKENS: u32 = 512;
/// Chunks of the calibration text that an importance matrix is collected on:
/// 20,480 tokens, which a model reads in the time of 160 answers.
pub const IMATRIX_CHUNKS: u32 = 40;
/// Thrown-away rounds at the start of every launch.
pub const WARM_UPS: u32 = 1;
/// Most of them.
pub const WARM_UPS_LIMIT: u32 = 10;
/// Between what is announced and what is measured, s: storing it, sending it to
/// browsers and their drawing of it must not fall into the measured time. It is
/// also the wait between two arms that take turns, of which 20 ms would do: the
/// threads of the arm before spin for up to 10 ms and then sleep.
pub const SETTLE_S: f64 = 0.05;
/// Tokens of an arm's turn where several arms answer a prompt together: a
/// fraction of a second of a small model, so that what else the machine does
/// falls on all arms alike.
pub const TURN_TOKENS: u32 = 16;
/// Pause between two turns, s: the threads of the arm before must sleep.
pub const TURN_SETTLE_S: f64 = 0.02;
/// Longest context.
pub const N_CTX_LIMIT: u32 = 1 << 20;
/// Largest batch.
pub const N_BATCH_LIMIT: u32 = 1 << 16;
/// Tokens of the thrown-away warm-up prefill: as many as are measured, because buffers that
/// are touched for the first time cost more. With a quarter of them the 512-token prefill of
/// 135 M parameters (F16) came to 0.88 of llama-bench's speed, which warms up with all.
pub const WARM_UP_PREFILL_TOKENS: u32 = PREFILL_TOKENS;
/// Tokens of the thrown-away warm-up generation.
pub const WARM_UP_TOKENS: u32 = 16;

/// Processor that other programs may use while a run is measured, % of the
/// machine; above it the run is unstable. The server's own sampling and a busy
/// desktop stay below.
pub const FOREIGN_LOAD_LIMIT_PERCENT: f64 = 10.0;
/// Shortest stretch over which it is told, s: shorter ones are a handful of the kernel's
/// ticks.
pub const FOREIGN_LOAD_STRETCH_S: f64 = 1.0;
/// Coefficient of variation between launches above which a run is unstable, %.
pub const VARIATION_LIMIT_PERCENT: f64 = 15.0;

/// Most launches of one run.
pub const ITERATIONS_LIMIT: u32 = 100;
/// Most threads that a run may ask for.
pub const THREADS_LIMIT: u32 = 512;
/// Most layers on a GPU that a run may ask for: more than any model has.
pub const GPU_LAYERS_LIMIT: u32 = 10_000;
/// Most tokens generated for a prompt, where the context has room for them.
pub const MAX_TOKENS_LIMIT: u32 = 100_000;
/// Most prompts of one run.
pub const PROMPTS_LIMIT: usize = 64;
/// Longest prompt in characters; whether it fits in tokens, the model says.
pub const PROMPT_CHARS_LIMIT: usize = 200_000;
/// Longest expected answer in characters.
pub const EXPECTED_CHARS_LIMIT: usize = 1_000;
/// Most variants of one run.
pub const RECIPES_LIMIT: usize = 16;
/// Launches of a model against itself that its noise is told from, at least.
pub const NOISE_LAUNCHES: u32 = 10;
/// Most runs that wait.
pub const QUEUE_LIMIT: usize = 16;
/// Days that a deleted run can be restored before it is removed for good.
pub const DELETED_KEPT_DAYS: u32 = 7;
