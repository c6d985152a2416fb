//! The `whittle` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    match whittle::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("whittle: {error:#}");
            ExitCode::FAILURE
        }
    }
}
