//! Is the certificate there, for the right name, and good for a while?

use super::{Patient, Seen, bad, good, nothing};
use crate::config::Encryption;
use ::tls::local::Local;
use ::tls::{Facts, Pair};
use kernel::Timestamp;
use reqwest::tls::TlsInfo;
use std::time::Duration;

/// Renewal has failed for some time when so little is left.
const SOON: Duration = Duration::from_hours(14 * 24);

pub(super) async fn look(patient: &Patient) -> Seen {
    let read = match &patient.config.encryption {
        Encryption::Files(files) => files.read(),
        Encryption::Acme(acme) => {
            let path = acme.folder.join("certificate.pem");
            if !path.exists() {
                return bad(
                    "there is no certificate yet",
                    "start the server where the name of PUBLIC_URL leads to port 443 \
                     of this machine; the log tells what the authority says (certificate_not_renewed)",
                );
            }
            Pair::read(&path, &path)
        }
        Encryption::Local { folder, .. } => Local::new(folder).files().read(),
        Encryption::Elsewhere if patient.config.public_url.starts_with("https://") => {
            return from_outside(patient).await;
        }
        Encryption::Elsewhere => return nothing("pages are opened on this machine, without encryption"),
    };
    match read {
        Ok(pair) => judge(pair.facts(), &patient.host(), patient.ambient.now()),
        Err(error) => bad(
            error.to_string(),
            "name a certificate and its key in TLS_CERT_FILE and TLS_KEY_FILE; for \
             TLS_MODE=local run mindvibe init --local-ca",
        ),
    }
}

/// What a proxy in front shows.
async fn from_outside(patient: &Patient) -> Seen {
    let url = format!("{}/health", patient.config.public_url);
    let mend = "let the proxy in front serve PUBLIC_URL by https with a certificate that browsers take";
    let asked = async { Patient::client()?.get(&url).send().await };
    let answer = match asked.await {
        Ok(answer) => answer,
        Err(error) => return bad(format!("{url} cannot be asked: {}", causes(&error.without_url())), mend),
    };
    let shown = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate).map(Facts::of);
    match shown {
        Some(Ok(facts)) => judge(&facts, &patient.host(), patient.ambient.now()),
        _ => bad(format!("{url} answers without a certificate that can be read"), mend),
    }
}

/// An error with what caused it: the reason of a refused certificate stands at the end.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn judge(facts: &Facts, host: &str, now: Timestamp) -> Seen {
    if !facts.covers(host) {
        let names = facts.names.join(", ");
        return bad(format!("the certificate is for {names}, not for {host}"), "get one for the host of PUBLIC_URL");
    }
    if let Err(error) = facts.check_time(now) {
        return bad(error.to_string(), "renew it; the server takes new files up by itself");
    }
    let days = facts.left(now).as_secs() / 86_400;
    if facts.left(now) < SOON {
        let says = format!("the certificate is good for {days} more days");
        return bad(
            says,
            "its renewal does not happen: look at what renews it, or at the log (certificate_not_renewed)",
        );
    }
    good(format!("for {host}, good for {days} more days"))
}

#[cfg(test)]
mod tests {
    use super::super::{State, testing};
    use super::*;

    fn facts(names: &[&str], days: i64) -> Facts {
        let now = kernel::Ambient::system().now().as_micros();
        Facts {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            not_before: Timestamp::from_micros(now - 86_400_000_000 * 30),
            not_after: Timestamp::from_micros(now + 86_400_000_000 * days),
            issuer: "CN=test".to_owned(),
            self_issued: false,
            fingerprint: [0; 32],
        }
    }

    #[test]
    fn a_certificate_is_judged_by_name_and_time() {
        let now = kernel::Ambient::system().now();
        let judged = |names: &[&str], days| judge(&facts(names, days), "mind.example", now);
        testing::is(&judged(&["mind.example"], 60), State::Good);
        testing::is(&judged(&["other.example"], 60), State::Bad);
        testing::is(&judged(&["mind.example"], -1), State::Bad);
        testing::is(&judged(&["mind.example"], 10), State::Bad);
    }

    #[tokio::test]
    async fn files_are_read_as_the_server_would() {
        let folder = tempfile::tempdir().unwrap();
        let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
        let files = [("TLS_CERT_FILE", chain.to_str().unwrap()), ("TLS_KEY_FILE", key.to_str().unwrap())];
        let patient = testing::patient(folder.path(), &files);
        testing::is(&look(&patient).await, State::Bad);
        let made = rcgen::generate_simple_self_signed(vec!["mind.example".to_owned()]).unwrap();
        std::fs::write(&chain, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        testing::is(&look(&patient).await, State::Good);
        let other = rcgen::generate_simple_self_signed(vec!["mind.example".to_owned()]).unwrap();
        std::fs::write(&key, other.signing_key.serialize_pem()).unwrap();
        testing::is(&look(&patient).await, State::Bad);
        let acme = [("TLS_MODE", "acme"), ("ACME_TERMS_AGREED", "true")];
        testing::is(&look(&testing::patient(folder.path(), &acme)).await, State::Bad);
    }

    #[tokio::test]
    async fn a_proxy_that_is_not_there_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let away = testing::patient(folder.path(), &[("PUBLIC_URL", "https://localhost:9")]);
        testing::is(&look(&away).await, State::Bad);
        let open = [("PUBLIC_URL", "http://localhost:8080"), ("ENVIRONMENT", "development")];
        testing::is(&look(&testing::patient(folder.path(), &open)).await, State::NotApplicable);
    }
}
