//! From raw samples to the figures of an arm and the record of its environment.

use super::judge;
use super::launch::Launched;
use super::machine::MachineLoad;
use super::outliers::outliers;
use super::plan::{Arm, Plan};
use super::stability::{disturbances, unknown_load};
use super::statistics::{Latencies, figure};
use crate::domain::benchmark::{Answer, ArmResult, MemoryFigures, TokensGenerated};
use crate::domain::environment::{ChatTemplate, Environment};
use crate::domain::metrics::{Figure, Reading};
use crate::domain::sample::{Generation, MemoryReading};

/// The machine around the launches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) before: MachineLoad,
    pub(super) after: MachineLoad,
}

/// Summarizes the launches of an arm.
pub(super) async fn summarize(
    plan: &Plan,
    measured: &Arm,
    launches: &[Launched],
    load: Load,
) -> ArmResult {
    let environment = environment(plan, measured, launches, load);
    let cores = f64::from(plan.machine.logical_cores.max(1));
    let cores_used = |g: &[&Generation]| ratio(sum(g, |g| g.cpu_s), sum(g, |g| g.response_time_s));
    let all = || {
        launches
            .iter()
            .flat_map(|launch| &launch.requests)
            .map(|r| &r.generation)
    };
    let gaps = Latencies::of(all().flat_map(|g| g.token_gaps_ns.iter().copied()));
    let requests = Latencies::of(all().map(|g| (g.response_time_s * 1e9) as u64));
    let one_token = "only one token was generated: there is no gap between tokens to time";
    let answers = answers(plan, &launches[0]).await;
    let mut arm = ArmResult {
        recipe: measured.recipe,
        model: measured.model.clone(),
        response_time_s: by_launch(launches, "no request", mean_of(|g| Some(g.response_time_s))),
        time_to_first_token_ms: by_launch(
            launches,
            "no request",
            mean_of(|g| Some(g.time_to_first_token_s * 1e3)),
        ),
        tokens_per_second: by_launch(launches, one_token, mean_of(Generation::tokens_per_second)),
        prompt_tokens_per_second: prefill_speed(launches),
        cpu_usage_percent: by_launch(launches, "no CPU time", |g| {
            cores_used(g).map(|used| used / cores * 100.0)
        }),
        cpu_cores_used: by_launch(launches, "no CPU time", cores_used),
        cpu_seconds_per_1000_tokens: by_launch(launches, one_token, |g| {
            let tokens = sum(g, |g| f64::from(g.n_generated.saturating_sub(1)));
            ratio(sum(g, |g| g.cpu_decode_s), tokens).map(|seconds| seconds * 1000.0)
        }),
        memory: memory(launches),
        token_latency_ms: gaps.percentiles(),
        request_latency_ms: requests.percentiles(),
        token_latency_histogram: gaps.bins(),
        right_answers: judge::right_answers(&answers),
        answers,
        warnings: warnings(measured, launches),
        unstable: Vec::new(),
        tokens_generated: TokensGenerated::of(&all().map(|g| g.n_generated).collect::<Vec<_>>()),
        outliers: outliers(launches.iter().flat_map(|launch| &launch.requests)),
    };
    arm.unstable = disturbances(&arm, &environment, launches, load.before.own_load);
    arm
}

/// One value a launch, from its requests; the figure is over launches.
fn by_launch(
    launches: &[Launched],
    reason: &str,
    value: impl Fn(&[&Generation]) -> Option<f64>,
) -> Reading<Figure> {
    let of = |launch: &Launched| {
        let generations: Vec<&Generation> = launch.requests.iter().map(|r| &r.generation).collect();
        value(&generations)
    };
    let values: Vec<f64> = launches.iter().filter_map(of).collect();
    let n_samples = launches.iter().map(|launch| launch.requests.len()).sum();
    reading(figure(&values, n_samples), reason)
}

fn mean_of(value: impl Fn(&Generation) -> Option<f64>) -> impl Fn(&[&Generation]) -> Option<f64> {
    move |generations| {
        let values: Vec<f64> = generations.iter().filter_map(|g| value(g)).collect();
        ratio(values.iter().sum(), values.len() as f64)
    }
}

fn prefill_speed(launches: &[Launched]) -> Reading<Figure> {
    let speed = |launch: &Launched| {
        let prefill = launch.launch.prefill;
        ratio(f64::from(prefill.n_tokens), prefill.elapsed_s)
    };
    let speeds: Vec<f64> = launches.iter().filter_map(speed).collect();
    reading(
        figure(&speeds, speeds.len()),
        "the prefill took no time that the clock can see",
    )
}

fn memory(launches: &[Launched]) -> Reading<MemoryFigures> {
    let peaks: Vec<f64> = launches
        .iter()
        .filter_map(|launch| launch.launch.memory_measured.peak_rss_bytes)
        .map(|bytes| bytes as f64 / 1e6)
        .collect();
    let Some(peak_mb) = figure(&peaks, peaks.len()).filter(|_| peaks.len() == launches.len())
    else {
        return Reading::NotMeasured(
            "this system does not let a process restart its peak of resident memory".to_owned(),
        );
    };
    let part = |part: fn(&MemoryReading) -> Option<u64>| {
        let largest = |launch: &Launched| {
            let readings = launch.requests.iter().map(|r| r.generation.memory);
            part(&readings.max_by_key(|memory| memory.rss_bytes)?)
        };
        mean_mb(launches, largest)
    };
    Reading::Measured(MemoryFigures {
        peak_mb,
        anonymous_mb: part(|memory| memory.anonymous_bytes),
        file_mapped_mb: part(|memory| memory.file_bytes),
        load_peak_mb: mean_mb(launches, |l| l.launch.memory_loaded.peak_rss_bytes),
    })
}

fn mean_mb(launches: &[Launched], bytes: impl Fn(&Launched) -> Option<u64>) -> Option<f64> {
    let values: Vec<f64> = launches
        .iter()
        .filter_map(bytes)
        .map(|b| b as f64 / 1e6)
        .collect();
    ratio(values.iter().sum(), values.len() as f64)
}

async fn answers(plan: &Plan, first: &Launched) -> Vec<Answer> {
    let prompts = &plan.spec.prompts;
    let verdicts = judge::verdicts(prompts, &first.requests).await;
    prompts
        .iter()
        .zip(&first.requests)
        .zip(verdicts)
        .map(|((prompt, request), is_right)| Answer {
            prompt: prompt.text.clone(),
            text: request.generation.text.clone(),
            n_prompt_tokens: request.generation.n_prompt_tokens,
            n_generated: request.generation.n_generated,
            stop: request.generation.stop,
            is_right,
        })
        .collect()
}

/// What an arm was measured on.
pub(super) fn environment(
    plan: &Plan,
    arm: &Arm,
    launches: &[Launched],
    load: Load,
) -> Environment {
    let Load { before, after } = load;
    let first = &launches[0];
    let faults: Option<Vec<u64>> = launches
        .iter()
        .flat_map(|launch| &launch.requests)
        .map(|request| request.generation.major_page_faults)
        .collect();
    let machine = plan.machine.clone();
    let settings = &plan.spec.settings;
    Environment {
        whittle_version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: first.introduction.engine.clone(),
        device: first.load.device.clone(),
        cpu_model: machine.cpu_model,
        physical_cores: machine.physical_cores,
        logical_cores: machine.logical_cores,
        total_memory_mb: machine.total_memory_mb,
        available_memory_mb: before.available_memory_mb,
        system: machine.system,
        n_threads: first.load.n_threads,
        n_ctx: settings.n_ctx,
        n_batch: settings.n_batch,
        n_ubatch: settings.n_ubatch,
        flash_attention: first.load.flash_attention.clone(),
        kv_types: "F16, F16".to_owned(),
        mmap: settings.mmap,
        repack: true,
        huge_pages_mb: first.load.huge_pages_bytes.map(|bytes| bytes as f64 / 1e6),
        n_gpu_layers: settings.n_gpu_layers,
        warm_ups: settings.warm_ups,
        chat_template: first.load.chat_template.clone(),
        load_average_before: before.load_average,
        load_average_after: after.load_average,
        swap_used_before_mb: before.swap_used_mb,
        swap_used_after_mb: after.swap_used_mb,
        swapped_out_mb: after
            .swapped_out_mb
            .zip(before.swapped_out_mb)
            .map(|(after, before)| (after - before).max(0.0)),
        slept_s: after
            .slept_s
            .zip(before.slept_s)
            .map(|(after, before)| (after - before).max(0.0)),
        major_page_faults: faults.map(|faults| faults.iter().sum()),
        cpu_governor: machine.cpu_governor,
        sandbox: Some(first.introduction.sandbox.clone()),
        model_sha256: arm.model.sha256.clone(),
    }
}

/// What a reader should know of one arm.
fn warnings(measured: &Arm, launches: &[Launched]) -> Vec<String> {
    let made = measured.model.variant.iter();
    let notes = made.flat_map(|made| made.notes());
    notes
        .chain(disagreement(launches))
        .chain(unknown_load(launches))
        .collect()
}

/// What a reader should know of all arms; `environment` is the baseline's.
pub(super) fn run_warnings(plan: &Plan, environment: &Environment) -> Vec<String> {
    let mut warnings = Vec::new();
    if let ChatTemplate::RawPrompt(reason) = &environment.chat_template {
        warnings.push(format!("The raw prompts were used: {reason}."));
    }
    let missing = &environment.engine.missing_instruction_sets;
    if !missing.is_empty() {
        warnings.push(format!(
            "The engine was built without {}, which this processor has: it was slower than it \
             could have been. Build with target-cpu=native and no RUSTFLAGS variable.",
            missing.join(", ")
        ));
    }
    if plan.spec.settings.n_gpu_layers > 0 && environment.device == "CPU" {
        warnings
            .push("Layers on a GPU were asked for and none was found: the CPU computed.".into());
    }
    let trained = plan.model.n_ctx_train;
    if let Some(trained) = trained.filter(|trained| environment.n_ctx > *trained) {
        warnings.push(format!(
            "The context of {} tokens is longer than the {trained} that the model was trained for: \
             its answers may be nonsense.",
            environment.n_ctx
        ));
    }
    let n_threads = plan.n_threads();
    if n_threads > plan.machine.logical_cores {
        warnings.push(format!(
            "{n_threads} threads on {} logical cores: threads waited for each other.",
            plan.machine.logical_cores
        ));
    }
    warnings
}

/// The prompts that a later launch answered otherwise than the first.
fn disagreement(launches: &[Launched]) -> Option<String> {
    let text = |launch: &Launched, place: usize| {
        let request = launch.requests.get(place)?;
        Some(request.generation.text.clone())
    };
    let (first, later) = launches.split_first()?;
    let differs = |place: &usize| {
        let answer = text(first, *place);
        later.iter().any(|launch| text(launch, *place) != answer)
    };
    let places = (0..first.requests.len()).filter(differs);
    let numbers: Vec<String> = places.map(|place| (place + 1).to_string()).collect();
    (!numbers.is_empty()).then(|| {
        format!(
            "Launches gave different answers to prompt {}, although each takes the likeliest \
             token: the engine does not compute the same every time. The answers of the first \
             launch are shown and judged.",
            numbers.join(", ")
        )
    })
}

fn reading(figure: Option<Figure>, reason: &str) -> Reading<Figure> {
    match figure {
        Some(figure) => Reading::Measured(figure),
        None => Reading::NotMeasured(reason.to_owned()),
    }
}

fn sum(generations: &[&Generation], value: impl Fn(&Generation) -> f64) -> f64 {
    generations.iter().map(|generation| value(generation)).sum()
}

/// A quotient, unless there is nothing to divide by.
fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    (denominator > 0.0).then(|| numerator / denominator)
}
