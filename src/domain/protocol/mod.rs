//! What the parent and a worker process say to each other, one JSON line each.

mod command;
mod event;

pub use command::{
    ImatrixCommand, LoadCommand, NeuronScore, PruneCommand, QuantizeCommand, WorkerCommand,
    Yardstick,
};
pub use event::{WorkerErrorKind, WorkerEvent};
