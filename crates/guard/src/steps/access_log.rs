//! What is known of a request when it comes in, and is told when it was answered: counted, and a line of the access log.

use crate::context::Context;
use crate::observer::{Access, Answered};
use crate::stack::Guard;
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::Method;
use http::uri::PathAndQuery;
use kernel::{Digits, Timestamp};
use std::fmt::Write as _;
use std::net::IpAddr;

/// What is known when the request comes in.
pub(crate) struct Line {
    began: Timestamp,
    method: Method,
    route: Option<MatchedPath>,
    /// Shared with the request rather than copied.
    target: Option<PathAndQuery>,
}

impl Line {
    pub(crate) fn begin(began: Timestamp, request: &Request) -> Self {
        Self {
            began,
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            target: request.uri().path_and_query().cloned(),
        }
    }

    /// Whether there is a route for the request.
    pub(crate) fn is_matched(&self) -> bool {
        self.route.is_some()
    }

    /// The path of the request, without its query.
    pub(crate) fn path(&self) -> &str {
        self.target.as_ref().map_or("", PathAndQuery::path)
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
        let at = guard.ambient.now();
        let took = at.since(self.began);
        let (method, route, status) = (&self.method, self.route(), response.status());
        guard.observer.answered(&Answered { method, route, status, took });
        if !guard.access_log.is_wanted() {
            return;
        }
        guard.access_log.write(&Access {
            at,
            request_id: context.correlation_id.0,
            user_ref: context.user.get().map(|user| guard.identities.user_ref(*user)).as_deref(),
            method,
            route: route.unwrap_or("(none)"),
            status,
            took,
            ip_prefix: &ip_prefix(context.ip),
        });
    }
}

/// The network of an address: /24 or /48. Enough to see a pattern, too little to find a person.
pub(crate) fn ip_prefix(ip: IpAddr) -> String {
    // "255.255.255.0/24", "ffff:ffff:ffff::/48"
    let mut text = String::with_capacity(20);
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            for part in &ip.octets()[..3] {
                text.push_str(Digits::of(u64::from(*part)).as_str());
                text.push('.');
            }
            text.push_str("0/24");
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            // Writing to a String cannot fail.
            let _ = write!(text, "{a:x}:{b:x}:{c:x}::/48");
        }
    }
    text
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
