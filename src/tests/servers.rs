//! Real servers on real sockets: killed, started twice, ended while watched.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use proptest::prelude::*;
use serde_json::{Value, json};

#[cfg(target_os = "linux")]
use crate::killed_server::wait_until;
#[cfg(target_os = "linux")]
use crate::shop::{NO_FILES, files_below};
use crate::tiny_model;

/// A server of its own process.
pub struct Server {
    child: Child,
    /// Where it listens: a host and a port.
    pub address: String,
}

impl Server {
    /// Serves this data folder, and nothing of Ollama's.
    pub fn on(data: &Path) -> Self {
        let mut serve = Command::new(env!("CARGO_BIN_EXE_whittle"));
        serve.args([
            "serve",
            "--addr",
            "127.0.0.1:0",
            "--no-background",
            "--data-dir",
        ]);
        // Not the Ollama of the machine that runs the tests.
        serve.arg(data).args(["--ollama", "127.0.0.1:9"]);
        Self::start(serve.arg("--ollama-store").arg(data.join("no-ollama")))
    }

    /// Starts what the command says, and reads where it listens.
    pub fn start(serve: &mut Command) -> Self {
        let mut child = serve
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("whittle starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit("http://").next().expect("an address");
        Self {
            address: address.to_owned(),
            child,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("a connection");
        let patience = Some(Duration::from_secs(30));
        stream.set_read_timeout(patience).expect("a timeout");
        stream
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> TcpStream {
        let body = body.to_string();
        let mut stream = self.connect();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .expect("a request");
        stream
    }

    fn answer(&self, method: &str, path: &str, body: &Value) -> String {
        let mut answer = String::new();
        let mut stream = self.send(method, path, body);
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Asks for JSON.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.answer(method, path, body);
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {answer}"))
    }

    /// Asks for a page.
    pub fn page(&self, path: &str) -> String {
        self.answer("GET", path, &Value::Null)
    }

    fn start_long_run(&self) -> i64 {
        let body = json!({
            "test_queries": ["hello"], "iterations": 100, "max_tokens": 1000, "n_threads": 1,
        });
        let run = self.ask("POST", "/api/runs", &body);
        run["id"].as_i64().unwrap_or_else(|| panic!("{run}"))
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Asks it to end, and says how long that took.
    pub fn terminate(mut self) -> Duration {
        let start = Instant::now();
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill runs").success());
        assert!(self.child.wait().expect("it ends").success());
        start.elapsed()
    }
}

/// The processes that a server has started; any of its threads may have.
#[cfg(target_os = "linux")]
pub fn children_of(server: &Server) -> Vec<u32> {
    let pid = server.child.id();
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
    let mut children = Vec::new();
    for thread in threads.flatten() {
        let list = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        children.extend(
            list.split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
    }
    children
}

/// The workers of a server that was killed end with it.
#[cfg(target_os = "linux")]
pub fn assert_no_orphans(workers: Vec<u32>) {
    let deadline = Instant::now() + Duration::from_secs(3);
    for worker in workers {
        while std::fs::read_to_string(format!("/proc/{worker}/cmdline"))
            .is_ok_and(|command| command.contains("worker"))
        {
            assert!(Instant::now() < deadline, "worker {worker} is an orphan");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The files of a data folder that somebody began to write.
#[cfg(target_os = "linux")]
pub fn half_written(data: &Path) -> Vec<PathBuf> {
    let mut files = files_below(data);
    files.retain(|path| path.extension().is_some_and(|end| end == "part"));
    files
}

#[cfg(target_os = "linux")]
proptest! {
    // One case, and what failed is told as it was: a second try would meet others.
    #![proptest_config(ProptestConfig {
        cases: 1,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// At four moments whatever it does, and at four when a worker is up.
    #[test]
    fn a_server_killed_at_any_moment_leaves_an_interrupted_run_and_nothing_else(
        moments_ms in prop::array::uniform8(0_u64..700),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir_all(data.join("models")).expect("a folder");
        tiny_model::write(&data.join("models"), "tiny.gguf");
        for (place, milliseconds) in moments_ms.into_iter().enumerate() {
            let server = Server::on(&data);
            let run = server.start_long_run();
            std::thread::sleep(Duration::from_millis(milliseconds));
            let mut workers = children_of(&server);
            if place % 2 == 1 {
                // The machine may be another test's.
                wait_until("at work", || {
                    workers = children_of(&server);
                    !workers.is_empty()
                });
            }
            server.kill();
            assert_no_orphans(workers);
            // As it would be, had it been at it.
            std::fs::write(data.join("cache/hashes.7.part"), "half").expect("a file");
            let server = Server::on(&data);
            let stored = server.ask("GET", &format!("/api/runs/{run}"), &Value::Null);
            assert_eq!(stored["status"], "interrupted", "after {milliseconds} ms");
            assert_eq!(half_written(&data), NO_FILES);
            server.terminate();
        }
        let server = Server::on(&data);
        let runs = server.ask("GET", "/api/runs", &Value::Null);
        assert_eq!(runs.as_array().map(Vec::len), Some(8), "none was lost");
        server.terminate();
    }
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::on(folder.path());
    let second = Command::new(env!("CARGO_BIN_EXE_whittle"))
        .args(["serve", "--addr", "127.0.0.1:0", "--no-background"])
        .arg("--data-dir")
        .arg(folder.path())
        .output()
        .expect("whittle runs");
    assert!(!second.status.success());
    let errors = String::from_utf8_lossy(&second.stderr);
    assert!(errors.contains("another Whittle serves"), "{errors}");
    server.terminate();
}

#[test]
fn a_damaged_history_is_set_aside_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("whittle.db"), "noise ".repeat(1000)).expect("a file");
    let server = Server::on(folder.path());
    let dashboard = server.ask("GET", "/api/dashboard", &Value::Null);
    let notice = dashboard["notices"][0].as_str().unwrap_or_default();
    assert!(notice.contains("set aside as"), "{dashboard}");
    assert_eq!(server.ask("GET", "/api/runs", &Value::Null), json!([]));
    server.terminate();
}

#[test]
fn open_event_streams_do_not_hold_up_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("models")).expect("a folder");
    tiny_model::write(&folder.path().join("models"), "tiny.gguf");
    let server = Server::on(folder.path());
    let run = server.start_long_run();
    let path = format!("/events/runs/{run}");
    let streams: Vec<TcpStream> = (0..100)
        .map(|_| server.send("GET", &path, &Value::Null))
        .collect();
    for stream in &streams {
        let mut beginning = [0; 12];
        (&mut &*stream)
            .read_exact(&mut beginning)
            .expect("an answer");
        assert_eq!(&beginning, b"HTTP/1.1 200");
    }
    let took = server.terminate();
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    for mut stream in streams {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).expect("the stream ends");
        assert!(rest.contains(r#""type":"interrupted""#), "{rest}");
    }
}

#[test]
fn a_server_that_may_not_measure_unasked_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::on(folder.path());
    let about = server.ask("GET", "/api/about", &Value::Null);
    let expected = json!({"is_on": true, "is_allowed": false, "run": null});
    assert_eq!(about["background"], expected);
    server.terminate();
}
