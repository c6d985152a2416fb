//! The fuzz target of the GGUF reader and writer and of pruning: libFuzzer looks for a
//! file of which [`any_gguf`] does not hold. See `make fuzz`.

#![no_main]

mod any_gguf;

use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(init: write_seeds(), |input: &[u8]| any_gguf::try_file(input));

/// Puts files that pass into the folder that `SEEDS` names, to start from.
fn write_seeds() {
    let Some(folder) = std::env::var_os("SEEDS") else {
        return;
    };
    for (name, bytes) in any_gguf::seeds::all() {
        fs::write(Path::new(&folder).join(name), bytes).expect("the folder can be written");
    }
}
