//! Variants made of the tiny model by real workers.

mod deletion;
mod failures;
mod forecast;
mod library;
mod made;
mod once;
mod types;

use whittle::bench::Variant;
use whittle::domain::recipe::{Quantize, Recipe};
use whittle::domain::variant::VariantRecord;

use crate::house::House;
use crate::shop::make_in;

fn recipe(level: &str, imatrix: bool) -> Recipe {
    Recipe {
        quantize: Some(Quantize {
            level: level.parse().expect("a type"),
            imatrix,
        }),
        ..Recipe::default()
    }
}

/// A house whose tiny model has a Q4_0 variant.
async fn house_with_variant() -> (House, Variant) {
    let house = House::with_model().await;
    house.settled_library().await;
    let variant = make_in(&house, &recipe("q4_0", false)).await;
    (house, variant)
}

/// The types of a variant's tensors, the commonest first.
fn types(record: &VariantRecord) -> Vec<&str> {
    let shares = record.tensor_types.iter();
    shares.map(|share| share.name.as_str()).collect()
}
