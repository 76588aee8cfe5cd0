//! One JSON line a request (A1-L4): what, how it ended, how long; never a query, a body, a credential or a whole address.

use crate::context::Context;
use crate::observer::Answered;
use crate::stack::Guard;
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::Method;
use kernel::Timestamp;
use std::net::IpAddr;

/// What is known when the request comes in.
pub(crate) struct Line {
    began: Timestamp,
    method: Method,
    route: Option<MatchedPath>,
    path: String,
}

impl Line {
    pub(crate) fn begin(began: Timestamp, request: &Request) -> Self {
        Self {
            began,
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            path: request.uri().path().to_owned(),
        }
    }

    /// Whether there is a route for the request.
    pub(crate) fn is_matched(&self) -> bool {
        self.route.is_some()
    }

    /// The path of the request, without its query.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The method of the request.
    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    /// The route as declared, not the path as sent: a path may hold an id, and a stranger's path may hold anything.
    pub(crate) fn route(&self) -> Option<&str> {
        self.route.as_ref().map(MatchedPath::as_str)
    }

    pub(crate) fn end(self, guard: &Guard, context: &Context, response: &Response) {
        let took = guard.ambient.now().since(self.began);
        let (method, route, status) = (&self.method, self.route(), response.status());
        guard.observer.answered(&Answered { method, route, status, took });
        if !tracing::enabled!(target: "access", tracing::Level::INFO) {
            return;
        }
        let route = route.unwrap_or("(none)");
        let user_ref = context.user.get().map(|user| guard.identities.user_ref(*user));
        tracing::info!(
            target: "access",
            event = "request",
            request_id = %context.correlation_id,
            user_ref,
            method = self.method.as_str(),
            route,
            status = status.as_u16(),
            latency_ms = took.as_secs_f64() * 1000.0,
            ip_prefix = ip_prefix(context.ip),
        );
    }
}

/// The network of an address: /24 or /48. Enough to see a pattern, too little to find a person.
pub(crate) fn ip_prefix(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_whole_address_is_logged() {
        assert_eq!(ip_prefix("192.0.2.77".parse().unwrap()), "192.0.2.0/24");
        assert_eq!(ip_prefix("::ffff:192.0.2.77".parse().unwrap()), "192.0.2.0/24");
        assert_eq!(ip_prefix("2001:db8:1:2::3".parse().unwrap()), "2001:db8:1::/48");
    }
}
