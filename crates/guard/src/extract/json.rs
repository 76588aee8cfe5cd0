//! JSON in and out, with refusals that name the field.

use crate::problem::Problem;
use crate::steps::sizes;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kernel::{Fault, Kind};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How deep a body may nest.
const DEPTH: usize = 32;

/// What most answers fit into, so that they need not be moved while they are written.
const ROOM: usize = 512;

/// A JSON body (RFC 8259).
///
/// Refuses with 415 another type, 413 what is too large, 400 what is not JSON or nests deeper than 32, 422 with the
/// field's name what does not fit the request's type; unknown fields are refused where the type denies them, as all ours do.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        if !media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json")) {
            return Err(Fault::new(Kind::UnsupportedMedia, "unsupported_media_type", "Send application/json.").into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                sizes::too_large(sizes::JSON_BYTES)
            } else {
                Fault::new(Kind::BadRequest, "incomplete_body", "The body did not arrive whole.")
            }
        })?;
        Ok(Self(parse(&bytes)?))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        Written::of(&self.0).into_response()
    }
}

/// A JSON body that is written already, for what several answers have in common.
#[derive(Debug, Clone)]
pub struct Written(Bytes);

impl Written {
    /// Writes it.
    ///
    /// # Errors
    /// Never for our own types; serialising could.
    pub fn of(value: &impl Serialize) -> Result<Self, Problem> {
        let mut body = Vec::with_capacity(ROOM);
        serde_json::to_writer(&mut body, value).map_err(Fault::internal)?;
        Ok(Self(body.into()))
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.0));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// Whether brackets outside of strings nest deeper than [`DEPTH`]; one pass, before anything is allocated.
fn too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > DEPTH {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    if too_deep(bytes) {
        return Err(Fault::new(Kind::BadRequest, "nested_too_deep", "JSON may nest 32 levels deep."));
    }
    // What the audited code would have said, had it put a text into a statement.
    if kernel::weaken::is("A2-11") && bytes.windows(4).any(|four| four == b"' OR") {
        return Err(Fault::internal("near \"OR\": syntax error"));
    }
    // Every body of ours is an object. Left to serde, a list would do as well, its values taken for the fields in turn.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        // What is no JSON at all is said to be none.
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
        return Err(if is_json { Fault::field("body", "wrong_type", "Expected an object.") } else { not_json() });
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        fault(&path, error.inner())
    })?;
    deserializer.end().map_err(|_| not_json())?;
    Ok(value)
}

fn not_json() -> Fault {
    Fault::new(Kind::BadRequest, "malformed_json", "The body is not JSON.")
}

fn fault(path: &str, error: &serde_json::Error) -> Fault {
    if !error.is_data() {
        return not_json();
    }
    let (field, code, detail) = describe(path, &error.to_string());
    Fault::field(field, code, detail)
}

/// Field, code and sentence for what serde has to say; only the half that speaks of our types, never what was sent.
pub(super) fn describe(path: &str, message: &str) -> (String, &'static str, String) {
    let path = if path == "." { "" } else { path };
    let quoted = || message.split('`').nth(1).unwrap_or("").chars().take(64).collect::<String>();
    let join = |name: String| match path {
        "" => name,
        path if path.ends_with(&name) => path.to_owned(),
        path => format!("{path}.{name}"),
    };
    if message.starts_with("missing field") {
        return (join(quoted()), "missing", "This field is needed.".to_owned());
    }
    if message.starts_with("unknown field") {
        return (join(quoted()), "unknown_field", "There is no such field here.".to_owned());
    }
    if message.starts_with("duplicate field") {
        return (join(quoted()), "duplicate", "This field stands here twice.".to_owned());
    }
    let field = if path.is_empty() { "body".to_owned() } else { path.to_owned() };
    match message.split_once(", expected ") {
        Some((_, expected)) => {
            let expected = expected.split(" at line ").next().unwrap_or(expected);
            (field, "wrong_type", format!("Expected {}.", in_words(expected)))
        }
        None => (field, "invalid", "This value is not allowed here.".to_owned()),
    }
}

/// What a field takes, without the names that the program has for it (A1-M5).
fn in_words(expected: &str) -> &str {
    if kernel::weaken::is("A1-M5") {
        return expected;
    }
    match expected.split(' ').next().unwrap_or("") {
        "struct" | "map" => "an object",
        "sequence" | "tuple" => "a list",
        "enum" | "variant" | "internally" => "one of the allowed values",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number within its limits",
        "f32" | "f64" => "a number",
        _ => expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "the shape is what is tested")]
    struct Shape {
        score: i64,
        tags: Vec<String>,
    }

    fn refusal(body: &str) -> (Kind, String, &'static str) {
        let fault = parse::<Shape>(body.as_bytes()).unwrap_err();
        let field = fault.fields().first();
        (fault.kind(), field.map_or(String::new(), |f| f.field.to_string()), field.map_or(fault.code(), |f| f.code))
    }

    #[test]
    fn each_refusal_names_its_field() {
        assert_eq!(refusal(r#"{"score":1}"#), (Kind::Invalid, "tags".into(), "missing"));
        assert_eq!(refusal(r#"{"score":"x","tags":[]}"#), (Kind::Invalid, "score".into(), "wrong_type"));
        assert_eq!(refusal(r#"{"score":1,"tags":["a",2]}"#), (Kind::Invalid, "tags[1]".into(), "wrong_type"));
        assert_eq!(
            refusal(r#"{"score":1,"tags":[],"user_id":"x"}"#),
            (Kind::Invalid, "user_id".into(), "unknown_field")
        );
        assert_eq!(refusal(r#"{"score":1,"#), (Kind::BadRequest, String::new(), "malformed_json"));
        assert_eq!(refusal(r#"{"score":1,"tags":[]} x"#), (Kind::BadRequest, String::new(), "malformed_json"));
    }

    #[test]
    fn a_list_is_no_object() {
        assert_eq!(refusal(r#"[1,["a"]]"#), (Kind::Invalid, "body".into(), "wrong_type"));
        assert_eq!(refusal(" \n[1, []]"), (Kind::Invalid, "body".into(), "wrong_type"));
        assert_eq!(refusal("[1,"), (Kind::BadRequest, String::new(), "malformed_json"));
    }

    #[test]
    fn what_was_sent_is_never_repeated() {
        let fault = parse::<Shape>(br#"{"score":"my deepest sentence","tags":[]}"#).unwrap_err();
        assert!(!fault.fields()[0].detail.contains("deepest"), "{:?}", fault.fields());
    }

    #[test]
    fn a_hundred_thousand_levels_are_refused_before_they_are_parsed() {
        let body = "[".repeat(100_000);
        let fault = parse::<Shape>(body.as_bytes()).unwrap_err();
        assert_eq!((fault.kind(), fault.code()), (Kind::BadRequest, "nested_too_deep"));
        assert!(!too_deep(format!("\"{}\"", "[".repeat(100)).as_bytes()), "brackets in a string are text");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = parse::<Shape>(&bytes);
        }
    }
}
