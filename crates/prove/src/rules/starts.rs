//! Settings that open a hole, and a server that starts with them all the same.

use super::a1_h3::policies;
use super::a1_m9::connections;
use crate::instance::{Bench, Ended, Start};
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};

pub(crate) static SECRETS: StartRule = StartRule {
    info: RuleInfo {
        id: "A2-4.start",
        finding: "A2-4",
        title: "A weak secret stops the start",
        severity: Severity::Critical,
        asvs: "13.3.1",
        cwe: 798,
        expected: "In production without SECRET_KEY, or with one that is short, repeats itself or stands in a document: exit \
                   status 78 and a CRITICAL line that names the variable and not its value. With a good one it starts.",
        help: "There are no default secrets; read and judge them before anything else happens.",
        weakened_by: "A2-4.start",
        writes: false,
    },
    trial: |bench, found| Box::pin(secrets(bench, found)),
};

pub(crate) static CEILING: StartRule = StartRule {
    info: RuleInfo {
        id: "A2-1.ceiling",
        finding: "A2-1",
        title: "No setting makes access tokens last for more than an hour",
        severity: Severity::Medium,
        asvs: "7.3.2",
        cwe: 613,
        expected: "ACCESS_TOKEN_TTL of 61 minutes, of a day, of none, or no number: exit status 78 and a CRITICAL line that \
                   names the variable. With 60 it starts.",
        help: "The ceiling is checked with the other settings; longer stays are what refresh tokens are for.",
        weakened_by: "A2-1.ceiling",
        writes: false,
    },
    trial: |bench, found| Box::pin(ceiling(bench, found)),
};

pub(crate) static ORIGINS: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-M3.start",
        finding: "A1-M3",
        title: "Origins that anybody could speak for stop the start",
        severity: Severity::Medium,
        asvs: "3.4.2",
        cwe: 942,
        expected: "CORS_ALLOWED_ORIGINS with *, null, http://, a wildcard, a path or a slash at its end, alone or beside a good one: exit status \
                   78 and a CRITICAL line that names the variable. With exact https origins it starts.",
        help: "Every listed origin is one exact origin with https.",
        weakened_by: "A1-M3.start",
        writes: false,
    },
    trial: |bench, found| Box::pin(origins(bench, found)),
};

pub(crate) static SOCKETS: StartRule = StartRule {
    info: RuleInfo {
        id: "A2-3.start",
        finding: "A2-3",
        title: "Pages of any origin opening sockets stop the start",
        severity: Severity::Medium,
        asvs: "4.4.2",
        cwe: 1385,
        expected: "SOCKETIO_ORIGINS with *, null, http://, a wildcard or a path: exit status 78 and a CRITICAL line that names \
                   the variable. With exact https origins it starts.",
        help: "Unset, only pages of PUBLIC_URL open sockets.",
        weakened_by: "A2-3.start",
        writes: false,
    },
    trial: |bench, found| Box::pin(sockets(bench, found)),
};

pub(crate) static CONNECT: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-M9.start",
        finding: "A1-M9",
        title: "Pages speak with further origins only where each is set",
        severity: Severity::Medium,
        asvs: "3.4.3",
        cwe: 1021,
        expected: "CSP_CONNECT_SRC_EXTRA with *, a scheme, http://, a wildcard, a path or another directive: exit status 78 and \
                   a CRITICAL line that names the variable. With an exact origin, the page's connect-src has it; unset, it is \
                   'self' alone. CSP_REPORT_ONLY sends a second policy that only reports.",
        help: "Each further origin is one exact https or wss origin.",
        weakened_by: "A1-M9.start",
        writes: false,
    },
    trial: |bench, found| Box::pin(connect(bench, found)),
};

pub(crate) static EQUAL: StartRule = StartRule {
    info: RuleInfo {
        id: "A2-4.equal",
        finding: "A2-4",
        title: "One value for two secrets stops the start",
        severity: Severity::High,
        asvs: "13.3.1",
        cwe: 798,
        expected: "In production with SECRET_KEY's value as SECRET_KEY_PREVIOUS, as MINDVIBE_REFLECTION_KEY, as the password of \
                   the mail server: exit status 78 and a CRITICAL line that names the variable and not its value.",
        help: "Compare all secrets with each other before anything is opened with them.",
        weakened_by: "A2-4.equal",
        writes: false,
    },
    trial: |bench, found| Box::pin(equal(bench, found)),
};

pub(crate) static ADDRESS: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-L5.start",
        finding: "A1-L5",
        title: "Production knows where people reach it, and that is encrypted",
        severity: Severity::Medium,
        asvs: "13.2.1",
        cwe: 1188,
        expected: "In production without PUBLIC_URL, or with one that is http, this machine's in the clear, a path, a wildcard or \
                   no address: exit status 78 and a CRITICAL line that names the variable. With an https origin it starts.",
        help: "The address of links is a setting, never what a request says of itself.",
        weakened_by: "A1-L5",
        writes: false,
    },
    trial: |bench, found| Box::pin(address(bench, found)),
};

pub(crate) static DATABASE: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-H5.start",
        finding: "A1-H5",
        title: "No setting makes production speak to a database that nobody has recognised",
        severity: Severity::High,
        asvs: "12.3.2",
        cwe: 295,
        expected: "In production with DB_SSL_MODE or sslmode of less than verify-full for a server elsewhere: exit status 78 and a \
                   CRITICAL line that names the variable. With verify-full it starts.",
        help: "verify-full is the only way to a server elsewhere; looking away exists in development alone.",
        weakened_by: "A1-H5.start",
        writes: false,
    },
    trial: |bench, found| Box::pin(database(bench, found)),
};

/// Good for these attempts; made up, and as long as what `openssl rand -base64 48` prints.
pub(super) const GOOD: &str = "q7ZtR2vK9mXc4LpW8sYhN3bGdF6jUaQe1ToVxCi5rMnBkHzSwPyEuDgJfA0l2I7O";
const PRODUCTION: [(&str, &str); 2] = [("ENVIRONMENT", "production"), ("PUBLIC_URL", "https://mind.example")];

/// Whether it refuses to start as it should, naming the setting.
pub(super) fn refused(ended: &Ended, name: &str) -> bool {
    let told = ended.said.lines().any(|line| line.contains("CRITICAL") && line.contains(name));
    ended.status == Some(78) && told
}

/// Starts it with the setting at this value (left out where there is none); what is wrong about what happens.
async fn wrong(
    bench: &Bench,
    name: &str,
    value: Option<&str>,
    others: &[(&str, &str)],
) -> Result<Option<String>, Stop> {
    let mut settings = PRODUCTION.to_vec();
    settings.extend(others);
    settings.extend(value.map(|value| (name, value)));
    let what = value.map_or_else(|| format!("without {name}"), |value| format!("with {name}={value:?}"));
    Ok(match bench.try_start(&settings).await? {
        Start::Serves => Some(format!("it starts {what}")),
        Start::Ended(ended) if !refused(&ended, name) => {
            let status = ended.status.map_or_else(|| "a signal".to_owned(), |status| status.to_string());
            Some(format!("{what} it ends with {status}, or without a word about {name}"))
        }
        // A short value may be part of any word.
        Start::Ended(ended) => value
            .filter(|value| value.len() > 20 && ended.said.contains(value))
            .map(|_| format!("{what} it repeats the value")),
    })
}

async fn starts(bench: &Bench, found: &mut Findings, settings: &[(&str, &str)]) -> Result<(), Stop> {
    let settings = [&PRODUCTION, settings].concat();
    let start = bench.try_start(&settings).await?;
    found.control(matches!(start, Start::Serves), || match start {
        Start::Ended(Ended { status, .. }) => format!("with good settings it ends with {status:?}"),
        Start::Serves => String::new(),
    })
}

async fn secrets(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let name = "SECRET_KEY";
    starts(bench, found, &[(name, GOOD)]).await?;
    let repeated = "ab".repeat(24);
    let weak = [
        None,
        Some("changeme"),
        Some("your-secret-key-change-in-production-0000"),
        Some(&GOOD[..31]),
        Some(repeated.as_str()),
    ];
    for value in weak {
        let wrong = wrong(bench, name, value, &[]).await?;
        found.check(wrong.is_none(), || wrong.unwrap_or_default());
    }
    Ok(())
}

async fn equal(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let good = ("SECRET_KEY", GOOD);
    let mail = [good, ("SMTP_HOST", "mail.example"), ("SMTP_USER", "mind"), ("MAIL_FROM", "mind@mind.example")];
    starts(bench, found, &[&mail[..], &[("SMTP_PASSWORD", "another")]].concat()).await?;
    for (name, others) in
        [("SECRET_KEY_PREVIOUS", &mail[..1]), ("MINDVIBE_REFLECTION_KEY", &mail[..1]), ("SMTP_PASSWORD", &mail[..])]
    {
        let wrong = wrong(bench, name, Some(GOOD), others).await?;
        found.check(wrong.is_none(), || wrong.unwrap_or_default());
    }
    Ok(())
}

async fn address(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let (name, good) = ("PUBLIC_URL", ("SECRET_KEY", GOOD));
    starts(bench, found, &[good, (name, "https://mind.example:8443")]).await?;
    // An empty setting counts as one that is not there.
    for value in
        ["", "http://mind.example", "http://localhost:8080", "https://mind.example/app", "https://*", "mind.example"]
    {
        let wrong = wrong(bench, name, Some(value), &[good]).await?;
        found.check(wrong.is_none(), || wrong.unwrap_or_default());
    }
    Ok(())
}

async fn database(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let good = ("SECRET_KEY", GOOD);
    starts(bench, found, &[good, ("DB_SSL_MODE", "verify-full")]).await?;
    let elsewhere = ("DATABASE_URL", "postgres://mind@db.invalid/mind");
    for value in ["require-no-verify", "require", "prefer", "disable"] {
        let wrong = wrong(bench, "DB_SSL_MODE", Some(value), &[good, elsewhere]).await?;
        found.check(wrong.is_none(), || wrong.unwrap_or_default());
    }
    for mode in ["disable", "prefer", "require", "verify-ca"] {
        let url = format!("{}?sslmode={mode}", elsewhere.1);
        let wrong = wrong(bench, "DATABASE_URL", Some(&url), &[good]).await?;
        found.check(wrong.is_none(), || wrong.unwrap_or_default());
    }
    Ok(())
}

async fn ceiling(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let (name, good) = ("ACCESS_TOKEN_TTL", ("SECRET_KEY", GOOD));
    starts(bench, found, &[good, (name, "60")]).await?;
    for value in ["61", "1440", "0", "forever"] {
        let wrong = wrong(bench, name, Some(value), &[good]).await?;
        found.check(wrong.is_none(), || wrong.unwrap_or_default());
    }
    Ok(())
}

async fn origins(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let (name, good) = ("CORS_ALLOWED_ORIGINS", ("SECRET_KEY", GOOD));
    starts(bench, found, &[good, (name, "https://one.example,https://two.example:8443")]).await?;
    for value in [
        "*",
        "null",
        "http://one.example",
        "https://one.example,http://two.example",
        "https://*.one.example",
        "https://one.example/path",
        "https://one.example/",
        "http://localhost:3000",
        ".*",
    ] {
        let wrong = wrong(bench, name, Some(value), &[good]).await?;
        found.check(wrong.is_none(), || wrong.unwrap_or_default());
    }
    Ok(())
}

async fn sockets(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let (name, good) = ("SOCKETIO_ORIGINS", ("SECRET_KEY", GOOD));
    starts(bench, found, &[good, (name, "https://one.example,https://two.example:8443")]).await?;
    for value in ["*", "null", "http://one.example", "https://*.one.example", "https://one.example/path"] {
        let wrong = wrong(bench, name, Some(value), &[good]).await?;
        found.check(wrong.is_none(), || wrong.unwrap_or_default());
    }
    Ok(())
}

async fn connect(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let (name, good) = ("CSP_CONNECT_SRC_EXTRA", ("SECRET_KEY", GOOD));
    let extra = "https://extra.example";
    for (settings, expected, tried) in [
        (vec![], "'self'".to_owned(), false),
        (vec![(name, extra), ("CSP_REPORT_ONLY", "1")], format!("'self' {extra}"), true),
    ] {
        let instance = bench.start(&settings).await?;
        let page = instance.lab.page().await?;
        let allowed = connections(&policies(&page));
        found.control(allowed.is_some(), || "the page's policy says nothing of connections".to_owned())?;
        let allowed = allowed.unwrap_or_default();
        found.check(allowed == expected, || format!("with {settings:?} connect-src is {allowed:?}"));
        let reports = page.header("content-security-policy-report-only").is_some();
        found.check(reports == tried, || format!("with {settings:?} a policy that only reports: {reports}"));
    }
    for value in [
        "*",
        "https:",
        "http://one.example",
        "ws://one.example",
        "https://*.one.example",
        "https://one.example/path",
        "https://one.example;script-src *",
    ] {
        let wrong = wrong(bench, name, Some(value), &[good]).await?;
        found.check(wrong.is_none(), || wrong.unwrap_or_default());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_status_and_names_the_setting() {
        let ended = |status, said: &str| Ended { status: Some(status), said: said.to_owned() };
        let line = "mindvibe: CRITICAL SECRET_KEY is not set";
        assert!(refused(&ended(78, line), "SECRET_KEY"));
        assert!(!refused(&ended(1, line), "SECRET_KEY"));
        assert!(!refused(&ended(78, line), "PUBLIC_URL"));
        assert!(!refused(&ended(78, "SECRET_KEY"), "SECRET_KEY"));
    }
}
