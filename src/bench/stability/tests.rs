//! Disturbances that are told, and what is none.

use super::*;
use crate::backend::Introduction;
use crate::domain::environment::{ChatTemplate, LoadReport, Sandbox};
use crate::domain::sample::{LaunchSample, MemoryReading, Prefill};

fn reading(mean: f64, stddev: Option<f64>) -> Reading<Figure> {
    Reading::Measured(Figure {
        mean,
        half_width_95: None,
        stddev,
        n_launches: 3,
        n_samples: 6,
    })
}

/// A launch whose requests took 2 s, and the processor that was used meanwhile.
fn launched(machine_percent: Option<f64>, workers_cpu_s: f64, server_cpu_s: f64) -> Launched {
    Launched {
        introduction: Introduction {
            engine: Environment::sample().engine,
            sandbox: Sandbox::Full,
        },
        load: LoadReport {
            load_s: 0.1,
            device: "CPU".to_owned(),
            n_threads: 2,
            flash_attention: "on".to_owned(),
            chat_template: ChatTemplate::Applied,
            memory: MemoryReading::default(),
            huge_pages_bytes: None,
        },
        launch: LaunchSample {
            iteration: 1,
            load_s: 0.1,
            memory_loaded: MemoryReading::default(),
            memory_measured: MemoryReading::default(),
            prefill: Prefill {
                n_tokens: 512,
                elapsed_s: 1.0,
            },
            requests_wall_s: Some(2.0),
            machine_cpu_percent: machine_percent,
        },
        requests: Vec::new(),
        workers_cpu_s,
        server_cpu_s,
    }
}

/// Of four cores over 2 s, a worker that used 4 s had half.
#[test]
fn what_a_worker_uses_itself_is_no_load_of_others() {
    let said = |launches: &[Launched]| foreign_load(&Environment::sample(), launches, 0.0);
    assert_eq!(said(&[launched(Some(59.0), 4.0, 0.0)]), None);
    assert_eq!(said(&[launched(None, 4.0, 0.0)]), None, "not measured");
    let others = said(&[
        launched(Some(50.0), 4.0, 0.0),
        launched(Some(65.0), 4.0, 0.08),
    ]);
    let others = others.expect("others were at work in the second launch");
    let both = "Other programs used up to 14 % of the processor while it was measured, and \
                Whittle's server 1 %";
    assert!(others.contains(both), "{others}");
}

/// A run of eight tokens on a machine at load 6 counted as undisturbed.
#[test]
fn where_others_were_not_measured_the_load_average_before_tells_of_them() {
    let said = |load, own_load, machine_percent| {
        let environment = Environment {
            load_average_before: load,
            ..Environment::sample()
        };
        foreign_load(
            &environment,
            &[launched(machine_percent, 4.0, 0.0)],
            own_load,
        )
    };
    let busy = said(Some(6.0), 0.0, None).expect("four cores were busy");
    assert!(
        busy.contains("busy when the run began: load 6.0 on 4"),
        "{busy}"
    );
    assert_eq!(said(Some(6.0), 3.0, None), None, "Whittle's own");
    assert_eq!(said(Some(3.9), 0.0, None), None);
    assert_eq!(said(None, 0.0, None), None);
    assert_eq!(said(Some(6.0), 0.0, Some(55.0)), None, "it was measured");
}

#[test]
fn what_was_not_measured_of_others_is_said_with_the_reason() {
    let took = |seconds| {
        let mut short = launched(None, 0.1, 0.0);
        short.launch.requests_wall_s = Some(seconds);
        short
    };
    let said = unknown_load(&[took(0.25), took(0.5)]).expect("it is not known");
    let why = "not measured: the requests of a launch took 0.500 s in all, and 1 s is needed;";
    assert!(said.contains(why), "{said}");
    let said = unknown_load(&[took(3.0)]).expect("it is not known");
    assert!(
        said.ends_with("not measured: this system does not tell it."),
        "{said}"
    );
    assert_eq!(
        unknown_load(&[took(0.9), launched(Some(50.0), 4.0, 0.0)]),
        None
    );
}

#[test]
fn what_the_server_does_is_not_put_down_to_other_programs() {
    let said = |all, server| Beside { all, server }.in_words();
    assert!(said(30.0, 0.2).contains("Other programs used up to 30 % of"));
    let both = said(12.0, 4.0);
    assert!(
        both.contains("Other programs used up to 8 % of the processor while it was measured, and Whittle's server 4 %"),
        "{both}"
    );
    let own = said(30.0, 29.6);
    assert!(own.contains("server itself used up to 30 %"), "{own}");
    assert!(!own.contains("ther programs"), "{own}");
    // Neither of them is more than the limit.
    let both = said(12.0, 6.1);
    assert!(
        both.contains("server itself used up to 6 % of the processor while it was measured, and other programs 6 % (more than 10 %"),
        "{both}"
    );
}

#[test]
fn what_is_swapped_out_counts_even_if_it_comes_back() {
    let quiet = Environment::sample();
    assert_eq!(swapping(&quiet), None);
    let with = |out, before, after| {
        swapping(&Environment {
            swapped_out_mb: out,
            swap_used_before_mb: before,
            swap_used_after_mb: after,
            ..quiet.clone()
        })
    };
    let said = with(Some(5.0), 70.0, 60.0).expect("it swapped");
    assert!(said.contains("swapped 5.00 MB out"), "{said}");
    // As much as comes and goes anyway.
    assert_eq!(with(Some(1.0), 0.0, 0.0), None);
    // Where only what is in use is known.
    let said = with(None, 60.0, 62.0).expect("it swapped");
    assert!(said.contains("swapped 2.00 MB out"), "{said}");
    assert_eq!(with(None, 60.0, 61.0), None);
    assert_eq!(with(None, 60.0, 20.0), None);
}

#[test]
fn pages_that_were_read_from_disk_are_counted() {
    let with = |n| {
        faults(&Environment {
            major_page_faults: n,
            ..Environment::sample()
        })
    };
    assert_eq!((with(None), with(Some(0))), (None, None));
    let said = with(Some(1200)).expect("the disk was read");
    assert!(said.contains("from disk 1,200 times"), "{said}");
}

#[test]
fn a_machine_that_slept_is_told_from_two_clocks_that_were_read_one_after_the_other() {
    let with = |seconds| {
        sleeping(&Environment {
            slept_s: seconds,
            ..Environment::sample()
        })
    };
    assert_eq!((with(None), with(Some(1.0))), (None, None));
    let said = with(Some(125.0)).expect("it slept");
    assert!(said.contains("slept for 2 min 5 s"), "{said}");
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
