//! All variants of a model that were measured so far, across runs.

use leptos::prelude::*;
use leptos_router::components::A;

use super::change;
use super::chart::SizeChart;
use super::chart_points::{Against, Point, on_front};
use super::overview::change_line;
use crate::components::each::each;
use crate::components::words::kld;
use crate::domain::paired_speed::PairedSpeed;
use crate::domain::trade_off::{MeasuredOn, TradeOff};
use crate::domain::units;

/// The card; nothing where nothing was measured.
#[component]
pub fn TradeOffsCard(
    /// What the chosen model is called.
    #[prop(into)]
    baseline: Signal<Option<String>>,
    /// Its variants, newest first.
    #[prop(into)]
    variants: Signal<Vec<TradeOff>>,
    /// Those that were made and never measured, as people read them.
    #[prop(into)]
    unmeasured: Signal<Vec<String>>,
) -> impl IntoView {
    move || {
        let variants = variants.get();
        let first = variants.first()?;
        let baseline = baseline.get().unwrap_or_else(|| "baseline".to_owned());
        let base = Point {
            label: "baseline".to_owned(),
            size_mb: first.baseline_mb,
            mean_kld: Some(0.0),
            speed: Some(PairedSpeed::BASELINE),
        };
        let common = TradeOff::measured_together(&variants);
        let points: Vec<Point> = std::iter::once(base)
            .chain(
                variants
                    .iter()
                    .map(|variant| point(variant, common.as_ref())),
            )
            .collect();
        let against = Against::of(&points);
        let front = on_front(&points, against);
        let variants = variants.into_iter().zip(front.into_iter().skip(1));
        let rows = each(variants, |(variant, is_on_front)| {
            let front = is_on_front.then(|| against.front_words());
            row(variant, common.as_ref(), front)
        });
        let compared = common.as_ref().map(|common| {
            format!(
                " Divergences compare on the same text only: chart and front are of those on {}.",
                common.words()
            )
        });
        let unmeasured = unmeasured.get();
        let left_out = (!unmeasured.is_empty())
            .then(|| format!(" Made and not measured yet: {}.", unmeasured.join(", ")));
        Some(view! {
            <section id="trade-offs" class="card" aria-labelledby="trade-offs-title">
                <div class="bar">
                    <h2 id="trade-offs-title">"Trade-off"</h2>
                    <p>{format!("All variants of {baseline} measured so far")}</p>
                </div>
                <SizeChart points numbers="The table below has the numbers."/>
                <div class="scroll">
                    <table class="history">
                        <caption class="hidden">"What each variant buys and costs"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Variant"</th>
                                <th scope="col" class="number">"Size, MB"</th>
                                <th scope="col" class="number">"Speed, × the baseline's"</th>
                                <th scope="col" class="number">"Mean KLD, nats"</th>
                                <th scope="col">"Measured in"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                <p class="note inset">
                    "Speeds are against the baseline of the same run, paired by launch." {compared}
                    {left_out}
                </p>
            </section>
        })
    }
}

/// What was measured on something else has no place beside the others.
fn point(variant: &TradeOff, common: Option<&MeasuredOn>) -> Point {
    let is_compared = variant.measured_on.as_ref() == common;
    Point {
        label: variant.label(),
        size_mb: variant.size_mb,
        mean_kld: variant.mean_kld.filter(|_| is_compared),
        speed: variant
            .speed_ratio
            .map(|ratio| PairedSpeed::new(ratio, variant.speed_verdict.as_ref())),
    }
}

fn row(
    variant: TradeOff,
    common: Option<&MeasuredOn>,
    front: Option<&'static str>,
) -> impl IntoView + use<> {
    let other = variant
        .measured_on
        .as_ref()
        .filter(|on| Some(*on) != common);
    let other = other.map(|on| {
        view! { <small class="line">{format!("on {}", on.words())}</small> }
    });
    let missing = || "—".to_owned();
    let speed = variant
        .speed_ratio
        .zip(variant.speed_verdict.as_ref())
        .map(|(ratio, judgement)| change_line(change::of_speed(ratio, judgement)));
    let key = variant.recipe.suffix().unwrap_or_default();
    view! {
        <tr data-variant=key>
            <th scope="row">
                {variant.label()}
                {front.map(|words| view! { " " <span class="chip front">{words}</span> })}
            </th>
            <td class="number" data-label="Size, MB">{units::number(variant.size_mb)}</td>
            <td class="number" data-label="Speed, × the baseline's">
                {variant.speed_ratio.map_or_else(missing, units::number)} {speed}
            </td>
            <td class="number" data-label="Mean KLD, nats">
                {variant.mean_kld.map_or_else(missing, kld)} {other}
            </td>
            <td data-label="Measured in">
                <A href=format!("/runs/{}", variant.run_id)>{format!("Run {}", variant.run_id)}</A>
            </td>
        </tr>
    }
}
