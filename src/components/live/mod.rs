//! The state of a run while it happens, as the views read it.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

use leptos::prelude::*;

use crate::domain::live::LiveRun;
use crate::domain::run::{Run, RunId};

#[cfg(feature = "hydrate")]
use browser::follow;
#[cfg(not(feature = "hydrate"))]
use server::follow;

/// What is known of the shown run beyond what is stored.
#[derive(Clone, Copy)]
pub struct LiveFeed {
    /// The run's live state; none when the shown run is over.
    pub state: Memo<Option<LiveRun>>,
    /// Whether the connection is lost and being made again.
    pub reconnecting: ReadSignal<bool>,
}

/// Follows the run in `run` until it is over, then calls `on_end` once with the
/// last that its events told. Runs that are over are not followed. The
/// connection ends with the view.
pub fn follow_run(run: RwSignal<Option<Run>>, on_end: Callback<(RunId, LiveRun)>) -> LiveFeed {
    let folded = RwSignal::new(None::<(RunId, LiveRun)>);
    let (reconnecting, set_reconnecting) = signal(false);
    let followed = Memo::new(move |_| run.with(|run| active(run).map(|run| run.id)));

    Effect::new(move |_| {
        set_reconnecting.set(false);
        let Some(id) = followed.get() else { return };
        let Some(start) = run.with_untracked(|run| active(run).map(LiveRun::of)) else {
            return;
        };
        folded.set(Some((id, start)));
        let handle = follow(
            id,
            move |event| {
                let ended = folded.try_update(|folded| {
                    let (_, live) = folded.as_mut()?;
                    live.apply(event);
                    live.status.is_terminal().then(|| live.clone())
                });
                let Some(Some(live)) = ended else {
                    return false;
                };
                on_end.try_run((id, live));
                true
            },
            move |lost| {
                set_reconnecting.try_maybe_update(|known| {
                    let has_changed = *known != lost;
                    *known = lost;
                    (has_changed, ())
                });
            },
        );
        on_cleanup(move || handle.abort());
    });

    let state = Memo::new(move |_| {
        run.with(|run| {
            let run = active(run)?;
            folded.with(|folded| match folded {
                Some((id, live)) if *id == run.id => Some(live.clone()),
                _ => Some(LiveRun::of(run)),
            })
        })
    });
    LiveFeed {
        state,
        reconnecting,
    }
}

fn active(run: &Option<Run>) -> Option<&Run> {
    run.as_ref().filter(|run| !run.status.is_terminal())
}
