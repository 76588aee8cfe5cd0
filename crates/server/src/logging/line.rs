//! One event as one line of JSON.
//!
//! By hand rather than by the subscriber's own formatter, for two reasons: the names of the fields are the ones that
//! `docs/logging.md` promises, and whatever a terminal might obey is escaped, beyond what JSON asks for (ASVS 16.4.1).

use kernel::Timestamp;
use std::fmt::{Debug, Write as _};
use tracing::Event;
use tracing::field::{Field, Visit};

/// Names that the line itself has; a field of the same name is told apart by a line below it.
const OWN: [&str; 3] = ["ts", "level", "target"];

/// Writes the line, with its end.
pub(super) fn write(out: &mut String, event: &Event<'_>, at: Timestamp) {
    let about = event.metadata();
    let _ = write!(out, "{{\"ts\":\"{at}\",\"level\":\"{}\",\"target\":", about.level());
    string(out, about.target());
    let mut line = Members { out: &mut *out, named: false };
    event.record(&mut line);
    if !line.named {
        out.push_str(",\"event\":\"note\"");
    }
    out.push_str("}\n");
}

/// The members of the object, as they come.
struct Members<'a> {
    out: &'a mut String,
    /// Whether one of them was the event's name.
    named: bool,
}

impl Members<'_> {
    fn name(&mut self, field: &Field) {
        let name = field.name();
        self.named |= name == "event";
        self.out.push_str(",\"");
        if OWN.contains(&name) {
            self.out.push('_');
        }
        // A name is an identifier of the program.
        self.out.push_str(name.strip_prefix("r#").unwrap_or(name));
        self.out.push_str("\":");
    }

    fn plain(&mut self, field: &Field, value: impl std::fmt::Display) {
        self.name(field);
        // Writing to a String cannot fail.
        let _ = write!(self.out, "{value}");
    }
}

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        string(self.out, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.plain(field, format_args!("{value:.3}"));
        } else {
            self.plain(field, "null");
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(field);
        self.out.push('"');
        let _ = write!(Escaping(self.out), "{value:?}");
        self.out.push('"');
    }
}

/// Whether a terminal or a reader of lines might take it for something else than a letter: control characters of both
/// sets, ends of lines and paragraphs, and what turns the direction of writing.
fn is_active(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a byte stands for itself, whatever is around it: ASCII, neither a control character nor one that JSON escapes.
/// It is then a letter of its own, so that a text may be cut before the first that is not.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// A JSON string (RFC 8259, section 7).
fn string(out: &mut String, text: &str) {
    out.push('"');
    escape(out, text);
    out.push('"');
}

/// What is written to it is the inside of a JSON string.
struct Escaping<'a>(&'a mut String);

impl std::fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

fn escape(out: &mut String, text: &str) {
    if kernel::weaken::is("A1-L4") {
        out.push_str(text);
        return;
    }
    // What needs no escape goes over in one piece.
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte)) {
        let (plain, odd) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = odd.chars();
        let Some(letter) = letters.next() else { break };
        rest = letters.as_str();
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // All of these are within the first plane, so four digits do.
            letter if is_active(letter) => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push_str(rest);
}

#[cfg(test)]
pub(super) mod testing {
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt as _;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines that are written while `work` runs.
    pub(crate) fn lines(work: impl FnOnce()) -> Vec<String> {
        let sink = Sink::default();
        let outlet = crate::logging::outlet::Outlet::new(Box::new(sink.clone()));
        let subscriber = Registry::default().with(crate::logging::Lines(outlet.clone()));
        tracing::subscriber::with_default(subscriber, work);
        outlet.flush();
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::lines;
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_line_is_json_with_its_fields() {
        let found = lines(|| {
            tracing::info!(target: "access", event = "request", status = 200u16, latency_ms = 1.23456, fine = true);
            tracing::warn!(error = %"gone", "no {}", "name");
            tracing::info!(event = "odd", level = "mine", nothing = f64::NAN, none = Option::<u64>::None);
        });
        let all: Vec<Value> = found.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(all.len(), 3);
        let first = &all[0];
        assert!(first["ts"].as_str().unwrap().parse::<Timestamp>().is_ok());
        let text = |name: &str| first[name].as_str().unwrap_or_default().to_owned();
        assert_eq!([text("level"), text("target"), text("event")], ["INFO", "access", "request"]);
        assert_eq!((first["status"].as_u64(), first["latency_ms"].as_f64()), (Some(200), Some(1.235)));
        assert_eq!((first["fine"].as_bool(), all[1]["event"].as_str()), (Some(true), Some("note")));
        assert_eq!((all[1]["error"].as_str(), all[1]["message"].as_str()), (Some("gone"), Some("no name")));
        assert_eq!((all[2]["level"].as_str(), all[2]["_level"].as_str()), (Some("INFO"), Some("mine")));
        assert!(all[2]["nothing"].is_null() && all[2].get("none").is_none());
    }

    #[test]
    fn what_a_stranger_wrote_stays_a_value() {
        let name = "a\r\n{\"level\":\"ERROR\"}\u{1b}[31m\u{9b}2J\u{7f}\u{202e}\u{2028}\\\" ü\u{1f600}";
        let found = lines(|| tracing::info!(event = "named", name));
        assert_eq!(found.len(), 1, "one line");
        assert!(!found[0].chars().any(is_active), "{:?}", found[0]);
        let line: Value = serde_json::from_str(&found[0]).unwrap();
        assert_eq!(line["name"], name, "nothing is lost");
        assert_eq!(line["level"], "INFO");
        assert!(found[0].contains("ü\u{1f600}"));
    }
}
