//! The second audit's own checklist, point by point and in its words: what its author would try by hand after the mending.
//! Other rules go further; these twelve are what was asked.

use super::starts::{GOOD, refused};
use super::upload::{tidy, upload};
use crate::instance::{Bench, Start};
use crate::lab::Lab;
use crate::leak;
use crate::material::{Jwt, day, seconds, wav};
use crate::rule::{Findings, Rule, RuleInfo, Severity, StartRule, Stop};
use crate::wire::Request;
use serde_json::{Value, json};

/// A point of the list. `$kind` is `Rule` or `StartRule`, with its way to be tried.
macro_rules! point {
    ($kind:ident, $rule:ident, $how:ident, $function:ident, $id:literal, $asvs:literal, $cwe:literal, $switch:literal,
        $writes:literal, $title:literal, $expected:literal) => {
        pub(crate) static $rule: $kind = $kind {
            info: RuleInfo {
                id: $id,
                finding: "A2-CHECKLIST",
                title: $title,
                severity: Severity::High,
                asvs: $asvs,
                cwe: $cwe,
                expected: $expected,
                help: "docs/security/audit-2.md says which finding it belongs to, and which rules go further.",
                weakened_by: $switch,
                writes: $writes,
            },
            $how: |place, found| Box::pin($function(place, found)),
        };
    };
}

point!(
    Rule,
    TOKENS_EXPIRE,
    attack,
    tokens_expire,
    "A2-CHECKLIST.01-tokens-expire",
    "9.2.1",
    613,
    "A2-CHECKLIST.01",
    true,
    "Access tokens expire",
    "The exp claim of a decoded access token lies at most an hour after its iat, and expires_in says the same."
);
point!(
    Rule,
    SESSION_AUTH,
    attack,
    session_auth,
    "A2-CHECKLIST.02-session-auth-removed",
    "6.3.4",
    287,
    "A2-2",
    false,
    "The sign-in without a password is gone",
    "POST /mobile-auth/login with a name: 404, and neither a cookie nor a token."
);
point!(
    Rule,
    ORIGINS,
    attack,
    origins,
    "A2-CHECKLIST.03-origins-enforced",
    "3.4.2",
    942,
    "A1-C4",
    false,
    "A page of another origin is rejected",
    "A sign-in with Origin: https://evil.test: 403, and no Access-Control-Allow-Origin."
);
point!(
    Rule,
    RATES,
    attack,
    rates,
    "A2-CHECKLIST.04-rate-limit-active",
    "6.3.1",
    770,
    "A2-5",
    false,
    "A hundred requests in a minute are too many for a stranger",
    "100 requests from one address within a minute: some of them 429 with Retry-After."
);
point!(
    Rule,
    UPLOADS,
    attack,
    uploads,
    "A2-CHECKLIST.05-file-names-validated",
    "5.3.2",
    22,
    "A2-6",
    true,
    "A malicious file name is rejected",
    "../../etc/passwd.wav: 400, and no recording."
);
point!(
    Rule,
    ERRORS,
    attack,
    errors,
    "A2-CHECKLIST.06-errors-sanitized",
    "16.5.1",
    209,
    "A1-M5",
    false,
    "An error shows no stack trace",
    "A body of the wrong types and one that is no JSON: 4xx with nothing of the program in it."
);
point!(
    Rule,
    KEYS_EXPIRE,
    attack,
    keys_expire,
    "A2-CHECKLIST.07-keys-expire",
    "9.2.1",
    613,
    "A2-CHECKLIST.07",
    true,
    "API keys end after a year",
    "A key that was made without a date has one, at most 366 days away; one for ten years is refused."
);
point!(
    StartRule,
    HTTPS,
    trial,
    https,
    "A2-CHECKLIST.08-https-enforced",
    "4.1.2",
    319,
    "A2-10.https",
    false,
    "Over http a page is sent on to https, and the API refuses",
    "In production, behind a trusted proxy that says the request came over http: GET / is 308 to https, a sign-in is 403; the \
     same over https is served."
);
point!(
    Rule,
    HEADERS,
    attack,
    headers,
    "A2-CHECKLIST.09-headers-present",
    "3.4.6",
    693,
    "A2-10",
    false,
    "The security headers are there",
    "X-Frame-Options: DENY, X-Content-Type-Options: nosniff, Referrer-Policy, X-XSS-Protection and HSTS on GET /health."
);
point!(
    StartRule,
    SECRETS,
    trial,
    secrets,
    "A2-CHECKLIST.10-no-default-secrets",
    "13.3.1",
    798,
    "A2-CHECKLIST.10-no-default-secrets",
    false,
    "Without its variables it does not start",
    "In production without SECRET_KEY: an exit status that is not 0, and an error that names the variable."
);
point!(
    StartRule,
    LOGS,
    trial,
    logs,
    "A2-CHECKLIST.11-logs-sanitized",
    "16.2.5",
    532,
    "A2-8",
    false,
    "A database that cannot be reached leaves no password in the log",
    "DATABASE_URL with a password and a port where nobody listens: it ends, says so, and the password is in nothing it said."
);
point!(
    Rule,
    SESSIONS,
    attack,
    sessions,
    "A2-CHECKLIST.12-sessions-bounded",
    "7.1.2",
    770,
    "A2-12.most",
    true,
    "Sessions do not pile up",
    "After 23 sign-ins of one account at most 20 of its sessions are left."
);

async fn tokens_expire(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.account(0).await?;
    let answer = lab.send(&Request::post("/auth/login").json(&account.body())).await?;
    let token = answer.member("/access_token");
    found.control(token.is_some(), || format!("POST /auth/login answers {}", answer.brief()))?;
    let Some(Jwt { claims, .. }) = token.as_deref().and_then(Jwt::read) else {
        return Err(Stop::NotApplicable("its access tokens are no JWT, and say nothing of their end".to_owned()));
    };
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    let life = time("exp").zip(time("iat")).map(|(end, begin)| end - begin);
    found.check(life.is_some_and(|life| (1..=3600).contains(&life)), || format!("exp is {life:?} s after iat"));
    let told = answer.json().get("expires_in").and_then(Value::as_i64);
    found.check(told.is_some_and(|told| (1..=3600).contains(&told)), || format!("expires_in is {told:?}"));
    Ok(())
}

async fn session_auth(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.account(1).await?;
    let (_, entered) = lab.sign_in(1).await?;
    found.control(entered.ok(), || entered.brief())?;
    let body = json!({"username": account.email, "email": account.email});
    let answer = lab.send(&Request::post("/mobile-auth/login").json(&body)).await?;
    let empty = answer.header("set-cookie").is_none() && answer.member("/access_token").is_none();
    found.check(answer.status == 404 && empty, || format!("POST /mobile-auth/login: {}", answer.brief()));
    Ok(())
}

async fn origins(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (_, entered) = lab.sign_in(1).await?;
    found.control(entered.ok(), || entered.brief())?;
    let account = lab.account(1).await?;
    let request = Request::post("/api/auth/login").header("Origin", "https://evil.test").json(&account.body());
    let answer = lab.send(&request).await?;
    let allowed = answer.header("access-control-allow-origin");
    found.check(answer.status == 403, || format!("a sign-in from https://evil.test: {}", answer.brief()));
    found.check(allowed.is_none(), || {
        format!("it is answered with Access-Control-Allow-Origin: {}", allowed.unwrap_or(""))
    });
    Ok(())
}

async fn rates(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let from = lab.wire.fresh_address();
    let (mut refused, mut waits) = (0, 0);
    for number in 0..100 {
        // Past the manners of the lab: how many fit into a minute is the question.
        let answer = lab.wire.send(&Request::get("/api/auth/me").from(from)).await?;
        if number == 0 {
            found.control(matches!(answer.status, 200 | 401), || format!("/api/auth/me answers {}", answer.brief()))?;
        }
        refused += usize::from(answer.status == 429);
        waits += usize::from(answer.status == 429 && answer.header("retry-after").is_some());
    }
    found.check(refused > 0, || "none of 100 requests was answered 429".to_owned());
    found.check(waits == refused, || format!("{refused} refusals, {waits} with Retry-After"));
    Ok(())
}

async fn uploads(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (token, sound) = (lab.token(3).await?, wav());
    let good = upload(lab, &token, "memo.wav", &sound).await?;
    tidy(lab, &token, &good).await;
    found.control(good.status == 201, || format!("a recording as memo.wav: {}", good.brief()))?;
    let answer = upload(lab, &token, "../../etc/passwd.wav", &sound).await?;
    tidy(lab, &token, &answer).await;
    found.check(answer.status == 400, || format!("a recording as ../../etc/passwd.wav: {}", answer.brief()));
    Ok(())
}

async fn errors(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.token(1).await?;
    let me = lab.send(&Request::get("/api/auth/me").bearer(&token)).await?;
    found.control(me.ok(), || format!("/api/auth/me answers {}", me.brief()))?;
    let bodies: [&[u8]; 3] = [br#"{"score":"high","note":7}"#, b"{", br#"{"score":{"$gt":0}}"#];
    for body in bodies {
        let request = Request::post("/api/moods").bearer(&token).content("application/json", body.to_vec());
        let answer = lab.send(&request).await?;
        let shown = leak::find(&answer.text());
        found.check((400..500).contains(&answer.status), || format!("a wrong body: {}", answer.brief()));
        found
            .check(shown.is_none(), || format!("a wrong body: {} shows {}", answer.brief(), shown.unwrap_or_default()));
    }
    Ok(())
}

async fn keys_expire(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    const DAY: i64 = 86_400;
    let token = lab.take_token(1).await?;
    let make = |wish: &Value| Request::post("/auth/api-keys").bearer(&token).json(wish);
    let answer = lab.send(&make(&json!({"name": "prove", "scopes": ["journal:read"]}))).await?;
    if answer.status == 404 {
        return Err(Stop::NotApplicable("there are no API keys here".to_owned()));
    }
    found.control(answer.status == 201, || format!("making an API key answers {}", answer.brief()))?;
    let end = answer.member("/expires_at");
    let days = end.as_deref().and_then(day).zip(seconds(&answer)).map(|(end, now)| end - now / DAY);
    found.check(days.is_some_and(|days| (1..=366).contains(&days)), || format!("a key without a wish ends {end:?}"));
    if let Some(id) = answer.member("/id") {
        lab.delete(&format!("/auth/api-keys/{id}"), &token).await;
    }
    let ten = lab.send(&make(&json!({"name": "prove", "scopes": ["journal:read"], "expires_in_days": 3650}))).await?;
    found.check(ten.status == 422, || format!("a key for ten years: {}", ten.brief()));
    Ok(())
}

async fn https(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let settings = [
        ("ENVIRONMENT", "production"),
        ("PUBLIC_URL", "https://mind.example"),
        ("SECRET_KEY", GOOD),
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    let instance = bench.start_alone(&settings).await?;
    let over = |request: Request, scheme: &str| {
        request
            .header("Host", "mind.example")
            .header("X-Forwarded-Proto", scheme)
            .header("X-Forwarded-For", "192.0.2.7")
    };
    let account = crate::accounts::fresh();
    let sign_in = || Request::post("/api/auth/login").json(&account.body());
    let page = || Request::get("/").header("Accept", "text/html").header("Sec-Fetch-Mode", "navigate");
    let served = instance.wire.send(&over(page(), "https")).await?;
    found.control(served.ok(), || format!("GET / over https answers {}", served.brief()))?;
    let sent_on = instance.wire.send(&over(page(), "http")).await?;
    let place = sent_on.header("location").unwrap_or("").to_owned();
    found.check(sent_on.status == 308 && place.starts_with("https://mind.example/"), || {
        format!("GET / over http: {}, to {place:?}", sent_on.brief())
    });
    let refused = instance.wire.send(&over(sign_in(), "http")).await?;
    found.check(refused.status == 403, || format!("a sign-in over http: {}", refused.brief()));
    let judged = instance.wire.send(&over(sign_in(), "https")).await?;
    found.check(judged.status == 401, || format!("a sign-in over https with a wrong password: {}", judged.brief()));
    Ok(())
}

async fn headers(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let answer = lab.send(&Request::get("/health")).await?;
    found.control(answer.ok(), || format!("GET /health answers {}", answer.brief()))?;
    let names = [
        "x-frame-options",
        "x-content-type-options",
        "referrer-policy",
        "x-xss-protection",
        "strict-transport-security",
        "content-security-policy",
    ];
    for name in names {
        found.check(answer.header(name).is_some(), || format!("GET /health has no {name}"));
    }
    found.check(answer.header("x-frame-options") == Some("DENY"), || "X-Frame-Options is not DENY".to_owned());
    Ok(())
}

async fn secrets(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let production = [("ENVIRONMENT", "production"), ("PUBLIC_URL", "https://mind.example")];
    let good = bench.try_start(&[&production[..], &[("SECRET_KEY", GOOD)]].concat()).await?;
    found.control(matches!(good, Start::Serves), || "with good settings it does not start".to_owned())?;
    match bench.try_start(&production).await? {
        Start::Serves => found.check(false, || "it starts without SECRET_KEY".to_owned()),
        Start::Ended(ended) => found.check(refused(&ended, "SECRET_KEY"), || {
            format!("without SECRET_KEY it ends with {:?}, or without a word about it", ended.status)
        }),
    }
    Ok(())
}

async fn logs(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let served = bench.try_start(&[]).await?;
    found.control(matches!(served, Start::Serves), || "with good settings it does not start".to_owned())?;
    let password = format!("canary{:016x}", crate::material::noise());
    // Port 9 is nobody's on a machine of today.
    let url = format!("postgres://mind:{password}@127.0.0.1:9/mind");
    match bench.try_start(&[("DATABASE_URL", &url)]).await? {
        Start::Serves => found.check(false, || "it starts without its database".to_owned()),
        Start::Ended(ended) => {
            found.check(ended.status != Some(0), || "it ends with status 0".to_owned());
            found.check(!ended.said.trim().is_empty(), || "it says nothing about it".to_owned());
            found.check(!ended.said.contains(&password), || "what it says holds the password".to_owned());
        }
    }
    Ok(())
}

async fn sessions(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    const MOST: usize = 20;
    let account = lab.spare().await?;
    let (mut session, _) = lab.enter(&account).await?;
    for _ in 0..MOST + 2 {
        session = lab.enter(&account).await?.0;
    }
    let answer = lab.send(&Request::get("/api/auth/sessions").cookies(&session)).await?;
    if answer.status == 404 {
        return Err(Stop::NotApplicable("there is no list of sessions here".to_owned()));
    }
    let body = answer.json();
    let list = body.as_array().or_else(|| body.get("items").and_then(Value::as_array));
    let list = list.or_else(|| body.get("sessions").and_then(Value::as_array)).map(Vec::len);
    found.control(list.is_some(), || format!("GET /api/auth/sessions answers {}", answer.brief()))?;
    found.check(list.is_some_and(|count| count <= MOST), || format!("{list:?} sessions after {} sign-ins", MOST + 3));
    Ok(())
}
