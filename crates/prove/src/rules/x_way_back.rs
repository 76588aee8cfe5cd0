//! A link of ours leads to somebody else's page, or runs their script.

use crate::lab::{Lab, Session};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use serde_json::{Value, json};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-CVE-2026-67333",
        finding: "X-CVE-2026-67333",
        title: "A way back leads to a page of ours",
        severity: Severity::High,
        asvs: "3.7.2",
        cwe: 601,
        expected: "javascript:, data:, //evil.test, /\\evil.test, https://evil.test and the like as return_to of a sign-in by another \
                   provider: 422. As any other way back, anywhere: in no Location, no Refresh and no page.",
        help: "Take a path of ours and nothing else: one slash, then neither a slash nor a backslash.",
        weakened_by: "X-CVE-2026-67333",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// Ways that are none, as they stand in a query.
const WAYS: &[&str] = &[
    "javascript:alert(1)",
    "%2F%2Fevil.test",
    "%2F%5Cevil.test",
    "https:%2F%2Fevil.test",
    "data:text%2Fhtml,%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "JaVaScRiPt:alert(1)",
    "java%09script:alert(1)",
    "%01javascript:alert(1)",
    "vbscript:evil.test",
    "%2F%2F%2Fevil.test",
    "%5C%5Cevil.test",
    "%2F%09%2Fevil.test",
    "%2F%0A%2Fevil.test",
    "%2F%0D%0ALocation:%20https:%2F%2Fevil.test",
    "http:evil.test",
    "https:%2Fevil.test",
    "%20https:%2F%2Fevil.test",
    ".evil.test",
    "@evil.test",
    "evil.test",
];
const NAMES: [&str; 6] = ["next", "return_to", "redirect_uri", "redirect", "url", "post_logout_redirect_uri"];
/// Where people come to by a link.
const PAGES: &[&str] = &["/", "/sign-in", "/account", "//evil.test/%2e%2e", "/%5Cevil.test", "/sign-in//evil.test"];

/// A query that names a way by every name.
fn everywhere(way: &str) -> String {
    NAMES.map(|name| format!("{name}={way}")).join("&")
}

/// Whether a browser that follows this stays at ours.
fn stays(location: &str, authority: &str) -> bool {
    let path =
        |text: &str| text.is_empty() || (text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\"));
    let rest = ["http://", "https://"].iter().find_map(|scheme| location.strip_prefix(scheme));
    let Some(rest) = rest else { return path(location) };
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or("");
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    // On loopback a page may be sent on to the name under which the server is published.
    host == authority || (matches!(name, "localhost" | "127.0.0.1") && port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn judge(lab: &Lab, found: &mut Findings, what: &str, answer: &Response) {
    let authority = lab.wire.authority();
    for name in ["location", "refresh", "content-location"] {
        for value in answer.all(name) {
            let target =
                if name == "refresh" { value.split_once("url=").map_or("", |(_, target)| target) } else { value };
            found.check(stays(target, &authority), || format!("{what}: {name} leads away"));
        }
    }
    let text = answer.text();
    let repeated = ["evil.test", "alert(1)"].iter().any(|sign| text.contains(sign));
    found.check(!repeated, || format!("{what}: repeated in the answer"));
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let ways = if lab.wire.many_addresses() { WAYS } else { &WAYS[..5] };
    let answer = lab.send(&Request::get("/api/auth/policy")).await?;
    found.control(answer.ok(), || format!("/api/auth/policy answers {}", answer.brief()))?;
    let listed = answer.json().get("providers").and_then(Value::as_array).cloned().unwrap_or_default();
    let session = lab.session(0).await?;
    for provider in listed.iter().filter_map(|provider| provider.get("id")?.as_str()) {
        federation(lab, found, provider, ways, &session).await?;
    }
    elsewhere(lab, found, ways).await
}

/// To another provider, and back.
async fn federation(lab: &Lab, found: &mut Findings, id: &str, ways: &[&str], session: &Session) -> Result<(), Stop> {
    let base = format!("/api/auth/oidc/{id}");
    let answer = lab.send(&Request::get(&format!("{base}/start?return_to=%2Fjournal"))).await?;
    // A provider that does not answer sends people back to the sign-in page.
    found.control(answer.status == 302, || format!("{base}/start with a path of ours answers {}", answer.brief()))?;
    for way in ways {
        let answer = lab.send(&Request::get(&format!("{base}/start?return_to={way}"))).await?;
        found.check(answer.status == 422, || format!("{base}/start?return_to={way}: {}", answer.brief()));
        judge(lab, found, &format!("{base}/start?return_to={way}"), &answer);
        let back = Request::get(&format!("{base}/callback?state=s&code=c&{}", everywhere(way)));
        judge(lab, found, &format!("{base}/callback with {way}"), &lab.send(&back).await?);
    }
    for name in NAMES {
        let mut body = json!({});
        body[name] = json!("https://evil.test");
        let link = Request::post(&format!("{base}/link")).same_origin().signed_in(session).json(&body);
        let answer = lab.send(&link).await?;
        found.check(answer.status == 422, || format!("POST {base}/link with {name}: {}", answer.brief()));
        judge(lab, found, &format!("POST {base}/link with {name}"), &answer);
        if name != "return_to" {
            let answer = lab.send(&Request::get(&format!("{base}/start?{name}=https:%2F%2Fevil.test"))).await?;
            judge(lab, found, &format!("{base}/start?{name}=…"), &answer);
        }
    }
    Ok(())
}

/// Pages, signing in and signing out.
async fn elsewhere(lab: &Lab, found: &mut Findings, ways: &[&str]) -> Result<(), Stop> {
    for page in PAGES {
        for way in ways.iter().take(5) {
            let query = everywhere(way);
            for host in ["", "127.0.0.1.evil.test"] {
                let mut request = Request::get(&format!("{page}?{query}")).header("Accept", "text/html");
                if !host.is_empty() {
                    request = request.header("Host", host);
                }
                judge(lab, found, &format!("{page} with {way}"), &lab.send(&request).await?);
            }
        }
    }
    let account = lab.account(0).await?;
    for name in NAMES {
        let mut body = account.body();
        body[name] = json!("https://evil.test");
        let answer = lab.send(&Request::post("/api/auth/login").same_origin().json(&body)).await?;
        judge(lab, found, &format!("signing in with {name} in the body"), &answer);
    }
    let query = everywhere("https:%2F%2Fevil.test");
    let login = Request::post(&format!("/api/auth/login?{query}")).same_origin().json(&account.body());
    let answer = lab.send(&login).await?;
    judge(lab, found, "signing in with a way back in the address", &answer);
    let session = Session::read(&answer);
    found.control(session.is_some(), || format!("signing in answers {}", answer.brief()))?;
    if let Some(session) = session {
        let logout = Request::post(&format!("/api/auth/logout?{query}")).same_origin().signed_in(&session);
        judge(lab, found, "signing out with a way back in the address", &lab.send(&logout.json(&json!({}))).await?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_is_told_from_a_way_out() {
        for good in
            ["/", "/sign-in?problem=x#//evil.test", "http://h:1/sign-in?next=//evil.test", "http://localhost:8080/"]
        {
            assert!(stays(good, "h:1"), "{good}");
        }
        for bad in [
            "//evil.test",
            "/\\evil.test",
            "https://evil.test/",
            "javascript:alert(1)",
            "http://h:1.evil.test",
            "http://localhost:1@evil.test",
            "evil",
        ] {
            assert!(!stays(bad, "h:1"), "{bad}");
        }
    }
}
