//! The headers that tell a browser what not to do: all of them, and each by itself.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Response;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-10.headers",
        finding: "A2-10",
        title: "Every answer carries the whole set of headers",
        severity: Severity::Medium,
        asvs: "3.4.1",
        cwe: 693,
        expected: "Successes, refusals, unknown paths and the page: HSTS of two years, nosniff, DENY, same-origin policies, \
                   Permissions-Policy, no-store on what is personal; no Server and no X-Powered-By.",
        help: "Write them in the outermost step, so that no answer can leave without them.",
        weakened_by: "A2-10",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// Whether an answer's header is right, given its name in the visit.
type Fits = fn(&str, &Response) -> bool;

/// One header: a rule of its own, so that a report names the one that is missing.
macro_rules! header {
    ($rule:ident, $id:literal, $title:literal, $asvs:literal, $cwe:literal, $switch:literal, $expected:literal, $fits:expr) => {
        pub(crate) static $rule: Rule = Rule {
            info: RuleInfo {
                id: $id,
                finding: "A2-10",
                title: $title,
                severity: Severity::Medium,
                asvs: $asvs,
                cwe: $cwe,
                expected: $expected,
                help: "Write it in the outermost step, so that no answer can leave without it.",
                weakened_by: $switch,
                writes: false,
            },
            attack: |lab, found| Box::pin(each(lab, found, $expected, $fits)),
        };
    };
}

header!(
    CACHE,
    "A2-10.cache-control",
    "What is personal is kept by nobody",
    "14.3.2",
    525,
    "A2-10.cache-control",
    "Cache-Control: no-store on every answer but health, refusals and the page included.",
    |name, answer| name.contains("/health")
        || answer.header("cache-control").is_some_and(|kept| kept.contains("no-store"))
);
header!(
    EMBEDDER,
    "A2-10.cross-origin-embedder-policy",
    "A page loads nothing that was not meant for it",
    "3.5.8",
    693,
    "A2-10",
    "Cross-Origin-Embedder-Policy: require-corp on every answer.",
    |_, answer| only(answer, "cross-origin-embedder-policy", "require-corp")
);
header!(
    OPENER,
    "A2-10.cross-origin-opener-policy",
    "No page of another site holds a handle to ours",
    "3.4.8",
    1021,
    "A2-10",
    "Cross-Origin-Opener-Policy: same-origin on every answer.",
    |_, answer| only(answer, "cross-origin-opener-policy", "same-origin")
);
header!(
    RESOURCE,
    "A2-10.cross-origin-resource-policy",
    "No page of another site loads what is ours",
    "3.5.8",
    668,
    "A2-10",
    "Cross-Origin-Resource-Policy: same-origin on every answer.",
    |_, answer| only(answer, "cross-origin-resource-policy", "same-origin")
);
header!(
    NO_BANNER,
    "A2-10.no-banner",
    "No answer names the software behind it",
    "13.4.6",
    497,
    "A2-10.no-banner",
    "Neither Server nor X-Powered-By nor X-AspNet-Version on any answer.",
    |_, answer| BANNERS.iter().all(|name| answer.header(name).is_none())
);
header!(
    AGENT_CLUSTER,
    "A2-10.origin-agent-cluster",
    "Our origin shares a process with no other",
    "3.5.4",
    653,
    "A2-10",
    "Origin-Agent-Cluster: ?1 on every answer.",
    |_, answer| only(answer, "origin-agent-cluster", "?1")
);
header!(
    PERMISSIONS,
    "A2-10.permissions-policy",
    "Camera, place, payment and USB are switched off, the microphone is ours alone",
    "3.1.1",
    693,
    "A2-10",
    "Permissions-Policy: camera=(), geolocation=(), payment=(), usb=(), and microphone=(self) at most, on every answer.",
    |_, answer| permissions(answer)
);
header!(
    REFERRER,
    "A2-10.referrer-policy",
    "No address of ours is told to another site",
    "3.4.5",
    200,
    "A2-10",
    "Referrer-Policy: same-origin on every answer; no-referrer would make the Origin of form posts null.",
    |_, answer| only(answer, "referrer-policy", "same-origin")
);
header!(
    TRANSPORT,
    "A2-10.strict-transport-security",
    "Browsers are told for two years to come by TLS only",
    "3.4.1",
    319,
    "A2-10",
    "Strict-Transport-Security: max-age of 63072000 or more, and includeSubDomains, on every answer.",
    |_, answer| transport(answer)
);
header!(
    SNIFF,
    "A2-10.x-content-type-options",
    "No answer is taken for another type than its own",
    "3.4.4",
    693,
    "A2-10",
    "X-Content-Type-Options: nosniff on every answer.",
    |_, answer| only(answer, "x-content-type-options", "nosniff")
);
header!(
    PREFETCH,
    "A2-10.x-dns-prefetch-control",
    "Links in what people wrote are not looked up behind their backs",
    "3.4.5",
    200,
    "A2-10",
    "X-DNS-Prefetch-Control: off on every answer.",
    |_, answer| only(answer, "x-dns-prefetch-control", "off")
);
header!(
    FRAME,
    "A2-10.x-frame-options",
    "Nothing of ours is shown in another page's frame",
    "3.4.6",
    1021,
    "A2-10",
    "X-Frame-Options: DENY on every answer, beside frame-ancestors 'none'.",
    |_, answer| only(answer, "x-frame-options", "DENY")
);
header!(
    CROSS_DOMAIN,
    "A2-10.x-permitted-cross-domain-policies",
    "No file of ours speaks for the whole origin",
    "3.4.2",
    942,
    "A2-10",
    "X-Permitted-Cross-Domain-Policies: none on every answer.",
    |_, answer| only(answer, "x-permitted-cross-domain-policies", "none")
);
header!(
    FILTER,
    "A2-10.x-xss-protection",
    "The browser's old filter, which leaked, is switched off",
    "3.4.3",
    693,
    "A2-10",
    "X-XSS-Protection: 0 on every answer; the content policy stands in its place.",
    |_, answer| only(answer, "x-xss-protection", "0")
);

const BANNERS: [&str; 3] = ["server", "x-powered-by", "x-aspnet-version"];
const SET: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-dns-prefetch-control", "off"),
    ("x-xss-protection", "0"),
];

/// Whether the header is there once, with this value.
fn only(answer: &Response, name: &str, value: &str) -> bool {
    answer.all(name).eq([value])
}

fn transport(answer: &Response) -> bool {
    let transport = answer.header("strict-transport-security").unwrap_or("");
    let age = transport.split(';').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<u64>().ok());
    age.is_some_and(|age| age >= 63_072_000) && transport.contains("includeSubDomains")
}

fn permissions(answer: &Response) -> bool {
    let value = answer.header("permissions-policy").unwrap_or("");
    let closed = ["camera=()", "geolocation=()", "payment=()", "usb=()"].iter().all(|feature| value.contains(feature));
    closed && (value.contains("microphone=(self)") || value.contains("microphone=()"))
}

fn missing(answer: &Response) -> Vec<String> {
    let mut list = Vec::new();
    for (name, value) in SET {
        if !only(answer, name, value) {
            list.push(format!("{name}: {value}"));
        }
    }
    if !transport(answer) {
        list.push("strict-transport-security of two years".to_owned());
    }
    if !permissions(answer) {
        list.push("a permissions-policy that closes what is not used".to_owned());
    }
    for name in BANNERS {
        if answer.header(name).is_some() {
            list.push(format!("no {name}"));
        }
    }
    list
}

/// Every answer of a visit, and the page where there is one.
async fn answers(lab: &Lab, found: &mut Findings) -> Result<Vec<(String, Response)>, Stop> {
    let mut list = lab.visits().await?.to_vec();
    found.control(list.iter().any(|(_, answer)| answer.ok()), || "no answer was a success".to_owned())?;
    if let Ok(page) = lab.page().await {
        list.push(("the page".to_owned(), page));
    }
    Ok(list)
}

async fn each(lab: &Lab, found: &mut Findings, expected: &str, fits: Fits) -> Result<(), Stop> {
    for (name, answer) in answers(lab, found).await? {
        found.check(fits(&name, &answer), || format!("{name}: not {expected}"));
    }
    Ok(())
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    for (name, answer) in answers(lab, found).await? {
        let kept = answer.header("cache-control").unwrap_or("");
        let personal = !name.contains("/health");
        found.check(!personal || kept.contains("no-store"), || format!("{name}: Cache-Control: {kept}"));
        let lacks = missing(&answer);
        found.check(lacks.is_empty(), || format!("{name} lacks {}", lacks.join(", ")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { status: 200, headers, body: Vec::new(), took: Duration::ZERO, sent: 0 }
    }

    #[test]
    fn a_header_counts_once_and_exactly() {
        let name = "x-frame-options";
        assert!(only(&answer(&[(name, "DENY")]), name, "DENY"));
        assert!(!only(&answer(&[(name, "DENY"), (name, "SAMEORIGIN")]), name, "DENY"));
        assert!(!only(&answer(&[(name, "SAMEORIGIN")]), name, "DENY") && !only(&answer(&[]), name, "DENY"));
        let lasting = |value| transport(&answer(&[("strict-transport-security", value)]));
        assert!(lasting("max-age=63072000; includeSubDomains"));
        assert!(lasting("max-age=99999999; includeSubDomains; preload"));
        assert!(!lasting("max-age=63072000") && !lasting("max-age=3600; includeSubDomains") && !lasting(""));
        let allowed = |value| permissions(&answer(&[("permissions-policy", value)]));
        assert!(allowed("microphone=(self), camera=(), geolocation=(), payment=(), usb=()"));
        assert!(!allowed("microphone=*, camera=(), geolocation=(), payment=(), usb=()"));
        assert_eq!(missing(&answer(&[("server", "x")])).len(), 13);
    }
}
