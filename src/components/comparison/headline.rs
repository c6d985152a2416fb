//! The findings in a sentence, before the table.

use leptos::prelude::*;

use super::change::percent;
use super::rows::Row;
use crate::domain::model::{Model, ModelOrigin};
use crate::domain::units;

/// The rows that the sentence names: those of the dashboard's guide, and what
/// it costs.
const NAMED: [&str; 6] = [
    "response_time",
    "tokens_per_second",
    "memory",
    "cpu_usage",
    "model_size",
    "perplexity",
];

/// What is better, what is worse, and what does not differ.
#[component]
pub(super) fn Headline(label: String, rows: Vec<Row>) -> impl IntoView {
    view! {
        <p class="headline">
            <strong>{label}</strong>
            " "
            {sentence(&rows)}
        </p>
    }
}

pub(super) fn sentence(rows: &[Row]) -> String {
    let group = |class: &str, has_figure: bool| {
        // Without a mark there is no change to tell: not measured, or not judged.
        let of_class =
            |row: &&Row| row.said.class == class && row.mark.is_some() && NAMED.contains(&row.key);
        let words = |row: &Row| match has_figure {
            true => format!("{} {}", small(row.name), row.said.short),
            false => small(row.name),
        };
        let all: Vec<String> = rows.iter().filter(of_class).map(words).collect();
        all.join(", ")
    };
    let groups = [
        ("better: ", group("better", true)),
        ("worse: ", group("worse", true)),
        ("no measurable difference: ", group("same", false)),
        ("undecided: ", group("undecided", false)),
    ];
    let said = groups.into_iter().filter(|(_, names)| !names.is_empty());
    let said: Vec<String> = said.map(|(word, names)| format!("{word}{names}")).collect();
    said.join(" · ")
}

/// As it stands in the middle of a sentence: `response time`, `CPU usage`.
fn small(name: &str) -> String {
    match name.starts_with("CPU") {
        true => name.to_owned(),
        // ASCII: the tables of Unicode would go to every browser.
        false => name.to_ascii_lowercase(),
    }
}

/// The demo's baseline is an upcast of a smaller file: gains in size are also
/// told against that file.
#[component]
pub(super) fn AgainstOriginal(
    model: Model,
    original: Model,
    variants: Vec<(String, Model)>,
) -> impl IntoView {
    let change = |(label, variant): (String, Model)| {
        let (old, new) = (original.size_mb(), variant.size_mb());
        let change = (new / old - 1.0) * 100.0;
        let (arrow, word) = match change {
            change if change < 0.0 => ("↓", "smaller"),
            change if change > 0.0 => ("↑", "larger"),
            _ => return format!("{label} of the same size"),
        };
        format!("{label} {arrow} {} % {word}", percent(change))
    };
    let changes: Vec<String> = variants.into_iter().map(change).collect();
    let words = format!(
        "This {} was made from {}, the original file of {} MB. Against that one: {}. \
         Choose that file as the model to measure how fast it is.",
        model.file_type,
        original.file_type,
        units::number(original.size_mb()),
        changes.join(", ")
    );
    view! { <p class="headline" id="against-original">{words}</p> }
}

/// The file that a model says it is an upcast of, where the library has it: of
/// the same architecture, as many parameters, and the type that it names. Not one
/// that was made here: that is no original of anything.
pub fn original_of(model: &Model, library: &[Model]) -> Option<Model> {
    let file_type = model.provenance.as_deref()?.strip_prefix("upcast from ")?;
    let is_original = |other: &&Model| {
        other.origin != ModelOrigin::Variant
            && other.file_type == file_type
            && other.architecture == model.architecture
            && other.n_params == model.n_params
            && other.name == model.name
    };
    library.iter().find(is_original).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_is_the_file_that_the_provenance_names() {
        let upcast = Model::sample("F16", Some("upcast from Q4_1"));
        let library = [
            Model::sample("Q8_0", None),
            upcast.clone(),
            Model::sample("Q4_1", None),
        ];
        let found = original_of(&upcast, &library).map(|model| model.id.0);
        assert_eq!(found.as_deref(), Some("q4_1"));
        assert_eq!(original_of(&upcast, &library[..2]), None);
        assert_eq!(original_of(&library[0], &library), None);
        // A Q4_1 made here of the upcast says the same of itself.
        let made_here = Model {
            origin: ModelOrigin::Variant,
            ..Model::sample("Q4_1", Some("quantized from F16, upcast from Q4_1"))
        };
        assert_eq!(original_of(&upcast, std::slice::from_ref(&made_here)), None);
        let both = [made_here, Model::sample("Q4_1", None)];
        let found = original_of(&upcast, &both).map(|model| model.origin);
        assert_eq!(found, Some(ModelOrigin::Registered));
    }
}
