//! What a recording is. A value of these types has been checked.

use crate::rules::file_name::FileName;
use crate::rules::{is_deceptive, problem};
use kernel::{Fault, Timestamp};
use serde::{Deserialize, Serialize};
use speech::{Container, Language};
use utoipa::ToSchema;

kernel::id! {
    /// A recording.
    pub struct RecordingId;
}
store::value!(id RecordingId);

/// The longest title, in characters.
pub(crate) const TITLE_CHARS: usize = 200;

/// How far a recording has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It waits for its turn.
    Queued,
    /// It is being listened to.
    Working,
    /// Its transcript is there.
    Ready,
    /// There will be no transcript unless somebody asks again; `problem` says why.
    Failed,
    /// It waits for a speech model to be installed.
    WaitingForModel,
}

impl Status {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Queued, "queued"),
        (Self::Working, "working"),
        (Self::Ready, "ready"),
        (Self::Failed, "failed"),
        (Self::WaitingForModel, "waiting_for_model"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or("", |(_, name)| name)
    }
}
store::value!(Status as String, |status| status.name().to_owned(), |text| {
    let known = Status::ALL.iter().find(|(_, name)| *name == text);
    known.map(|(status, _)| *status).ok_or_else(|| "not a status".into())
});

/// What a person called it: sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub(crate) title: String,
    pub(crate) file_name: String,
}

/// A title, trimmed.
///
/// # Errors
/// Names the limit.
pub(crate) fn title(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars > TITLE_CHARS {
        return Err(Fault::field("title", "too_long", format!("At most {TITLE_CHARS} characters; this has {chars}.")));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::field(
            "title",
            "control_character",
            "A title is one line of text without control characters.",
        ));
    }
    Ok(text.to_owned())
}

/// The title of a recording that was given none: its file's name.
pub(crate) fn title_of(name: &FileName) -> String {
    let readable = name.stem().chars().filter(|c| !c.is_control() && !is_deceptive(*c));
    readable.take(TITLE_CHARS).collect::<String>().trim().to_owned()
}

/// The language somebody named.
///
/// # Errors
/// Says what is taken.
pub(crate) fn language(text: &str) -> Result<Language, Fault> {
    let unknown = |_| {
        let detail = "An ISO 639-1 code that the speech model knows, such as en, de or hi; or auto.";
        Fault::field("language", "unknown_language", detail)
    };
    text.trim().parse().map_err(unknown)
}

/// Why a recording has no transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordingProblem)]
pub(crate) struct Problem {
    /// A stable name for programs.
    #[schema(max_length = 64)]
    pub(crate) code: String,
    /// What happened and what to do, for people.
    #[schema(max_length = 500)]
    pub(crate) detail: String,
}

impl Problem {
    /// The problem behind a stored code.
    pub(crate) fn of(code: String) -> Self {
        let detail = problem::sentence(&code).to_owned();
        Self { code, detail }
    }
}

/// A recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Recording {
    pub(crate) id: RecordingId,
    #[schema(max_length = 200)]
    pub(crate) title: String,
    pub(crate) status: Status,
    /// How much of it has been listened to, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub(crate) progress: f64,
    /// Why there is no transcript, if so.
    pub(crate) problem: Option<Problem>,
    /// What the file was called where it came from.
    #[schema(max_length = 255)]
    pub(crate) file_name: String,
    /// How the sound is packed, by its content.
    pub(crate) container: Container,
    /// How the sound is coded: `pcm_s16le`, `opus`.
    #[schema(max_length = 32)]
    pub(crate) codec: String,
    #[schema(minimum = 0, maximum = 104_857_600)]
    pub(crate) size_bytes: i64,
    /// Its length in seconds; 0 while it is not known, as with what a browser records, until the transcript is there.
    #[schema(minimum = 0, maximum = 86400)]
    pub(crate) duration_s: f64,
    /// The language spoken: the one that was named, or found; absent until then.
    #[schema(max_length = 8)]
    pub(crate) language: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Grows by one with each change that a person makes (not with progress); the `ETag` is made of it.
    #[schema(minimum = 1)]
    pub(crate) version: i64,
}

/// What a deletion answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordingDeleted)]
pub(crate) struct Deleted {
    /// Until then it can be restored; after it, it is gone for good.
    pub(crate) undo_until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_one_line_of_at_most_two_hundred_characters() {
        assert_eq!(title("  A day \n").unwrap(), "A day");
        assert!(title(&"ü".repeat(200)).is_ok());
        for (bad, code) in [("x".repeat(201), "too_long"), ("a\nb".into(), "control_character")] {
            let fault = title(&bad).unwrap_err();
            assert_eq!((fault.fields()[0].field.as_ref(), fault.fields()[0].code), ("title", code));
        }
        assert_eq!(title_of(&FileName::parse("Talk. Part 2.m4a").unwrap()), "Talk. Part 2");
    }

    #[test]
    fn every_status_has_a_name_that_reads_back() {
        for (status, name) in Status::ALL {
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{name}\""));
        }
    }

    #[test]
    fn languages_are_codes_or_auto() {
        assert_eq!(language("auto").unwrap(), Language::Auto);
        assert_eq!(language("de").unwrap().to_string(), "de");
        for bad in ["", "german", "xx", "de-DE", "../"] {
            assert_eq!(language(bad).unwrap_err().fields()[0].field, "language", "{bad}");
        }
    }
}
