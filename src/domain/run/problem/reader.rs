//! What is said in one way to programs and in another to people.

use crate::domain::run::setting::Setting;
use crate::domain::run::stored::Technique;
use crate::domain::units;

/// Who reads it.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    Program,
    Person,
}

impl Reader {
    pub(super) fn name(self, setting: Setting) -> &'static str {
        match self {
            Self::Program => setting.name(),
            Self::Person => setting.label(),
        }
    }

    pub(super) fn number(self, value: i64) -> String {
        let sign = if value < 0 { "-" } else { "" };
        match self {
            Self::Program => value.to_string(),
            Self::Person => format!("{sign}{}", units::count(value.unsigned_abs())),
        }
    }

    pub(super) fn not_a_model_id(self) -> &'static str {
        match self {
            Self::Program => {
                "model is not a library id; ids are lower-case letters, digits, '.', '_' and '-', \
                 and GET /api/models lists them"
            }
            Self::Person => "the model is not one of the library; choose another",
        }
    }

    pub(super) fn no_prompt(self) -> &'static str {
        match self {
            Self::Program => {
                "test_queries is empty; give at least one prompt, or leave the field out for the \
                 defaults"
            }
            Self::Person => "there is no prompt; add one",
        }
    }

    pub(super) fn have_recipes(self) -> &'static str {
        match self {
            Self::Program => "recipes has",
            Self::Person => "there are",
        }
    }

    pub(super) fn imatrix(self) -> &'static str {
        match self {
            Self::Program => "set imatrix to true",
            Self::Person => "switch it on",
        }
    }

    pub(super) fn no_imatrix(self) -> &'static str {
        match self {
            Self::Program => "set imatrix to false",
            Self::Person => "switch it off",
        }
    }

    pub(super) fn quality_of_nothing(self) -> &'static str {
        match self {
            Self::Program => {
                "quality is asked for and recipes is empty; name the variants that are compared \
                 with the model"
            }
            Self::Person => "quality compares variants with the model; choose at least one",
        }
    }

    pub(super) fn two_texts(self) -> &'static str {
        match self {
            Self::Program => "evaluation_text and kept_text are both given; give one of them",
            Self::Person => "two texts for quality are given; choose one",
        }
    }

    pub(super) fn not_a_text_hash(self) -> &'static str {
        match self {
            Self::Program => {
                "kept_text.sha256 is no SHA-256 in 64 hexadecimal digits; runs name their texts in \
                 spec.quality.text"
            }
            Self::Person => "the text for quality is not one that was kept; choose its file again",
        }
    }

    pub(super) fn unknown_field(self, name: &str, known: &[&str]) -> String {
        match self {
            Self::Program => format!(
                "{name} is no field of this request; its fields are {}",
                known.join(", ")
            ),
            Self::Person => "the page sent what this Whittle does not know; reload it".to_owned(),
        }
    }

    pub(super) fn other_technique(self, asked: Technique, path: Technique) -> String {
        let (asked, path) = (asked.word(), path.word());
        match self {
            Self::Program => format!(
                "technique is {asked} and this path measures {path}; leave technique out, or send \
                 it to /api/benchmark/{asked}"
            ),
            Self::Person => format!("this measures {path}, not {asked}"),
        }
    }

    pub(super) fn recipes_beside(self, path: Technique) -> &'static str {
        match (self, path) {
            (Self::Person, _) => "this is measured without variants of your choice",
            (Self::Program, Technique::Baseline) => {
                "recipes and quality are not for this path, which measures the model alone; send \
                 them to /api/runs"
            }
            (Self::Program, Technique::Quantization) => {
                "recipes and quantization_level are both given; leave recipes out, or send them \
                 to /api/runs"
            }
            (Self::Program, Technique::Pruning) => {
                "recipes and pruning_ratio are both given; leave recipes out, or send them to \
                 /api/runs"
            }
            (Self::Program, Technique::Noise) => {
                "recipes and quality are not for this path, which measures the model against \
                 itself; send them to /api/runs"
            }
        }
    }

    pub(super) fn have_prompts(self) -> &'static str {
        match self {
            Self::Program => "test_queries has",
            Self::Person => "there are",
        }
    }
}
