//! Asks Ollama's server which models it has.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use reqwest::{Client, Response, redirect};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::address::{AddressError, OllamaAddress};
use super::name::Digest;
use crate::domain::ollama::{OllamaServer, ServedModel};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);
/// A longer answer is not a list of models.
const MAX_BYTES: usize = 4 << 20;
/// Most models that are taken from an answer.
const MAX_MODELS: usize = 2_000;
/// How long an answer is kept, so that a page that is reloaded asks once.
const KEEP: Duration = Duration::from_secs(5);
/// The same when it took long: a hanging server is not asked all the time.
const KEEP_SLOW: Duration = Duration::from_secs(30);

/// A server, and what it answered last.
pub(super) struct Server {
    address: Result<OllamaAddress, AddressError>,
    /// Its answer, and until when that is good. Locked while asking: who comes
    /// meanwhile gets the same answer.
    last: Mutex<Option<(Instant, OllamaServer)>>,
}

/// Why an answer is not a list of models.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("nothing listens there")]
    NotRunning,
    #[error("it did not answer within {} seconds; restart Ollama", TOTAL_TIMEOUT.as_secs())]
    Silent,
    #[error("it answered \"{0}\" to /api/tags; is another program there?")]
    Status(reqwest::StatusCode),
    #[error("its answer is no list of models; is another program there?")]
    Garbled,
    #[error("the request failed: {0}")]
    Failed(String),
}

impl From<reqwest::Error> for AskError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Silent;
        }
        let mut cause: &(dyn Error + 'static) = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        match cause.downcast_ref().map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Self::NotRunning,
            _ => Self::Failed(cause.to_string()),
        }
    }
}

/// What `/api/tags` answers, as far as it is of use.
#[derive(Deserialize)]
struct Tags {
    /// An Ollama without models may say null.
    #[serde(deserialize_with = "Option::deserialize")]
    models: Option<Vec<Tag>>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    #[serde(default)]
    size: Value,
    #[serde(default)]
    digest: Value,
}

impl Server {
    pub(super) fn new(address: Result<OllamaAddress, AddressError>) -> Self {
        Self {
            address,
            last: Mutex::new(None),
        }
    }

    /// Asks it, or repeats what it answered a moment ago.
    pub(super) async fn ask(&self) -> OllamaServer {
        let mut last = self.last.lock().await;
        if let Some((_, answer)) = last.as_ref().filter(|(until, _)| Instant::now() < *until) {
            return answer.clone();
        }
        let start = Instant::now();
        let answer = self.ask_now().await;
        let keep = if start.elapsed() < CONNECT_TIMEOUT {
            KEEP
        } else {
            KEEP_SLOW
        };
        *last = Some((Instant::now() + keep, answer.clone()));
        answer
    }

    /// What to say while the answer is on its way.
    pub(super) fn waiting(&self) -> OllamaServer {
        self.state(|address| OllamaServer::Failing {
            address,
            reason: "it has not answered yet; reload in a moment".to_owned(),
        })
    }

    async fn ask_now(&self) -> OllamaServer {
        let answer = match &self.address {
            Ok(address) => tags(*address).await,
            Err(_) => Ok(Vec::new()),
        };
        self.state(|address| match answer {
            Ok(models) => OllamaServer::Answering { address, models },
            Err(AskError::NotRunning) => OllamaServer::NotRunning { address },
            Err(error) => OllamaServer::Failing {
                address,
                reason: error.to_string(),
            },
        })
    }

    fn state(&self, at: impl FnOnce(String) -> OllamaServer) -> OllamaServer {
        match &self.address {
            Ok(address) => at(address.to_string()),
            Err(error) => OllamaServer::NotAllowed {
                reason: error.to_string(),
            },
        }
    }
}

async fn tags(address: OllamaAddress) -> Result<Vec<ServedModel>, AskError> {
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .build()?;
    let response = client.get(format!("{address}/api/tags")).send().await?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(AskError::Status(response.status()));
    }
    models_in(&body(response).await?)
}

async fn body(mut response: Response) -> Result<Vec<u8>, AskError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(AskError::Garbled);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn models_in(bytes: &[u8]) -> Result<Vec<ServedModel>, AskError> {
    let tags: Tags = serde_json::from_slice(bytes).map_err(|_| AskError::Garbled)?;
    let models = tags.models.unwrap_or_default().into_iter();
    let shown = |name: String| name.chars().filter(|c| !c.is_control()).take(200).collect();
    Ok(models
        .take(MAX_MODELS)
        .map(|tag| ServedModel {
            name: shown(tag.name),
            digest: digest(&tag.digest),
            size_bytes: tag.size.as_u64(),
        })
        .collect())
}

/// The digest, if it is one: the server writes it without `sha256:`.
fn digest(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let digest: Digest = format!("sha256:{text}").parse().ok()?;
    Some(digest.hex().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_sizes_are_taken_from_the_answer() {
        let answer = br#"{"models":[
            {"name":"llama3.2:3b","model":"llama3.2:3b","size":2019393189,
             "digest":"a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72",
             "details":{"format":"gguf","family":"llama","parameter_size":"3.2B"}},
            {"name":"odd\u0007","size":-1}]}"#;
        let models = models_in(answer).expect("models");
        assert_eq!(models[0].name, "llama3.2:3b");
        assert_eq!(models[0].size_bytes, Some(2_019_393_189));
        let digest = models[0].digest.as_deref();
        assert!(digest.is_some_and(|digest| digest.starts_with("a80c4f17acd5")));
        assert_eq!(models[1].digest, None);
        assert_eq!(
            (models[1].name.as_str(), models[1].size_bytes),
            ("odd", None)
        );
        assert!(models_in(br#"{"models":null}"#).expect("none").is_empty());
    }

    #[test]
    fn other_answers_are_garbled() {
        for answer in ["", "{}", "[]", "<html>", r#"{"models":3}"#, "null"] {
            let read = models_in(answer.as_bytes());
            assert!(matches!(read, Err(AskError::Garbled)), "{answer}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_fail(text in any::<String>()) {
            let _ = models_in(text.as_bytes());
        }
    }
}
