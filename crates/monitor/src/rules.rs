//! Decisions without I/O: who may ask whether it is ready, and the text of `security.txt`.

use crate::Config;
use http::{HeaderMap, header};
use ipnet::IpNet;
use kernel::Timestamp;
use std::net::IpAddr;
use std::time::Duration;

/// How long `security.txt` is good from when it is read; RFC 9116 recommends less than a year.
const GOOD_FOR: Duration = Duration::from_hours(180 * 24);
const DAY_IN_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// Whether the question comes from this machine itself, or from where the operator said.
///
/// `ip` is the sender's address with trusted proxies taken into account. A request that names further hops while nobody is
/// trusted came through a proxy of this machine, so its sender is not this machine.
pub(crate) fn may_ask_ready(ip: IpAddr, headers: &HeaderMap, allowed: &[IpNet]) -> bool {
    let ip = ip.to_canonical();
    if allowed.iter().any(|net| net.contains(&ip)) {
        return true;
    }
    let forwarded = ["x-forwarded-for", "x-real-ip"].iter().any(|name| headers.contains_key(*name));
    ip.is_loopback() && !forwarded && !headers.contains_key(header::FORWARDED)
}

/// RFC 9116. The end is written anew with every answer, so it never comes.
pub(crate) fn security_txt(config: &Config, now: Timestamp) -> String {
    let url = &config.public_url;
    let end = now.plus(GOOD_FOR);
    // A whole day, so that the text changes once a day and not with each answer.
    let end = Timestamp::from_micros(end.as_micros() - end.as_micros().rem_euclid(DAY_IN_MICROS));
    let mut lines: Vec<String> = config.contacts.iter().map(|contact| format!("Contact: {contact}")).collect();
    lines.push(format!("Expires: {}", end.to_chrono().format("%Y-%m-%dT%H:%M:%SZ")));
    let own = format!("{url}/security-policy");
    lines.push(format!("Policy: {}", config.policy.as_ref().unwrap_or(&own)));
    lines.push(format!("Canonical: {url}/.well-known/security.txt"));
    lines.push("Preferred-Languages: en".to_owned());
    lines.push(String::new());
    lines.join("\n")
}

/// What whoever has found a weakness can expect, where the operator has no page of their own.
pub(crate) fn policy(config: &Config) -> String {
    let contacts = config.contacts.join(" or ");
    format!(
        "If you have found a weakness of this server, thank you.\n\n\
         Write to {contacts}. Say what you did, what happened, and what you think it means. Please do not look at what\n\
         others have written here, do not change or delete it, and do not slow the server down for others: an account of\n\
         your own is enough to show nearly everything. Give us the time to mend it before you tell others.\n\n\
         We answer, say when it is mended, and take no legal steps against whoever keeps to this.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config {
            environment: "production",
            public_url: "https://mind.example".to_owned(),
            data_dir: "unused".into(),
            ready_from: Vec::new(),
            contacts: vec!["mailto:security@mind.example".to_owned(), "https://mind.example/report".to_owned()],
            policy: None,
        }
    }

    #[test]
    fn only_this_machine_and_the_listed_may_ask_whether_it_is_ready() {
        let nets = ["10.1.0.0/16".parse().unwrap()];
        let ask = |ip: &str, headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            may_ask_ready(ip.parse().unwrap(), &headers, &nets)
        };
        for ip in ["127.0.0.1", "127.3.2.1", "::1", "10.1.2.3", "::ffff:10.1.2.3"] {
            assert!(ask(ip, &[]), "{ip}");
        }
        for ip in ["192.0.2.1", "10.2.0.1", "2001:db8::1"] {
            assert!(!ask(ip, &[]), "{ip}");
        }
        for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
            assert!(!ask("127.0.0.1", &[(name, "192.0.2.1")]), "{name}");
            assert!(ask("10.1.0.1", &[(name, "192.0.2.1")]), "{name}");
        }
    }

    #[test]
    fn the_notice_has_its_fields_and_ends_in_half_a_year() {
        let now: Timestamp = "2026-11-21T10:11:12Z".parse().unwrap();
        let text = security_txt(&config(), now);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "Contact: mailto:security@mind.example",
                "Contact: https://mind.example/report",
                "Expires: 2027-05-20T00:00:00Z",
                "Policy: https://mind.example/security-policy",
                "Canonical: https://mind.example/.well-known/security.txt",
                "Preferred-Languages: en",
            ]
        );
        assert_eq!(security_txt(&config(), now.plus(Duration::from_mins(1))), text);
        assert_ne!(security_txt(&config(), now.plus(Duration::from_hours(24))), text, "it renews itself");
        let own = Config { policy: Some("https://elsewhere.example/p".to_owned()), ..config() };
        assert!(security_txt(&own, now).contains("Policy: https://elsewhere.example/p\n"));
        assert!(policy(&config()).contains("mailto:security@mind.example or https://mind.example/report"));
    }
}
