//! Whether a run's figures can be relied on, and if not, why: what disturbed
//! it is named and never averaged away.

use super::launch::Launched;
use crate::domain::benchmark::ArmResult;
use crate::domain::compare::Quantity;
use crate::domain::defaults::{
    FOREIGN_LOAD_LIMIT_PERCENT, FOREIGN_LOAD_STRETCH_S, VARIATION_LIMIT_PERCENT,
};
use crate::domain::environment::Environment;
use crate::domain::metrics::{Figure, Reading};
use crate::domain::preflight::Caution;
use crate::domain::units;

/// Swap that comes and goes without a run, MB.
const SWAP_TOLERANCE_MB: f64 = 1.0;

/// Two clocks are not read at the same moment, s.
const SLEEP_TOLERANCE_S: f64 = 1.0;

/// The reasons, one sentence each; none: nothing was noticed. `own_load`: what of the load
/// average before the run may be Whittle's own.
pub(super) fn disturbances(
    arm: &ArmResult,
    environment: &Environment,
    launches: &[Launched],
    own_load: f64,
) -> Vec<String> {
    let figures = [
        (Quantity::ResponseTime, &arm.response_time_s),
        (Quantity::TokensPerSecond, &arm.tokens_per_second),
        (
            Quantity::PromptTokensPerSecond,
            &arm.prompt_tokens_per_second,
        ),
    ];
    let varying = figures
        .into_iter()
        .filter_map(|(quantity, reading)| varies(quantity, reading));
    [
        sleeping(environment),
        swapping(environment),
        faults(environment),
        foreign_load(environment, launches, own_load),
    ]
    .into_iter()
    .flatten()
    .chain(varying)
    .collect()
}

/// The clock that times requests stands still meanwhile; caches go cold and
/// frequencies start anew.
fn sleeping(environment: &Environment) -> Option<String> {
    let seconds = environment
        .slept_s
        .filter(|seconds| *seconds > SLEEP_TOLERANCE_S)?;
    Some(format!(
        "The machine slept for {} during the run: keep it awake, and run it again.",
        units::duration(seconds)
    ))
}

fn swapping(environment: &Environment) -> Option<String> {
    let growth = environment.swap_used_after_mb - environment.swap_used_before_mb;
    let out = environment.swapped_out_mb.unwrap_or(growth);
    (out > SWAP_TOLERANCE_MB).then(|| {
        format!(
            "The machine swapped {} MB out during the run: close other programs, or measure a \
             smaller model.",
            units::number(out)
        )
    })
}

fn faults(environment: &Environment) -> Option<String> {
    let faults = environment.major_page_faults.filter(|faults| *faults > 0)?;
    let faults = units::count(faults);
    Some(format!(
        "Pages were read from disk {faults} times during the measured requests: the figures \
         include the disk. Was there enough free memory?"
    ))
}

/// What used the processor beside the workers that were measured, % of the machine.
#[derive(Debug, Clone, Copy)]
struct Beside {
    /// All but the workers.
    all: f64,
    /// The program that drives them, of that.
    server: f64,
}

impl Beside {
    fn of(launched: &Launched, logical_cores: f64) -> Option<Self> {
        let launch = &launched.launch;
        let seconds = launch.requests_wall_s? * logical_cores;
        let percent = |cpu_s: f64| cpu_s / seconds * 100.0;
        let all = launch.machine_cpu_percent? - percent(launched.workers_cpu_s);
        Some(Self {
            all,
            // Two clocks: it is no more than there is.
            server: percent(launched.server_cpu_s).min(all),
        })
    }

    fn in_words(self) -> String {
        let disturbs = format!("more than {FOREIGN_LOAD_LIMIT_PERCENT:.0} % disturbs");
        let (server, others) = (self.server, self.all - self.server);
        let and = |whose: &str, percent: f64| match percent {
            percent if percent < 0.5 => String::new(),
            percent => format!(", and {whose} {percent:.0} %"),
        };
        if server > others {
            let others = and("other programs", others);
            return format!(
                "Whittle's server itself used up to {server:.0} % of the processor while it was \
                 measured{others} ({disturbs}): ask it for less meanwhile, and run it again."
            );
        }
        let server = and("Whittle's server", server);
        format!(
            "Other programs used up to {others:.0} % of the processor while it was \
             measured{server} ({disturbs}; on a virtual machine the host may have been busy): \
             end them and run it again."
        )
    }
}

/// Why it is not known what other programs did meanwhile; none: it is.
pub(super) fn unknown_load(launches: &[Launched]) -> Option<String> {
    let known = |launched: &Launched| launched.launch.machine_cpu_percent;
    if launches.iter().any(|launched| known(launched).is_some()) {
        return None;
    }
    let took = |launched: &Launched| launched.launch.requests_wall_s;
    let longest_s = launches.iter().filter_map(took).fold(0.0, f64::max);
    let why = match longest_s < FOREIGN_LOAD_STRETCH_S {
        true => format!(
            "the requests of a launch took {} s in all, and {FOREIGN_LOAD_STRETCH_S:.0} s is \
             needed; more prompts or longer answers take longer",
            units::number(longest_s)
        ),
        false => "this system does not tell it".to_owned(),
    };
    Some(format!(
        "How much of the processor other programs used during the requests was not measured: {why}."
    ))
}

/// What was measured of others, or, where nothing was, the load average before the run: it
/// says less, and all that is known.
fn foreign_load(environment: &Environment, launches: &[Launched], own_load: f64) -> Option<String> {
    if unknown_load(launches).is_some() {
        let average = environment.load_average_before;
        let busy = Caution::of_load(average, own_load, environment.logical_cores)?;
        return Some(busy.afterwards());
    }
    let logical_cores = f64::from(environment.logical_cores.max(1));
    let beside = launches
        .iter()
        .filter_map(|launched| Beside::of(launched, logical_cores));
    let most = beside.max_by(|one, other| one.all.total_cmp(&other.all))?;
    (most.all > FOREIGN_LOAD_LIMIT_PERCENT).then(|| most.in_words())
}

fn varies(quantity: Quantity, reading: &Reading<Figure>) -> Option<String> {
    let name = quantity.label().to_lowercase();
    let figure = reading.value()?;
    let percent = figure.stddev? / figure.mean * 100.0;
    (percent > VARIATION_LIMIT_PERCENT).then(|| {
        format!(
            "From launch to launch the {name} varied by {percent:.0} % (standard deviation over \
             mean; more than {VARIATION_LIMIT_PERCENT:.0} % is unstable): run more iterations on \
             a quiet machine."
        )
    })
}

#[cfg(test)]
mod tests;
