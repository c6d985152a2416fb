//! A store as Ollama lays it out, and servers that speak its protocol.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use axum::routing::get;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};

pub const MODEL: &str = "application/vnd.ollama.image.model";

/// A store, as Ollama lays it out.
pub struct Store {
    pub folder: TempDir,
}

impl Store {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("models/blobs")).expect("a folder");
        Self { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    pub fn blob(&self, digest: &str) -> PathBuf {
        self.path().join("blobs").join(digest.replace(':', "-"))
    }

    /// Adds a model of these bytes and says its digest.
    pub fn add(&self, model: &str, tag: &str, bytes: &[u8]) -> String {
        let hex: String = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let digest = format!("sha256:{hex}");
        std::fs::write(self.blob(&digest), bytes).expect("a blob");
        self.add_manifest(model, tag, MODEL, &digest);
        digest
    }

    pub fn add_manifest(&self, model: &str, tag: &str, kind: &str, digest: &str) {
        let folder = self.path().join("manifests/registry.ollama.ai/library");
        let folder = folder.join(model);
        std::fs::create_dir_all(&folder).expect("a folder");
        let config = json!({"mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": format!("sha256:{}", "1".repeat(64)), "size": 1});
        let layer = json!({"mediaType": kind, "digest": digest, "size": 1});
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
        std::fs::write(folder.join(tag), manifest.to_string()).expect("a manifest");
    }
}

/// Serves the router and says where.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

pub async fn server_that_lists(names: &[&str]) -> SocketAddr {
    let model = |name: &&str| {
        json!({"name": name, "model": name, "size": 5_000_000,
        "digest": "0f".repeat(32), "details": {"format": "gguf", "family": "llama"}})
    };
    let answer = json!({"models": names.iter().map(model).collect::<Vec<_>>()}).to_string();
    serve(Router::new().route("/api/tags", get(|| async { answer }))).await
}

/// A port that is taken, and where nothing listens.
pub struct Closed {
    pub address: SocketAddr,
    _socket: TcpSocket,
}

pub fn closed() -> Closed {
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(any).expect("a port");
    Closed {
        address: socket.local_addr().expect("an address"),
        _socket: socket,
    }
}
