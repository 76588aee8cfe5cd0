//! The access log, written without the way that other events take. It is the one line of every request, and its fields are
//! typed: an id, a pseudonym, a declared route, numbers, a network. None of them can hold a secret, so nothing is looked
//! for in it; a method that is none of the usual is a stranger's word, and takes the way of all events.

use super::outlet::Outlet;
use guard::{Access, AccessLog};
use http::Method;
use kernel::Digits;
use std::cell::Cell;
use std::sync::Arc;
use uuid::Uuid;

thread_local! {
    /// The memory of this thread's line before, to be filled again.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Straight to the outlet.
pub(super) struct Direct {
    outlet: Arc<Outlet>,
    is_wanted: bool,
}

impl Direct {
    /// As the filter has it, which stays the same while the process runs.
    pub(super) fn new(outlet: Arc<Outlet>) -> Self {
        Self { outlet, is_wanted: tracing::enabled!(target: "access", tracing::Level::INFO) }
    }
}

impl AccessLog for Direct {
    fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    fn write(&self, line: &Access<'_>) {
        let Some(method) = known(line.method) else { return line.tell() };
        let mut text = BUFFER.try_with(Cell::take).unwrap_or_default();
        text.clear();
        write(&mut text, line, method);
        self.outlet.put(&text, false);
        let _ = BUFFER.try_with(|buffer| buffer.set(text));
    }
}

/// The names of the methods that are anybody's.
fn known(method: &Method) -> Option<&'static str> {
    Some(match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => return None,
    })
}

/// Writes the line as `line.rs` writes the event.
fn write(out: &mut Vec<u8>, line: &Access<'_>, method: &str) {
    out.extend_from_slice(b"{\"ts\":\"");
    line.at.push_to(out);
    out.extend_from_slice(b"\",\"level\":\"INFO\",\"target\":\"access\",\"event\":\"request\",\"request_id\":\"");
    out.extend_from_slice(line.request_id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
    if let Some(user_ref) = line.user_ref {
        out.extend_from_slice(b"\",\"user_ref\":\"");
        out.extend_from_slice(user_ref.as_bytes());
    }
    out.extend_from_slice(b"\",\"method\":\"");
    out.extend_from_slice(method.as_bytes());
    out.extend_from_slice(b"\",\"route\":\"");
    out.extend_from_slice(line.route.as_bytes());
    out.extend_from_slice(b"\",\"status\":");
    out.extend_from_slice(Digits::of(line.status.as_u16().into()).as_bytes());
    out.extend_from_slice(b",\"latency_ms\":");
    let micros = u64::try_from(line.took.as_micros()).unwrap_or(u64::MAX);
    out.extend_from_slice(Digits::of(micros / 1000).as_bytes());
    out.push(b'.');
    // Three digits, with the zeros in front.
    out.extend_from_slice(&Digits::of(1000 + micros % 1000).as_bytes()[1..]);
    out.extend_from_slice(b",\"ip_prefix\":\"");
    out.extend_from_slice(line.ip_prefix.as_bytes());
    out.extend_from_slice(b"\"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::line::testing::lines;
    use http::StatusCode;
    use kernel::{Clock as _, SystemClock, redact};
    use std::time::Duration;

    fn line<'a>(method: &'a Method, route: &'a str, micros: u64) -> Access<'a> {
        Access {
            at: SystemClock.now(),
            request_id: Uuid::from_u128(0x0199_d5a4_0000_7000_8000_0000_00ab_cdef),
            user_ref: micros.is_multiple_of(2).then_some("0123456789ab"),
            method,
            route,
            status: StatusCode::OK,
            took: Duration::from_micros(micros),
            ip_prefix: "192.0.2.0/24",
        }
    }

    fn written(line: &Access<'_>, method: &str) -> String {
        let mut text = Vec::new();
        write(&mut text, line, method);
        String::from_utf8(text).unwrap()
    }

    /// A line without the instant that it begins with.
    fn after_the_instant(text: &str) -> &str {
        let begin = "{\"ts\":\"2026-11-21T08:30:00.000000Z\"".len();
        &text[begin..]
    }

    #[test]
    fn a_line_is_the_one_that_the_event_would_be() {
        let methods =
            [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
        for (at, method) in methods.iter().enumerate() {
            for micros in [0, 1, 7, 10, 99, 100, 999, 1000, 1001, 12_345, 999_999, 1_000_000, 61_234_567] {
                let access = line(method, "/api/moods/{id}", micros + at as u64);
                let direct = written(&access, known(method).unwrap());
                let told = lines(|| access.tell());
                assert_eq!(after_the_instant(direct.trim_end()), after_the_instant(&told[0]));
                assert!(direct.starts_with(&format!("{{\"ts\":\"{}\"", access.at)) && direct.ends_with("}\n"));
            }
        }
    }

    #[test]
    fn a_method_that_somebody_made_up_takes_the_way_of_all_events() {
        assert_eq!(known(&"SID_".parse().unwrap()), None);
        assert_eq!(known(&"get".parse().unwrap()), None);
    }

    #[test]
    fn no_route_of_ours_looks_like_a_secret() {
        let document: serde_json::Value = serde_json::from_str(&crate::compose::document().unwrap()).unwrap();
        let routes = document["paths"].as_object().unwrap().keys().map(String::as_str);
        for route in routes.chain(["(none)", "/", "/assets/{*path}"]) {
            let text = written(&line(&Method::GET, route, 4), "GET");
            assert_eq!(redact::bytes(text.as_bytes()), text.as_bytes(), "{route}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["route"], route);
        }
    }
}
