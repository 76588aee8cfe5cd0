//! Encrypted or not: pages are sent to the encrypted address, everything else is refused in the clear, and a credential
//! that came that way is worth nothing any more (A2-10, ASVS 4.1.2).
//!
//! The API is never redirected: a client that follows a redirect has sent its credential before it knows of it.

use super::client_ip::{Seen, is_forwarded};
use super::credential;
use crate::caller::Presented;
use crate::context::Context;
use crate::stack::Guard;
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use kernel::{Fault, Kind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const REQUIRED: &str = "https_required";

/// How a connection reached this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TLS ended here.
    Tls,
    /// In the clear: from this machine, or from a proxy.
    Plain,
    /// In the clear, on the port that exists to send people to the other one.
    Redirect,
}

/// The connection of a request; whoever accepts connections puts it into each request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    /// Who is at its other end.
    pub peer: SocketAddr,
    /// How it came.
    pub transport: Transport,
}

impl Connection {
    /// The peer of a request, and how it came. A router that is called from within the process has at most axum's word for
    /// it.
    pub(crate) fn of(request: &Request) -> (IpAddr, Option<Transport>) {
        if let Some(connection) = request.extensions().get::<Self>() {
            return (connection.peer.ip(), Some(connection.transport));
        }
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        (peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), None)
    }
}

/// How the client's own connection was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Https,
    Http,
    /// It never left this machine.
    Local,
    /// A trusted proxy does not say.
    Unsaid,
}

/// Judges a connection. Without a [`Transport`] there was none: the router was called from within the process.
pub(crate) fn find(transport: Option<Transport>, peer: IpAddr, seen: &Seen, headers: &HeaderMap) -> Scheme {
    let Some(transport) = transport else { return Scheme::Local };
    if seen.proxied && (transport != Transport::Plain || is_forwarded(headers) || !peer.to_canonical().is_loopback()) {
        return match seen.encrypted {
            Some(true) => Scheme::Https,
            Some(false) => Scheme::Http,
            None if transport == Transport::Tls => Scheme::Https,
            None if transport == Transport::Redirect => Scheme::Http,
            None => Scheme::Unsaid,
        };
    }
    match transport {
        Transport::Tls => Scheme::Https,
        Transport::Plain if peer.to_canonical().is_loopback() => Scheme::Local,
        Transport::Plain | Transport::Redirect => Scheme::Http,
    }
}

/// 403 for what came in the clear, where people reach this server by https.
pub(crate) fn check(guard: &Guard, context: &Context, request: &mut Request) -> Result<(), Fault> {
    if !guard.config.public_origin.starts_with("https:") || kernel::weaken::is("A2-10.https") {
        return Ok(());
    }
    let detail = match context.scheme {
        Scheme::Https | Scheme::Local => return Ok(()),
        // Routes that exist for those who cannot come encrypted yet. Nothing personal is there.
        Scheme::Http if context.presented.is_none() && is_one_of(request, guard.config.plain_routes) => return Ok(()),
        Scheme::Http => "Use https. A credential that was sent without it was not accepted, and is revoked now.",
        Scheme::Unsaid => {
            tracing::error!(
                event = "proxy_without_scheme",
                request_id = %context.correlation_id,
                "a proxy of TRUSTED_PROXIES does not say how the client came: let it set X-Forwarded-Proto"
            );
            "The proxy in front of this server does not say whether you came by https."
        }
    };
    Err(Fault::new(Kind::Forbidden, REQUIRED, detail))
}

fn is_one_of(request: &Request, routes: &[&str]) -> bool {
    let route = request.extensions().get::<MatchedPath>();
    route.is_some_and(|route| routes.contains(&route.as_str()))
}

/// For a page: where it is to be found. At the address of the settings, never at one that the request names.
pub(crate) fn redirect(guard: &Guard, fault: &Fault, request: &Request) -> Option<Response> {
    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
    if fault.code() != REQUIRED || !asks || !is_one_of(request, guard.config.pages) {
        return None;
    }
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let location = HeaderValue::try_from(format!("{}{target}", guard.config.public_origin)).ok()?;
    Some((StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response())
}

/// What must not live on: every credential of a request that came in the clear. Where a proxy only keeps silent, nothing is
/// known to have been in the open.
pub(crate) fn exposed(context: &Context, fault: &Fault, headers: &HeaderMap) -> Vec<Presented> {
    if fault.code() == REQUIRED && context.scheme == Scheme::Http { credential::all(headers) } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::client_ip;

    fn scheme(transport: Transport, peer: &str, pairs: &[(&str, &str)]) -> Scheme {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let peer = peer.parse().unwrap();
        let trusted = ["10.0.0.0/8".parse().unwrap(), "127.0.0.9/32".parse().unwrap()];
        find(Some(transport), peer, &client_ip::find(peer, &headers, &trusted), &headers)
    }

    #[test]
    fn only_a_trusted_proxy_speaks_for_the_client() {
        let https = [("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https")];
        let http = [("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "http")];
        assert_eq!(scheme(Transport::Plain, "10.0.0.1", &https), Scheme::Https);
        assert_eq!(scheme(Transport::Plain, "10.0.0.1", &http), Scheme::Http);
        assert_eq!(scheme(Transport::Plain, "10.0.0.1", &[]), Scheme::Unsaid);
        assert_eq!(scheme(Transport::Plain, "203.0.113.9", &https), Scheme::Http, "anybody can write a header");
        assert_eq!(scheme(Transport::Redirect, "203.0.113.9", &https), Scheme::Http);
        assert_eq!(scheme(Transport::Tls, "203.0.113.9", &http), Scheme::Https);
        assert_eq!(scheme(Transport::Tls, "10.0.0.1", &http), Scheme::Http, "encrypted only from the proxy on");
    }

    #[test]
    fn this_machine_may_speak_in_the_clear() {
        let http = [("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "http")];
        assert_eq!(scheme(Transport::Plain, "127.0.0.1", &[]), Scheme::Local);
        assert_eq!(scheme(Transport::Plain, "127.0.0.9", &[]), Scheme::Local, "a look from the proxy's own machine");
        assert_eq!(scheme(Transport::Plain, "127.0.0.9", &http), Scheme::Http);
        assert_eq!(scheme(Transport::Redirect, "127.0.0.1", &[]), Scheme::Http);
        assert_eq!(scheme(Transport::Plain, "192.168.1.5", &[]), Scheme::Http);
    }
}
