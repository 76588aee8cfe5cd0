//! Finds the credential of a request: exactly one, and never in the URL.

use crate::caller::Presented;
use crate::context::Context;
use crate::stack::Guard;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use kernel::{Fault, Kind, Secret};
use percent_encoding::percent_decode_str;

/// The cookie that holds a browser's session.
pub(crate) const SESSION_COOKIE: &str = "__Host-sid";
static API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const IN_URL: &str = "credential_in_url";
/// Query fields under which clients of other services put a secret.
const URL_FIELDS: &[&str] = &[
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "api_key",
    "apikey",
    "api-key",
    "x-api-key",
    "auth",
    "authorization",
    "bearer",
    "jwt",
    "sid",
    "session",
    "ticket",
    "password",
    "client_secret",
];
/// Query fields whose values other providers make: what they look like says nothing.
const FOREIGN_FIELDS: &[&str] = &["code", "state"];
/// What our own opaque tokens begin with; 43 letters follow.
const OPAQUE: &[&str] = &["sid_", "at_", "rt_", "ticket_"];
/// How many credentials of one URL are looked up, so that a long URL is not a long list of questions.
const LOOKED_UP: usize = 8;

/// How many credentials a request carries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found(usize);

/// The cookies of a request, as name and value. A line that holds anything but ASCII is passed over whole.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).filter(|line| line.is_ascii());
    let pairs = lines.filter_map(|line| std::str::from_utf8(line).ok()).flat_map(|line| line.split(';'));
    pairs.filter_map(|pair| pair.trim_ascii().split_once('='))
}

/// The value of one cookie, if the request has it.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    cookies(headers).find_map(|(key, value)| (key == name).then_some(value))
}

/// The credential of a request, and how many of them it has. An `Authorization` that cannot be read still counts as one.
pub(crate) fn find(headers: &HeaderMap) -> (Option<Presented>, Found) {
    let session = cookie(headers, SESSION_COOKIE);
    let (authorization, api_key) = (headers.get_all(header::AUTHORIZATION), headers.get_all(&API_KEY));
    let count = usize::from(session.is_some()) + authorization.iter().count() + api_key.iter().count();
    let bearer = authorization.iter().next().and_then(|value| {
        let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")).then(|| secret.trim())
    });
    let key = api_key.iter().next().and_then(|value| value.to_str().ok());
    let secret = |text: &str| Secret::new(text.to_owned());
    let presented = bearer
        .map(|text| Presented::Token(secret(text)))
        .or_else(|| key.map(|text| Presented::ApiKey(secret(text))))
        .or_else(|| session.map(|text| Presented::Session(secret(text))));
    (presented, Found(count))
}

/// Every credential that a request carries, for what has to be done to all of them.
pub(crate) fn all(headers: &HeaderMap) -> Vec<Presented> {
    let secret = |text: &str| Secret::new(text.trim().to_owned());
    let texts = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
    let mut found: Vec<_> =
        cookie(headers, SESSION_COOKIE).map(|text| Presented::Session(secret(text))).into_iter().collect();
    for text in texts("authorization") {
        found.extend(text.split_once(' ').map(|(_, text)| Presented::Token(secret(text))));
    }
    found.extend(texts("x-api-key").into_iter().map(|text| Presented::ApiKey(secret(text))));
    found
}

/// 400 when two credentials come together.
pub(crate) fn refuse_ambiguous(_: &Guard, context: &Context, _: &mut Request) -> Result<(), Fault> {
    if context.found.0 > 1 && !kernel::weaken::is("A1-C4") {
        return Err(Fault::new(
            Kind::BadRequest,
            "ambiguous_credentials",
            "Send one credential: the session's cookie, a bearer token or an API key.",
        ));
    }
    Ok(())
}

/// Whether a text is written as a credential of ours is, wherever it stands.
fn is_written_like_ours(text: &str) -> bool {
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let opaque = |prefix: &&str| text.strip_prefix(*prefix).is_some_and(|rest| rest.len() == 43 && letters(rest));
    // A JWT: three parts in base64url, the first of which is an object.
    let jwt = || text.starts_with("eyJ") && text.split('.').count() == 3 && text.split('.').all(letters);
    text.len() > 40 && (text.starts_with("sk_live_") || OPAQUE.iter().any(opaque) || jwt())
}

/// What in a URL is a credential: by the name of its field, however that is encoded, or by how it is written.
fn in_url(uri: &Uri) -> impl Iterator<Item = String> {
    let query = uri.query().unwrap_or("");
    let fields = form_urlencoded::parse(query.as_bytes()).filter_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let named = URL_FIELDS.contains(&name.as_str()) && !value.is_empty();
        let written = !FOREIGN_FIELDS.contains(&name.as_str()) && is_written_like_ours(&value);
        (named || written).then(|| value.into_owned())
    });
    let path = uri.path().split('/').filter(|part| part.len() > 40);
    let parts = path.filter_map(|part| {
        let part = percent_decode_str(part).decode_utf8().ok()?;
        is_written_like_ours(&part).then(|| part.into_owned())
    });
    fields.chain(parts)
}

/// 400 when a URL carries a secret, whether it is a valid one or not.
pub(crate) fn refuse_in_url(_: &Guard, _: &Context, request: &mut Request) -> Result<(), Fault> {
    if kernel::weaken::is("A1-H6") {
        return Ok(());
    }
    if in_url(request.uri()).next().is_some() {
        return Err(Fault::new(
            Kind::BadRequest,
            IN_URL,
            "A credential in a URL is kept by histories and logs. It was not accepted; if it was valid, it is revoked now.",
        ));
    }
    Ok(())
}

/// Sets the cookies by which a session goes on under another id. A handler that begins or ends one has the last word.
pub(crate) fn hand_over(context: &Context, response: &mut Response) {
    let cookies = context.sender.take_cookies();
    let headers = response.headers_mut();
    let sets_session = |line: &HeaderValue| line.as_bytes().starts_with(SESSION_COOKIE.as_bytes());
    if cookies.is_empty() || headers.get_all(header::SET_COOKIE).iter().any(sets_session) {
        return;
    }
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    // What carries a session's id is nobody's to keep.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// A valid credential that was seen in a URL dies on the spot.
pub(crate) async fn revoke_leaked(guard: &Guard, fault: &Fault, uri: &Uri) {
    if fault.code() != IN_URL {
        return;
    }
    for secret in in_url(uri).take(LOOKED_UP) {
        guard.identities.leaked(&Presented::Token(Secret::new(secret.clone()))).await;
        guard.identities.leaked(&Presented::Session(Secret::new(secret))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let map = headers(&[("cookie", "a=1; __Host-sid=sid_x; __Host-sid2=no")]);
        assert_eq!(cookie(&map, SESSION_COOKIE), Some("sid_x"));
        assert_eq!(cookie(&map, "Host-sid"), None);
    }

    #[test]
    fn every_kind_of_credential_counts() {
        assert_eq!(find(&headers(&[])).1.0, 0);
        assert_eq!(find(&headers(&[("cookie", "__Host-sid=x"), ("authorization", "Bearer y")])).1.0, 2);
        assert_eq!(find(&headers(&[("authorization", "Basic eDp5"), ("x-api-key", "k")])).1.0, 2);
        assert!(matches!(find(&headers(&[("authorization", "token sk_1")])).0, Some(Presented::Token(_))));
        assert!(matches!(find(&headers(&[("x-api-key", "sk_1")])).0, Some(Presented::ApiKey(_))));
        assert!(find(&headers(&[("authorization", "Basic eDp5")])).0.is_none());
    }

    fn seen(target: &str) -> Vec<String> {
        in_url(&target.parse().unwrap()).collect()
    }

    #[test]
    fn a_secret_in_a_query_is_seen_under_any_of_its_names_and_in_any_writing() {
        assert_eq!(seen("/api/moods?limit=3&Token=abc"), ["abc"]);
        assert_eq!(seen("/api/moods?%74oken=abc"), ["abc"]);
        assert_eq!(seen("/api/moods?access%5Ftoken=a%2Bb+c"), ["a+b c"]);
        assert!(seen("/api/moods?limit=3&token=&cursor=x").is_empty());
        assert!(seen("/").is_empty());
    }

    #[test]
    fn a_secret_is_seen_by_how_it_is_written_whatever_it_is_called() {
        let sid = format!("sid_{}", "a".repeat(43));
        let key = "sk_live_Ab12Cd34_0123456789012345678901234567890123456789012_89abcdef";
        let jwt = format!("eyJ{0}.eyJ{0}.{0}", "a".repeat(20));
        for secret in [sid.as_str(), key, &jwt] {
            assert_eq!(seen(&format!("/api/moods?note={secret}")), [secret]);
            assert_eq!(seen(&format!("/v1/{secret}/audio")), [secret]);
            assert_eq!(seen(&format!("/v1/{}", secret.replace('_', "%5f"))), [secret]);
        }
        for plain in [
            format!("/api/auth/oidc/keycloak/callback?code={jwt}&state=state_{}", "a".repeat(43)),
            format!("/api/moods?cursor=eyJ{}", "a".repeat(60)),
            "/api/moods/0199d5a4-0000-7000-8000-000000000001?note=sid_short".to_owned(),
            format!("/assets/index-{}.js", "a".repeat(60)),
        ] {
            assert!(seen(&plain).is_empty(), "{plain}");
        }
    }
}
