//! Finds the credential of a request: exactly one, and never in the URL.

use crate::caller::Presented;
use crate::context::Context;
use crate::stack::Guard;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Uri, header};
use kernel::{Fault, Kind, Secret};

/// The cookie that holds a browser's session.
pub(crate) const SESSION_COOKIE: &str = "__Host-sid";
const IN_URL: &str = "credential_in_url";
/// Query fields under which clients of other services put a secret.
const URL_FIELDS: &[&str] =
    &["token", "access_token", "api_key", "apikey", "api-key", "auth", "sid", "session", "refresh_token"];

/// How many credentials a request carries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found(usize);

/// The value of one cookie, if the request has it.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The credential of a request, and how many of them it has. An `Authorization` that cannot be read still counts as one.
pub(crate) fn find(headers: &HeaderMap) -> (Option<Presented>, Found) {
    let session = cookie(headers, SESSION_COOKIE);
    let authorization = headers.get_all(header::AUTHORIZATION).iter().collect::<Vec<_>>();
    let api_key = headers.get_all("x-api-key").iter().collect::<Vec<_>>();
    let count = usize::from(session.is_some()) + authorization.len() + api_key.len();
    let bearer = authorization.first().and_then(|value| {
        let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")).then(|| secret.trim())
    });
    let key = api_key.first().and_then(|value| value.to_str().ok());
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
pub(crate) fn refuse_ambiguous(_: &Guard, _: &Context, request: &mut Request) -> Result<(), Fault> {
    let count = request.extensions().get::<Found>().map_or(0, |found| found.0);
    if count > 1 && !kernel::weaken::is("A1-C4") {
        return Err(Fault::new(
            Kind::BadRequest,
            "ambiguous_credentials",
            "Send one credential: the session's cookie, a bearer token or an API key.",
        ));
    }
    Ok(())
}

fn in_url(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).filter_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        (URL_FIELDS.contains(&name.as_str()) && !value.is_empty()).then_some(value)
    })
}

/// 400 when a URL carries a secret, whether it is a valid one or not.
pub(crate) fn refuse_in_url(_: &Guard, _: &Context, request: &mut Request) -> Result<(), Fault> {
    if kernel::weaken::is("A1-H6") {
        return Ok(());
    }
    if request.uri().query().is_some_and(|query| in_url(query).next().is_some()) {
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
    for secret in uri.query().into_iter().flat_map(in_url).map(ToOwned::to_owned) {
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

    #[test]
    fn a_secret_in_a_query_is_seen_under_any_of_its_names() {
        assert_eq!(in_url("limit=3&Token=abc").collect::<Vec<_>>(), ["abc"]);
        assert_eq!(in_url("limit=3&token=&cursor=x").count(), 0);
    }
}
