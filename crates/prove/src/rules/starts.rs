//! Settings that open a hole, and a server that starts with them all the same.

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
        expected: "CORS_ALLOWED_ORIGINS with *, null, http://, a wildcard or a path, alone or beside a good one: exit status \
                   78 and a CRITICAL line that names the variable. With exact https origins it starts.",
        help: "Every listed origin is one exact origin with https.",
        weakened_by: "A1-M3.start",
        writes: false,
    },
    trial: |bench, found| Box::pin(origins(bench, found)),
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
        ".*",
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
