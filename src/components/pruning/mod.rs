//! Pruning: what the user chooses before it, and what it did.

mod claims;
mod curve;
mod editor;
mod forecast;
mod layers;
mod ratio_field;
mod report;
mod select_field;
mod state;
mod teaching;

pub(super) use claims::typical_claim;
pub(super) use curve::SearchCurve;
pub use editor::PruningEditor;
pub(super) use report::PruningView;
pub use state::PruningForm;
pub use teaching::Teaching;
