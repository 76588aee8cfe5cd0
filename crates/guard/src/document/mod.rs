//! What holds for every route because it stands behind the guard, added to the OpenAPI document in one pass: who may ask,
//! what is answered before a handler is reached, and how the fields look that the extractors read.
//!
//! A slice's route says what it does; nothing of this is repeated there. It follows from what the checks themselves go
//! by (the areas of API keys, the writes before a session, the names of headers), so that it cannot say anything else.

mod access;
mod answers;
mod inputs;

use crate::area::Area;
use http::Method;
use serde_json::Value;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Components, OpenApi, PathItem};

/// One operation, as the pass sees it.
struct Place<'a> {
    /// The path as declared: `/api/moods/{id}`.
    route: &'a str,
    method: Method,
    /// Whether it is for everybody (`x-auth`).
    public: bool,
}

impl Place<'_> {
    /// Whether the method changes something.
    fn is_write(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }
}

/// Completes the document of all routes. What a route says of itself is kept; `areas` are those that the guard is
/// configured with.
pub fn complete_document(document: &mut OpenApi, areas: &[Area]) {
    let components = document.components.get_or_insert_with(Components::new);
    access::schemes(components);
    for (route, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let place = Place { route, method, public: is_public(operation) };
            access::describe(&place, operation, areas);
            inputs::describe(operation);
            answers::describe(&place, operation, components);
        }
    }
}

fn is_public(operation: &Operation) -> bool {
    let class = operation.extensions.as_ref().and_then(|known| known.get("x-auth"));
    class.and_then(Value::as_str) == Some("public")
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, put, post, delete, options, head, patch, .. } = item;
    let all = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::OPTIONS, options),
        (Method::HEAD, head),
        (Method::PATCH, patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

#[cfg(test)]
mod tests;
