//! The library while files in it are being checked: looked at until all of them are.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::host;
use crate::domain::model::LibraryListing;

/// How often it is looked at meanwhile.
const INTERVAL: Duration = Duration::from_secs(1);
/// Looks that are left out after one that found nothing new: files are not read
/// while anything is measured, and looking must not be in the way of that.
const REST: u32 = 9;

/// The library as it is now. Calls `on_arrival` when fewer files, or more, are being
/// checked than before; ends with the view.
pub(super) fn arriving(
    library: LibraryListing,
    on_arrival: Callback<()>,
) -> ReadSignal<LibraryListing> {
    let is_settled = library.n_pending == 0;
    let (now, set_now) = signal(library);
    if is_settled {
        return now;
    }
    let known = move || now.try_with_untracked(|now| (now.n_pending, now.pending_read_bytes));
    let rest = StoredValue::new(0_u32);
    host::repeat(INTERVAL, move || {
        let (Some((n_pending, _)), Some(left)) = (known(), rest.try_get_value()) else {
            return;
        };
        if n_pending == 0 || left > 0 {
            rest.set_value(left.saturating_sub(1));
            return;
        }
        // Until there is an answer, too.
        rest.set_value(REST);
        spawn_local(async move {
            // A server that does not answer is asked again; the page says so already.
            let Ok(found) = api::list_models().await else {
                return;
            };
            let Some(before) = known() else { return };
            let is_read = (found.n_pending, found.pending_read_bytes);
            set_now.try_set(found);
            if is_read != before {
                rest.try_set_value(0);
            }
            if is_read.0 != before.0 {
                on_arrival.try_run(());
            }
        });
    });
    now
}
