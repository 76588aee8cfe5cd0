//! What a request tells about the program that sent it: the one place where this slice reads headers.

use crate::cookies;
use axum::extract::FromRequestParts;
use guard::{ClientIp, Problem, UserAgent};
use http::HeaderMap;
use http::header::COOKIE;
use http::request::Parts;
use kernel::Secret;

/// The sender of a request.
pub(crate) struct Client {
    /// The network it came from; never the whole address.
    pub(crate) ip_prefix: String,
    /// What it calls itself.
    pub(crate) user_agent: String,
    /// The session's cookie it sent along, whether or not there is such a session.
    pub(crate) sid: Option<Secret<String>>,
    /// The cookie of a trusted device it sent along, whether or not there is such a device.
    pub(crate) device: Option<Secret<String>>,
    /// The anti-forgery cookie it sent along.
    pub(crate) csrf: Option<String>,
    /// Whether it is a browser's page: only browsers send Fetch Metadata, and no script can leave it out.
    pub(crate) is_browser: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ip = ClientIp::from_request_parts(parts, state).await?;
        let user_agent = match UserAgent::from_request_parts(parts, state).await {
            Ok(UserAgent(text)) => text,
            Err(never) => match never {},
        };
        Ok(Self {
            ip_prefix: ip.prefix(),
            user_agent,
            sid: cookie(&parts.headers, cookies::SESSION).map(|sid| Secret::new(sid.to_owned())),
            device: cookie(&parts.headers, cookies::DEVICE).map(|device| Secret::new(device.to_owned())),
            csrf: cookie(&parts.headers, cookies::CSRF).map(ToOwned::to_owned),
            is_browser: parts.headers.contains_key("sec-fetch-site"),
        })
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a__Host-sid=1; x=2".parse().unwrap());
        headers.append(COOKIE, "__Host-csrf=p.q=;__Host-sid=sid_3".parse().unwrap());
        assert_eq!(cookie(&headers, "__Host-sid"), Some("sid_3"));
        assert_eq!(cookie(&headers, "__Host-csrf"), Some("p.q="));
        assert_eq!(cookie(&headers, "sid"), None);
    }
}
