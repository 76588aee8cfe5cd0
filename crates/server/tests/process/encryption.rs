//! TLS in the process: certificates from files that change, and from this machine's own authority.

use crate::authority::{Authority, Manners};
use crate::program::{Program, command};
use reqwest::{Certificate, Client};
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A client that trusts this certificate and no other, and goes nowhere by itself.
fn trusting(pem: &[u8]) -> Client {
    let certificate = Certificate::from_pem(pem).unwrap();
    let builder = Client::builder().tls_certs_only([certificate]).redirect(reqwest::redirect::Policy::none());
    builder.pool_max_idle_per_host(0).timeout(Duration::from_secs(10)).build().unwrap()
}

fn write(chain: &Path, key: &Path) -> Vec<u8> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(chain, made.cert.pem()).unwrap();
    std::fs::write(key, made.signing_key.serialize_pem()).unwrap();
    made.cert.pem().into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_is_served_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    let first = write(&chain, &key);
    let beside = free_port();
    let redirect = format!("127.0.0.1:{beside}");
    let program = Program::start(
        &folder.path().join("data"),
        &[
            ("PUBLIC_URL", "https://localhost"),
            ("TLS_CERT_FILE", chain.to_str().unwrap()),
            ("TLS_KEY_FILE", key.to_str().unwrap()),
            ("HTTP_LISTEN_ADDR", &redirect),
        ],
    );
    let health = format!("https://localhost:{}/health", program.port);
    let answer = trusting(&first).get(&health).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), r#"{"status":"ok"}"#);

    let clear = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let page = clear.get(format!("http://{redirect}/journal")).send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["location"]),
        (308, &"https://localhost/journal".parse().unwrap())
    );
    let api = clear.post(format!("http://{redirect}/api/auth/login")).send().await.unwrap();
    assert_eq!(api.status(), 403);
    let trust = clear.get(format!("http://{redirect}/trust")).send().await.unwrap();
    assert_eq!(trust.status(), 403, "there is no authority to trust");

    let second = write(&chain, &key);
    let began = Instant::now();
    while trusting(&second).get(&health).send().await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "the new certificate is not served");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(trusting(&first).get(&health).send().await.is_err());
    program.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_learns_to_trust_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("settings");
    let output = command(folder.path())
        .args(["init", "--local-ca", "--public-url", "https://localhost:8443", "--format", "json", "--dir"])
        .arg(&dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fingerprint = said["authority"]["sha256"].as_str().unwrap();
    let redirect = format!("127.0.0.1:{}", free_port());
    let settings = dir.join("mindvibe.env");
    let data = dir.join("data");
    let program = Program::start(
        &data,
        &[
            ("MINDVIBE_CONFIG", settings.to_str().unwrap()),
            ("ENVIRONMENT", "production"),
            ("HTTP_LISTEN_ADDR", &redirect),
        ],
    );
    let phone = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let page = phone.get(format!("http://{redirect}/trust")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policies = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policies.contains("default-src 'none'") && !policies.contains("unsafe") && !policies.contains("upgrade"));
    let html = page.text().await.unwrap();
    assert!(html.contains(fingerprint), "{html}");
    let style = phone.get(format!("http://{redirect}/trust/style.css")).send().await.unwrap();
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    let with_cookie =
        phone.get(format!("http://{redirect}/trust")).header("cookie", "__Host-sid=x").send().await.unwrap();
    assert_eq!(with_cookie.status(), 403, "whoever has a credential does not belong here");
    let authority = phone.get(format!("http://{redirect}/trust/ca.crt")).send().await.unwrap();
    assert_eq!(authority.headers()["content-type"], "application/x-x509-ca-cert");
    let authority = authority.bytes().await.unwrap();
    let trusted = trusting(&authority);
    let ready = trusted.get(format!("https://localhost:{}/ready", program.port)).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    let by_address = trusted.get(format!("https://127.0.0.1:{}/ready", program.port)).send().await.unwrap();
    assert_eq!(by_address.status(), 200);
    program.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_public_name_gets_its_certificate_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let beside = free_port();
    let authority = Authority::start(Manners::new(&["http-01"], 9, beside)).await;
    authority.manners().stale_nonces.store(1, SeqCst);
    let redirect = format!("127.0.0.1:{beside}");
    let settings = [
        ("PUBLIC_URL", "https://mind.example"),
        ("TLS_MODE", "acme"),
        ("ACME_TERMS_AGREED", "true"),
        ("ACME_CONTACT", "owner@mind.example"),
        ("ACME_DIRECTORY_URL", authority.directory.as_str()),
        ("HTTP_LISTEN_ADDR", redirect.as_str()),
    ];
    let visit = async |program: &Program| {
        let certificate = Certificate::from_pem(authority.pem().as_bytes()).unwrap();
        let builder = Client::builder().tls_certs_only([certificate]).timeout(Duration::from_secs(10));
        let client = builder.resolve("mind.example", ([127, 0, 0, 1], program.port).into()).build().unwrap();
        let answer = client.get(format!("https://mind.example:{}/health", program.port)).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    };
    let program = Program::start(&data, &settings);
    let began = Instant::now();
    while !visit(&program).await {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "there is no certificate:\n{}",
            std::fs::read_to_string(crate::program::log_of(&data)).unwrap()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(authority.proofs(), ["http-01"]);
    assert_eq!(authority.contacts(), ["mailto:owner@mind.example"]);
    let clear = Client::builder().build().unwrap();
    let token = authority.last_token();
    let gone = clear.get(format!("http://{redirect}/.well-known/acme-challenge/{token}")).send().await.unwrap();
    assert_eq!(gone.status(), 404, "the proof is taken down");
    program.kill();
    // What is kept is served at once, without asking again.
    let program = Program::start(&data, &settings);
    assert!(visit(&program).await);
    assert_eq!((authority.accounts(), authority.proofs().len()), (1, 1));
    program.kill();
}
