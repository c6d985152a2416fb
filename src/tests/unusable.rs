//! What lies in a model folder and is no model, whatever it is called and calls itself.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::Duration;

use crate::house::House;
use crate::workers::real_workers;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_is_not_opened_whatever_it_is_called() {
    let house = House::with_model().await;
    let models = house.models();
    fs::create_dir(models.join("folder.gguf")).expect("a folder");
    let pipe = models.join("pipe.gguf");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    symlink(&pipe, models.join("link.gguf")).expect("a link");
    let _socket = UnixListener::bind(models.join("socket.gguf")).expect("a socket");
    // Whoever opens a pipe waits for its other end.
    let listed = tokio::time::timeout(Duration::from_secs(60), house.get("/api/models")).await;
    if listed.is_err() {
        // Or this test would wait for that, too.
        drop(File::options().read(true).write(true).open(&pipe));
    }
    let (_, listing) = listed.expect("an answer");
    let unusable = listing["unusable"].as_array().expect("a list");
    let names = unusable.iter().map(|file| {
        assert_eq!(file["reason"], "not a regular file");
        file["file_name"].as_str().expect("a name")
    });
    let names: Vec<&str> = names.collect();
    assert_eq!(names, ["link.gguf", "pipe.gguf", "socket.gguf"]);
    house.settled_library().await;
}

/// Nobody could tell which of the two it was.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_files_with_one_name_the_folders_are_shown() {
    let house = House::empty(real_workers()).await;
    let folders = ["one", "two"].map(|name| house.models().join(name));
    for folder in &folders {
        fs::create_dir(folder).expect("a folder");
        fs::write(folder.join("same.gguf"), "GGUF").expect("a file");
    }
    let (_, listing) = house.get("/api/models").await;
    let (_, page) = house.get("/models").await;
    let page = page.as_str().expect("a page");
    for (n, folder) in folders.iter().enumerate() {
        let shown = folder.canonicalize().expect("a folder");
        let shown = shown.to_str().expect("a text");
        assert_eq!(listing["unusable"][n]["folder"], shown, "{listing}");
        assert!(page.contains(shown), "{shown} is not on the page");
    }
}

/// What a file calls things may be made for a terminal, and of any length.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_calls_itself_is_cut_and_made_visible_in_its_refusal() {
    let house = House::empty(real_workers()).await;
    let name = "\u{1b}]0;".to_owned() + &"x".repeat(1 << 20);
    let length = (name.len() as u64).to_le_bytes();
    // A byte, which is 0.
    let key = [length.as_slice(), name.as_bytes(), &[0; 4 + 1]].concat();
    let counts = [0_u64, 2].map(u64::to_le_bytes).concat();
    let file = [b"GGUF\x03\0\0\0".as_slice(), &counts, &key, &key].concat();
    fs::write(house.models().join("loud.gguf"), file).expect("a file");
    let (_, listing) = house.get("/api/models").await;
    let reason = listing["unusable"][0]["reason"].as_str();
    let reason = reason.unwrap_or_else(|| panic!("{listing}"));
    assert!(reason.contains(r#"the key "\u{1b}]0;xxx"#), "{reason}");
    assert!(reason.len() < 200 && !reason.contains('\u{1b}'), "{reason}");
}
