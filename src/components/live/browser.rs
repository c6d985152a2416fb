//! The browser's side: one EventSource for the followed run.

use std::time::Duration;

use futures::channel::mpsc;
use futures::future::{AbortHandle, abortable};
use futures::{Stream, StreamExt};
use gloo_net::eventsource::State;
use gloo_net::eventsource::futures::EventSource;
use leptos::leptos_dom::helpers::{IntervalHandle, set_interval_with_handle};
use leptos::prelude::document;
use leptos::task::spawn_local;

use crate::components::host::heard_server;
use crate::domain::event::Sequenced;
use crate::domain::run::RunId;

/// How often the connection is looked at.
const TICK: Duration = Duration::from_secs(1);
/// Ticks before a connection that the browser gave up is made again.
const TICKS_BEFORE_RETRY: u32 = 3;

enum Step {
    Message(String),
    Closed,
    Tick,
}

/// How a connection ended.
enum End {
    /// With the run.
    RunOver,
    /// It must be made again.
    Lost,
    /// Nobody looks at the page.
    Hidden,
}

/// Calls `on_event` with every event until it returns true, and `on_link` with
/// whether the connection is lost. Aborting the handle closes the connection.
///
/// A page that nobody looks at gives its connection up until somebody does: a
/// browser keeps six to a server, and pages that waited in the background would
/// leave none for the page in front.
pub fn follow(
    id: RunId,
    on_event: impl Fn(Sequenced) -> bool + 'static,
    on_link: impl Fn(bool) + 'static,
) -> AbortHandle {
    let (work, handle) = abortable(async move { follow_to_the_end(id, &on_event, &on_link).await });
    spawn_local(async move {
        let _ = work.await;
    });
    handle
}

async fn follow_to_the_end(
    id: RunId,
    on_event: &impl Fn(Sequenced) -> bool,
    on_link: &impl Fn(bool),
) {
    let (ticks, _interval) = ticks();
    let mut ticks = ticks.map(|()| Step::Tick);
    loop {
        match follow_once(id, &mut ticks, on_event, on_link).await {
            End::RunOver => return,
            End::Lost => {
                on_link(true);
                for _ in 0..TICKS_BEFORE_RETRY {
                    ticks.next().await;
                }
            }
            End::Hidden => {
                while document().hidden() {
                    ticks.next().await;
                }
            }
        }
    }
}

/// One connection.
async fn follow_once(
    id: RunId,
    ticks: &mut (impl Stream<Item = Step> + Unpin),
    on_event: &impl Fn(Sequenced) -> bool,
    on_link: &impl Fn(bool),
) -> End {
    let connection = EventSource::new(&format!("/events/runs/{id}"))
        .and_then(|mut source| Ok((source.subscribe("message")?, source)));
    let Ok((messages, source)) = connection else {
        return End::Lost;
    };
    let messages = messages.map(|message| match message {
        Ok((_, message)) => Step::Message(message.data().as_string().unwrap_or_default()),
        Err(_) => Step::Closed,
    });
    let mut steps = futures::stream::select(messages, ticks);
    while let Some(step) = steps.next().await {
        match step {
            Step::Message(text) => {
                heard_server();
                on_link(false);
                // An event of a newer server is skipped, not fatal.
                let event = Sequenced::read(&text);
                if event.is_ok_and(on_event) {
                    return End::RunOver;
                }
            }
            Step::Tick if document().hidden() => return End::Hidden,
            Step::Tick => on_link(source.state() == State::Connecting),
            Step::Closed => break,
        }
    }
    End::Lost
}

struct Interval(Option<IntervalHandle>);

impl Drop for Interval {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            handle.clear();
        }
    }
}

fn ticks() -> (mpsc::UnboundedReceiver<()>, Interval) {
    let (sender, ticks) = mpsc::unbounded();
    let tick = move || {
        let _ = sender.unbounded_send(());
    };
    (ticks, Interval(set_interval_with_handle(tick, TICK).ok()))
}
