//! Recognises the inside of a server in what it sends out: paths, SQL, type names, traces.

/// What gives a program away, and what it gives away. Compared as written.
const SIGNS: &[(&str, &str)] = &[
    ("panicked at", "a panic"),
    ("RUST_BACKTRACE", "a panic"),
    ("stack backtrace", "a stack trace"),
    ("Traceback (most recent", "a stack trace"),
    ("unwrap()", "a panic"),
    (".rs:", "a source file"),
    (".rs\"", "a source file"),
    (".rs\\\"", "a source file"),
    (".py\", line", "a source file"),
    ("/src/", "a source file"),
    ("/home/", "a path"),
    ("/root/", "a path"),
    ("/usr/", "a path"),
    ("/var/", "a path"),
    ("/tmp/", "a path"),
    ("/proc/", "a path"),
    (".cargo/", "a path"),
    ("C:\\", "a path"),
    ("SELECT ", "SQL"),
    ("INSERT INTO", "SQL"),
    ("UPDATE ", "SQL"),
    ("DELETE FROM", "SQL"),
    ("syntax error at or near", "SQL"),
    ("no such table", "SQL"),
    ("no such column", "SQL"),
    ("UNIQUE constraint", "SQL"),
    ("sqlx", "the name of a library"),
    ("SQLSTATE", "SQL"),
    ("SqliteError", "a type name"),
    ("multer", "the name of a library"),
    ("symphonia", "the name of a library"),
    ("hyper::", "a type name"),
    ("axum", "the name of a library"),
    ("serde", "the name of a library"),
    ("tokio::", "a type name"),
    ("core::", "a type name"),
    ("std::", "a type name"),
    ("alloc::", "a type name"),
    ("expected struct", "a type name"),
    ("Expected struct", "a type name"),
    ("expected enum", "a type name"),
    ("Expected enum", "a type name"),
    ("tuple variant", "a type name"),
    ("Fault {", "a type name"),
    ("Error {", "a type name"),
    ("Err(", "a type name"),
    ("Some(", "a type name"),
    ("os error", "an error of the operating system"),
];

/// Numbers as the language names them.
const NUMBERS: &[&str] = &["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "usize", "isize", "f32", "f64"];

/// Names that are written like a type's and are none.
const NAMES: &[&str] = &["MindVibe", "WebSocket", "WebSockets", "JavaScript", "SubRip"];

/// Whether a word is written as types are: `NotAudio`, `IncompleteHeaders`; not `WebM`, `MiB`, `OpenAI`.
fn is_type_name(word: &str) -> bool {
    let mut humps = 0;
    let mut length = 2;
    for letter in word.chars() {
        if letter.is_ascii_uppercase() {
            if length < 2 {
                return false;
            }
            humps += 1;
            length = 1;
        } else if letter.is_ascii_lowercase() && humps > 0 {
            length += 1;
        } else {
            return false;
        }
    }
    humps >= 2 && length >= 2 && !NAMES.contains(&word)
}

/// What an answer gives away of the program behind it; `None` when nothing.
pub(crate) fn find(text: &str) -> Option<&'static str> {
    if let Some((_, what)) = SIGNS.iter().find(|(sign, _)| text.contains(sign)) {
        return Some(what);
    }
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.any(|word| NUMBERS.contains(&word) || is_type_name(word)).then_some("a type name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inside_is_recognised_and_good_sentences_are_not() {
        for text in [
            "thread 'main' panicked at src/lib.rs:3:1",
            r#"{"detail":"Fault { kind: Internal } at crates/guard/src/steps/problems.rs"}"#,
            r#"{"detail":"Expected struct LoginRequest."}"#,
            r#"{"detail":"Expected u32."}"#,
            r#"near "x": syntax error in SELECT id FROM users"#,
            "could not open /var/lib/mindvibe/data",
            r#"{"detail":"NotAudio"}"#,
            "UnsupportedCodec { container: Wav }",
        ] {
            assert!(find(text).is_some(), "{text}");
        }
        for text in [
            r#"{"type":"about:blank","title":"Unprocessable Entity","status":422,"code":"invalid_fields","detail":"limit: 1 to 100."}"#,
            "MindVibe takes WebM, FLAC and Opus up to 100 MiB, as OpenAI does; subtitles as SubRip.",
            "Send one credential: the session's cookie, a bearer token or an API key.",
            "The file must be one of wav, mp3, m4a, flac, ogg, opus, webm. Select another file; update the title.",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
