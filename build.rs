//! Tells the crate the engine's version and which front end to embed.

use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.lock");
    // Embedded by a macro, which does not see new files.
    println!("cargo:rerun-if-changed=src/store/migrations");
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let version = locked_version(&lock, "llama-cpp-sys-2").unwrap_or("of unknown version");
    println!("cargo:rustc-env=LLAMA_CPP_SYS_VERSION={version}");

    if env::var_os("CARGO_FEATURE_SSR").is_some() {
        // The server embeds this folder: it must exist, and a new front end
        // must reach the binary.
        let _ = fs::create_dir_all("target/site");
        println!("cargo:rerun-if-changed=target/site");
    }
}

fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let after_name = lock
        .split_once(&format!("name = \"{package}\"\nversion = \""))?
        .1;
    after_name.split('"').next()
}
