//! Whether a run's figures can be relied on, and if not, why: what disturbed
//! it is named and never averaged away.

use super::launch::Launched;
use crate::domain::benchmark::ArmResult;
use crate::domain::compare::Quantity;
use crate::domain::defaults::{FOREIGN_LOAD_LIMIT_PERCENT, VARIATION_LIMIT_PERCENT};
use crate::domain::environment::Environment;
use crate::domain::metrics::{Figure, Reading};
use crate::domain::units;

/// Swap that comes and goes without a run, MB.
const SWAP_TOLERANCE_MB: f64 = 1.0;

/// Two clocks are not read at the same moment, s.
const SLEEP_TOLERANCE_S: f64 = 1.0;

/// The reasons, one sentence each; none: nothing was noticed.
pub(super) fn disturbances(
    arm: &ArmResult,
    environment: &Environment,
    launches: &[Launched],
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
        foreign_load(environment, launches),
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
    let more = environment.swap_used_after_mb - environment.swap_used_before_mb;
    (more > SWAP_TOLERANCE_MB).then(|| {
        format!(
            "The machine swapped {} MB out during the run: close other programs, or measure a \
             smaller model.",
            units::number(more)
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

fn foreign_load(environment: &Environment, launches: &[Launched]) -> Option<String> {
    let logical_cores = f64::from(environment.logical_cores.max(1));
    let foreign = |launched: &Launched| {
        let launch = &launched.launch;
        let own = launched.workers_cpu_s;
        let own_percent = own / launch.requests_wall_s? / logical_cores * 100.0;
        Some(launch.machine_cpu_percent? - own_percent)
    };
    let most = launches.iter().filter_map(foreign).fold(0.0, f64::max);
    (most > FOREIGN_LOAD_LIMIT_PERCENT).then(|| {
        format!(
            "Other programs used up to {most:.0} % of the processor while it was measured (more \
             than {FOREIGN_LOAD_LIMIT_PERCENT:.0} % disturbs; on a virtual machine the host may \
             have been busy): end them and run it again."
        )
    })
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
mod tests {
    use super::*;

    fn reading(mean: f64, stddev: Option<f64>) -> Reading<Figure> {
        Reading::Measured(Figure {
            mean,
            half_width_95: None,
            stddev,
            n_launches: 3,
            n_samples: 6,
        })
    }

    #[test]
    fn variation_counts_from_fifteen_percent() {
        let varies = |reading| varies(Quantity::TokensPerSecond, &reading);
        assert_eq!(varies(reading(100.0, Some(15.0))), None);
        let said = varies(reading(100.0, Some(15.5))).expect("it varies");
        assert!(said.contains("throughput varied by 16 %"), "{said}");
        assert_eq!(varies(reading(100.0, None)), None, "one launch");
        assert_eq!(varies(Reading::NotMeasured(String::new())), None);
    }
}
