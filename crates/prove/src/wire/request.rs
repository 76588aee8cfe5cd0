//! A request, proper or not.

use crate::lab::Session;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::time::Duration;

/// What follows the head.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    None,
    /// Sent whole, with its true length.
    Bytes(Vec<u8>),
    /// Announced by `Content-Length`, and never sent.
    Announced(u64),
    /// Sent as it stands after `Transfer-Encoding: chunked`, truthful or not.
    Chunked(Vec<u8>),
    /// Chunked properly: a beginning, then the same filler so many times.
    Endless {
        head: Vec<u8>,
        filler: Vec<u8>,
        times: usize,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    /// The address to send from; a new one each time when none is named.
    pub(crate) from: Option<Ipv4Addr>,
    /// Whether 429 is an answer to look at, rather than a reason to wait.
    pub(crate) limit_expected: bool,
    pub(crate) patience: Duration,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Body::None,
            from: None,
            limit_expected: false,
            patience: Duration::from_secs(30),
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        self.content("application/json", value.to_string().into_bytes())
    }

    pub(crate) fn content(mut self, media: &str, bytes: Vec<u8>) -> Self {
        self = self.header("Content-Type", media);
        self.body = Body::Bytes(bytes);
        self
    }

    pub(crate) fn framed(mut self, media: &str, body: Body) -> Self {
        self = self.header("Content-Type", media);
        self.body = body;
        self
    }

    /// As our own page sends it.
    pub(crate) fn same_origin(self) -> Self {
        self.header("Sec-Fetch-Site", "same-origin").header("Sec-Fetch-Mode", "cors").header("Sec-Fetch-Dest", "empty")
    }

    /// With the session's cookies, and nothing else.
    pub(crate) fn cookies(self, session: &Session) -> Self {
        self.header("Cookie", &session.cookies())
    }

    /// With the session's cookies and its token: as the client sends a write.
    pub(crate) fn signed_in(self, session: &Session) -> Self {
        self.cookies(session).header("X-CSRF-Token", &session.csrf)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn from(mut self, address: Option<Ipv4Addr>) -> Self {
        self.from = address;
        self
    }

    pub(crate) fn patience(mut self, seconds: u64) -> Self {
        self.patience = Duration::from_secs(seconds);
        self
    }

    pub(crate) fn limit_expected(mut self) -> Self {
        self.limit_expected = true;
        self
    }

    /// Method and path, for a report.
    pub(crate) fn line(&self) -> String {
        let path: String = self.path.chars().take(80).collect();
        format!("{} {path}", self.method)
    }

    /// The head as sent: only `Host`, `Connection`, `User-Agent` and the framing are added.
    pub(crate) fn head(&self, authority: &str) -> Vec<u8> {
        let mut lines = vec![format!("{} {} HTTP/1.1", self.method, self.path)];
        let has = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !has("host") {
            lines.push(format!("Host: {authority}"));
        }
        if !has("user-agent") {
            lines.push("User-Agent: mindvibe-prove".to_owned());
        }
        lines.push("Connection: close".to_owned());
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        match &self.body {
            Body::None if matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") => {
                lines.push("Content-Length: 0".to_owned());
            }
            Body::None => {}
            Body::Bytes(bytes) => lines.push(format!("Content-Length: {}", bytes.len())),
            Body::Announced(length) => lines.push(format!("Content-Length: {length}")),
            Body::Chunked(_) | Body::Endless { .. } => lines.push("Transfer-Encoding: chunked".to_owned()),
        }
        let head = lines.join("\r\n") + "\r\n\r\n";
        head.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_holds_what_was_asked_for_and_little_else() {
        let text = |request: &Request| String::from_utf8(request.head("h:1")).unwrap();
        let post = Request::post("/a").header("Host", "evil.test").content("text/plain", b"xy".to_vec());
        let expected = "POST /a HTTP/1.1\r\nUser-Agent: mindvibe-prove\r\nConnection: close\r\nHost: evil.test\r\n\
            Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(text(&post), expected);
        assert!(text(&Request::get("/")).contains("Host: h:1\r\n"));
        assert!(text(&Request::post("/").framed("a/b", Body::Announced(9))).ends_with("Content-Length: 9\r\n\r\n"));
    }
}
