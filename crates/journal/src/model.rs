//! What a mood and a reflection are, and what they may hold. A value of these types has been checked.

use kernel::{Fault, FieldFault, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

kernel::id! {
    /// A mood.
    pub struct MoodId;
}
store::value!(id MoodId);

kernel::id! {
    /// A reflection.
    pub struct ReflectionId;
}
store::value!(id ReflectionId);

/// The most tags one entry has.
pub(crate) const TAGS: usize = 10;
/// The longest tag, in characters.
pub(crate) const TAG_CHARS: usize = 32;
/// The longest note of a mood, in characters.
pub(crate) const NOTE_CHARS: usize = 2_000;
/// The longest title, in characters.
pub(crate) const TITLE_CHARS: usize = 200;
/// The longest reflection, in characters.
pub(crate) const CONTENT_CHARS: usize = 20_000;

/// What a person says of a moment: sealed whole, score included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MoodBody {
    pub(crate) score: i8,
    pub(crate) tags: Vec<String>,
    pub(crate) note: String,
}

impl MoodBody {
    /// # Errors
    /// Names every field that is not as it must be.
    pub(crate) fn parse(score: i64, tags: Vec<String>, note: String) -> Result<Self, Fault> {
        let mut faults = Vec::new();
        let score = i8::try_from(score).ok().filter(|score| (-2..=2).contains(score)).unwrap_or_else(|| {
            faults.push(fault("score", "out_of_range", "A score is -2, -1, 0, 1 or 2."));
            0
        });
        let tags = check_tags(tags, &mut faults);
        check_text("note", &note, NOTE_CHARS, &mut faults);
        if faults.is_empty() { Ok(Self { score, tags, note }) } else { Err(Fault::invalid(faults)) }
    }
}

/// What a person wrote: sealed whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReflectionBody {
    pub(crate) title: String,
    pub(crate) content: String,
    pub(crate) tags: Vec<String>,
}

impl ReflectionBody {
    /// # Errors
    /// Names every field that is not as it must be.
    pub(crate) fn parse(title: String, content: String, tags: Vec<String>) -> Result<Self, Fault> {
        let mut faults = Vec::new();
        check_text("title", &title, TITLE_CHARS, &mut faults);
        check_text("content", &content, CONTENT_CHARS, &mut faults);
        if title.trim().is_empty() && content.trim().is_empty() {
            faults.push(fault("content", "empty", "Write a title or some text."));
        }
        let tags = check_tags(tags, &mut faults);
        if faults.is_empty() { Ok(Self { title, content, tags }) } else { Err(Fault::invalid(faults)) }
    }
}

fn fault(
    field: impl Into<std::borrow::Cow<'static, str>>,
    code: &'static str,
    detail: impl Into<std::borrow::Cow<'static, str>>,
) -> FieldFault {
    FieldFault { field: field.into(), code, detail: detail.into() }
}

fn check_text(field: &'static str, text: &str, limit: usize, faults: &mut Vec<FieldFault>) {
    let chars = text.chars().count();
    if chars > limit {
        faults.push(fault(field, "too_long", format!("At most {limit} characters; this has {chars}.")));
    }
    // PostgreSQL could not hold it, and no keyboard types it.
    if text.contains('\0') {
        faults.push(fault(field, "control_character", "The character NUL is not text."));
    }
}

/// Tags as they are kept: trimmed, each once, in the order they were given.
fn check_tags(tags: Vec<String>, faults: &mut Vec<FieldFault>) -> Vec<String> {
    if tags.len() > TAGS {
        faults.push(fault("tags", "too_many", format!("At most {TAGS} tags; these are {}.", tags.len())));
        return Vec::new();
    }
    let mut kept: Vec<String> = Vec::with_capacity(tags.len());
    for (index, tag) in tags.into_iter().enumerate() {
        let tag = tag.trim();
        let field = format!("tags[{index}]");
        if tag.is_empty() {
            faults.push(fault(field, "empty", "A tag has at least one character."));
        } else if tag.chars().count() > TAG_CHARS {
            faults.push(fault(field, "too_long", format!("A tag has at most {TAG_CHARS} characters.")));
        } else if tag.chars().any(char::is_control) {
            faults.push(fault(field, "control_character", "A tag has no control characters."));
        } else if !kept.iter().any(|known| known == tag) {
            kept.push(tag.to_owned());
        }
    }
    kept
}

/// In the document only: one tag.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 32)]
#[expect(dead_code, reason = "describes a string of a list; the list itself holds plain strings")]
pub(crate) struct Tag(String);

/// How somebody was at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Mood {
    pub(crate) id: MoodId,
    /// From -2 (heavy) to 2 (bright).
    #[schema(minimum = -2, maximum = 2)]
    pub(crate) score: i8,
    #[schema(max_items = 10, value_type = Vec<Tag>)]
    pub(crate) tags: Vec<String>,
    #[schema(max_length = 2000)]
    pub(crate) note: String,
    /// The moment it is about.
    pub(crate) noted_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Grows by one with each change; the `ETag` is made of it.
    #[schema(minimum = 1)]
    pub(crate) version: i64,
}

/// A piece of writing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Reflection {
    pub(crate) id: ReflectionId,
    #[schema(max_length = 200)]
    pub(crate) title: String,
    #[schema(max_length = 20000)]
    pub(crate) content: String,
    #[schema(max_items = 10, value_type = Vec<Tag>)]
    pub(crate) tags: Vec<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Grows by one with each change; the `ETag` is made of it.
    #[schema(minimum = 1)]
    pub(crate) version: i64,
}

/// A piece of writing in a list: its beginning only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ReflectionSummary {
    pub(crate) id: ReflectionId,
    #[schema(max_length = 200)]
    pub(crate) title: String,
    /// The first 200 characters, at the end of a word.
    #[schema(max_length = 201)]
    pub(crate) excerpt: String,
    #[schema(max_items = 10, value_type = Vec<Tag>)]
    pub(crate) tags: Vec<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Grows by one with each change; the `ETag` is made of it.
    #[schema(minimum = 1)]
    pub(crate) version: i64,
}

/// What a deletion answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Deleted {
    /// Until then it can be restored; after it, it is gone for good.
    pub(crate) undo_until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(result: Result<impl std::fmt::Debug, Fault>) -> Vec<(String, &'static str)> {
        result.unwrap_err().fields().iter().map(|f| (f.field.to_string(), f.code)).collect()
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let tags = vec![" ".into(), "x".repeat(33), "ok".into()];
        let found = codes(MoodBody::parse(3, tags, "n".repeat(2001)));
        let expected = [("score", "out_of_range"), ("tags[0]", "empty"), ("tags[1]", "too_long"), ("note", "too_long")];
        assert_eq!(found, expected.map(|(field, code)| (field.to_owned(), code)));
        assert_eq!(codes(MoodBody::parse(0, vec!["t".into(); 11], String::new())), [("tags".to_owned(), "too_many")]);
        assert_eq!(codes(ReflectionBody::parse(" ".into(), "\n".into(), vec![])), [("content".to_owned(), "empty")]);
    }

    #[test]
    fn limits_count_characters_not_bytes() {
        assert!(MoodBody::parse(-2, vec![], "ஆ".repeat(2000)).is_ok());
        assert!(ReflectionBody::parse("ü".repeat(200), String::new(), vec![]).is_ok());
    }

    #[test]
    fn a_tag_stands_once() {
        let body = MoodBody::parse(1, vec!["rest".into(), " rest ".into(), "walk".into()], String::new()).unwrap();
        assert_eq!(body.tags, ["rest", "walk"]);
    }
}
