//! What a worker can touch: its model, its output folder, its share of memory; and
//! what it inherits.

use std::fs;
use std::path::Path;

use whittle::backend::{Grant, WorkerError, WorkerProcess};
use whittle::domain::protocol::{LoadCommand, WorkerCommand, WorkerEvent};
use whittle::domain::run::{Failure, FailureKind};

use crate::house::House;
use crate::one_worker::{self, reading, writing};
use crate::tiny_model;
#[cfg(target_os = "linux")]
use crate::workers::limit;
use crate::workers::real_workers;

async fn ask(grant: Grant, command: &WorkerCommand) -> Result<WorkerEvent, WorkerError> {
    let (mut worker, _) = WorkerProcess::start(&real_workers(), grant).await?;
    worker.ask(command, "being tested", |_| ()).await
}

/// What this kernel can close, asked of the kernel and of no worker.
struct Kernel {
    files: bool,
    /// Files as far as can be, signals, and every socket.
    everything: bool,
}

#[cfg(target_os = "linux")]
fn kernel() -> Kernel {
    use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, Scope};
    use whittle::bench::machine::BUILT_FOR_A_GPU;

    let strict = || Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    let files = |abi| strict().handle_access(AccessFs::from_all(abi));
    let signals = strict().scope(Scope::from_all(ABI::V6));
    let seccomp = fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail").is_ok();
    let slowed = "/sys/devices/system/cpu/vulnerabilities/spec_store_bypass";
    let slowed = fs::read_to_string(slowed).is_ok_and(|said| said.contains("seccomp"));
    Kernel {
        files: files(ABI::V1).is_ok() && !BUILT_FOR_A_GPU,
        everything: files(ABI::V3).is_ok()
            && signals.is_ok()
            && seccomp
            && !slowed
            && !BUILT_FOR_A_GPU,
    }
}

#[cfg(not(target_os = "linux"))]
fn kernel() -> Kernel {
    Kernel {
        files: false,
        everything: false,
    }
}

fn load(path: String, n_ctx: u32) -> WorkerCommand {
    WorkerCommand::Load(LoadCommand {
        n_ctx,
        ..one_worker::load(path)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_reads_its_model_and_no_other_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let mine = tiny_model::write(folder.path(), "mine.gguf");
    let other = tiny_model::write(folder.path(), "other.gguf");
    let loaded = ask(reading(&mine), &load(Grant::model_path(&mine), 256)).await;
    assert!(matches!(loaded, Ok(WorkerEvent::Loaded(_))), "{loaded:?}");
    if kernel().files {
        let refused = ask(
            reading(&mine),
            &load(other.to_string_lossy().into_owned(), 256),
        )
        .await;
        let refused = refused.expect_err("another model is out of reach");
        assert!(matches!(refused, WorkerError::Refused { .. }), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_writes_to_its_folder_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "model.gguf");
    let [mine, other] = ["mine", "other"].map(|name| folder.path().join(name));
    fs::create_dir(&mine).expect("a folder");
    fs::create_dir(&other).expect("a folder");
    let write = |target: &Path| WorkerCommand::UpcastToF16 {
        source: Grant::model_path(&model),
        target: target.join("out.gguf").to_string_lossy().into_owned(),
        provenance: "test".to_owned(),
    };
    let grant = || writing(&model, &mine);
    let written = ask(grant(), &write(&mine)).await;
    assert!(matches!(written, Ok(WorkerEvent::Upcast)), "{written:?}");
    assert!(mine.join("out.gguf").is_file());
    if kernel().files {
        ask(grant(), &write(&other))
            .await
            .expect_err("it is out of reach");
        assert!(!other.join("out.gguf").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_needs_more_memory_than_there_is_is_said_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "model.gguf");
    let grant = Grant {
        memory_bytes: Some(1_000_000_000),
        ..reading(&model)
    };
    // The keys and values of so long a context take twice as much.
    let error = ask(grant, &load(Grant::model_path(&model), 4_000_000)).await;
    let failure = Failure::from(error.expect_err("it does not fit"));
    assert_eq!(failure.kind, FailureKind::OutOfMemory, "{failure:?}");
    assert!(failure.message.contains("more memory than is available"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_page_says_how_workers_are_confined() {
    let house = House::with_model().await;
    let (_, about) = house.get("/api/about").await;
    assert!(
        about["engine"]["version"]
            .as_str()
            .is_some_and(|v| v.contains("llama-cpp-sys-2"))
    );
    let (_, page) = house.get("/settings").await;
    let state = about["sandbox"]["state"].as_str();
    match kernel() {
        Kernel {
            everything: true, ..
        } => assert_eq!(state, Some("full"), "{about}"),
        Kernel { files: true, .. } => assert_eq!(state, Some("partial"), "{about}"),
        // The network may be closed nevertheless.
        Kernel { .. } => assert_ne!(state, Some("full"), "{about}"),
    }
    let says = match state {
        Some("full") => "no other file, no network",
        Some("partial") => "confined in part",
        _ => "Workers are not confined",
    };
    assert!(
        page.as_str().is_some_and(|page| page.contains(says)),
        "{about}"
    );
}

/// Lines of a file of /proc that belong to a process.
#[cfg(target_os = "linux")]
fn proc(path: &str) -> String {
    fs::read_to_string(Path::new("/proc").join(path)).expect("the process is up")
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn every_thread_of_a_worker_is_confined_as_its_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny_model::write(folder.path(), "model.gguf");
    let mut worker = one_worker::start(&real_workers(), reading(&model)).await;
    let load = load(Grant::model_path(&model), 256);
    let loaded = worker.ask(&load, "loading", |_| ()).await;
    assert!(matches!(loaded, Ok(WorkerEvent::Loaded(_))), "{loaded:?}");
    let threads = fs::read_dir(format!("/proc/{}/task", worker.pid())).expect("its threads");
    let threads: Vec<_> = threads.flatten().collect();
    // Its first, and at least the one that reads commands.
    assert!(threads.len() > 1, "{threads:?}");
    // 2: it has a filter.
    let says = match kernel().everything {
        true => ["NoNewPrivs:\t1", "Seccomp:\t2"],
        false => [""; 2],
    };
    for thread in threads {
        let status = proc(&format!("{}/status", thread.path().display()));
        assert!(says.iter().all(|says| status.contains(says)), "{status}");
    }
}

/// What else the user's shell knows, as keys of services, is nobody's business there.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_inherits_a_handful_of_variables_and_may_leave_no_core() {
    let folder = tempfile::tempdir().expect("a folder");
    let grant = Grant {
        memory_bytes: Some(1_000_000_000),
        ..reading(&tiny_model::write(folder.path(), "model.gguf"))
    };
    let worker = one_worker::start(&real_workers(), grant).await;
    let own = [
        "GGML_NO_BACKTRACE=1",
        "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
    ];
    let inherited = [
        "PATH=",
        "HOME=",
        "TMPDIR=",
        "LD_LIBRARY_PATH=",
        "CUDA_VISIBLE_DEVICES=",
        "OMP_NUM_THREADS=",
    ];
    let variables = proc(&format!("{}/environ", worker.pid()));
    let variables: Vec<&str> = variables.split_terminator('\0').collect();
    assert!(
        own.iter().all(|own| variables.contains(own)),
        "{variables:?}"
    );
    let is_known =
        |one: &&str| own.contains(one) || inherited.iter().any(|name| one.starts_with(name));
    assert!(variables.iter().all(is_known), "{variables:?}");
    // Cargo gives the tests more than that.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert_eq!(limit(worker.pid(), "Max core file size"), "0");
    assert_eq!(limit(worker.pid(), "Max data size"), "1000000000");

    // Who measures keeps no more memory than glibc does by itself; who makes files does.
    let grant = one_worker::writing(&folder.path().join("model.gguf"), folder.path());
    let maker = one_worker::start(&real_workers(), grant).await;
    let variables = proc(&format!("{}/environ", maker.pid()));
    // Whether colons stay between them is glibc's affair.
    for kept in ["mmap_threshold=33554432", "trim_threshold=67108864"] {
        assert!(variables.contains(kept), "{variables:?}");
    }
}
