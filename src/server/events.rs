//! Event streams: what is stored first, then what happens. A stream is only a
//! view: a browser that goes away ends nothing.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::AppState;
use super::router::run_number;
use crate::domain::error::AppError;
use crate::domain::event::{RunEvent, Sequenced};
use crate::domain::run::RunId;

/// How often the history is asked for a run of another process.
const POLL: Duration = Duration::from_secs(1);

/// How long a stream may go on once every run has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

type Sender = mpsc::Sender<Result<Event, Infallible>>;

/// `GET /events/runs/{id}`: a snapshot, the stored events after the one named
/// by `Last-Event-ID`, then live ones; ends after the last event of the run.
pub(super) async fn follow(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, AppError> {
    let id = RunId(run_number(&id)?);
    let after = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0);
    // Subscribed before reading, so that no event falls in between.
    let live = state.queue().subscribe(id);
    let run = state.run(id.0).await?;
    let (sender, receiver) = mpsc::channel(64);
    let snapshot = Sequenced {
        seq: after,
        event: RunEvent::Snapshot { run: Box::new(run) },
    };
    tokio::spawn(async move {
        let shutdown = state.queue().shut_down_done();
        // The end of the run is announced before this; it must also be sent.
        let too_late = async {
            shutdown.cancelled().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            () = send_all(&state, id, snapshot, live, &sender) => {}
            () = too_late => {}
            () = sender.closed() => {}
        }
    });
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::default()))
}

async fn send_all(
    state: &AppState,
    id: RunId,
    snapshot: Sequenced,
    live: Option<broadcast::Receiver<Sequenced>>,
    sender: &Sender,
) {
    let mut last_seq = snapshot.seq;
    if send(sender, &snapshot).await.is_err() {
        return;
    }
    if replay(state, id, &mut last_seq, sender).await {
        return;
    }
    let Some(mut live) = live else {
        return poll(state, id, last_seq, sender).await;
    };
    loop {
        match live.recv().await {
            Ok(event) if event.event.is_stored() && event.seq <= last_seq => {}
            Ok(event) => {
                // A gauge from before a replay must not set the count back.
                last_seq = last_seq.max(event.seq);
                if send(sender, &event).await.is_err() || event.event.is_terminal() {
                    return;
                }
            }
            Err(RecvError::Lagged(_)) => {
                if replay(state, id, &mut last_seq, sender).await {
                    return;
                }
            }
            Err(RecvError::Closed) => return poll(state, id, last_seq, sender).await,
        }
    }
}

/// Follows a run that another process measures, or whose end was just missed.
async fn poll(state: &AppState, id: RunId, mut last_seq: u64, sender: &Sender) {
    while !replay(state, id, &mut last_seq, sender).await {
        // An end that could not be stored has no event.
        match state.run(id.0).await {
            Ok(run) if !run.status.is_terminal() => tokio::time::sleep(POLL).await,
            _ => return,
        }
    }
}

/// Sends the stored events after `last_seq`; true: nothing more will come.
async fn replay(state: &AppState, id: RunId, last_seq: &mut u64, sender: &Sender) -> bool {
    let Ok(events) = state.store().events_after(id, *last_seq).await else {
        return true;
    };
    for event in events {
        *last_seq = event.seq;
        if send(sender, &event).await.is_err() || event.event.is_terminal() {
            return true;
        }
    }
    false
}

async fn send(sender: &Sender, event: &Sequenced) -> Result<(), ()> {
    let frame = Event::default()
        .id(event.seq.to_string())
        .json_data(event)
        .map_err(|error| tracing::error!(%error, "an event could not be written"))?;
    sender.send(Ok(frame)).await.map_err(|_| ())
}
