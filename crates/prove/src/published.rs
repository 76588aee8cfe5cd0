//! What a server publishes about itself, for a caller that has to know which one it is talking to.

use crate::run::{Error, open};
use crate::site::Site;
use crate::wire::Request;
use serde_json::Value;
use std::sync::Arc;

/// The most names that are looked at.
const MOST: usize = 100;

/// The names (`kid`) of the keys that the target publishes for its tokens (RFC 7517), by which whoever holds the data
/// knows whether it is theirs. None where nothing is published.
///
/// # Errors
/// [`Error::Unreachable`] when the target does not answer.
pub async fn published_keys(target: &Site) -> Result<Vec<String>, Error> {
    let wire = open(target, Arc::default()).await?;
    let answer = wire.send(&Request::get("/.well-known/jwks.json")).await;
    let answer =
        answer.map_err(|error| Error::Unreachable { target: target.url.clone(), reason: error.to_string() })?;
    Ok(if answer.ok() { names(&answer.json()) } else { Vec::new() })
}

fn names(set: &Value) -> Vec<String> {
    let keys = set["keys"].as_array().map_or(&[][..], Vec::as_slice);
    keys.iter().take(MOST).filter_map(|key| key["kid"].as_str().map(ToOwned::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_read_from_a_set_of_keys_and_from_nothing_else() {
        assert_eq!(names(&json!({"keys": [{"kid": "a"}, {"kty": "OKP"}, {"kid": 3}, {"kid": "b"}]})), ["a", "b"]);
        for other in [Value::Null, json!([]), json!({"keys": "a"}), json!({"keys": {"kid": "a"}})] {
            assert!(names(&other).is_empty(), "{other}");
        }
    }
}
