//! What to know of the base before it is quantized.

use leptos::prelude::*;

use crate::components::form::RunForm;
use crate::domain::model::Model;

/// Types whose weights have lost nothing yet.
const EXACT: [&str; 4] = ["F64", "F32", "F16", "BF16"];

/// A plain warning where the base has lost something already.
#[component]
pub fn BaseCaution(
    /// The settings of every run: the model is chosen there.
    form: RunForm,
    /// The models of the library.
    models: StoredValue<Vec<Model>>,
) -> impl IntoView {
    let caution = Memo::new(move |_| {
        let chosen = form.model.get();
        models.with_value(|models| {
            let model = models
                .iter()
                .find(|model| Some(&model.id) == chosen.as_ref())?;
            caution(&model.file_type, model.provenance.as_deref())
        })
    });
    move || {
        caution.get().map(|words| {
            view! {
                <ul class="warnings" aria-label="Of this model">
                    <li>{words}</li>
                </ul>
            }
        })
    }
}

fn caution(file_type: &str, provenance: Option<&str>) -> Option<String> {
    if !EXACT.contains(&file_type) {
        return Some(format!(
            "This model is {file_type} already: quantizing it again adds loss to loss, and what was lost \
             stays lost. Where there is an F16, BF16 or F32 file of it, choose that one."
        ));
    }
    let original = provenance?.strip_prefix("upcast from ")?;
    (!EXACT.contains(&original)).then(|| {
        format!(
            "This {file_type} was made from {original}: it holds no more than that, and what was lost stays \
             lost. Gains in size are also told against the {original} file."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_that_lost_something_is_warned_of() {
        let again = caution("Q4_K_M", None).expect("a warning");
        assert!(again.starts_with("This model is Q4_K_M already"));
        let upcast = caution("F16", Some("upcast from Q4_1")).expect("a warning");
        assert!(upcast.contains("was made from Q4_1"));
        assert_eq!(caution("F16", None), None);
        assert_eq!(caution("BF16", Some("upcast from F32")), None);
    }
}
