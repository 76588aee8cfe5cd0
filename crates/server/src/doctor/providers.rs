//! Do the other providers that people sign in by answer as what they are configured to be?

use super::{Patient, Seen, bad, good, nothing};
use serde_json::Value;

pub(super) async fn look(patient: &Patient) -> Seen {
    let providers = &patient.config.providers;
    if providers.is_empty() {
        return nothing("people sign in here only");
    }
    let mut wrong = Vec::new();
    for provider in providers {
        if let Err(why) = ask(&provider.issuer).await {
            wrong.push(format!("{}: {why}", provider.id));
        }
    }
    if wrong.is_empty() {
        let names: Vec<&str> = providers.iter().map(|provider| provider.id.as_str()).collect();
        return good(format!("{} answer", names.join(", ")));
    }
    let mend =
        "compare OIDC_<NAME>_ISSUER with the issuer that the provider names, and let this machine reach it by https";
    bad(wrong.join("; "), mend)
}

/// Its metadata (OpenID Connect Discovery 1.0): there, and about the issuer that was asked for.
async fn ask(issuer: &str) -> Result<(), String> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let client = Patient::client().map_err(|error| error.to_string())?;
    let answer = client.get(&url).send().await.map_err(|error| error.without_url().to_string())?;
    if !answer.status().is_success() {
        return Err(format!("{url} answers {}", answer.status().as_u16()));
    }
    let document: Value = answer.json().await.map_err(|_| format!("{url} is no JSON"))?;
    match document["issuer"].as_str() {
        Some(named) if named == issuer => Ok(()),
        Some(named) => Err(format!("{url} is about {named}")),
        None => Err(format!("{url} names no issuer")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{State, testing};
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    async fn provider(names: Option<&'static str>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let body = format!("{{\"issuer\": \"{}\"}}", names.unwrap_or(&url));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = [0; 2048];
                let _ = stream.read(&mut bytes).await;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
                let text = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        url
    }

    #[tokio::test]
    async fn each_is_asked_for_its_own_description() {
        let folder = tempfile::tempdir().unwrap();
        let with = |issuer: &str| {
            let set = [("OIDC_PROVIDERS", "work"), ("OIDC_WORK_ISSUER", issuer), ("OIDC_WORK_CLIENT_ID", "mindvibe")];
            testing::patient(folder.path(), &set)
        };
        testing::is(&look(&with(&provider(None).await)).await, State::Good);
        testing::is(&look(&with(&provider(Some("https://other.example")).await)).await, State::Bad);
        testing::is(&look(&with("http://127.0.0.1:9")).await, State::Bad);
        testing::is(&look(&testing::patient(folder.path(), &[])).await, State::NotApplicable);
    }
}
