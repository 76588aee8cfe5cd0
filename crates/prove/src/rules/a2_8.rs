//! A connection string that is repeated when the connection fails, password and all.

use crate::instance::{Bench, Start};
use crate::material::noise;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "A2-8",
        finding: "A2-8",
        title: "A database that is not there is named without its password",
        severity: Severity::High,
        asvs: "16.2.5",
        cwe: 532,
        expected: "With DATABASE_URL=postgres://mind:<word>@127.0.0.1:1/mind and with addresses that cannot be read: the start \
                   fails, names the host where it could read one, and the word is in nothing it says, the log at its loudest.",
        help: "Say host and port; let no error repeat the address; blank what looks like one on the way out.",
        weakened_by: "A2-8",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let start = bench.try_start(&[]).await?;
    found.control(matches!(start, Start::Serves), || "it does not start without these settings".to_owned())?;
    let word = format!("CANARY{:016x}", noise());
    let loud = [("LOG_LEVEL", "trace"), ("RUN_MIGRATIONS_ON_STARTUP", "true")];
    for (url, host) in [
        (format!("postgres://mind:{word}@127.0.0.1:1/mind"), Some("127.0.0.1:1")),
        (format!("postgres://mind:{word}@127.0.0.1:1/mind?sslmode=disable"), Some("127.0.0.1:1")),
        (format!("postgres://mind:{word}@[::1]:1/mind"), None),
        (format!("postgres://mind:{word}@127.0.0.1:port/mind"), None),
        (format!("postgres://mind:/{word}@@127.0.0.1/mind"), None),
        (format!("postgres//mind:{word}@127.0.0.1/mind"), None),
        (format!("mysql://mind:{word}@127.0.0.1:1/mind"), None),
        (format!("postgres://mind:{word}@db.invalid/mind?sslmode=require"), None),
    ] {
        let settings = [loud.as_slice(), &[("DATABASE_URL", url.as_str())]].concat();
        let shape = url.replace(&word, "<word>");
        match bench.try_start(&settings).await? {
            Start::Serves => found.check(false, || format!("it starts with {shape}")),
            Start::Ended(ended) => {
                found.check(!ended.said.contains(&word), || format!("the password is told with {shape}"));
                let failed = ended.status.is_some_and(|status| status != 0);
                let named = host.is_none_or(|host| ended.said.contains(host));
                found.check(failed && named, || {
                    format!("with {shape} it ends with {:?} and without the host", ended.status)
                });
            }
        }
    }
    Ok(())
}
