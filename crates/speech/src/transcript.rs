//! What was said, and when.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was said in a recording. All times are seconds from its start; they never run backwards.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Transcript {
    /// The language spoken, as an ISO 639 code (`en`); empty where nothing was said.
    #[schema(max_length = 8)]
    pub language: String,
    /// Who listened: `local` for a model on this machine.
    #[schema(max_length = 32)]
    pub provider: String,
    /// The model that listened: `base`.
    #[schema(max_length = 64)]
    pub model: String,
    /// How long the recording lasts.
    #[schema(minimum = 0, maximum = 21600)]
    pub duration_s: f64,
    /// The parts, in order.
    #[schema(max_items = 20000)]
    pub segments: Vec<Segment>,
}

/// Some words that belong together: about a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Segment {
    /// Its place, counted from 0.
    pub id: u32,
    /// When it begins.
    #[schema(minimum = 0, maximum = 21600)]
    pub start: f64,
    /// When it ends.
    #[schema(minimum = 0, maximum = 21600)]
    pub end: f64,
    /// What is said in it.
    #[schema(max_length = 20000)]
    pub text: String,
    /// The same, word by word.
    #[schema(max_items = 5000)]
    pub words: Vec<Word>,
}

/// One word with the punctuation that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Word {
    /// The word, without spaces around it.
    #[schema(max_length = 2000)]
    pub text: String,
    /// When it begins.
    #[schema(minimum = 0, maximum = 21600)]
    pub start: f64,
    /// When it ends.
    #[schema(minimum = 0, maximum = 21600)]
    pub end: f64,
    /// How sure the model is, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub probability: f32,
}

impl Transcript {
    /// Everything that was said, in one line.
    pub fn text(&self) -> String {
        let parts: Vec<&str> =
            self.segments.iter().map(|segment| segment.text.trim()).filter(|text| !text.is_empty()).collect();
        parts.join(" ")
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(|segment| segment.text.trim().is_empty())
    }
}
