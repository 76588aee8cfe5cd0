//! What browsers report that they blocked: few kinds, counted, without anything of the page's own.
//!
//! Reports come from strangers' machines without a credential, so nothing in them is believed: a kind is kept once, the
//! list is short, and a text in it is cut to what a directive or an origin can be. Kept in memory: after a restart the next
//! visit reports anew.

use kernel::{Fault, Kind, Timestamp};
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use utoipa::ToSchema;

/// How many kinds are kept; the one that was seen longest ago makes room.
const MOST: usize = 200;
/// How many reports of one request are looked at.
const AT_ONCE: usize = 20;
/// The longest text that is kept, in characters.
const LONGEST: usize = 200;

/// One kind of thing that was blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Violation {
    /// What forbade it: `script-src-elem`.
    #[schema(max_length = 200)]
    pub directive: String,
    /// What was blocked: an origin, or a word such as `inline`. Never a path or a query.
    #[schema(max_length = 200)]
    pub blocked: String,
    /// On which page; its path, with ids left out.
    #[schema(max_length = 200)]
    pub page: String,
    /// Whether it would only have been blocked, by the policy that is being tried (`CSP_REPORT_ONLY`).
    pub report_only: bool,
    /// How often.
    #[schema(minimum = 1)]
    pub count: u64,
    /// When first.
    pub first_at: Timestamp,
    /// When last.
    pub last_at: Timestamp,
}

type Name = (String, String, String, bool);

/// The kinds of things that were blocked since the process began.
#[derive(Default)]
pub struct Reports(Mutex<HashMap<Name, Violation>>);

impl Reports {
    /// Takes in what a browser sends in one of the two formats (`report-uri`: one object; Reporting API: a list). What is
    /// not about a page of `origin`, or came from an extension of the browser, is none of ours. Answers what is new.
    ///
    /// # Errors
    /// 400 for what is in neither format.
    pub fn take(&self, body: &[u8], origin: &str, now: Timestamp) -> Result<Vec<Violation>, Fault> {
        let mut new = Vec::new();
        for report in read(body)? {
            let Some(name) = name(&report, origin) else { continue };
            let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = kinds.get_mut(&name) {
                known.count = known.count.saturating_add(1);
                known.last_at = now;
                continue;
            }
            if kinds.len() >= MOST {
                let oldest = kinds.iter().min_by_key(|(_, kind)| kind.last_at).map(|(name, _)| name.clone());
                oldest.and_then(|name| kinds.remove(&name));
            }
            let (directive, blocked, page, report_only) = name.clone();
            let kind = Violation { directive, blocked, page, report_only, count: 1, first_at: now, last_at: now };
            kinds.insert(name, kind.clone());
            new.push(kind);
        }
        Ok(new)
    }

    /// All kinds, the last seen first.
    pub fn list(&self) -> Vec<Violation> {
        let mut all: Vec<_> = self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by(|a, b| b.last_at.cmp(&a.last_at).then_with(|| a.directive.cmp(&b.directive)));
        all
    }
}

/// The reports in a body, each as the object that has the fields.
fn read(body: &[u8]) -> Result<Vec<Value>, Fault> {
    let none = || Fault::new(Kind::BadRequest, "malformed_report", "This is no report of a content security policy.");
    let mut found: Value = serde_json::from_slice(body).map_err(|_| none())?;
    match &mut found {
        Value::Object(whole) => match whole.remove("csp-report") {
            Some(one @ Value::Object(_)) => Ok(vec![one]),
            _ => Err(none()),
        },
        Value::Array(list) => {
            let objects = list.iter().all(|one| one.get("type").is_some_and(Value::is_string));
            if list.is_empty() || !objects {
                return Err(none());
            }
            let ours = list.iter_mut().filter(|one| one["type"] == "csp-violation").take(AT_ONCE);
            Ok(ours.map(|one| one["body"].take()).filter(Value::is_object).collect())
        }
        _ => Err(none()),
    }
}

fn text<'a>(report: &'a Value, names: &[&str]) -> &'a str {
    names.iter().find_map(|name| report.get(name)?.as_str()).unwrap_or("")
}

fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || kernel::weaken::is("A1-L4")).take(LONGEST).collect()
}

/// By what a kind is told from others; nothing for what is not ours to know.
fn name(report: &Value, origin: &str) -> Option<Name> {
    let page = text(report, &["document-uri", "documentURL"]).strip_prefix(origin)?;
    if !(page.is_empty() || page.starts_with(['/', '?', '#'])) {
        return None;
    }
    // The directive as such, without the values that some browsers add.
    let directive = text(report, &["effective-directive", "effectiveDirective", "violated-directive"]);
    let directive = directive.split(' ').next().unwrap_or("");
    let blocked = what(text(report, &["blocked-uri", "blockedURL"]))?;
    let report_only = text(report, &["disposition"]) == "report";
    (!directive.is_empty()).then(|| (short(directive), short(&blocked), short(&path(page)), report_only))
}

/// The origin of what was blocked, or the word a browser uses instead of an address.
fn what(blocked: &str) -> Option<String> {
    let Some((scheme, rest)) = blocked.split_once("://") else {
        return Some(blocked.split([':', '?', '#']).next().unwrap_or("").to_owned());
    };
    if scheme.ends_with("-extension") {
        return None;
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    // Some address bars take a password.
    let host = host.rsplit('@').next().unwrap_or("");
    Some(format!("{scheme}://{host}"))
}

/// A path in which ids are one thing, so that a page is one page whatever it shows.
fn path(page: &str) -> String {
    let path = page.split(['?', '#']).next().unwrap_or("");
    let parts = path.split('/').map(|part| if uuid::Uuid::try_parse(part).is_ok() { "{id}" } else { part });
    let path = parts.collect::<Vec<_>>().join("/");
    if path.is_empty() { "/".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ORIGIN: &str = "https://mind.example";

    fn now() -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000)
    }

    fn old(blocked: &str, page: &str) -> Vec<u8> {
        let report = serde_json::json!({"csp-report": {
            "document-uri": page, "violated-directive": "script-src-elem https://x", "blocked-uri": blocked,
            "original-policy": "default-src 'none'", "disposition": "enforce"}});
        report.to_string().into_bytes()
    }

    #[test]
    fn both_formats_are_the_same_thing_once() {
        let reports = Reports::default();
        let page = "https://mind.example/journal/0199d5a4-0000-7000-8000-000000000001?x=private#y";
        let first = reports.take(&old("https://evil.test/steal?what=diary", page), ORIGIN, now()).unwrap();
        assert_eq!(first.len(), 1);
        assert_eq!((first[0].directive.as_str(), first[0].blocked.as_str()), ("script-src-elem", "https://evil.test"));
        assert_eq!(first[0].page, "/journal/{id}");
        let list = serde_json::json!([
            {"type": "deprecation", "url": "https://mind.example/", "body": {"id": "x"}},
            {"type": "csp-violation", "age": 1, "url": page, "user_agent": "x", "body": {
                "documentURL": "https://mind.example/journal/0199d5a4-0000-7000-8000-000000000002",
                "effectiveDirective": "script-src-elem", "blockedURL": "https://evil.test/other", "disposition": "enforce"}}]);
        let again = reports.take(list.to_string().as_bytes(), ORIGIN, now().plus(Duration::from_secs(9))).unwrap();
        assert!(again.is_empty(), "known");
        let all = reports.list();
        assert_eq!((all.len(), all[0].count), (1, 2));
        assert!(all[0].last_at > all[0].first_at);
        let kept = serde_json::to_string(&all).unwrap();
        for private in ["private", "diary", "steal", "0199d5a4"] {
            assert!(!kept.contains(private), "{kept}");
        }
    }

    #[test]
    fn what_is_not_ours_is_left_alone_and_what_is_no_report_is_refused() {
        let reports = Reports::default();
        for (blocked, page) in [
            ("inline", "https://other.example/"),
            ("inline", "https://mind.example.evil.test/"),
            ("chrome-extension://abc/x.js", "https://mind.example/"),
        ] {
            assert!(reports.take(&old(blocked, page), ORIGIN, now()).unwrap().is_empty(), "{blocked} on {page}");
        }
        assert!(reports.list().is_empty());
        for bad in ["", "{", "null", "3", "{}", "[]", "[3]", r#"{"csp-report":3}"#, r#"[{"body":{}}]"#] {
            let fault = reports.take(bad.as_bytes(), ORIGIN, now()).unwrap_err();
            assert_eq!((fault.kind(), fault.code()), (Kind::BadRequest, "malformed_report"), "{bad}");
        }
    }

    #[test]
    fn strangers_cannot_fill_it() {
        let reports = Reports::default();
        for number in 0..MOST + 50 {
            let at = now().plus(Duration::from_secs(number as u64));
            let long = "x".repeat(10_000);
            reports.take(&old(&format!("https://{number}.test"), &format!("{ORIGIN}/{long}")), ORIGIN, at).unwrap();
        }
        let all = reports.list();
        assert_eq!(all.len(), MOST);
        assert_eq!(all[0].blocked, format!("https://{}.test", MOST + 49), "the oldest made room");
        assert!(all.iter().all(|kind| kind.page.len() <= LONGEST));
    }
}
