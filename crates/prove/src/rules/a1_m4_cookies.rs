//! Cookies that are careless because it is only development.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M4.cookies",
        finding: "A1-M4",
        title: "Cookies are bound to this origin and to TLS, whatever the environment is called",
        severity: Severity::Medium,
        asvs: "3.3.1",
        cwe: 614,
        expected: "Every cookie of a sign-in and of a sign-out: __Host- before its name, Secure, Path=/, SameSite, no Domain; \
                   all but the one that a script must read HttpOnly.",
        help: "There is one way to write a cookie, and no setting that makes it weaker.",
        weakened_by: "A1-M4",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// What is wrong with a cookie; `None` when nothing.
fn careless(line: &str) -> Option<&'static str> {
    let mut parts = line.split(';').map(str::trim);
    let name = parts.next().and_then(|pair| pair.split('=').next()).unwrap_or("");
    let attributes: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
    let has = |wanted: &str| attributes.iter().any(|attribute| attribute == wanted);
    if !name.starts_with("__Host-") {
        Some("has no __Host- before its name")
    } else if !has("secure") {
        Some("is not Secure")
    } else if !has("path=/") {
        Some("is not for the whole origin")
    } else if attributes.iter().any(|attribute| attribute.starts_with("domain=")) {
        Some("is for other hosts, too")
    } else if !(has("samesite=lax") || has("samesite=strict")) {
        Some("is sent along by other sites")
    } else if name != "__Host-csrf" && !has("httponly") {
        Some("can be read by scripts")
    } else {
        None
    }
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (session, entered) = lab.sign_in(1).await?;
    let leave = Request::post("/api/auth/logout").same_origin().signed_in(&session);
    let left = lab.send(&leave).await?;
    found.control(entered.all("set-cookie").count() > 0, || "a sign-in sets no cookie".to_owned())?;
    for line in entered.all("set-cookie").chain(left.all("set-cookie")) {
        let wrong = careless(line);
        let name = line.split('=').next().unwrap_or("").to_owned();
        found.check(wrong.is_none(), || format!("the cookie {name} {}", wrong.unwrap_or_default()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_counts() {
        assert_eq!(careless("__Host-sid=x; Path=/; Secure; HttpOnly; SameSite=Lax"), None);
        assert_eq!(careless("__Host-csrf=x; path=/; secure; samesite=strict"), None);
        for (line, word) in [
            ("sid=x; Path=/; Secure; HttpOnly; SameSite=Lax", "__Host-"),
            ("__Host-sid=x; Path=/; HttpOnly; SameSite=Lax", "Secure"),
            ("__Host-sid=x; Secure; HttpOnly; SameSite=Lax", "origin"),
            ("__Host-sid=x; Path=/; Secure; HttpOnly; SameSite=Lax; Domain=a.test", "hosts"),
            ("__Host-sid=x; Path=/; Secure; HttpOnly; SameSite=None", "other sites"),
            ("__Host-sid=x; Path=/; Secure; SameSite=Lax", "scripts"),
        ] {
            assert!(careless(line).is_some_and(|wrong| wrong.contains(word)), "{line}");
        }
    }
}
