//! What is closed to the user who runs Whittle: a history that can only be
//! read, a store of Ollama's that belongs to somebody else.
//!
//! Nothing is closed to root: then a copy of the program is run as nobody.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::fake_ollama;
use crate::servers::Server;
use crate::tiny_model;

/// The user that owns nothing, on every Linux and macOS.
const NOBODY: u32 = 65534;

/// A user who is not root, with a data folder of their own.
struct User {
    folder: TempDir,
    program: PathBuf,
    is_other: bool,
}

impl User {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let is_other = rustix::process::geteuid().is_root();
        let mut program = PathBuf::from(env!("CARGO_BIN_EXE_whittle"));
        if is_other {
            // Where root builds, nobody may look.
            let copy = folder.path().join("whittle");
            fs::copy(program, &copy).expect("a copy");
            program = copy;
        }
        let user = Self {
            folder,
            program,
            is_other,
        };
        set_mode(user.folder.path(), 0o755);
        fs::create_dir_all(user.data().join("models")).expect("a folder");
        tiny_model::write(&user.data().join("models"), "tiny.gguf");
        user.give(&user.data());
        user
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Makes everything in a folder theirs.
    fn give(&self, path: &Path) {
        if !self.is_other {
            return;
        }
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
        if path.is_dir() {
            for entry in fs::read_dir(path).expect("a folder").flatten() {
                self.give(&entry.path());
            }
        }
    }

    fn whittle(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--data-dir").arg(self.data());
        if self.is_other {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Measures the tiny model.
    fn bench(&self) -> Output {
        let model = self.data().join("models/tiny.gguf");
        let model = model.to_string_lossy();
        let short = ["--iterations", "1", "--max-tokens", "4", "--prompt", "hi"];
        let mut bench = self.whittle(&["bench", &model, "--threads", "1"]);
        bench.args(short).output().expect("whittle runs")
    }
}

/// What a program leaves that ought to end by itself, and is ended if not.
fn ended(command: &mut Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("whittle starts");
    let deadline = Instant::now() + Duration::from_secs(30);
    while child.try_wait().expect("a child").is_none() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it can be killed");
    child.wait_with_output().expect("its output")
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
}

#[test]
fn a_history_that_can_only_be_read_is_said_and_left_alone() {
    let user = User::new();
    let first = user.bench();
    assert!(first.status.success(), "{first:?}");
    let history = user.data().join("whittle.db");
    if user.is_other {
        chown(&history, Some(0), Some(0)).expect("root may");
    }
    set_mode(&history, 0o444);
    let before = fs::read(&history).expect("the history");
    let mut serve = user.whittle(&["serve", "--addr", "127.0.0.1:0", "--no-background"]);
    for output in [user.bench(), ended(&mut serve)] {
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{errors}");
        assert!(errors.contains("can only be read"), "{errors}");
        assert!(errors.contains("whittle.db"), "{errors}");
    }
    assert_eq!(fs::read(&history).expect("the history"), before);
    assert!(user.data().join("models/tiny.gguf").is_file());
}

#[test]
fn a_store_of_another_user_is_said() {
    let user = User::new();
    let store = fake_ollama::Store::new();
    store.add("tiny", "1m", &tiny_model::bytes("llama"));
    set_mode(store.folder.path(), if user.is_other { 0o700 } else { 0 });
    let mut serve = user.whittle(&["serve", "--addr", "127.0.0.1:0", "--no-background"]);
    serve.args(["--ollama", "127.0.0.1:9"]);
    let server = Server::start(serve.arg("--ollama-store").arg(store.path()));
    let listing = server.ask("GET", "/api/models", &serde_json::Value::Null);
    let page = server.page("/models");
    server.terminate();
    set_mode(store.folder.path(), 0o700);
    let found = &listing["ollama"]["stores"][0];
    assert_eq!(found["state"], "not_allowed", "{listing}");
    assert!(page.contains("another user"), "{page}");
}
