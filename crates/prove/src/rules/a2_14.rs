//! Development's settings, pointed at production's data by mistake, and the other way round.

use super::starts::GOOD;
use crate::instance::{Bench, Start};
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "A2-14.stamp",
        finding: "A2-14",
        title: "A database belongs to one environment",
        severity: Severity::Medium,
        asvs: "13.2.3",
        cwe: 668,
        expected: "Data that development made does not open in production: exit status 78 and a CRITICAL line that names \
                   ENVIRONMENT. In development it opens as before.",
        help: "Stamp the environment into the data when it is first opened, and compare before anything else is read.",
        weakened_by: "A2-14",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let mut instance = bench.start(&[("SECRET_KEY", GOOD)]).await?;
    let here = instance.url.clone();
    let production = [("ENVIRONMENT", "production"), ("PUBLIC_URL", "https://mind.example")];
    match instance.try_restart(&production).await? {
        Start::Serves => found.check(false, || "it starts in production on development's data".to_owned()),
        Start::Ended(ended) => {
            let told = ended.said.lines().any(|line| line.contains("CRITICAL") && line.contains("ENVIRONMENT"));
            found.check(ended.status == Some(78) && told, || {
                format!("on development's data it ends with {:?}, or without a word about ENVIRONMENT", ended.status)
            });
        }
    }
    let again = instance.try_restart(&[("ENVIRONMENT", "development"), ("PUBLIC_URL", &here)]).await?;
    found.control(matches!(again, Start::Serves), || "it does not open where it belongs any more".to_owned())
}
