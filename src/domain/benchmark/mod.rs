//! What a run measured of one arm, and the seed's flat form of it.

mod answers;
mod arm;
mod flat;
mod response;
mod tokens;

pub use answers::{Answer, RightAnswers};
pub use arm::{ArmResult, MemoryFigures, said_of};
pub use flat::{FlatImprovements, FlatMetrics, FlatVerdicts, HalfWidths};
pub use response::{BenchmarkResponse, MeasuredVariant, PruningResponse, QuantizationResponse};
pub use tokens::TokensGenerated;
