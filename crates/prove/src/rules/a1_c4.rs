//! A page of somebody else makes the browser write here (cross-site request forgery).

use crate::lab::{Lab, Session};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;
use serde_json::{Value, json};

macro_rules! rule {
    ($name:ident, $id:literal, $title:literal, $expected:literal, $weakened_by:literal, $writes:literal, $attack:expr) => {
        pub(crate) static $name: Rule = Rule {
            info: RuleInfo {
                id: $id,
                finding: "A1-C4",
                title: $title,
                severity: Severity::Critical,
                asvs: "3.5.1",
                cwe: 352,
                expected: $expected,
                help: "The protection goes by credential, for every unsafe method; no path and no header is an exemption.",
                weakened_by: $weakened_by,
                writes: $writes,
            },
            attack: $attack,
        };
    };
}

rule!(
    CONTROL,
    "A1-C4.control",
    "A write from our own page is served",
    "POST /api/moods and /api/journal/entries with the session's cookies and its token: 201. Every other unsafe route: not \
     refused as a forgery.",
    "A1-C4.control",
    true,
    |lab, found| Box::pin(control(lab, found))
);
rule!(
    COOKIE_AND_BEARER,
    "A1-C4.cookie-and-bearer",
    "An Authorization header does not switch the protection off",
    "Every unsafe route with the session's cookies and Authorization: Bearer x: 400 ambiguous_credentials.",
    "A1-C4",
    false,
    |lab, found| Box::pin(sweep(lab, found, 400, |request, session, _| request.cookies(session).bearer("x")))
);
rule!(
    COOKIE_AND_X_AUTH_UID,
    "A1-C4.cookie-and-x-auth-uid",
    "An X-Auth-UID header does not switch the protection off",
    "Every unsafe route with the session's cookies and X-Auth-UID: 403.",
    "A1-C4",
    false,
    |lab, found| Box::pin(sweep(lab, found, 403, |request, session, _| {
        request.cookies(session).header("X-Auth-UID", &session.user_id)
    }))
);
rule!(
    COOKIE_ONLY,
    "A1-C4.cookie-only",
    "The session's cookies alone write nothing",
    "Every unsafe route with the session's cookies and no token: 403.",
    "A1-C4",
    false,
    |lab, found| Box::pin(sweep(lab, found, 403, |request, session, _| request.cookies(session)))
);
rule!(
    CROSS_SITE,
    "A1-C4.cross-site-with-valid-token",
    "Fetch Metadata is believed even with a valid token",
    "Every unsafe route with cookies, a valid token and Sec-Fetch-Site: cross-site: 403.",
    "A1-C4",
    false,
    |lab, found| Box::pin(sweep(lab, found, 403, |request, session, _| {
        request.signed_in(session).header("Sec-Fetch-Site", "cross-site")
    }))
);
rule!(
    FOREIGN_ORIGIN,
    "A1-C4.foreign-origin",
    "Another origin is refused even with a valid token",
    "Every unsafe route with cookies, a valid token and Origin: https://evil.test (or null): 403.",
    "A1-C4",
    false,
    |lab, found| Box::pin(foreign(lab, found))
);
rule!(
    TOKEN_OF_ANOTHER,
    "A1-C4.token-of-another-session",
    "A token is good for its own session only",
    "Every unsafe route with the cookies of A and the token of B, in the header and in both places: 403.",
    "A1-C4",
    false,
    |lab, found| Box::pin(another(lab, found))
);

async fn foreign(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    sweep(lab, found, 403, |request, session, _| request.signed_in(session).header("Origin", "https://evil.test"))
        .await?;
    sweep(lab, found, 403, |request, session, _| request.signed_in(session).header("Origin", "null")).await
}

async fn another(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    sweep(lab, found, 403, |request, session, other| request.cookies(session).header("X-CSRF-Token", &other.csrf))
        .await?;
    sweep(lab, found, 403, |request, session, other| {
        let mixed = Session { csrf: other.csrf.clone(), ..session.clone() };
        request.signed_in(&mixed)
    })
    .await
}

/// A write that is properly sent and wrong only in its content: past the protection, and nothing happens.
async fn passes(lab: &Lab, found: &mut Findings, session: &Session) -> Result<(), Stop> {
    let request = Request::post("/api/moods").same_origin().signed_in(session).json(&json!({"score": 99}));
    let answer = lab.send(&request).await?;
    found.control(answer.status == 422, || format!("POST /api/moods, properly sent, with score 99: {}", answer.brief()))
}

/// One forgery against every unsafe route.
async fn sweep<F>(lab: &Lab, found: &mut Findings, expected: u16, forge: F) -> Result<(), Stop>
where
    F: Fn(Request, &Session, &Session) -> Request + Send,
{
    let (session, other) = (lab.session(0).await?, lab.session(1).await?);
    passes(lab, found, &session).await?;
    for route in lab.document().await?.closed().filter(|route| route.is_unsafe()) {
        let request = forge(route.request(), &session, &other);
        let answer = lab.send(&request).await?;
        let right = answer.status == expected && (expected != 400 || answer.code() == "ambiguous_credentials");
        found.check(right, || format!("{}: {}", request.line(), answer.brief()));
    }
    Ok(())
}

async fn control(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let session = lab.session(0).await?;
    let me = lab.send(&Request::get("/api/auth/me").cookies(&session)).await?;
    found.control(me.ok(), || format!("/api/auth/me with a session answers {}", me.brief()))?;
    let token = lab.token(0).await?;
    let writes = [
        ("/api/moods", json!({"score": 1, "tags": ["prove"], "note": "a note"})),
        ("/api/journal/entries", json!({"title": "A title", "content": "A sentence."})),
    ];
    for (path, body) in writes {
        let answer = lab.send(&Request::post(path).same_origin().signed_in(&session).json(&body)).await?;
        found.check(answer.status == 201, || format!("POST {path}, properly sent: {}", answer.brief()));
        if let Some(id) = answer.json().get("id").and_then(Value::as_str) {
            lab.delete(&format!("{path}/{id}"), &token).await;
        }
    }
    for route in lab.document().await?.closed().filter(|route| route.is_unsafe() && !route.ends_session()) {
        let request = route.request().same_origin().signed_in(&session);
        let answer = lab.send(&request).await?;
        let forged = matches!(answer.status, 401 | 403) && answer.code() != "administrators_only";
        found.check(!forged && answer.code() != "ambiguous_credentials", || {
            format!("{}, properly sent: {}", request.line(), answer.brief())
        });
    }
    Ok(())
}
