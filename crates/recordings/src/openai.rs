//! The shapes of OpenAI's transcription API: what it takes and what it answers.

use kernel::Fault;
use serde::Serialize;
use speech::{Segment, Transcript, export};
use utoipa::ToSchema;

/// The longest prompt, in characters.
const PROMPT_CHARS: usize = 1000;
/// The longest name of a model, in characters.
const MODEL_CHARS: usize = 64;

/// `response_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    #[default]
    Json,
    Text,
    Srt,
    VerboseJson,
    Vtt,
}

/// What a request asks for, besides the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Options {
    pub(crate) format: Format,
    pub(crate) temperature: f32,
    pub(crate) prompt: String,
    /// Whether `timestamp_granularities[]` names words, and segments.
    pub(crate) words: bool,
    pub(crate) segments: bool,
    model: bool,
}

impl Options {
    /// Takes in one field. `Ok(false)` when there is no such field.
    ///
    /// # Errors
    /// Names the field and what it may hold.
    pub(crate) fn set(&mut self, field: &str, text: &str) -> Result<bool, Fault> {
        match field {
            "model" => self.model = check_model(text)?,
            "response_format" => self.format = format(text)?,
            "temperature" => self.temperature = temperature(text)?,
            "prompt" => self.prompt = prompt(text)?,
            "timestamp_granularities[]" | "timestamp_granularities" => match text {
                "word" => self.words = true,
                "segment" => self.segments = true,
                _ => return Err(Fault::field("timestamp_granularities[]", "invalid", "Allowed: word, segment.")),
            },
            "stream" if matches!(text, "false" | "False" | "0") => {}
            "stream" => return Err(Fault::field("stream", "unsupported", "Only false: the answer comes as a whole.")),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Checks what only the whole shows.
    ///
    /// # Errors
    /// Names the field.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if !self.model {
            let detail = "The form needs a field `model`, such as whisper-1; the model installed here is used.";
            return Err(Fault::field("model", "missing", detail));
        }
        if (self.words || self.segments) && self.format != Format::VerboseJson {
            let detail = "Only with response_format verbose_json.";
            return Err(Fault::field("timestamp_granularities[]", "unsupported", detail));
        }
        Ok(())
    }
}

/// Any name is taken, because clients insist on sending one; the model that is installed is used.
fn check_model(text: &str) -> Result<bool, Fault> {
    let chars = text.chars().count();
    if (1..=MODEL_CHARS).contains(&chars) && !text.chars().any(char::is_control) {
        return Ok(true);
    }
    Err(Fault::field("model", "invalid", format!("A name of 1 to {MODEL_CHARS} characters, such as whisper-1.")))
}

fn format(text: &str) -> Result<Format, Fault> {
    match text {
        "json" => Ok(Format::Json),
        "text" => Ok(Format::Text),
        "srt" => Ok(Format::Srt),
        "verbose_json" => Ok(Format::VerboseJson),
        "vtt" => Ok(Format::Vtt),
        _ => Err(Fault::field("response_format", "invalid", "Allowed: json, text, srt, verbose_json, vtt.")),
    }
}

fn temperature(text: &str) -> Result<f32, Fault> {
    let number = text.parse::<f32>().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| Fault::field("temperature", "out_of_range", "A number from 0 to 1."))
}

fn prompt(text: &str) -> Result<String, Fault> {
    let chars = text.chars().count();
    if chars > PROMPT_CHARS {
        let detail = format!("At most {PROMPT_CHARS} characters; this has {chars}.");
        return Err(Fault::field("prompt", "too_long", detail));
    }
    Ok(text.to_owned())
}

/// `json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transcription)]
pub(crate) struct Plain {
    /// Everything that was said.
    #[schema(max_length = 2_000_000)]
    pub(crate) text: String,
}

/// `verbose_json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TranscriptionVerbose)]
pub(crate) struct Verbose {
    /// `transcribe`.
    #[schema(max_length = 16)]
    task: &'static str,
    /// The language spoken, as an ISO 639-1 code.
    #[schema(max_length = 8)]
    language: String,
    /// In seconds.
    #[schema(minimum = 0, maximum = 86400)]
    duration: f64,
    /// Everything that was said.
    #[schema(max_length = 2_000_000)]
    text: String,
    /// Unless only words were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20_000)]
    segments: Option<Vec<VerboseSegment>>,
    /// If words were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 200_000)]
    words: Option<Vec<VerboseWord>>,
}

/// A part of the text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TranscriptionSegment)]
struct VerboseSegment {
    #[schema(minimum = 0, maximum = 20_000)]
    id: u32,
    /// Where it begins, in hundredths of a second.
    #[schema(minimum = 0, maximum = 8_640_000)]
    seek: u32,
    /// In seconds.
    #[schema(minimum = 0, maximum = 86400)]
    start: f64,
    /// In seconds.
    #[schema(minimum = 0, maximum = 86400)]
    end: f64,
    #[schema(max_length = 20_000)]
    text: String,
    /// The engine's own numbers of words are not given out: always empty.
    #[schema(value_type = Vec<Object>, max_items = 0)]
    tokens: [u32; 0],
    /// As it was asked for.
    #[schema(minimum = 0, maximum = 1)]
    temperature: f32,
    /// The mean of the logarithms of the words' probabilities.
    #[schema(minimum = -100, maximum = 0)]
    avg_logprob: f64,
    /// Not measured here: always 0. Clients that parse strictly need it to be there.
    #[schema(minimum = 0, maximum = 0)]
    compression_ratio: f32,
    /// Not measured here: always 0. Clients that parse strictly need it to be there.
    #[schema(minimum = 0, maximum = 0)]
    no_speech_prob: f32,
}

/// A word.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TranscriptionWord)]
struct VerboseWord {
    #[schema(max_length = 200)]
    word: String,
    /// In seconds.
    #[schema(minimum = 0, maximum = 86400)]
    start: f64,
    /// In seconds.
    #[schema(minimum = 0, maximum = 86400)]
    end: f64,
}

/// The answers that are JSON.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = TranscriptionAnswer)]
pub(crate) enum Data {
    Plain(Plain),
    Verbose(Box<Verbose>),
}

/// What `timestamp_granularities[]` names.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TranscriptionGranularity)]
#[expect(dead_code, reason = "describes the form; the field is read as text")]
pub(crate) enum Granularity {
    Word,
    Segment,
}

/// A transcript in the form that was asked for.
pub(crate) enum Answer {
    Data(Data),
    /// The text and its content type.
    Text(String, &'static str),
}

/// Puts a transcript into the form that was asked for.
pub(crate) fn answer(transcript: &Transcript, options: &Options) -> Answer {
    let text = transcript.text();
    match options.format {
        Format::Json => Answer::Data(Data::Plain(Plain { text })),
        Format::Text => Answer::Text(format!("{text}\n"), "text/plain; charset=utf-8"),
        Format::Srt => Answer::Text(export::srt::write(transcript), export::srt::CONTENT_TYPE),
        Format::Vtt => Answer::Text(export::vtt::write(transcript), export::vtt::CONTENT_TYPE),
        Format::VerboseJson => Answer::Data(Data::Verbose(Box::new(Verbose {
            task: "transcribe",
            language: transcript.language.clone(),
            duration: transcript.duration_s,
            text,
            segments: (options.segments || !options.words)
                .then(|| transcript.segments.iter().map(|part| segment(part, options.temperature)).collect()),
            words: options.words.then(|| transcript.segments.iter().flat_map(words).collect()),
        }))),
    }
}

fn segment(part: &Segment, temperature: f32) -> VerboseSegment {
    VerboseSegment {
        id: part.id,
        seek: hundredths(part.start),
        start: part.start,
        end: part.end,
        text: part.text.clone(),
        tokens: [],
        temperature,
        avg_logprob: mean_log(part),
        compression_ratio: 0.0,
        no_speech_prob: 0.0,
    }
}

fn words(part: &Segment) -> impl Iterator<Item = VerboseWord> {
    part.words.iter().map(|word| VerboseWord { word: word.text.clone(), start: word.start, end: word.end })
}

fn mean_log(part: &Segment) -> f64 {
    let count = u32::try_from(part.words.len()).unwrap_or(u32::MAX);
    if count == 0 {
        return 0.0;
    }
    let sum: f64 = part.words.iter().map(|word| f64::from(word.probability).max(1e-9).ln()).sum();
    (sum / f64::from(count)).min(0.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a day first")]
fn hundredths(seconds: f64) -> u32 {
    (seconds * 100.0).clamp(0.0, 8_640_000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use speech::Word;

    fn set(pairs: &[(&str, &str)]) -> Result<Options, Fault> {
        let mut options = Options::default();
        for (field, text) in pairs {
            assert!(options.set(field, text)?, "{field}");
        }
        options.check()?;
        Ok(options)
    }

    fn refused(pairs: &[(&str, &str)]) -> String {
        set(pairs).unwrap_err().fields()[0].field.to_string()
    }

    #[test]
    fn what_clients_send_is_understood() {
        let options = set(&[
            ("model", "whisper-1"),
            ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "word"),
            ("timestamp_granularities[]", "segment"),
            ("temperature", "0.2"),
            ("prompt", "MindVibe"),
            ("stream", "false"),
        ])
        .unwrap();
        assert!(options.words && options.segments && options.format == Format::VerboseJson);
        assert!(!Options::default().set("voice", "x").unwrap());
    }

    #[test]
    fn refusals_name_the_field() {
        assert_eq!(refused(&[]), "model");
        assert_eq!(refused(&[("model", "")]), "model");
        assert_eq!(refused(&[("model", &"x".repeat(65))]), "model");
        for bad in ["-0.1", "1.1", "NaN", "inf", "warm", ""] {
            assert_eq!(refused(&[("temperature", bad)]), "temperature", "{bad}");
        }
        assert_eq!(refused(&[("prompt", &"x".repeat(1001))]), "prompt");
        assert_eq!(refused(&[("response_format", "xml")]), "response_format");
        assert_eq!(refused(&[("stream", "true")]), "stream");
        assert_eq!(refused(&[("timestamp_granularities[]", "letter")]), "timestamp_granularities[]");
        let words = ("timestamp_granularities[]", "word");
        assert_eq!(refused(&[("model", "base"), words]), "timestamp_granularities[]");
    }

    #[test]
    fn verbose_json_has_the_fields_that_clients_parse() {
        let word = |text: &str, start| Word { text: text.into(), start, end: start + 0.4, probability: 0.5 };
        let words = vec![word("Ever", 1.0), word("tried.", 1.5)];
        let part = Segment { id: 0, start: 1.0, end: 2.0, text: "Ever tried.".into(), words };
        let transcript = Transcript {
            language: "en".into(),
            provider: "local".into(),
            model: "base".into(),
            duration_s: 2.5,
            segments: vec![part],
        };
        let json = |pairs: &[(&str, &str)]| match answer(&transcript, &set(pairs).unwrap()) {
            Answer::Data(data) => serde_json::to_value(data).unwrap(),
            Answer::Text(..) => panic!("verbose_json was asked for"),
        };
        let verbose = ("response_format", "verbose_json");
        let plain = json(&[("model", "base"), verbose]);
        assert_eq!((&plain["text"], &plain["duration"]), (&"Ever tried.".into(), &2.5.into()));
        assert_eq!(plain["segments"][0]["seek"], 100);
        assert!((plain["segments"][0]["avg_logprob"].as_f64().unwrap() - 0.5f64.ln()).abs() < 1e-9);
        assert!(plain.get("words").is_none());
        let words = json(&[("model", "base"), verbose, ("timestamp_granularities[]", "word")]);
        assert_eq!(words["words"][1]["word"], "tried.");
        assert!(words.get("segments").is_none());
    }
}
