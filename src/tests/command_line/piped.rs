//! What is said into a pipe, and that whoever reads it may stop.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use whittle::machine_lock::MachineLock;

use super::Desk;
use super::bench::SHORT;

#[test]
fn bench_in_a_pipe_says_once_that_it_waits_for_the_machine() {
    let desk = Desk::new();
    let bench = [&["bench", &*desk.model], &SHORT[..]].concat();
    // Its hash is known then: reading it waits for the machine, too.
    desk.printed(&bench);
    let lock = MachineLock::wait(&MachineLock::default_path()).expect("the machine");
    let mut bench = desk
        .command(&bench)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("whittle runs");
    let mut errors = BufReader::new(bench.stderr.take().expect("its errors"));
    let mut line = String::new();
    errors.read_line(&mut line).expect("a line");
    assert!(line.starts_with("waiting: the machine is busy"), "{line}");
    drop(lock);
    let mut rest = String::new();
    errors.read_to_string(&mut rest).expect("the rest");
    assert_eq!(rest, "");
    assert!(bench.wait().expect("it ends").success());
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
