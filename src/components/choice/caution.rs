//! What to know of the base before something is made of it.

use leptos::prelude::*;

use crate::components::comparison::original_of;
use crate::components::form::RunForm;
use crate::components::section::Section;
use crate::domain::model::Model;
use crate::domain::variant::{is_inexact, lossy_ancestor};

/// A plain warning where the base has lost something already.
#[component]
pub fn BaseCaution(
    /// Where it stands.
    section: Section,
    /// Whether whole blocks are to go, and nothing else.
    #[prop(into)]
    is_by_depth: Signal<bool>,
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
            let original = original_of(model, models);
            caution(section, is_by_depth.get(), model, original.as_ref())
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

/// What to know of `model` in a section; `original` is the file that it was upcast
/// from, where the library has it.
fn caution(
    section: Section,
    is_by_depth: bool,
    model: &Model,
    original: Option<&Model>,
) -> Option<String> {
    let file_type = &model.file_type;
    if is_inexact(file_type) && section == Section::Pruning {
        let in_groups = match is_by_depth {
            true => "",
            false => "its weights can be removed in groups only, and ",
        };
        return Some(format!(
            "This model is {file_type} already: {in_groups}what stays cannot be \
             repaired. Where there is an F16, BF16 or F32 file of it, choose that one; else write it as \
             F16 first (whittle upcast FILE NEW.gguf), and choose that."
        ));
    }
    if is_inexact(file_type) {
        return Some(format!(
            "This model is {file_type} already: quantizing it again adds loss to loss, and what was lost \
             stays lost. Where there is an F16, BF16 or F32 file of it, choose that one."
        ));
    }
    let lossy = lossy_ancestor(model.provenance.as_deref())?;
    let told = original.map(|original| {
        let file_type = &original.file_type;
        format!(" Gains in size are also told against the {file_type} file.")
    });
    Some(format!(
        "This {file_type} was made from {lossy}: it holds no more than that, and what was lost stays \
         lost.{}",
        told.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_that_lost_something_is_warned_of() {
        let said = |file_type, provenance| {
            caution(
                Section::Quantization,
                false,
                &Model::sample(file_type, provenance),
                None,
            )
        };
        let again = said("Q4_K_M", None).expect("a warning");
        assert!(again.starts_with("This model is Q4_K_M already"));
        let upcast = said("F16", Some("upcast from Q4_1")).expect("a warning");
        assert!(upcast.contains("was made from Q4_1"));
        let variant = said("BF16", Some("quantized from Q4_K_M")).expect("a warning");
        assert!(variant.contains("This BF16 was made from Q4_K_M"));
        let twice = said("F16", Some("quantized from F32, upcast from Q8_0"));
        assert!(twice.expect("a warning").contains("was made from Q8_0"));
        assert_eq!(said("F16", None), None);
        assert_eq!(said("BF16", Some("upcast from F32")), None);
        assert_eq!(said("F16", Some("quantized from F32")), None);
        let pruning = |is_by_depth| {
            let model = Model::sample("Q4_K_M", None);
            caution(Section::Pruning, is_by_depth, &model, None).expect("a warning")
        };
        let (width, depth) = (pruning(false), pruning(true));
        assert!(width.contains("in groups only"), "{width}");
        assert!(
            depth.contains("already: what stays cannot be repaired."),
            "{depth}"
        );
        assert!(depth.contains("(whittle upcast FILE NEW.gguf)"), "{depth}");
    }

    #[test]
    fn the_original_is_promised_only_where_it_is() {
        let upcast = Model::sample("F16", Some("upcast from Q4_1"));
        let original = Model::sample("Q4_1", None);
        let said =
            |original| caution(Section::Quantization, false, &upcast, original).expect("a warning");
        let with = said(Some(&original));
        assert!(with.ends_with("also told against the Q4_1 file."), "{with}");
        let without = said(None);
        assert!(without.ends_with("stays lost."), "{without}");
    }
}
