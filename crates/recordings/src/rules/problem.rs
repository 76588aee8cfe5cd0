//! What went wrong with a recording, in words for the person whose it is. The row holds the code alone.

/// The sentence for a code. Every code a job may end with has one; one that is unknown is ours to explain.
pub(crate) fn sentence(code: &str) -> &'static str {
    match code {
        "empty_audio" => "There is no sound in this file.",
        "audio_too_long" => "This recording is longer than this server takes.",
        "not_audio" | "no_audio_track" | "corrupt_audio" | "unsupported_codec" => {
            "The sound in this file cannot be read to its end. The file may be damaged."
        }
        "too_many_channels" | "sample_rate" => "The sound in this file has a form that is not supported.",
        "language_not_supported" => {
            "The installed speech model knows English only. Choose English or install another model."
        }
        "media_missing" | "media_unreadable" => {
            "The stored sound cannot be opened. Please tell whoever runs this server."
        }
        "engine_failed" => "The speech model failed three times. Try again later.",
        "crashed" => "The server stopped three times while working on this recording. Try again later.",
        _ => "Something went wrong on our side. Try again later.",
    }
}

/// What to do when no speech model is installed; the same words wherever it is said.
pub(crate) const MODEL_MISSING: &str = "No speech model is installed on this server yet. Whoever runs it can install one \
     with `make models`; what waits is then transcribed by itself.";
