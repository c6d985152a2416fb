//! A whole Whittle in a temporary folder, asked through its router.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;
use whittle::backend::WorkerLauncher;
use whittle::bench::machine::MachineFacts;
use whittle::library::{DataFolder, Library, Ollama, OllamaOptions};
use whittle::queue::Queue;
use whittle::server::{AllowedHosts, AppState, Idleness, Parts, measure_in_background, router};
use whittle::store::Store;

use crate::tiny_model;
use crate::workers::{named_in, real_workers};

/// The Host that the house answers to.
pub const HOST: &str = "127.0.0.1:8320";

pub struct House {
    pub router: Router,
    pub queue: Queue,
    folder: TempDir,
}

/// The same machine with one core to measure on: two threads that wait for each other
/// after every few numbers of a tiny model crawl beside the other tests.
fn alone_on_a_core(machine: MachineFacts) -> MachineFacts {
    MachineFacts {
        physical_cores: Some(1),
        ..machine
    }
}

impl House {
    /// A house with the tiny model `tiny.gguf`.
    pub async fn with_model() -> Self {
        let house = Self::empty(real_workers()).await;
        tiny_model::write(&house.models(), "tiny.gguf");
        house
    }

    /// A house with the tiny model and these workers.
    pub async fn with_workers(launcher: WorkerLauncher) -> Self {
        let house = Self::empty(launcher).await;
        tiny_model::write(&house.models(), "tiny.gguf");
        house
    }

    /// A house with the tiny model on such a machine.
    pub async fn on_machine(machine: MachineFacts) -> Self {
        let house = Self::build(real_workers(), machine, None, None).await;
        tiny_model::write(&house.models(), "tiny.gguf");
        house
    }

    /// A house without models, and without Ollama.
    pub async fn empty(launcher: WorkerLauncher) -> Self {
        Self::build(launcher, MachineFacts::read(), None, None).await
    }

    /// A house without models of its own, and with this Ollama.
    pub async fn with_ollama(options: OllamaOptions) -> Self {
        let ollama = Ollama::on_this_machine(options);
        Self::build(real_workers(), MachineFacts::read(), Some(ollama), None).await
    }

    /// A house with the tiny model that measures unasked while it is so idle; the
    /// others never do.
    pub async fn in_background(idleness: Idleness) -> Self {
        let machine = MachineFacts::read();
        let house = Self::build(real_workers(), machine, None, Some(idleness)).await;
        tiny_model::write(&house.models(), "tiny.gguf");
        house
    }

    async fn build(
        launcher: WorkerLauncher,
        machine: MachineFacts,
        ollama: Option<Ollama>,
        background: Option<Idleness>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let launcher = named_in(folder.path(), launcher);
        let data = DataFolder::open(&folder.path().join("data")).expect("a data folder");
        let store = Store::open(&data.database()).await.expect("a history");
        let lock = folder.path().join("machine.lock");
        let queue = Queue::start(store.clone(), lock.clone());
        let address: SocketAddr = HOST.parse().expect("an address");
        let library = Library::open(&data, &[], lock).expect("a library");
        let state = AppState::new(Parts {
            queue: queue.clone(),
            store,
            library: match ollama {
                Some(ollama) => library.with_ollama(ollama),
                None => library,
            },
            launcher,
            machine: alone_on_a_core(machine),
            models_folder: data.models(),
            notices: Vec::new(),
            background,
        });
        tokio::spawn(measure_in_background(state.clone()));
        Self {
            router: router(state, AllowedHosts::loopback(address)),
            queue,
            folder,
        }
    }

    pub fn models(&self) -> PathBuf {
        self.path().join("data/models")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).header("host", HOST).body(Body::empty());
        self.ask(request.expect("a request")).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header("host", HOST)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        self.ask(request.expect("a request")).await
    }

    /// Waits until every model has been read.
    pub async fn settled_library(&self) {
        for _ in 0..300 {
            let (_, library) = self.get("/api/models").await;
            if library["n_pending"] == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("a model is still being read");
    }

    /// Sends a request; an answer that is no JSON comes as a text.
    pub async fn ask(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 8 << 20)
            .await
            .expect("a body");
        let value = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&bytes).into_owned()));
        (status, value)
    }

    /// The id of the model of an architecture, once its hash is known.
    pub async fn model_id(&self, architecture: &str) -> Value {
        for _ in 0..200 {
            let (_, listing) = self.get("/api/models").await;
            let mut models = listing["models"].as_array().into_iter().flatten();
            if let Some(model) = models.find(|model| model["architecture"] == architecture) {
                return model["id"].clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no model of architecture {architecture} is listed");
    }

    /// Waits until a run has the status; two minutes, for machines that are busy.
    pub async fn wait_for(&self, id: i64, status: &str) -> Value {
        for _ in 0..2400 {
            let (_, run) = self.get(&format!("/api/runs/{id}")).await;
            if run["status"] == status {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (_, run) = self.get(&format!("/api/runs/{id}")).await;
        panic!("run {id} never was {status}: {run}");
    }
}

/// The sentence of an error.
pub fn message(answer: &Value) -> &str {
    answer["error"]["message"]
        .as_str()
        .unwrap_or_else(|| panic!("no error: {answer}"))
}
