//! The server's side: effects do not run there, so nothing is followed.

use futures::future::AbortHandle;

use crate::domain::event::Sequenced;
use crate::domain::run::RunId;

/// Does nothing.
pub fn follow(
    _id: RunId,
    _on_event: impl Fn(Sequenced) -> bool + 'static,
    _on_link: impl Fn(bool) + 'static,
) -> AbortHandle {
    AbortHandle::new_pair().0
}
