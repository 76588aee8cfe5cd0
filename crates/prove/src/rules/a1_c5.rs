//! Errors that look like success.

use super::malformed;
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use serde_json::Value;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-C5",
        finding: "A1-C5",
        title: "What went wrong does not answer 200",
        severity: Severity::Critical,
        asvs: "16.5.2",
        cwe: 393,
        expected: "No 2xx body carries an error; every malformed request is 4xx, anything else that fails 5xx, both with a \
                   problem document whose status is the status, and which says whether to retry.",
        help: "Raise the failure instead of answering with it; one place turns failures into answers.",
        weakened_by: "A1-C5",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// What is wrong with an answer's way of saying that something failed; `None` when nothing.
fn dishonest(answer: &Response, path: &str) -> Option<String> {
    let body = answer.json();
    let number = body.get("status").and_then(Value::as_u64);
    if answer.ok() {
        let told = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
        // A recording that could not be transcribed is no failed request: it has an id, and a problem of its own.
        let problem = told("problem") && body.get("id").is_none();
        let media = answer.header("content-type").unwrap_or("");
        let lies = told("error")
            || problem
            || media.starts_with("application/problem+json")
            || number.is_some_and(|number| number >= 400);
        return lies.then(|| format!("{} with an error in its body", answer.status));
    }
    if answer.status < 400 {
        return None;
    }
    let media = answer.header("content-type").unwrap_or("");
    if path.starts_with("/v1/") {
        let shaped = body.pointer("/error/message").is_some_and(Value::is_string);
        return (!shaped).then(|| format!("{} without error.message", answer.status));
    }
    // 405 comes from the router and has no words.
    if answer.status == 405 && answer.body.is_empty() {
        return None;
    }
    if !media.starts_with("application/problem+json") {
        return Some(format!("{} as {media:?}, not application/problem+json", answer.status));
    }
    if number != Some(u64::from(answer.status)) {
        return Some(format!("{} whose body says {number:?}", answer.status));
    }
    let retryable = body.get("retryable").and_then(Value::as_bool);
    match retryable {
        None => Some(format!("{} without retryable", answer.status)),
        Some(false) if matches!(answer.status, 429 | 503 | 504) => {
            Some(format!("{} that is not retryable", answer.status))
        }
        Some(_) if answer.status == 503 && answer.header("retry-after").is_none() => {
            Some("503 without Retry-After".to_owned())
        }
        Some(_) if matches!(answer.status, 503 | 504) && !body["fallback"].is_object() => {
            Some(format!("{} without what to do instead", answer.status))
        }
        Some(_) => None,
    }
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let tokens = lab.tokens().await?;
    let token = tokens[0].clone();
    let document = lab.document().await?;
    let me = lab.send(&Request::get("/api/auth/me").bearer(&token)).await?;
    found.control(me.ok() && dishonest(&me, "").is_none(), || format!("/api/auth/me answers {}", me.brief()))?;

    for route in document.closed().filter(|route| route.method == "GET" && route.template != "/openapi.json") {
        let request = route.request().bearer(&token);
        let answer = lab.send(&request).await?;
        let lie = dishonest(&answer, &request.path);
        found.check(lie.is_none(), || format!("{}: {}", request.line(), lie.unwrap_or_default()));
        found.check(!(answer.ok() && route.has_placeholder()), || {
            format!("{}: {} for what does not exist", request.line(), answer.status)
        });
    }
    // Absurd ids are A1-M5's; here the honesty of the answer is looked at, once a route and kind of mistake.
    let plain = |request: &Request| !request.path.contains('%');
    for (number, request) in
        malformed::against(document, lab.wire.many_addresses()).into_iter().filter(plain).enumerate()
    {
        let request = signed(request, &tokens[number % tokens.len()]);
        let answer = lab.send(&request).await?;
        let lie = dishonest(&answer, &request.path);
        found.check(lie.is_none(), || format!("{}: {}", request.line(), lie.unwrap_or_default()));
        let absurd = request.path.contains("/not-a-uuid")
            || matches!(&request.body, crate::wire::Body::Bytes(bytes) if bytes == b"{");
        found.check(!(absurd && answer.ok()), || format!("{}, malformed: {}", request.line(), answer.status));
    }
    Ok(())
}

/// With the token, unless the route is one by which one signs in.
pub(super) fn signed(request: Request, token: &str) -> Request {
    if request.path.starts_with("/api/auth/login") || request.path.starts_with("/auth/login") {
        request
    } else {
        request.bearer(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(status: u16, media: &str, body: &str) -> Response {
        let headers = vec![("content-type".to_owned(), media.to_owned())];
        Response { status, headers, body: body.as_bytes().to_vec(), took: Duration::ZERO, sent: 0 }
    }

    #[test]
    fn a_success_that_speaks_of_an_error_is_a_lie() {
        let json = |status, body| dishonest(&answer(status, "application/json", body), "/api/x");
        assert!(json(200, r#"{"error":"boom"}"#).is_some());
        assert!(json(200, r#"{"status":500,"title":"x"}"#).is_some());
        assert!(json(200, r#"{"id":"1","status":"failed","problem":{"code":"x"}}"#).is_none());
        assert!(json(200, r#"{"status":"ok"}"#).is_none());
        assert!(json(500, r#"{"detail":"x"}"#).is_some());
        let problem = |status, body| dishonest(&answer(status, "application/problem+json", body), "/api/x");
        assert!(problem(422, r#"{"status":422,"retryable":false}"#).is_none());
        assert!(problem(422, r#"{"status":400,"retryable":false}"#).is_some());
        assert!(problem(429, r#"{"status":429,"retryable":false}"#).is_some());
    }
}
