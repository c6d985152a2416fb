//! What a run found of its variants: figures against the baseline's, what is
//! real, and what was lost.

mod again;
mod answers;
mod change;
mod chart;
mod chart_axis;
mod chart_layout;
mod chart_points;
mod divergence;
mod figures;
mod headline;
mod interval;
mod noise;
mod notes;
mod outcome;
mod overview;
mod parted;
mod quality;
mod right_answers;
mod rows;
mod scale;
mod table;
mod trade_offs;
mod view;

pub use again::Again;
pub(super) use answers::AnswerPairs;
pub use headline::original_of;
pub use outcome::ComparisonOutcome;
pub use trade_offs::TradeOffsCard;
