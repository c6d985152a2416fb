//! A view for each of many things.

use leptos::prelude::*;

/// A view for each of the items, in their order. As `map` and `collect_view` do it,
/// but for views of one type: what lists need to be shown, taken over and changed is
/// then compiled once, and not for the elements of each list.
pub fn each<T, V: IntoView>(
    items: impl IntoIterator<Item = T>,
    mut view: impl FnMut(T) -> V,
) -> Vec<AnyView> {
    let mut views = Vec::new();
    for item in items {
        views.push(view(item).into_any());
    }
    views
}
