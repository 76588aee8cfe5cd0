//! Writes the body of every refusal and failure, and the log line of a failure.

use crate::context::Context;
use crate::observer::Failure;
use crate::openapi::{ProblemBody, ProblemFallback, ProblemField, ProviderDetail, ProviderProblem};
use crate::problem::{Raised, status};
use crate::steps::access_log::Line;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use kernel::{Fault, Kind};
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// When to come back, where whoever refused did not know.
const SOON: Duration = Duration::from_secs(5);

/// The longest name of a field in an answer, in characters.
const FIELD_CHARS: usize = 128;

/// Gives a faulty response its body: RFC 9457, or the provider's shape under `/v1/`.
pub(crate) fn write(context: &Context, line: &Line, response: &mut Response) {
    let fault = match response.extensions_mut().remove::<Raised>() {
        Some(Raised(fault)) => fault,
        None => match unnamed(response) {
            Some(fault) => Arc::new(fault),
            None => return,
        },
    };
    if matches!(fault.kind(), Kind::Internal | Kind::Unavailable | Kind::Timeout) {
        let (request_id, code) = (context.correlation_id, fault.code());
        match fault.source().map(chain) {
            // Nothing broke: we are asked for more than we can do at once, and said so.
            None if fault.kind() == Kind::Unavailable => {
                tracing::warn!(event = "refused_for_now", %request_id, code, "{}", fault.detail());
            }
            cause => {
                let cause = cause.unwrap_or_default();
                tracing::error!(event = "failure", %request_id, code, cause, "{}", fault.detail());
                context.guard.observer.failed(failure(context, line, &fault, cause));
            }
        }
    }
    // The weakened build drops the connection where a field is wrong, as one of the predecessors did.
    assert!(!kernel::weaken::is("O-14") || fault.kind() != Kind::Invalid, "this is no status: 4");
    // The weakened build calls mistakes and failures alike a success, as the audited one did.
    if kernel::weaken::is("A1-C5") && matches!(fault.kind(), Kind::Internal | Kind::BadRequest | Kind::Invalid)
        || kernel::weaken::is("A1-C5.outage") && is_outage(&fault)
    {
        *response.status_mut() = StatusCode::OK;
    } else {
        *response.status_mut() = status(fault.kind());
    }
    let headers = response.headers_mut();
    if let Some(after) = retry_delay(&fault) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
    }
    if fault.kind() == Kind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    let provider = is_provider(line.path());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(provider)));
    headers.remove(header::CONTENT_LENGTH);
    let body = if provider {
        provider_body(&fault, response.status())
    } else {
        problem_body(context, &fault, response.status())
    };
    *response.body_mut() = Body::from(body);
}

/// Whether something we need is away, rather than something being wrong.
fn is_outage(fault: &Fault) -> bool {
    matches!(fault.kind(), Kind::Unavailable | Kind::Timeout)
}

fn retry_delay(fault: &Fault) -> Option<Duration> {
    fault.retry_delay().or_else(|| is_outage(fault).then_some(SOON))
}

/// Every 503 and 504 says what can be done: what the handler knows of, else to come back.
fn fallback(fault: &Fault) -> Option<ProblemFallback> {
    if let Some(known) = fault.fallback() {
        return Some(ProblemFallback { action: known.action, detail: known.detail.clone().into_owned() });
    }
    let seconds = retry_delay(fault).filter(|_| is_outage(fault))?.as_secs().max(1);
    Some(ProblemFallback { action: "retry", detail: format!("Try again in {seconds} s.") })
}

/// Whether refusals of this path have the shape that clients of the OpenAI API parse.
pub(crate) fn is_provider(path: &str) -> bool {
    path.starts_with("/v1/")
}

/// The type of a refusal's body.
pub(crate) const fn media_type(provider: bool) -> &'static str {
    if provider { "application/json" } else { "application/problem+json" }
}

/// The fault behind an error status that no handler of ours raised: the router's, or a library's.
fn unnamed(response: &Response) -> Option<Fault> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    Some(match status {
        StatusCode::NOT_FOUND => Fault::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => Fault::new(
            Kind::MethodNotAllowed,
            "method_not_allowed",
            "This place does not take that method; Allow names those it does.",
        ),
        StatusCode::RANGE_NOT_SATISFIABLE => Fault::new(
            Kind::RangeNotSatisfiable,
            "range_not_satisfiable",
            "The range begins after the end; Content-Range says how long it is.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Fault::new(Kind::TooLarge, "too_large", "The body is too large."),
        StatusCode::SERVICE_UNAVAILABLE => {
            Fault::unavailable("unavailable", "Something this needs is away for a moment.", SOON)
        }
        StatusCode::GATEWAY_TIMEOUT => Fault::timeout("upstream_timeout", "Something this asks does not answer.", SOON),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Fault::new(Kind::UnsupportedMedia, "unsupported_media_type", "This type of content is not taken here.")
        }
        status if status.is_client_error() => {
            Fault::new(Kind::BadRequest, "bad_request", "The request could not be read.")
        }
        status => Fault::internal(format!("answered {status} without saying why")),
    })
}

fn failure(context: &Context, line: &Line, fault: &Fault, cause: String) -> Failure {
    Failure {
        id: context.correlation_id.0,
        at: context.begun,
        code: fault.code(),
        status: status(fault.kind()).as_u16(),
        method: line.method().as_str().to_owned(),
        route: line.route().unwrap_or_default().to_owned(),
        detail: fault.detail().to_owned(),
        cause,
        user_ref: context.user.get().map(|user| context.guard.identities.user_ref(*user)),
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        // Writing to a String cannot fail.
        let _ = write!(text, ": {cause}");
        next = cause.source();
    }
    text
}

fn problem_body(context: &Context, fault: &Fault, status: StatusCode) -> Vec<u8> {
    let detail = if kernel::weaken::is("A1-M5") {
        let cause = fault.source().map_or_else(|| fault.detail().to_owned(), chain);
        format!("{cause}: {fault:?} at {}", file!())
    } else {
        fault.detail().to_owned()
    };
    let body = ProblemBody {
        kind: "about:blank",
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        code: fault.code(),
        detail,
        correlation_id: context.correlation_id.to_string(),
        retryable: matches!(fault.kind(), Kind::TooMany | Kind::TooSlow | Kind::Unavailable | Kind::Timeout),
        fallback: fallback(fault),
        errors: fault
            .fields()
            .iter()
            .map(|field| ProblemField {
                field: shown(&field.field),
                code: field.code.to_owned(),
                detail: field.detail.clone().into_owned(),
            })
            .collect(),
    };
    // Plain strings and numbers always serialise.
    serde_json::to_vec(&body).unwrap_or_default()
}

/// The name of a field; what has none of ours may have been sent, and be as long as the whole request.
fn shown(field: &str) -> String {
    field.chars().take(FIELD_CHARS).collect()
}

/// The shape that clients of the OpenAI API parse.
fn provider_body(fault: &Fault, status: StatusCode) -> Vec<u8> {
    let first = fault.fields().first();
    let kind = match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    let message =
        first.map_or_else(|| fault.detail().to_owned(), |field| format!("{}: {}", shown(&field.field), field.detail));
    let param = first.map(|field| shown(&field.field));
    let error = ProviderDetail { message, kind, param, code: fault.code() };
    // Plain strings always serialise.
    serde_json::to_vec(&ProviderProblem { error }).unwrap_or_default()
}
