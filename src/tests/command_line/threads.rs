//! `--threads` where a variant is made: so many does its worker compute on.

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use super::Desk;
use crate::servers::children_of_process;

/// The most threads that a worker of the command had at one time.
fn most_threads(desk: &Desk, arguments: &[&str]) -> usize {
    let mut command = desk.command(arguments);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("whittle runs");
    let mut most = 0;
    let status = loop {
        // It may end between two looks, and its workers, too.
        if let Some(status) = child.try_wait().expect("it is a child") {
            break status;
        }
        for worker in children_of_process(child.id()) {
            let threads = fs::read_dir(format!("/proc/{worker}/task"));
            most = most.max(threads.map_or(0, Iterator::count));
        }
        sleep(Duration::from_millis(2));
    };
    assert!(status.success(), "{arguments:?}: {status}");
    most
}

/// A worker has more threads where six are asked for in place of one. Not five to the
/// number: some that only watch or read come and go.
#[track_caller]
fn assert_threads_are_heard(command: &[&str]) {
    let on = |threads| {
        let desk = Desk::new();
        let arguments = [
            &[command[0], &desk.model],
            &command[1..],
            &["--threads", threads],
        ];
        most_threads(&desk, &arguments.concat())
    };
    let (one, six) = (on("1"), on("6"));
    assert!(one > 0, "no worker was seen");
    assert!(six > one + 1, "{command:?}: {six} and {one} threads");
}

#[test]
fn quantize_computes_on_as_many_threads_as_it_is_told() {
    assert_threads_are_heard(&["quantize", "--type", "q4_0", "--imatrix"]);
}

#[test]
fn prune_computes_on_as_many_threads_as_it_is_told() {
    assert_threads_are_heard(&["prune", "--ratio", "0.3", "--quick"]);
}
