//! The CSV of an export: one row for each measured request, as RFC 4180 has it.
//! The gaps between tokens are in the JSON alone.

use csv::{Terminator, Writer, WriterBuilder};

use super::cell::text;
use crate::domain::benchmark::Answer;
use crate::domain::outlier::{Outlier, Work};
use crate::domain::prompt::Prompt;
use crate::domain::pruning::PruningReport;
use crate::domain::recipe::Recipe;
use crate::domain::run::Run;
use crate::domain::sample::{ArmRequest, Generation, StopReason};

/// A request with the run it belongs to.
struct Row<'a> {
    run: &'a Run,
    request: &'a ArmRequest,
}

impl Row<'_> {
    fn generation(&self) -> &Generation {
        &self.request.sample.generation
    }

    /// Whether one of its figures is an outlier; none: it was not looked for.
    fn is_outlier(&self) -> Option<bool> {
        let sample = &self.request.sample;
        let arm = self.run.arms.get(self.request.arm_position as usize)?;
        let is_this = |outlier: &Outlier| {
            (outlier.iteration, outlier.prompt) == (sample.iteration, sample.prompt)
        };
        let outliers = arm.outliers.value()?;
        let work = Work {
            prompt: sample.prompt,
            n_generated: sample.generation.n_generated,
        };
        let is_looked_at = outliers.looked_at.contains(&work);
        is_looked_at.then(|| outliers.found.iter().any(is_this))
    }

    /// What was done to the model to make the arm, as requests write it; empty:
    /// nothing.
    fn recipe(&self) -> String {
        let place = (self.request.arm_position as usize).checked_sub(1);
        let recipe = place.and_then(|place| self.run.spec.recipes.get(place));
        recipe.and_then(Recipe::suffix).unwrap_or_default()
    }

    /// What pruning did to make the arm, and its check; none: it was not pruned.
    fn pruning(&self) -> Option<&PruningReport> {
        let arm = self.run.arms.get(self.request.arm_position as usize)?;
        arm.model.variant.as_ref()?.pruning.as_ref()
    }

    /// The prompt as the user wrote it.
    fn prompt_text(&self) -> &str {
        let prompt = self.of_prompt(&self.run.spec.prompts);
        prompt.map_or("", |prompt: &Prompt| &prompt.text)
    }

    /// Whether the answer was right, of the launch that is judged: the first.
    fn is_right(&self) -> Option<bool> {
        let arm = self.run.arms.get(self.request.arm_position as usize)?;
        let answer: &Answer = self.of_prompt(&arm.answers)?;
        answer
            .is_right
            .filter(|_| self.request.sample.iteration == 1)
    }

    /// What belongs to the row's prompt in a list with one for each.
    fn of_prompt<'a, T>(&self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.request.sample.prompt.checked_sub(1)? as usize)
    }
}

/// A column: its name, as the JSON has it, and its cell of a row.
type Column = (&'static str, fn(&Row) -> String);

const COLUMNS: [Column; 32] = [
    ("run_id", |row| row.run.id.to_string()),
    ("run_name", |row| {
        text(row.run.name.as_deref().unwrap_or(""))
    }),
    ("model_id", |row| text(&row.run.model.id.0)),
    ("model_name", |row| text(&row.run.model.name)),
    ("file_type", |row| text(&row.run.model.file_type)),
    ("arm_position", |row| row.request.arm_position.to_string()),
    ("recipe", |row| row.recipe()),
    ("iteration", |row| row.request.sample.iteration.to_string()),
    ("prompt", |row| row.request.sample.prompt.to_string()),
    ("prompt_text", |row| text(row.prompt_text())),
    ("n_prompt_tokens", |row| {
        row.generation().n_prompt_tokens.to_string()
    }),
    ("n_generated", |row| {
        row.generation().n_generated.to_string()
    }),
    ("response_time_s", |row| {
        row.generation().response_time_s.to_string()
    }),
    ("time_to_first_token_s", |row| {
        row.generation().time_to_first_token_s.to_string()
    }),
    ("prefill_s", |row| row.generation().prefill_s.to_string()),
    ("decode_s", |row| row.generation().decode_s.to_string()),
    ("tokens_per_second", |row| {
        optional(row.generation().tokens_per_second())
    }),
    ("cpu_s", |row| row.generation().cpu_s.to_string()),
    ("cpu_decode_s", |row| {
        row.generation().cpu_decode_s.to_string()
    }),
    ("major_page_faults", |row| {
        optional(row.generation().major_page_faults)
    }),
    ("rss_bytes", |row| {
        optional(row.generation().memory.rss_bytes)
    }),
    ("anonymous_bytes", |row| {
        optional(row.generation().memory.anonymous_bytes)
    }),
    ("file_bytes", |row| {
        optional(row.generation().memory.file_bytes)
    }),
    ("peak_rss_bytes", |row| {
        optional(row.generation().memory.peak_rss_bytes)
    }),
    ("stop", |row| stop(row.generation().stop).to_owned()),
    ("is_outlier", |row| optional(row.is_outlier())),
    ("text", |row| text(&row.generation().text)),
    ("is_right", |row| optional(row.is_right())),
    ("achieved_pruning_ratio", |row| {
        optional(row.pruning().map(|one| one.cut.achieved_pruning_ratio))
    }),
    ("check_base_perplexity", |row| {
        optional(row.pruning().map(|one| one.check.base_perplexity))
    }),
    ("check_perplexity", |row| {
        optional(row.pruning().map(|one| one.check.perplexity))
    }),
    ("check_is_broken", |row| {
        optional(row.pruning().map(|one| one.check.is_broken()))
    }),
];

pub(super) fn head() -> anyhow::Result<Vec<u8>> {
    let mut writer = writer();
    writer.write_record(COLUMNS.map(|(name, _)| name))?;
    Ok(writer.into_inner()?)
}

pub(super) fn requests(run: &Run, requests: &[ArmRequest]) -> anyhow::Result<Vec<u8>> {
    let mut writer = writer();
    for request in requests {
        let row = Row { run, request };
        writer.write_record(COLUMNS.map(|(_, cell)| cell(&row)))?;
    }
    Ok(writer.into_inner()?)
}

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new())
}

/// A value that may not have been measured: then the cell is empty.
fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn stop(reason: StopReason) -> &'static str {
    match reason {
        StopReason::MaxTokens => "max_tokens",
        StopReason::EndOfSequence => "end_of_sequence",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::sample::ArmRequest;

    fn run() -> Run {
        serde_json::from_value(json!({
            "id": 12, "name": "=1+1", "technique": "baseline", "status": "done",
            "spec": {
                "model": "tiny", "prompts": ["=cmd|' /C calc'!A0", "two\nlines, \"quoted\""],
                "settings": {
                    "iterations": 1, "max_tokens": 3, "mode": "fixed_length",
                    "n_threads": null, "mmap": false, "n_gpu_layers": 0,
                },
            },
            "model": {
                "id": "tiny", "name": " \"@SUM(A1)", "file_name": "tiny.gguf",
                "architecture": "llama", "file_type": "F16", "size_bytes": 1, "n_params": 1,
                "n_ctx_train": null, "sha256": "00", "origin": "data_folder", "provenance": null,
            },
            "created_at": "2026-01-01T00:00:00Z", "finished_at": null, "queue_position": null,
            "arms": [], "environment": null, "failure": null,
        }))
        .expect("a run")
    }

    fn request(prompt: u32, n_generated: u32, text: &str) -> ArmRequest {
        serde_json::from_value(json!({
            "arm_position": 0, "iteration": 1, "prompt": prompt,
            "generation": {
                "n_prompt_tokens": 5, "n_generated": n_generated, "response_time_s": 0.5,
                "time_to_first_token_s": 0.25, "prefill_s": 0.125, "decode_s": 0.25,
                "token_gaps_ns": [125_000_000, 125_000_000], "cpu_s": 1.0, "cpu_decode_s": 0.5,
                "major_page_faults": null,
                "memory": {
                    "rss_bytes": 4096, "anonymous_bytes": null, "file_bytes": null,
                    "peak_rss_bytes": 8192,
                },
                "text": text, "stop": "max_tokens",
            },
        }))
        .expect("a request")
    }

    #[test]
    fn a_run_is_one_table_and_no_text_is_a_formula() {
        let run = run();
        let rows = [
            request(1, 3, "\t=HYPERLINK(\"http://x\")"),
            request(2, 1, "-1 or more"),
        ];
        let mut text = head().expect("a head");
        text.extend(requests(&run, &rows).expect("rows"));
        let text = String::from_utf8(text).expect("UTF-8");
        assert_eq!(
            text.matches("\r\n").count(),
            3,
            "a line each, ended as RFC 4180 has it"
        );
        insta::assert_snapshot!(text, @r#"
run_id,run_name,model_id,model_name,file_type,arm_position,recipe,iteration,prompt,prompt_text,n_prompt_tokens,n_generated,response_time_s,time_to_first_token_s,prefill_s,decode_s,tokens_per_second,cpu_s,cpu_decode_s,major_page_faults,rss_bytes,anonymous_bytes,file_bytes,peak_rss_bytes,stop,is_outlier,text,is_right,achieved_pruning_ratio,check_base_perplexity,check_perplexity,check_is_broken
12,'=1+1,tiny,"' ""@SUM(A1)",F16,0,,1,1,'=cmd|' /C calc'!A0,5,3,0.5,0.25,0.125,0.25,8,1,0.5,,4096,,,8192,max_tokens,,"'	=HYPERLINK(""http://x"")",,,,,
12,'=1+1,tiny,"' ""@SUM(A1)",F16,0,,1,2,"two
lines, ""quoted""",5,1,0.5,0.25,0.125,0.25,,1,0.5,,4096,,,8192,max_tokens,,'-1 or more,,,,,
"#);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let read: Result<Vec<_>, _> = reader.records().collect();
        let read = read.expect("rows of equal length");
        assert_eq!(&read[1][9], "two\nlines, \"quoted\"");
    }
}
