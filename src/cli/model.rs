//! The model that a command is given: a path, or an id of the library.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};

use super::DataDir;
use super::flags::or_missing;
use super::given;
use super::waiting::Wait;
use crate::library::Located;
use crate::server::AppState;

/// How long finding a model may take without a word.
const SILENCE: Duration = Duration::from_secs(1);

/// What can be given, and where to find it.
const TO_GIVE: &str = "give the path of a .gguf file, or an id of the library: the Models page of \
                       `whittle serve` lists them";

/// The model with all that is known of it. Its file is read whole at first sight.
pub(super) async fn locate(
    state: &AppState,
    data: &DataDir,
    model: &str,
) -> anyhow::Result<Located> {
    let Some(path) = as_path(model) else {
        return by_id(state, data, model).await;
    };
    check_file(model)?;
    let located = said_if_slow(model, state.locate_path(path)).await;
    located.with_context(|| format!("{model} cannot be used"))
}

/// Where the model's file is, for those who need no more.
pub(super) async fn file(data: &DataDir, model: &str) -> anyhow::Result<PathBuf> {
    if let Some(path) = as_path(model) {
        check_file(model)?;
        return Ok(path);
    }
    let state = crate::server::open_state(&data.open()?).await?;
    Ok(by_id(&state, data, model).await?.path)
}

/// A path wins over an id: it names one file and nothing else.
fn as_path(model: &str) -> Option<PathBuf> {
    let path = PathBuf::from(model);
    (path.is_file() || model.contains('/')).then_some(path)
}

async fn by_id(state: &AppState, data: &DataDir, model: &str) -> anyhow::Result<Located> {
    let found = said_if_slow(model, state.locate_id(model.to_owned())).await;
    found.map_err(|error| or_missing(error, || neither(data, model)))
}

/// Says of a path what is wrong before it is opened; of what is wrong inside, whoever
/// reads it does.
fn check_file(model: &str) -> anyhow::Result<()> {
    match fs::metadata(model) {
        Ok(found) if found.is_dir() => bail!(folder(model)),
        Ok(found) if !found.is_file() => bail!(no_file(model)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("no such file: {model}; {TO_GIVE}")
        }
        _ => Ok(()),
    }
}

/// What is said of a name that was looked for as both.
fn neither(data: &DataDir, model: &str) -> String {
    let path = Path::new(model);
    if path.is_dir() {
        return folder(model);
    }
    if path.exists() {
        return no_file(model);
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    format!(
        "no such file: {}, and no model {model} is in the library of {}; {TO_GIVE}",
        path.display(),
        data.path().display()
    )
}

fn folder(model: &str) -> String {
    format!("{model} is a folder; give one of the .gguf files in it")
}

fn no_file(model: &str) -> String {
    format!("{model} {}", given::NO_MODEL_FILE)
}

/// A file is read whole at first sight, and that waits for the machine: on a
/// terminal and in a pipe alike, silence would look like a fault.
async fn said_if_slow<T>(model: &str, locating: impl Future<Output = T>) -> T {
    let mut locating = std::pin::pin!(locating);
    if let Ok(located) = tokio::time::timeout(SILENCE, &mut locating).await {
        return located;
    }
    let wait = Wait::for_reading(model);
    let located = locating.await;
    if let Some(wait) = wait {
        wait.over();
    }
    located
}
