//! Schemathesis against a whole house: what does the server answer to requests
//! that nobody thought of?

use tokio::process::Command;

use crate::fake_ollama::serve;
use crate::house::{HOST, House};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/end2end/schemathesis.toml");
const HOOKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/end2end/schemathesis_hooks.py");

/// Not the program that users start but its router: the house has a model, a
/// history and a lock of its own, so that this neither waits for another
/// Whittle of the machine nor measures anything for it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Schemathesis, which make integration and make fuzz-api bring"]
async fn schemathesis_finds_nothing() {
    let program = std::env::var_os("SCHEMATHESIS").expect("make integration names the program");
    let options = std::env::var("SCHEMATHESIS_OPTIONS").unwrap_or_default();
    let house = House::with_model().await;
    house.settled_library().await;
    let address = serve(house.router.clone()).await;
    let ended = Command::new(program)
        .args(["--config-file", CONFIG, "run"])
        .arg(format!("http://{address}/api/openapi.json"))
        .args(["--header", &format!("Host: {HOST}")])
        .args(options.split_whitespace())
        .env("SCHEMATHESIS_HOOKS", HOOKS)
        .current_dir(house.path())
        .kill_on_drop(true)
        .output()
        .await
        .expect("Schemathesis starts");
    // Not into the lines of the tests beside this one.
    for said in [&ended.stdout, &ended.stderr] {
        print!("{}", String::from_utf8_lossy(said));
    }
    house.queue.shut_down().await;
    let is_clean = ended.status.success();
    assert!(is_clean, "Schemathesis found something: see above");
}
