//! The signature base: the lines that a signature is of (RFC 9421, section 2.5).

use super::input::Input;
use guard::Asked;
use http::HeaderMap;
use std::fmt::Write as _;

/// A target, taken apart: origin's authority, path, query with its `?`.
pub(super) struct Target<'a> {
    pub(super) authority: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

impl<'a> Target<'a> {
    pub(super) fn of(target: &'a str) -> Self {
        let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let (path, query) = path.find('?').map_or((path, ""), |at| path.split_at(at));
        Self { authority, path, query }
    }
}

/// The base of a signature; `None` when it covers what is not there.
pub(super) fn base(input: &Input, asked: &Asked<'_>) -> Option<String> {
    let whole = asked.target();
    let target = Target::of(&whole);
    let mut text = String::new();
    for name in &input.components {
        let value = match name.as_str() {
            "@method" => asked.method.as_str().to_owned(),
            "@target-uri" => whole.clone(),
            "@authority" => target.authority.to_ascii_lowercase(),
            "@path" => target.path.to_owned(),
            "@query" if target.query.is_empty() => "?".to_owned(),
            "@query" => target.query.to_owned(),
            name if name.starts_with('@') => return None,
            name => field(asked.headers, name)?,
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\"{name}\": {value}");
    }
    let _ = write!(text, "\"@signature-params\": {}", input.written);
    Some(text)
}

/// All lines of a field as one, as section 2.1 has it.
fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    // Names are written in lower case there; another spelling would be another name.
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) || !headers.contains_key(name) {
        return None;
    }
    let lines: Option<Vec<&str>> = headers.get_all(name).iter().map(|line| line.to_str().ok().map(str::trim)).collect();
    Some(lines?.join(", "))
}
