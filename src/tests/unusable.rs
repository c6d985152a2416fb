//! What lies in a model folder and is no model, whatever it is called and calls itself.

use std::fs;

use crate::house::House;
use crate::workers::real_workers;

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
