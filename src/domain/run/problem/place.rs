//! Where in a request a problem lies.

use super::RunProblem;
use crate::domain::run::setting::Setting;

impl RunProblem {
    /// Whether it lies in this setting, alone or together with another.
    pub fn is_in_setting(&self, setting: Setting) -> bool {
        match self {
            Self::OutOfRange { setting: this, .. } | Self::NotANumber { setting: this, .. } => {
                *this == setting
            }
            Self::PhysicalBatchTooLarge { .. } => {
                matches!(setting, Setting::NUbatch | Setting::NBatch)
            }
            Self::NoRoomForPrompt { .. } => matches!(setting, Setting::MaxTokens | Setting::NCtx),
            Self::NoGpu { .. } => setting == Setting::NGpuLayers,
            _ => false,
        }
    }

    /// The setting to look at first; none: it does not lie in a setting.
    pub fn setting(&self) -> Option<Setting> {
        match self {
            Self::OutOfRange { setting, .. } | Self::NotANumber { setting, .. } => Some(*setting),
            Self::PhysicalBatchTooLarge { .. } => Some(Setting::NUbatch),
            Self::NoRoomForPrompt { .. } => Some(Setting::MaxTokens),
            Self::NoGpu { .. } => Some(Setting::NGpuLayers),
            _ => None,
        }
    }

    /// The prompt that it lies in, from 1.
    pub fn prompt(&self) -> Option<usize> {
        match self {
            Self::PromptEmpty { number }
            | Self::PromptTooLong { number, .. }
            | Self::PromptHasNul { number }
            | Self::ExpectedEmpty { number }
            | Self::ExpectedTooLong { number, .. }
            | Self::ExpectedPattern { number, .. } => Some(*number),
            _ => None,
        }
    }

    /// Whether it lies in what is expected of that prompt's answer.
    pub fn is_expectation(&self) -> bool {
        matches!(
            self,
            Self::ExpectedEmpty { .. }
                | Self::ExpectedTooLong { .. }
                | Self::ExpectedPattern { .. }
        )
    }
}
