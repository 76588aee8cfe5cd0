//! What a request tells about the program that sent it: the one place where this slice reads headers.

use crate::cookies;
use axum::extract::FromRequestParts;
use guard::{ClientIp, Problem, UserAgent};
use http::HeaderMap;
use http::request::Parts;
use kernel::Secret;
use std::convert::Infallible;
use std::net::IpAddr;

/// The sender of a request.
pub(crate) struct Client {
    /// The address it came from: for the letter about a lock, and for nothing that is stored in clear.
    pub(crate) ip: IpAddr,
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
        let [sid, device, csrf] = named(&parts.headers, [cookies::SESSION, cookies::DEVICE, cookies::CSRF]);
        Ok(Self {
            ip: ip.0,
            ip_prefix: ip.prefix(),
            user_agent,
            sid: sid.map(|sid| Secret::new(sid.to_owned())),
            device: device.map(|device| Secret::new(device.to_owned())),
            csrf: csrf.map(ToOwned::to_owned),
            is_browser: parts.headers.contains_key("sec-fetch-site"),
        })
    }
}

/// The cookies of a session that a request carries, for who asks about nothing else.
pub(crate) struct Cookies {
    /// The session's, whether or not there is such a session.
    pub(crate) sid: Option<Secret<String>>,
    /// The anti-forgery one.
    pub(crate) csrf: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Cookies {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let [sid, csrf] = named(&parts.headers, [cookies::SESSION, cookies::CSRF]);
        Ok(Self { sid: sid.map(|sid| Secret::new(sid.to_owned())), csrf: csrf.map(ToOwned::to_owned) })
    }
}

impl Client {
    /// Its session's cookies alone.
    pub(crate) fn cookies(self) -> Cookies {
        Cookies { sid: self.sid, csrf: self.csrf }
    }

    /// The program that sends it, in words that only we write: what it calls itself is not to be trusted in a letter.
    pub(crate) fn device(&self) -> String {
        device(&self.user_agent)
    }
}

fn device(user_agent: &str) -> String {
    let first = |words: &[(&str, &'static str)]| {
        words.iter().find(|(word, _)| user_agent.contains(word)).map(|(_, name)| *name)
    };
    // In this order: each of the later ones is named by some of the earlier ones too.
    let program = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (program, system) {
        (Some(program), Some(system)) => format!("{program}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "?".to_owned(),
    }
}

/// The values of cookies by their whole names; of several of one name the first.
fn named<'a, const N: usize>(headers: &'a HeaderMap, names: [&str; N]) -> [Option<&'a str>; N] {
    let mut found = [None; N];
    for (key, value) in guard::cookies(headers) {
        if let Some(at) = names.iter().position(|name| *name == key) {
            found[at] = found[at].or(Some(value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::COOKIE;

    #[test]
    fn a_device_is_named_in_our_words() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(device(chrome), "Chrome, Linux");
        assert_eq!(device(&format!("{chrome} Edg/140.0.0.0")), "Edge, Linux");
        let iphone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1";
        assert_eq!(device(iphone), "Safari, iPhone");
        assert_eq!(device("Visit https://evil.test to keep your account"), "?");
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a__Host-sid=1; x=2".parse().unwrap());
        headers.append(COOKIE, "__Host-csrf=p.q=;__Host-sid=sid_3".parse().unwrap());
        headers.append(COOKIE, "__Host-sid=sid_4".parse().unwrap());
        let found = named(&headers, ["__Host-sid", "__Host-csrf", "sid"]);
        assert_eq!(found, [Some("sid_3"), Some("p.q="), None]);
    }
}
