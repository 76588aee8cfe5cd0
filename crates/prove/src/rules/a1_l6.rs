//! Secrets of the settings that turn up where they are read.

use crate::instance::Bench;
use crate::material::noise;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::wire::Request;
use data_encoding::BASE64;
use serde_json::json;

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-L6",
        finding: "A1-L6",
        title: "No secret of the settings is in a log, an answer or a figure, nor is its length",
        severity: Severity::Medium,
        asvs: "16.2.5",
        cwe: 532,
        expected: "With a planted word in every secret setting and the log at its loudest, after good and bad requests and the \
                   figures: the word is nowhere, and no line that names the setting holds the number of its characters.",
        help: "A type for secrets that cannot be printed, and a start that says configured or missing at most.",
        weakened_by: "A1-L6",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

/// A value that stands nowhere else, of a length of its own.
fn canary(parts: usize) -> String {
    let chance: Vec<String> = (0..parts).map(|_| format!("{:016x}", noise())).collect();
    format!("CANARY-{}", chance.concat())
}

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let (key, previous, client) = (canary(7), canary(9), canary(11));
    let pepper: String = canary(2).chars().take(32).collect();
    let encoded = BASE64.encode(pepper.as_bytes());
    let secrets = [
        ("SECRET_KEY", key.as_str()),
        ("SECRET_KEY_PREVIOUS", previous.as_str()),
        ("OIDC_PROVE_CLIENT_SECRET", client.as_str()),
        ("PASSWORD_PEPPER_PREVIOUS", encoded.as_str()),
    ];
    let others = [
        ("LOG_LEVEL", "trace"),
        ("OIDC_PROVIDERS", "prove"),
        ("OIDC_PROVE_ISSUER", "https://issuer.invalid"),
        ("OIDC_PROVE_CLIENT_ID", "prove"),
    ];
    let settings = [secrets.as_slice(), others.as_slice()].concat();
    let instance = bench.start(&settings).await?;
    let (lab, owner) = (&instance.lab, &instance.owner);
    let session = owner.enrol().await?;
    let token = lab.take_token(0).await?;
    let mut answers = Vec::new();
    for request in [
        Request::get("/api/auth/me").bearer(&token),
        Request::get("/openapi.json").bearer(&token),
        Request::get("/api/auth/policy"),
        Request::get("/api/auth/oidc/prove/start"),
        Request::get("/api/monitoring/health/detailed").cookies(&session),
        Request::get("/api/monitoring/security/status").cookies(&session),
        Request::get("/metrics").cookies(&session),
        Request::post("/api/moods").bearer(&token).json(&json!({"score": "?"})),
        Request::post("/auth/login").json(&json!({"email": "nobody@example.com", "password": "wrong and long enough"})),
        Request::get("/nowhere"),
    ] {
        let answer = lab.send(&request).await?;
        answers.push((request.line(), format!("{:?}\n{}", answer.headers, answer.text())));
    }
    let said = instance.said().await;
    found.control(said.contains("\"TRACE\""), || "the log is not at its loudest".to_owned())?;
    for (name, secret) in secrets {
        for (form, needle) in [("", secret.to_owned()), (" in base64", BASE64.encode(secret.as_bytes()))] {
            found.check(!said.contains(&needle), || format!("{name}{form} stands in the log"));
            for (line, answer) in &answers {
                found.check(!answer.contains(&needle), || format!("{name}{form} stands in the answer to {line}"));
            }
        }
        let length = secret.len().to_string();
        let tells = |line: &str| line.to_ascii_uppercase().contains(name) && line.contains(&length);
        found.check(!said.lines().any(tells), || format!("the log tells how long {name} is"));
    }
    found.check(!said.contains(&pepper), || "a pepper stands in the log".to_owned());
    Ok(())
}
