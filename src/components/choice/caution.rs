//! What to know of the base before something is made of it.

use leptos::prelude::*;

use super::forecast::Forecasts;
use crate::components::comparison::original_of;
use crate::components::form::RunForm;
use crate::domain::model::Model;
use crate::domain::pruning::{Prune, PruningMethod};
use crate::domain::variant::{is_inexact, lossy_ancestor};

/// A plain warning where the base has lost something already.
#[component]
pub fn BaseCaution(
    /// How it is to be pruned; none: it is quantized only.
    #[prop(into)]
    prune: Signal<Option<Prune>>,
    /// What would become of it.
    forecasts: Forecasts,
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
            let prune = prune.get();
            let is_pruned_as_it_is = prune.as_ref().is_some_and(|prune| !prune.upcast);
            // The forecast says the same with its figures, once it is known.
            match is_inexact(&model.file_type) && is_pruned_as_it_is && forecasts.warn() {
                true => None,
                false => caution(prune, model, original.as_ref()),
            }
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

/// What to know of `model` before it is pruned so, or quantized; `original` is the file
/// that it was upcast from, where the library has it.
fn caution(prune: Option<Prune>, model: &Model, original: Option<&Model>) -> Option<String> {
    let file_type = &model.file_type;
    if let Some(prune) = prune.filter(|_| is_inexact(file_type)) {
        let already = format!("This model is {file_type} already");
        let choose = "Where there is an F16, BF16 or F32 file of it, choose that one";
        let in_groups = match prune.method {
            PruningMethod::Depth => "",
            _ => "its weights can be removed in groups only, and ",
        };
        return Some(match prune.upcast {
            // The rest is said of what will become of it.
            true => format!("{already}. {choose}."),
            false => format!(
                "{already}: {in_groups}what stays cannot be repaired. {choose}; else let it be upcast \
                 to F16 first, as can be chosen here (or by whittle upcast FILE NEW.gguf)."
            ),
        });
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
    use crate::domain::pruning::PruningRatio;

    #[test]
    fn a_base_that_lost_something_is_warned_of() {
        let said = |file_type, provenance| {
            let model = Model::sample(file_type, provenance);
            caution(None, &model, None)
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
        let pruning = |method, upcast| {
            let model = Model::sample("Q4_K_M", None);
            let prune = Prune {
                upcast,
                ..Prune::new(method, PruningRatio::USUAL)
            };
            caution(Some(prune), &model, None).expect("a warning")
        };
        let width = pruning(PruningMethod::Width, false);
        let depth = pruning(PruningMethod::Depth, false);
        assert!(width.contains("in groups only"), "{width}");
        assert!(
            depth.contains("already: what stays cannot be repaired."),
            "{depth}"
        );
        let says = "let it be upcast to F16 first, as can be chosen here";
        assert!(depth.contains(says), "{depth}");
        assert!(depth.contains("whittle upcast FILE NEW.gguf"), "{depth}");
        let upcast = pruning(PruningMethod::Width, true);
        assert!(upcast.ends_with("choose that one."), "{upcast}");
        assert!(
            !upcast.contains("in groups only") && !upcast.contains("cannot be repaired"),
            "{upcast}"
        );
    }

    #[test]
    fn the_original_is_promised_only_where_it_is() {
        let upcast = Model::sample("F16", Some("upcast from Q4_1"));
        let original = Model::sample("Q4_1", None);
        let said = |original| caution(None, &upcast, original).expect("a warning");
        let with = said(Some(&original));
        assert!(with.ends_with("also told against the Q4_1 file."), "{with}");
        let without = said(None);
        assert!(without.ends_with("stays lost."), "{without}");
    }
}
