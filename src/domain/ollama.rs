//! What is known of an Ollama on this machine: its server and its stores.

use serde::{Deserialize, Serialize};

/// An Ollama as Whittle sees it. Its stores decide what can be measured; its
/// server only tells what else there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ollama {
    /// The server.
    pub server: OllamaServer,
    /// The folders where its models are looked for.
    pub stores: Vec<OllamaStore>,
}

/// What came of asking the server for its models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OllamaServer {
    /// Nobody asked: what was asked for does not show it.
    NotAsked,
    /// It answered.
    Answering {
        /// Where, such as `http://127.0.0.1:11434`.
        address: String,
        /// The models that it lists.
        models: Vec<ServedModel>,
    },
    /// No program listens there.
    NotRunning {
        /// Where.
        address: String,
    },
    /// A program listens there and does not answer as Ollama does.
    Failing {
        /// Where.
        address: String,
        /// What went wrong.
        reason: String,
    },
    /// The address is not one that Whittle asks.
    NotAllowed {
        /// Why.
        reason: String,
    },
}

/// A model that the server lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServedModel {
    /// Its name, such as `llama3.2:3b`. Untrusted.
    pub name: String,
    /// SHA-256 of its manifest, 64 hexadecimal digits; `ollama list` shows the
    /// first twelve as its id. None where the server says nothing of the kind.
    pub digest: Option<String>,
    /// Bytes of all its files, where the server says a number.
    pub size_bytes: Option<u64>,
}

/// A folder where Ollama keeps models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OllamaStore {
    /// The folder, as shown.
    pub path: String,
    /// What was found there.
    #[serde(flatten)]
    pub state: OllamaStoreState,
}

/// What was found in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OllamaStoreState {
    /// It was read.
    Read {
        /// The names of its models, those too that cannot be measured.
        models: Vec<String>,
        /// Whether it has more than Whittle reads.
        is_cut: bool,
    },
    /// There is no such folder.
    Absent,
    /// It belongs to another user, who lets nobody in.
    NotAllowed,
    /// It cannot be read for another reason.
    Unreadable {
        /// Which.
        reason: String,
    },
}

impl Ollama {
    /// Whether there is neither a server nor a store.
    pub fn is_absent(&self) -> bool {
        let has_store = |store: &OllamaStore| store.state != OllamaStoreState::Absent;
        matches!(self.server, OllamaServer::NotRunning { .. }) && !self.stores.iter().any(has_store)
    }

    /// Models that the server lists and no store has.
    pub fn not_in_a_store(&self) -> Vec<&ServedModel> {
        let in_store = |name: &str| self.stored().any(|stored| is_same(stored, name));
        let served = self.served().unwrap_or_default().iter();
        served.filter(|model| !in_store(&model.name)).collect()
    }

    /// Models in a store that an answering server does not list.
    pub fn not_served(&self) -> Vec<&str> {
        let Some(served) = self.served() else {
            return Vec::new();
        };
        self.stored()
            .filter(|stored| !served.iter().any(|model| is_same(stored, &model.name)))
            .collect()
    }

    /// The models that an answering server lists.
    pub fn served(&self) -> Option<&[ServedModel]> {
        match &self.server {
            OllamaServer::Answering { models, .. } => Some(models),
            _ => None,
        }
    }

    fn stored(&self) -> impl Iterator<Item = &str> {
        self.stores
            .iter()
            .flat_map(|store| match &store.state {
                OllamaStoreState::Read { models, .. } => models.as_slice(),
                _ => &[],
            })
            .map(String::as_str)
    }
}

/// Ollama's names do not differ by case.
fn is_same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ollama(server: OllamaServer, state: OllamaStoreState) -> Ollama {
        let path = "/store".to_owned();
        Ollama {
            server,
            stores: vec![OllamaStore { path, state }],
        }
    }

    fn address() -> String {
        "http://127.0.0.1:11434".to_owned()
    }

    #[test]
    fn server_and_store_are_compared_by_name() {
        let served = |name: &str| ServedModel {
            name: name.to_owned(),
            digest: None,
            size_bytes: Some(1),
        };
        let server = OllamaServer::Answering {
            address: address(),
            models: vec![served("both:1b"), served("elsewhere:cloud")],
        };
        let store = OllamaStoreState::Read {
            models: vec!["Both:1B".to_owned(), "here:7b".to_owned()],
            is_cut: false,
        };
        let ollama = ollama(server, store);
        assert_eq!(ollama.not_in_a_store(), [&served("elsewhere:cloud")]);
        assert_eq!(ollama.not_served(), ["here:7b"]);
        assert!(!ollama.is_absent());
        let json = serde_json::to_value(&ollama).expect("JSON");
        assert_eq!(json["server"]["state"], "answering");
        assert_eq!(json["stores"][0]["state"], "read");
        assert_eq!(
            serde_json::from_value::<Ollama>(json).expect("the same"),
            ollama
        );
    }

    #[test]
    fn a_silent_server_says_nothing_about_the_store() {
        let stopped = || OllamaServer::NotRunning { address: address() };
        let store = OllamaStoreState::Read {
            models: vec!["here:7b".to_owned()],
            is_cut: false,
        };
        assert!(ollama(stopped(), store.clone()).not_served().is_empty());
        assert!(!ollama(stopped(), store).is_absent());
        assert!(ollama(stopped(), OllamaStoreState::Absent).is_absent());
        assert!(!ollama(stopped(), OllamaStoreState::NotAllowed).is_absent());
    }
}
