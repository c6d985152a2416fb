//! The command line, run as a user runs it.

mod bench;
mod compare;
#[cfg(target_os = "linux")]
mod killed;
mod noise;
mod piped;
mod pruning_table;
mod quality;
mod refused;
mod serve;
mod variants;
mod verdicts;

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::tiny_model;

/// A user's folder, with the tiny model and a data folder of its own.
struct Desk {
    folder: TempDir,
    /// The path of the model.
    model: String,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let model = tiny_model::write(folder.path(), "tiny.gguf");
        Self {
            model: model.to_string_lossy().into_owned(),
            folder,
        }
    }

    /// The path of a file in the folder.
    fn path(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_string_lossy().into_owned()
    }

    /// Writes a file into the folder, and returns its path.
    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// On one thread where it measures, and nothing else is asked for: two that wait for
    /// each other after every few numbers of a tiny model crawl beside the other tests.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whittle"));
        let measures = matches!(
            arguments,
            [
                "bench" | "compare" | "noise" | "prune" | "quality" | "quantize",
                ..
            ] | ["verdicts", "record", ..]
        );
        let threads: &[&str] = match measures && !arguments.contains(&"--threads") {
            true => &["--threads", "1"],
            false => &[],
        };
        command
            .args(arguments)
            .args(threads)
            .env("WHITTLE_DATA", self.folder.path().join("data"))
            // Not the Ollama of the machine that runs the tests.
            .env("OLLAMA_HOST", "127.0.0.1:9")
            .env("OLLAMA_MODELS", self.folder.path().join("no-ollama"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("whittle runs")
    }

    /// What a command prints that does what it is asked for.
    #[track_caller]
    fn printed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The same without a progress bar: none goes into a pipe. What is foretold does, and
    /// another test may have the machine, which is said.
    #[track_caller]
    fn printed_quietly(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        let said = ["waiting: ", "reading ", "going on: ", "Predicted: "];
        let is_said = |line: &str| said.iter().any(|words| line.starts_with(words));
        assert!(errors.lines().all(is_said), "{output:?}");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The same as JSON.
    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.printed(&[arguments, &["--json"]].concat());
        serde_json::from_str(&printed).expect("JSON")
    }

    /// The command fails, and says this, among what is returned.
    #[track_caller]
    fn assert_refused(&self, arguments: &[&str], says: &str) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && error.contains(says),
            "{arguments:?}: {error}"
        );
        error
    }
}

/// All of this is said.
#[track_caller]
fn assert_says<const N: usize>(text: &str, all: [&str; N]) {
    for says in all {
        assert!(text.contains(says), "{says} is not said: {text}");
    }
}
