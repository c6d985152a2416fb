//! Starts the server, and ends it in order.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;

use super::{
    AllowedHosts, AppState, Idleness, Parts, assets, history, measure_in_background, router,
};
use crate::backend::WorkerLauncher;
use crate::bench::machine::MachineFacts;
use crate::domain::environment::Sandbox;
use crate::library::{DataFolder, Library, Ollama, OllamaOptions};
use crate::machine_lock::MachineLock;
use crate::queue::{self, Queue};
use crate::store::{Store, StoreError, set_aside};

/// How long open requests may take to end at shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where to listen; loopback.
    pub address: SocketAddr,
    /// The data folder.
    pub data_dir: PathBuf,
    /// More folders with models, remembered from now on.
    pub models: Vec<PathBuf>,
    /// Where Ollama is.
    pub ollama: OllamaOptions,
    /// When models may be measured against themselves unasked; none: never.
    pub background: Option<Idleness>,
}

/// Serves until the process is asked to end.
///
/// # Errors
/// When the address, the data folder or the history cannot be used.
pub async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    if !options.address.ip().is_loopback() {
        bail!(
            "{} is not a loopback address; Whittle has no login yet, so it answers this machine alone: use 127.0.0.1",
            options.address
        );
    }
    let data = DataFolder::open(&options.data_dir)?;
    let _lock = data.lock()?;
    let (store, notices) = open_or_set_aside(&data.database()).await?;
    let more = More {
        models: options.models,
        ollama: options.ollama,
        notices,
        background: options.background,
    };
    let state = assemble(store, &data, more).await?;
    tokio::spawn(log_sandbox(state.clone()));
    tokio::spawn(measure_in_background(state.clone()));
    tokio::spawn(history::remove_deleted(state.clone()));
    let workshop = state.workshop();
    tokio::task::spawn_blocking(move || workshop.sweep());
    let listener = TcpListener::bind(options.address).await.with_context(|| {
        format!(
            "cannot listen on {}; is another program there? Give another --addr",
            options.address
        )
    })?;
    let address = listener.local_addr()?;
    if !assets::are_embedded() {
        tracing::warn!(
            "the front end was not built before this binary: pages work without scripts only; use make run"
        );
    }
    // Whoever reads the address may end it at once.
    let asked = asked_to_end();
    say(&format!("Whittle is at http://{address}"));
    say("Models are read from these folders; put your .gguf files into the first:");
    for folder in state.parts.library.folders() {
        say(&format!("  {folder}"));
    }
    say("Ctrl-C ends it.");
    let router = router(state.clone(), AllowedHosts::loopback(address));
    let ending = {
        let queue = state.queue().clone();
        async move {
            asked.await;
            let _ = writeln!(
                std::io::stderr(),
                "Ending: what runs is marked as interrupted."
            );
            queue.shut_down().await;
        }
    };
    let done = state.queue().shut_down_done();
    let server = axum::serve(listener, router).with_graceful_shutdown(ending);
    let late = async {
        done.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = server => served?,
        () = late => {}
    }
    state.store().close().await;
    Ok(())
}

/// Opens the history. A damaged one gives way to a new one, which only the
/// server may decide: it alone holds the data folder's lock.
async fn open_or_set_aside(path: &Path) -> anyhow::Result<(Store, Vec<String>)> {
    match Store::open(path).await {
        Err(StoreError::Damaged { reason, .. }) => {
            let aside = set_aside(path)?;
            let notice = format!(
                "The history was damaged ({reason}). It was set aside as {} and a new one begun.",
                aside.display()
            );
            tracing::error!("{notice}");
            Ok((Store::open(path).await?, vec![notice]))
        }
        other => Ok((other?, Vec::new())),
    }
}

/// Opens everything in a data folder that a measurement needs.
pub(crate) async fn open_state(data: &DataFolder) -> anyhow::Result<AppState> {
    let store = Store::open(&data.database()).await?;
    assemble(store, data, More::default()).await
}

/// What a server has beside its data folder; a command has none of it.
#[derive(Default)]
struct More {
    models: Vec<PathBuf>,
    ollama: OllamaOptions,
    notices: Vec<String>,
    background: Option<Idleness>,
}

async fn assemble(store: Store, data: &DataFolder, more: More) -> anyhow::Result<AppState> {
    let orphans = store.interrupt_orphans(queue::is_alive).await?;
    for run in orphans {
        tracing::warn!(
            run = run.0,
            "its process ended before it did: marked as interrupted"
        );
    }
    let machine = tokio::task::spawn_blocking(MachineFacts::read).await?;
    let lock = MachineLock::default_path();
    Ok(AppState::new(Parts {
        queue: Queue::start(store.clone(), lock.clone()),
        store,
        library: Library::open(data, &more.models, lock)?
            .with_ollama(Ollama::on_this_machine(more.ollama)),
        launcher: WorkerLauncher::current_program()?,
        machine,
        models_folder: data.models(),
        notices: more.notices,
        background: more.background,
    }))
}

/// Says once what a worker could reach beside its model.
async fn log_sandbox(state: AppState) {
    match state.introduction().await.map(|worker| &worker.sandbox) {
        Ok(Sandbox::Full) => {}
        Ok(Sandbox::Partial { reason }) => {
            tracing::warn!("workers are confined in part: {reason}");
        }
        Ok(Sandbox::Off { reason }) => tracing::warn!("workers are not confined: {reason}"),
        Err(error) => tracing::error!(%error, "no worker can be started"),
    }
}

/// Prints a line. Whoever read the output may be gone, as in a pipe to `head`:
/// no reason to end, which `println!` would.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Returns when the process is asked to end: by Ctrl-C, by another program, or
/// because its terminal is closed. It listens from the call on, not from the first
/// poll.
pub(crate) fn asked_to_end() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let told = |kind: SignalKind| {
        let signal = signal(kind);
        Box::pin(async {
            match signal {
                Ok(mut signal) => drop(signal.recv().await),
                Err(_) => std::future::pending().await,
            }
        })
    };
    let interrupt = told(SignalKind::interrupt());
    let terminate = told(SignalKind::terminate());
    let hangup = told(SignalKind::hangup());
    async {
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
            () = hangup => {}
        }
    }
}
