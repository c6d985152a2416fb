//! Short lists in order.

/// Puts items in the order of their keys; equal ones stay in the order that they
/// had. For lists of some dozens: by insertion, which is so little code that the
/// browser's bundle can have it for each of them. The standard library's sort,
/// which is made for millions, weighs more than a page there, every time.
pub fn in_order<T, K: PartialOrd>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    let mut ordered = Vec::new();
    for item in items {
        let own = key(&item);
        let place = ordered.partition_point(|other| key(other) <= own);
        ordered.insert(place, item);
    }
    ordered
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_a_stable_sort(numbers in proptest::collection::vec(any::<u8>(), 0..40)) {
            let numbered: Vec<(u8, usize)> = numbers.into_iter().zip(0..).collect();
            let mut sorted = numbered.clone();
            sorted.sort_by_key(|(number, _)| number / 16);
            prop_assert_eq!(in_order(numbered, |(number, _)| number / 16), sorted);
        }
    }
}
