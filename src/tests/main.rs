//! Whittle from the outside: through HTTP, its workers and its command line,
//! with a real, tiny model.

mod answers;
mod any_gguf;
mod architecture;
mod background;
mod baseline;
#[cfg(target_os = "linux")]
mod broken_off;
mod checking;
#[cfg(target_os = "linux")]
mod clock;
mod command_line;
mod compare;
mod confinement;
mod contrived;
mod durability;
#[cfg(target_os = "linux")]
mod endings;
mod fake_ollama;
mod faults;
mod figures;
mod following;
mod fuzz_api;
mod history;
mod hostile_files;
mod house;
mod in_line;
mod input;
#[cfg(target_os = "linux")]
mod killed_server;
mod load;
mod mishaps;
mod ollama;
mod one_worker;
mod openapi;
mod other_load;
mod other_user;
mod prompts;
mod pruned_files;
mod pruned_variants;
mod pruning;
mod quality;
mod remembered;
mod said;
mod security;
mod servers;
mod shop;
mod texts;
mod tiny_model;
mod unusable;
mod vanished;
mod variants;
#[cfg(target_os = "linux")]
mod waiting;
mod witness;
mod workers;
