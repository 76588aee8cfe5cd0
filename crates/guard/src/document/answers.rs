//! What the guard and its extractors answer by themselves, and the form of every refusal and failure: nothing of either
//! can be left to a route, which never sees most of them.

use super::{Place, inputs};
use crate::openapi::{ProblemBody, ProviderProblem};
use crate::steps::problems;
use http::StatusCode;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Components, Content, Header, ObjectBuilder, Ref, RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

/// What a refusal or failure of each status is about, where a route says nothing nearer.
const MEANINGS: &[(u16, &str)] = &[
    (400, "The request cannot be read, or carries two credentials, or one in its URL."),
    (401, "Nobody is signed in, or who is must confirm it first (`step_up_required`)."),
    (403, "Whoever asks may not do this, or a page of another origin sent it."),
    (404, "There is no such thing, or not for whoever asks."),
    (408, "The body came too slowly."),
    (409, "It is not in the state for that."),
    (410, "It was there, and is not any more."),
    (412, "It was changed since it was read."),
    (413, "The body is larger than this takes."),
    (415, "The body is of a type that this does not take."),
    (416, "There is no such part of it."),
    (422, "Some fields are not as they must be; `errors` names them."),
    (428, "The header If-Match is missing."),
    (429, "Too much was asked in too short a time."),
    (500, "Something broke here. The log knows it by `correlation_id`."),
    (503, "Something that this needs is away, or too much goes on at once."),
    (504, "Something that this asks does not answer."),
];

/// Adds the answers that a route does not name, and puts all refusals and failures into the form that they are sent in.
pub(super) fn describe(place: &Place<'_>, operation: &mut Operation, components: &mut Components) {
    for status in own(place, operation) {
        operation.responses.responses.entry(status.to_string()).or_insert_with(|| RefOr::T(Response::new("")));
    }
    for (status, response) in &mut operation.responses.responses {
        let Ok(status) = status.parse::<StatusCode>() else { continue };
        let RefOr::T(known) = response else { continue };
        if !status.is_client_error() && !status.is_server_error() {
            if known.description.is_empty() {
                status.canonical_reason().unwrap_or("Done").clone_into(&mut known.description);
            }
            continue;
        }
        if known.description.is_empty()
            && let Some(shared) = shared(place, status, components)
        {
            *response = RefOr::Ref(shared);
        } else {
            problem(place, status, known);
        }
    }
}

/// The statuses with which a request to this operation can be answered before its handler decides anything.
fn own(place: &Place<'_>, operation: &Operation) -> Vec<u16> {
    let takes = |kind: &ParameterIn| {
        let mut known = operation.parameters.iter().flatten();
        known.any(|one| matches!(one, RefOr::T(parameter) if parameter.parameter_in == *kind))
    };
    // Sizes, credentials, the budget, panics and the ceiling are everybody's.
    let mut all = vec![400, 429, 500, 503];
    if !place.public {
        all.push(401);
    }
    // Roles, scopes and origins.
    if !place.public || place.is_write() {
        all.push(403);
    }
    if takes(&ParameterIn::Path) {
        all.push(404);
    }
    if operation.request_body.is_some() {
        all.extend([408, 413, 415]);
    }
    // Fields that do not fit; and a key of a write that was another one.
    if takes(&ParameterIn::Query) || takes_json(operation) || inputs::takes_key(operation) {
        all.push(422);
    }
    all
}

fn takes_json(operation: &Operation) -> bool {
    matches!(&operation.request_body, Some(RefOr::T(body)) if body.content.contains_key("application/json"))
}

/// The answer that all operations share, which is put among the components when it is needed first.
fn shared(place: &Place<'_>, status: StatusCode, components: &mut Components) -> Option<Ref> {
    let (_, meaning) = MEANINGS.iter().find(|(known, _)| *known == status.as_u16())?;
    let surface = if problems::is_provider(place.route) { "Provider" } else { "Problem" };
    let name = format!("{surface}{}", status.as_u16());
    if !components.responses.contains_key(&name) {
        for (name, schema) in schemas() {
            components.schemas.entry(name).or_insert(schema);
        }
        let mut response = ResponseBuilder::new().description(*meaning).build();
        problem(place, status, &mut response);
        components.responses.insert(name.clone(), RefOr::T(response));
    }
    Some(Ref::from_response_name(name))
}

fn schemas() -> Vec<(String, RefOr<utoipa::openapi::Schema>)> {
    let mut all = vec![
        (ProblemBody::name().into_owned(), ProblemBody::schema()),
        (ProviderProblem::name().into_owned(), ProviderProblem::schema()),
    ];
    ProblemBody::schemas(&mut all);
    ProviderProblem::schemas(&mut all);
    all
}

/// Gives an answer the body and the headers of a problem.
fn problem(place: &Place<'_>, status: StatusCode, response: &mut Response) {
    let provider = problems::is_provider(place.route);
    let name = if provider { ProviderProblem::name() } else { ProblemBody::name() };
    let content = Content::new(Some(Ref::from_schema_name(name)));
    response.content.clear();
    response.content.insert(problems::media_type(provider).to_owned(), content.into());
    let mut add = |name: &str, kind: Type, meaning: &str| {
        response.headers.entry(name.to_owned()).or_insert_with(|| header(kind, meaning).into());
    };
    match status {
        StatusCode::UNAUTHORIZED => add("WWW-Authenticate", Type::String, "`Bearer`."),
        StatusCode::TOO_MANY_REQUESTS => {
            add("Retry-After", Type::Integer, "In so many seconds it can be asked again.");
            add("RateLimit", Type::String, "What is left of the budget, and when it is whole again.");
            add("RateLimit-Policy", Type::String, "What the budget is.");
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            add("Retry-After", Type::Integer, "In so many seconds it can be asked again.");
        }
        _ => {}
    }
}

fn header(kind: Type, meaning: &str) -> Header {
    let mut header = Header::new(ObjectBuilder::new().schema_type(kind).build());
    header.description = Some(meaning.to_owned());
    header
}
