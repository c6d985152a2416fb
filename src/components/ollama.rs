//! What is known of the Ollama on this machine, and what its user can do.

use leptos::prelude::*;

use super::marked::marked;
use super::titled_card::TitledCard;
use super::words;
use crate::components::each::each;
use crate::domain::ollama::{Ollama, OllamaServer, OllamaStore, OllamaStoreState, ServedModel};
use crate::domain::units;

/// Names that are shown before the rest is counted.
const MAX_NAMES: usize = 10;

/// The section of the Models page.
#[component]
pub fn OllamaCard(
    /// What is known.
    ollama: Ollama,
    /// Its models that can be measured.
    n_usable: usize,
) -> impl IntoView {
    let summary = if ollama.is_absent() {
        "Not on this machine".to_owned()
    } else {
        let models = words::plural(n_usable as u64, "model", "models");
        format!("{models} that can be measured; its files are only read")
    };
    let body = if ollama.is_absent() {
        view! { <p class="inset">{marked(&absence(&ollama))}</p> }.into_any()
    } else {
        let server = view! { <Entry term="Server".to_owned() text=server(&ollama.server)/> };
        let stores = each(&ollama.stores, |found| {
            let term = format!("Store {}", found.path);
            view! { <Entry term text=store(&found.state)/> }
        });
        let differences = each(differences(&ollama), |(term, text)| {
            view! { <Entry term=term.to_owned() text/> }
        });
        view! {
            <dl class="terms wide">
                {server} {stores} {differences}
            </dl>
            {ollama.served().filter(|models| !models.is_empty()).map(served)}
        }
        .into_any()
    };
    view! {
        <TitledCard title_id="ollama-title" title="Ollama" about=summary>
            {body}
        </TitledCard>
    }
}

#[component]
fn Entry(term: String, text: String) -> impl IntoView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{marked(&text)}</dd>
        </div>
    }
}

/// What the server lists, as `ollama list` shows it.
fn served(models: &[ServedModel]) -> impl IntoView + use<> {
    let row = |model: &ServedModel| {
        let id = model.digest.as_deref().and_then(|digest| digest.get(..12));
        view! {
            <tr>
                <th scope="row">{model.name.clone()}</th>
                <td data-label="Id">
                    <code>{id.unwrap_or("—").to_owned()}</code>
                </td>
                <td class="number" data-label="Size, MB">
                    {megabytes(model).unwrap_or_else(|| "—".to_owned())}
                </td>
            </tr>
        }
    };
    view! {
        <details class="fold">
            <summary>{format!("The server's list ({})", models.len())}</summary>
            <div class="scroll">
                <table class="history">
                    <caption class="hidden">"Models that Ollama's server lists"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Id"</th>
                            <th scope="col" class="number">
                                "Size, MB"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{each(models.iter(), row)}</tbody>
                </table>
            </div>
        </details>
    }
}

fn absence(ollama: &Ollama) -> String {
    let paths: Vec<&str> = ollama.stores.iter().map(|store| &*store.path).collect();
    let address = match &ollama.server {
        OllamaServer::NotRunning { address } => address,
        _ => "its address",
    };
    format!(
        "No Ollama found: nothing answers at {address}, and there is no store at {}. If yours is elsewhere, start Whittle with `--ollama URL` or `--ollama-store DIR`.",
        paths.join(" or ")
    )
}

fn server(server: &OllamaServer) -> String {
    match server {
        OllamaServer::NotAsked => "Not asked.".to_owned(),
        OllamaServer::Answering { address, models } => {
            let models = words::plural(models.len() as u64, "model", "models");
            format!("Answers at {address} and lists {models}.")
        }
        OllamaServer::NotRunning { address } => format!(
            "Nothing answers at {address}. Whittle reads the store without it; if it runs elsewhere, start Whittle with `--ollama URL`."
        ),
        OllamaServer::Failing { address, reason } => {
            format!("At {address}: {}", words::sentence(reason))
        }
        OllamaServer::NotAllowed { reason } => format!("Not asked: {}", words::sentence(reason)),
    }
}

fn store(state: &OllamaStoreState) -> String {
    match state {
        OllamaStoreState::Read { models, is_cut } if *is_cut => {
            format!(
                "{}; there are more than Whittle reads, or folders that are closed to you.",
                count(models)
            )
        }
        OllamaStoreState::Read { models, .. } if models.is_empty() => {
            "No model yet; `ollama pull NAME` fetches one.".to_owned()
        }
        OllamaStoreState::Read { models, .. } => format!("{}.", count(models)),
        OllamaStoreState::Absent => {
            "Not there. If it is elsewhere, start Whittle with `--ollama-store DIR`.".to_owned()
        }
        OllamaStoreState::NotAllowed => {
            "It belongs to another user and is closed to you, as when Ollama runs as a service. Join its group with `sudo usermod -a -G ollama $USER`, log in again and restart Whittle.".to_owned()
        }
        OllamaStoreState::Unreadable { reason } => {
            format!("Cannot be read: {}", words::sentence(reason))
        }
    }
}

fn megabytes(model: &ServedModel) -> Option<String> {
    Some(units::number(model.size_bytes? as f64 / 1e6))
}

fn count(models: &[String]) -> String {
    words::plural(models.len() as u64, "model", "models")
}

/// Where server and store do not agree; the store decides.
fn differences(ollama: &Ollama) -> Vec<(&'static str, String)> {
    let served = ollama.not_in_a_store().into_iter().map(|model| {
        let size = megabytes(model).map(|megabytes| format!(" ({megabytes} MB)"));
        format!("{}{}", model.name, size.unwrap_or_default())
    });
    let stored = ollama.not_served().into_iter().map(str::to_owned);
    let only_served = (
        "Only on the server",
        names(served.collect()),
        "Whittle finds no files for them, so they cannot be measured: they run in Ollama's cloud, or the server keeps another store.",
    );
    let only_stored = (
        "Only in the store",
        names(stored.collect()),
        "The server keeps another store, or has not seen them yet; Whittle takes them as they are.",
    );
    // Of a store that was not read whole nothing can be said to be missing.
    let is_whole = |store: &OllamaStore| match store.state {
        OllamaStoreState::Read { is_cut, .. } => !is_cut,
        OllamaStoreState::Absent => true,
        OllamaStoreState::NotAllowed | OllamaStoreState::Unreadable { .. } => false,
    };
    let only_served = ollama.stores.iter().all(is_whole).then_some(only_served);
    only_served
        .into_iter()
        .chain([only_stored])
        .filter_map(|(term, names, why)| Some((term, format!("{}. {why}", names?))))
        .collect()
}

/// `a, b and 3 more`.
fn names(mut names: Vec<String>) -> Option<String> {
    let n_more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    let more = if n_more > 0 {
        format!(" and {n_more} more")
    } else {
        String::new()
    };
    (!names.is_empty()).then(|| names.join(", ") + &more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_counted() {
        assert_eq!(names(Vec::new()), None);
        let many: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        let words = names(many).expect("names");
        assert!(words.ends_with("8, 9 and 2 more"), "{words}");
    }
}
