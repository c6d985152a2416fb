//! Ollama on this machine: its server is asked, its stores are read, and
//! nothing of it is ever changed.

mod address;
mod error;
mod listing;
mod manifest;
mod name;
mod server;
mod store;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::ollama::OllamaServer;
use server::Server;

pub use address::{AddressError, OllamaAddress};

/// How long a listing waits for the server: one that works answers at once.
const PATIENCE: Duration = Duration::from_secs(1);
/// Where the installer of Linux lets the user `ollama` keep the models.
const STORE_OF_THE_SERVICE: &str = "/usr/share/ollama/.ollama/models";

/// What the user says of Ollama; the rest is found.
#[derive(Debug, Clone, Default)]
pub struct OllamaOptions {
    /// Where its server is.
    pub server: Option<OllamaAddress>,
    /// Where its store is.
    pub store: Option<PathBuf>,
}

/// Where Ollama's server and its stores may be. Cheap to clone.
#[derive(Clone)]
pub struct Ollama {
    server: Arc<Server>,
    stores: Arc<[PathBuf]>,
}

impl Ollama {
    /// As the user says, else as Ollama's own variables say, else where it is
    /// by default.
    pub fn on_this_machine(options: OllamaOptions) -> Self {
        Self::found(options, |name| {
            std::env::var_os(name).filter(|value| !value.is_empty())
        })
    }

    fn found(options: OllamaOptions, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let address = options.server.map_or_else(
            || match variable("OLLAMA_HOST") {
                Some(host) => host.to_string_lossy().parse(),
                None => Ok(OllamaAddress::default()),
            },
            Ok,
        );
        let named = options.store;
        let named = named.or_else(|| variable("OLLAMA_MODELS").map(PathBuf::from));
        let stores = match named {
            // Who names one means that one alone.
            Some(store) => vec![store],
            None => variable("HOME")
                .map(|home| PathBuf::from(home).join(".ollama/models"))
                .into_iter()
                .chain([PathBuf::from(STORE_OF_THE_SERVICE)])
                .collect(),
        };
        Self {
            server: Arc::new(Server::new(address)),
            stores: stores.into(),
        }
    }

    /// Asks the server for its models, and does not wait long: an answer that
    /// comes late is there the next time.
    pub async fn ask(&self) -> OllamaServer {
        let server = self.server.clone();
        let asked = tokio::spawn(async move { server.ask().await });
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => answer,
            _ => self.server.waiting(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stores(options: OllamaOptions, variables: &[(&str, &str)]) -> Vec<PathBuf> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        Ollama::found(options, variable).stores.to_vec()
    }

    #[test]
    fn a_named_store_is_the_only_one() {
        let home = ("HOME", "/home/me");
        let named = OllamaOptions {
            store: Some("/named".into()),
            ..OllamaOptions::default()
        };
        let variable = ("OLLAMA_MODELS", "/variable");
        assert_eq!(stores(named, &[home, variable]), [PathBuf::from("/named")]);
        let none = OllamaOptions::default;
        assert_eq!(
            stores(none(), &[home, variable]),
            [PathBuf::from("/variable")]
        );
        assert_eq!(
            stores(none(), &[home]),
            [
                PathBuf::from("/home/me/.ollama/models"),
                PathBuf::from(STORE_OF_THE_SERVICE)
            ]
        );
    }

    #[tokio::test]
    async fn another_machine_in_the_variable_is_said_and_not_asked() {
        let variable = |name: &str| (name == "OLLAMA_HOST").then(|| "192.0.2.1".into());
        let ollama = Ollama::found(OllamaOptions::default(), variable);
        let OllamaServer::NotAllowed { reason } = ollama.ask().await else {
            panic!("it was asked");
        };
        assert!(reason.contains("192.0.2.1 is not this machine"), "{reason}");
    }
}
