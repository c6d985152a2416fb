//! What is said into a pipe, and that whoever reads it may stop.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use whittle::machine_lock::MachineLock;

use super::Desk;
use super::bench::SHORT;
use crate::mishaps::append;

/// What is said of a wait that is over.
const OVER: &str = "going on: the machine is free, after ";

/// What a command says that finds the machine held by this process: its first line, and
/// all that comes once the machine is free.
#[track_caller]
fn said_while_held(desk: &Desk, arguments: &[&str]) -> (String, String) {
    let (line, rest, status) = held(desk, arguments, || ());
    assert!(status.success(), "{line}{rest}");
    (line, rest)
}

/// The same of one that `meanwhile` may make fail, and how it ends.
#[track_caller]
fn held(desk: &Desk, arguments: &[&str], meanwhile: impl FnOnce()) -> (String, String, ExitStatus) {
    let lock = MachineLock::wait(&MachineLock::default_path()).expect("the machine");
    let mut command = desk
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("whittle runs");
    let mut errors = BufReader::new(command.stderr.take().expect("its errors"));
    let mut line = String::new();
    errors.read_line(&mut line).expect("a line");
    assert!(line.starts_with("waiting: the machine is busy"), "{line}");
    if cfg!(target_os = "linux") {
        let holder = format!("(process {}), which reads a new model", std::process::id());
        assert!(line.contains(&holder), "{line}");
    }
    meanwhile();
    drop(lock);
    let mut rest = String::new();
    errors.read_to_string(&mut rest).expect("the rest");
    (line, rest, command.wait().expect("it ends"))
}

#[test]
fn in_a_pipe_it_is_said_once_that_the_machine_is_waited_for_and_once_that_it_goes_on() {
    let desk = Desk::new();
    let model = &*desk.model;
    let bench = [&["bench", model], &SHORT[..]].concat();
    // Its hash is known then: reading it waits for the machine, too.
    desk.printed(&bench);
    let short = ["--chunks", "1", "--threads", "1"];
    let quality = [&["quality", model], &short[..]].concat();
    for waiting in [
        &bench[..],
        &["quantize", model, "--type", "q4_0"],
        &["prune", model, "--ratio", "0.3"],
        &quality[..],
    ] {
        let (line, rest) = said_while_held(&desk, waiting);
        let end = "; this goes on as soon as the machine is free\n";
        assert!(line.ends_with(end), "{line}");
        // What is foretold of a variant comes with the machine, and is no wait.
        let waits = rest.lines().filter(|line| !line.starts_with("Predicted: "));
        let is_over = rest.starts_with(OVER) && waits.count() == 1;
        assert!(is_over, "{waiting:?}: {rest}");
    }
}

#[test]
fn a_model_that_waits_to_be_read_is_named() {
    let desk = Desk::new();
    let quantize = ["quantize", &*desk.model, "--type", "q4_0"];
    let (line, rest) = said_while_held(&desk, &quantize);
    let says = format!("; {} is read for the first time as soon as", desk.model);
    assert!(line.contains(&says), "{line}");
    assert!(rest.starts_with(OVER), "{rest}");
}

#[test]
fn a_model_that_is_another_or_gone_after_the_wait_is_said() {
    let changed = "tiny.gguf has changed since it was read; try again with the file as it is now";
    let gone = "tiny.gguf cannot be read any more (No such file or directory";
    let remove = |path: &Path| fs::remove_file(path).expect("the model");
    let changes: [fn(&Path); 2] = [append, remove];
    for (change, says) in changes.into_iter().zip([changed, gone]) {
        let desk = Desk::new();
        let quantize = |level| ["quantize", &*desk.model, "--type", level];
        // Its hash is known then.
        desk.printed(&quantize("q4_0"));
        let change = || change(desk.model.as_ref());
        let (_, rest, status) = held(&desk, &quantize("q8_0"), change);
        assert!(!status.success() && rest.contains(says), "{rest}");
    }
}

#[test]
fn whoever_stops_reading_is_told_of_no_fault() {
    let desk = Desk::new();
    let target = desk.path("tiny-f16.gguf");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut upcast = desk.command(&["upcast", &desk.model, &target]);
    let output = upcast.stdout(writer).output().expect("whittle runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}", output.status);
    assert_eq!(errors, "");
    assert!(std::path::Path::new(&target).is_file());
}
