//! Whittle from the outside: through HTTP, its workers and its command line,
//! with a real, tiny model.

mod architecture;
mod baseline;
mod command_line;
mod confinement;
mod durability;
mod fake_ollama;
mod faults;
mod history;
mod house;
mod input;
mod load;
mod ollama;
mod prompts;
mod security;
mod servers;
mod tiny_model;
