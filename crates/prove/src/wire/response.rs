//! An answer, taken apart no further than the rules need.

use super::WireError;
use serde_json::Value;
use std::time::Duration;

/// No page or document of the server is larger; what is, is cut off and fails.
const LARGEST: usize = 32 * 1024 * 1024;

#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case, in the order received.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
    /// Bytes of the body that the server had taken when it answered.
    pub(crate) sent: u64,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value that a cookie is set to, unless it is emptied.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let set = self.all("set-cookie").find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        set.split(';').next().map(ToOwned::to_owned).filter(|value| !value.is_empty())
    }

    /// A text in the body, by its JSON pointer (RFC 6901).
    pub(crate) fn member(&self, pointer: &str) -> Option<String> {
        self.json().pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The `code` of a problem answer, or of one in the shape of OpenAI's API.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        let code = body.get("code").or_else(|| body.pointer("/error/code"));
        code.and_then(Value::as_str).unwrap_or("").to_owned()
    }

    pub(crate) fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is(&self, status: u16, code: &str) -> bool {
        self.status == status && self.code() == code
    }

    /// Status and code, for a report; never the body, which may hold a credential.
    pub(crate) fn brief(&self) -> String {
        format!("{} {}", self.status, self.code()).trim_end().to_owned()
    }
}

/// Reads bytes into an answer; `None` while it is not complete. `ended`: no more bytes will come.
pub(super) fn parse(bytes: &[u8], to_head: bool, ended: bool) -> Result<Option<Response>, WireError> {
    let broken = |what: &str| WireError::Broken(what.to_owned());
    if bytes.len() > LARGEST {
        return Err(broken("it is larger than 32 MiB"));
    }
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        let found = if bytes.is_empty() { "closed without a byte" } else { "closed within the head" };
        return if ended { Err(broken(found)) } else { Ok(None) };
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let rest = &bytes[end + 4..];
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse::<u16>().ok());
    let status = status.ok_or_else(|| broken("no status line"))?;
    if (100..200).contains(&status) && status != 101 {
        return parse(rest, to_head, ended);
    }
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let find = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let chunked = find("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let length = find("content-length").and_then(|value| value.parse::<usize>().ok());
    let body = if to_head || status == 204 || status == 304 || status == 101 {
        Some(Vec::new())
    } else if chunked {
        unchunk(rest)
    } else if let Some(length) = length {
        rest.get(..length).map(<[u8]>::to_vec)
    } else {
        ended.then(|| rest.to_vec())
    };
    match body {
        Some(body) => Ok(Some(Response { status, headers, body, took: Duration::ZERO, sent: 0 })),
        None if ended => Err(broken("closed within the body")),
        None => Ok(None),
    }
}

/// The content of a complete chunked body.
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        rest = &rest[line + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_when_its_framing_says_so() {
        let part = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\nab";
        assert!(parse(part, false, false).unwrap().is_none());
        assert!(parse(part, false, true).is_err());
        let whole = [part.as_slice(), b"cd"].concat();
        let answer = parse(&whole, false, false).unwrap().unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "abcd"));
        assert_eq!(answer.all("set-cookie").collect::<Vec<_>>(), ["a", "b"]);
        let chunked =
            b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n";
        assert_eq!(parse(chunked, false, false).unwrap().unwrap().text(), "abcd");
        assert!(parse(b"", false, true).is_err());
    }

    #[test]
    fn the_code_is_found_in_both_shapes() {
        let of = |body: &str| {
            let text = format!("HTTP/1.1 400 Bad\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            parse(text.as_bytes(), false, false).unwrap().unwrap().brief()
        };
        assert_eq!(of(r#"{"code":"stale"}"#), "400 stale");
        assert_eq!(of(r#"{"error":{"code":"too_large"}}"#), "400 too_large");
        assert_eq!(of("<html>"), "400");
    }
}
