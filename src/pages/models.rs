//! `/models`: what can be measured, and what cannot and why.

use leptos::prelude::*;
use leptos_meta::Title;

use super::arriving::arriving;
use super::resource::resource;
use crate::api;
use crate::components::alert::PageError;
use crate::components::each::each;
use crate::components::empty::{BeingChecked, MoreBeingChecked, NoModels};
use crate::components::marked::marked;
use crate::components::ollama::OllamaCard;
use crate::components::titled_card::TitledCard;
use crate::components::variants::{DamagedVariant, VariantDeletion, VariantsCard};
use crate::components::words;
use crate::domain::model::{LibraryListing, Model, ModelOrigin, UnusableFile};
use crate::domain::units;

/// The page.
#[component]
pub fn ModelsPage() -> impl IntoView {
    let library = resource(|| (), |()| api::list_models());
    let on_arrival = Callback::new(move |()| library.refetch());
    view! {
        <Title text="Models"/>
        <div class="page-head">
            <h1>"Models"</h1>
        </div>
        <Suspense fallback=|| view! { <p class="loading">"Looking at the model folders…"</p> }>
            {move || Suspend::new(async move {
                match library.await {
                    Ok(library) => view! { <Library library on_arrival/> }.into_any(),
                    Err(error) => view! { <PageError error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Library(library: LibraryListing, on_arrival: Callback<()>) -> impl IntoView {
    let now = arriving(library.clone(), on_arrival);
    let LibraryListing {
        models,
        unusable,
        n_pending,
        folders,
        variants_folder,
        ollama,
        ..
    } = library;
    let (variants, models): (Vec<_>, Vec<_>) = models
        .into_iter()
        .partition(|model| model.origin == ModelOrigin::Variant);
    let bases = models.iter().map(|model| model.sha256.clone()).collect();
    let on_delete = Callback::new(super::variants::delete);
    let of_ollama = |model: &&Model| model.origin == ModelOrigin::Ollama;
    let n_usable = models.iter().filter(of_ollama).count();
    let ollama = ollama.map(|ollama| view! { <OllamaCard ollama n_usable/> });
    let n_models = words::plural(models.len() as u64, "model", "models");
    let n_models = format!("{n_models} that can be measured");
    let folder = folders.first().cloned().unwrap_or_default();
    let pending =
        (n_pending > 0 && !models.is_empty()).then(|| view! { <MoreBeingChecked library=now/> });
    let has_models = !models.is_empty() || !variants.is_empty();
    let n_unusable = unusable.len();
    let usable = match (models.is_empty(), n_pending) {
        (false, _) => view! { <ModelTable models/> }.into_any(),
        (true, 0) => view! { <NoModels folder n_unusable/> }.into_any(),
        (true, _) => view! { <BeingChecked library=now/> }.into_any(),
    };
    let searched =
        view! { "Searched for GGUF files; more with " <code>"whittle serve --models DIR"</code> };
    let list_folder = |folder: String| view! { <li><code>{folder}</code></li> };
    view! {
        <TitledCard title_id="usable-title" title="Library" about=n_models>
            {pending}
            {usable}
        </TitledCard>
        {has_models.then(|| {
            view! { <VariantsCard variants bases folder=variants_folder on_delete/> }
        })}
        {(!unusable.is_empty()).then(|| view! { <Unusable files=unusable on_delete/> })}
        {ollama}
        <TitledCard title_id="folders-title" title="Folders" about=searched>
            <ul class="folders">{each(folders, list_folder)}</ul>
        </TitledCard>
    }
}

#[component]
fn ModelTable(models: Vec<Model>) -> impl IntoView {
    let row = |model: Model| view! { <ModelRow model/> };
    view! {
        <div class="scroll">
            <table class="history">
                <caption class="hidden">"Models that can be measured"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Type"</th>
                        <th scope="col" class="number">"Size, MB"</th>
                        <th scope="col" class="number">"Bits per weight"</th>
                        <th scope="col" class="number">"Parameters"</th>
                        <th scope="col">"Architecture"</th>
                        <th scope="col">"File"</th>
                    </tr>
                </thead>
                <tbody>{each(models, row)}</tbody>
            </table>
        </div>
    }
}

#[component]
fn ModelRow(model: Model) -> impl IntoView {
    let size = units::number(model.size_mb());
    let bits = model
        .bits_per_weight()
        .map_or_else(|| "—".to_owned(), units::number);
    let origin = match model.origin {
        ModelOrigin::DataFolder => "data folder",
        ModelOrigin::Registered => "registered folder",
        ModelOrigin::CommandLine => "command line",
        ModelOrigin::Ollama => "Ollama",
        ModelOrigin::Variant => "made here",
    };
    // Ollama's files are called by their hash.
    let file_name = match model.origin {
        ModelOrigin::Ollama => format!("{}…", model.file_name.get(..19).unwrap_or_default()),
        _ => model.file_name,
    };
    view! {
        <tr id=format!("model-{}", model.id)>
            <th scope="row">
                {model.name} <small class="line">{model.id.0.clone()}</small>
                {model.provenance.map(|words| view! { <small class="line">{words}</small> })}
            </th>
            <td data-label="Type">{model.file_type}</td>
            <td class="number" data-label="Size, MB">{size}</td>
            <td class="number" data-label="Bits per weight">{bits}</td>
            <td class="number" data-label="Parameters">{units::parameters(model.n_params)}</td>
            <td data-label="Architecture">{model.architecture}</td>
            <td data-label="File">
                {file_name} <small class="line">{origin}</small>
            </td>
        </tr>
    }
}

#[component]
fn Unusable(files: Vec<UnusableFile>, on_delete: Callback<VariantDeletion>) -> impl IntoView {
    let row = move |file: UnusableFile| {
        let UnusableFile {
            file_name,
            folder,
            reason,
            variant,
        } = file;
        // Two folders may each have one of that name.
        let folder = folder.map(|folder| view! { <small class="line">{folder}</small> });
        match variant {
            Some(id) => view! { <DamagedVariant id file_name reason on_delete/> }.into_any(),
            None => view! {
                <div>
                    <dt>{file_name} " " {folder}</dt>
                    <dd>{marked(&reason)}</dd>
                </div>
            }
            .into_any(),
        }
    };
    view! {
        <TitledCard title_id="unusable-title" title="Cannot be measured" about="Files that look like models, and what is wrong with them">
            <dl class="terms wide">{each(files, row)}</dl>
        </TitledCard>
    }
}
