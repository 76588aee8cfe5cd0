//! Handing in recordings, for the rules about them.

use crate::lab::Lab;
use crate::material::{Part, form};
use crate::rule::Stop;
use crate::wire::{Request, Response};
use serde_json::Value;

pub(super) const PATH: &str = "/api/recordings";

/// Uploads one file under a name.
pub(super) async fn upload(lab: &Lab, token: &str, name: &str, bytes: &[u8]) -> Result<Response, Stop> {
    let request = form(Request::post(PATH).bearer(token), &[Part::Field("title", "Prove"), Part::file(name, bytes)]);
    lab.send(&request).await
}

/// The id of a recording that was made.
pub(super) fn id(answer: &Response) -> Option<String> {
    answer.json().get("id").and_then(Value::as_str).map(ToOwned::to_owned)
}

/// Deletes a recording, if one was made.
pub(super) async fn tidy(lab: &Lab, token: &str, answer: &Response) {
    if let Some(id) = id(answer) {
        lab.delete(&format!("{PATH}/{id}"), token).await;
    }
}

/// How many recordings somebody has; at most a hundred are counted.
pub(super) async fn count(lab: &Lab, token: &str) -> Result<usize, Stop> {
    let answer = lab.send(&Request::get(&format!("{PATH}?limit=100")).bearer(token)).await?;
    let items = answer.json().get("items").and_then(Value::as_array).map(Vec::len);
    items.ok_or_else(|| Stop::Unsure(format!("GET {PATH} answers {}", answer.brief())))
}
