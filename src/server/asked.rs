//! What a run is asked for, with the text for quality that comes with it.

use std::io;

use super::AppState;
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::quality::{EvaluationText, TextName};
use crate::domain::run::{RunRequest, RunSpec};
use crate::library::Texts;

/// A run that is asked for, with the text for quality that was sent with it.
pub(crate) struct Asked {
    pub(crate) spec: RunSpec,
    /// Named in `spec`; kept once the run is taken.
    pub(crate) text: Option<EvaluationText>,
}

impl From<RunSpec> for Asked {
    fn from(spec: RunSpec) -> Self {
        Self { spec, text: None }
    }
}

impl AppState {
    /// Checks a request, and names the text that it brings for quality.
    pub(crate) async fn spec(&self, request: RunRequest) -> Result<Asked, AppError> {
        let text = request.evaluation_text.clone();
        let mut spec = RunSpec::try_from(request)?;
        let text = text.filter(|_| spec.quality.is_some());
        if let (Some(quality), Some(text)) = (&mut spec.quality, &text) {
            quality.text = Some(Texts::name(text));
        }
        Ok(Asked { spec, text })
    }

    /// The text for quality with its name, if the user gave one, now or earlier.
    pub(super) async fn text(&self, asked: &Asked) -> Result<Option<(TextName, String)>, AppError> {
        let quality = asked.spec.quality.as_ref();
        let Some(name) = quality.and_then(|quality| quality.text.clone()) else {
            return Ok(None);
        };
        if let Some(sent) = &asked.text {
            return Ok(Some((name, sent.text.clone())));
        }
        let wanted = name.clone();
        let text = self.blocking(move |library| library.texts().read(&wanted));
        let text = text.await?.map_err(|error| {
            let name = &name.name;
            match error.kind() {
                io::ErrorKind::NotFound => AppError::bad_request(format!(
                    "the text {name} is not kept any more; send it again, as evaluation_text, or \
                     choose its file"
                )),
                _ => AppError::new(
                    ErrorCode::Internal,
                    format!("the text {name} could not be read: {error}; send it again"),
                ),
            }
        })?;
        Ok(Some((name, text)))
    }

    /// Keeps the text of a run that was taken, for whoever runs it again. The run
    /// itself has it.
    pub(super) async fn keep_text(&self, text: Option<EvaluationText>) {
        let Some(text) = text else { return };
        let kept = self.blocking(move |library| library.texts().keep(&text));
        let kept = kept.await.map(|kept| kept.map(drop));
        if let Ok(Err(error)) = kept {
            tracing::warn!(%error, "a text for quality is not kept: the run cannot be repeated on it");
        }
    }
}
