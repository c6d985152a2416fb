//! Which stored runs a list shows: of one technique, of one model, of a range
//! of days.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::AppError;
use super::model::ModelId;
use super::run::{Technique, checked_id};

/// A day of the calendar, in UTC, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl FromStr for Day {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_shaped = text.len() == 10
            && text.bytes().enumerate().all(|(i, byte)| match i {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_shaped {
            return Err(());
        }
        let day = Self {
            year: text[..4].parse().map_err(|_| ())?,
            month: text[5..7].parse().map_err(|_| ())?,
            day: text[8..].parse().map_err(|_| ())?,
        };
        if (1..=12).contains(&day.month) && (1..=day.days_in_month()).contains(&day.day) {
            Ok(day)
        } else {
            Err(())
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Day {
    fn days_in_month(self) -> u8 {
        let is_leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(is_leap),
            _ => 31,
        }
    }
}

/// A filter as it came, nothing checked yet. An empty field counts as none:
/// a form sends every field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilterRequest {
    /// A technique, as its word.
    pub technique: Option<String>,
    /// Library id of a model.
    pub model: Option<String>,
    /// First day.
    pub from: Option<String>,
    /// Last day.
    pub to: Option<String>,
}

/// A filter that has passed every check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFilter {
    /// Runs of this technique alone.
    pub technique: Option<Technique>,
    /// Runs of this model alone.
    pub model: Option<ModelId>,
    /// Asked for on this day or later.
    pub from: Option<Day>,
    /// Asked for on this day or earlier.
    pub to: Option<Day>,
}

impl TryFrom<FilterRequest> for RunFilter {
    type Error = AppError;

    fn try_from(request: FilterRequest) -> Result<Self, AppError> {
        let filter = Self {
            technique: given(request.technique).map(technique).transpose()?,
            model: given(request.model).map(checked_id).transpose()?,
            from: day("from", request.from)?,
            to: day("to", request.to)?,
        };
        match (filter.from, filter.to) {
            (Some(from), Some(to)) if from > to => Err(AppError::bad_request(format!(
                "from is {from}, which is after to, {to}; swap the two days"
            ))),
            _ => Ok(filter),
        }
    }
}

impl RunFilter {
    /// Whether every run passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The filter as the query of an address: `model=…&from=…&to=…`, without
    /// the fields that are not set. Nothing in it needs escaping.
    pub fn query(&self) -> String {
        let technique = self.technique.map(|technique| technique.word().to_owned());
        let fields = [
            ("technique", technique),
            ("model", self.model.as_ref().map(ToString::to_string)),
            ("from", self.from.map(|day| day.to_string())),
            ("to", self.to.map(|day| day.to_string())),
        ];
        let set = |(name, value): (&str, Option<String>)| Some(format!("{name}={}", value?));
        let set: Vec<String> = fields.into_iter().filter_map(set).collect();
        set.join("&")
    }
}

/// A model that stored runs have, as a filter offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MeasuredModel {
    /// The model's id.
    pub id: ModelId,
    /// Its name, as its latest run recorded it.
    pub name: String,
    /// Its file type.
    pub file_type: String,
}

fn given(value: Option<String>) -> Option<String> {
    let value = value?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}

fn technique(value: String) -> Result<Technique, AppError> {
    let found = Technique::ALL.into_iter().find(|one| one.word() == value);
    found.ok_or_else(|| {
        let all = Technique::ALL.map(Technique::word).join(", ");
        AppError::bad_request(format!(
            "technique is \"{}\"; it must be one of {all}",
            shortened(&value)
        ))
    })
}

fn day(name: &str, value: Option<String>) -> Result<Option<Day>, AppError> {
    let Some(value) = given(value) else {
        return Ok(None);
    };
    let day = value.parse().map_err(|()| {
        AppError::bad_request(format!(
            "{name} is \"{}\"; write a day as YYYY-MM-DD",
            shortened(&value)
        ))
    })?;
    Ok(Some(day))
}

/// A message quotes no more of a wrong value than helps to find it.
fn shortened(value: &str) -> String {
    value.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(model: &str, from: &str, to: &str) -> FilterRequest {
        FilterRequest {
            technique: None,
            model: Some(model.into()),
            from: Some(from.into()),
            to: Some(to.into()),
        }
    }

    #[test]
    fn days_that_are_in_no_calendar_are_refused() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "26-04-01",
            "2026-4-1",
            "yesterday!",
            "2026-04-01Z",
            "2026-0é-1",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
        for text in ["2024-02-29", "2026-12-31", "2000-02-29"] {
            assert_eq!(
                text.parse::<Day>().map(|day| day.to_string()).as_deref(),
                Ok(text)
            );
        }
    }

    #[test]
    fn empty_fields_filter_nothing() {
        let filter = RunFilter::try_from(request("", " ", "")).expect("a filter");
        assert!(filter.is_empty());
        assert_eq!(filter.query(), "");
    }

    #[test]
    fn a_technique_is_one_that_there_is() {
        let of = |word: &str| {
            RunFilter::try_from(FilterRequest {
                technique: Some(word.to_owned()),
                ..FilterRequest::default()
            })
        };
        let filter = of("quantization").expect("a filter");
        assert_eq!(filter.query(), "technique=quantization");
        assert!(of("").expect("a filter").is_empty());
        let error = of("magic").expect_err("no technique").to_string();
        assert!(
            error.ends_with("baseline, quantization, pruning, noise"),
            "{error}"
        );
    }

    #[test]
    fn a_filter_is_its_own_query() {
        let filter = RunFilter::try_from(request("tiny-1a2b", "2026-01-02", ""));
        assert_eq!(
            filter.expect("a filter").query(),
            "model=tiny-1a2b&from=2026-01-02"
        );
    }

    #[test]
    fn a_range_that_runs_backwards_is_said() {
        let error = RunFilter::try_from(request("", "2026-03-02", "2026-03-01"));
        assert!(error.expect_err("no range").to_string().contains("swap"));
        assert!(RunFilter::try_from(request("../etc", "", "")).is_err());
    }
}
