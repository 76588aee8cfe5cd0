//! Letters on their way through a real conversation over a socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod sink;

use kernel::{Secret, Timestamp};
use mail::{Envelope, Letter, Locale, NotSent, Settings, Smtp, Topic};
use sink::Sink;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(7);

fn smtp(url: &str) -> Smtp {
    Smtp::new(Settings::from_url(&Secret::new(url.to_owned()), "MindVibe <mind@example.org>").unwrap(), "mind.example")
        .unwrap()
}

async fn send(smtp: &Smtp) -> Result<(), NotSent> {
    let letter = Letter::write(Locale::of("de"), Topic::VerifyAddress, &[], &["https://mind.example/verify#verify_x"]);
    smtp.send(&Envelope { to: "zoe@example.org", id: ID, at: Timestamp::from_micros(1_800_000_000_000_000) }, &letter)
        .await
}

/// A server's certificate for `localhost`, and the same as the authority that a client believes.
fn certificate() -> (TlsAcceptor, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let chain: Vec<CertificateDer<'static>> = vec![made.cert.der().clone()];
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem().into_bytes())
}

#[tokio::test]
async fn a_letter_arrives_with_both_forms_and_a_stable_id() {
    let sink = Sink::start(None).await;
    let smtp = smtp(&format!("smtp://127.0.0.1:{}", sink.port));
    send(&smtp).await.unwrap();
    send(&smtp).await.unwrap();
    let taken = sink.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(
        (taken[0].from.as_str(), taken[0].to.as_slice()),
        ("<mind@example.org>", ["<zoe@example.org>".to_owned()].as_slice())
    );
    let id = format!("Message-ID: <{ID}@mind.example>");
    assert!(taken.iter().all(|taken| taken.data.contains(&id)), "{}", taken[0].data);
    assert!(taken[0].data.contains("text/plain") && taken[0].data.contains("text/html"));
}

#[tokio::test]
async fn a_server_that_is_busy_or_away_is_asked_again_and_a_no_is_a_no() {
    let sink = Sink::start(None).await;
    let out = smtp(&format!("smtp://127.0.0.1:{}", sink.port));
    sink.state.lock().unwrap().refusals.extend(["451 later", "450 later", "550 nobody here", "530 sign in"]);
    assert_eq!(send(&out).await, Err(NotSent::Later(Some(451))));
    assert_eq!(send(&out).await, Err(NotSent::Later(Some(450))));
    assert_eq!(send(&out).await, Err(NotSent::Never(Some(550))));
    assert_eq!(send(&out).await, Err(NotSent::Later(Some(530))), "our own login is for the operator to mend");
    assert_eq!(sink.taken(), []);
    send(&out).await.unwrap();
    assert_eq!(sink.taken().len(), 1);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(send(&smtp(&format!("smtp://127.0.0.1:{port}"))).await, Err(NotSent::Later(None)), "nobody listens");
}

#[tokio::test]
async fn without_tls_nothing_is_said_where_it_is_required() {
    let sink = Sink::start(None).await;
    let out = smtp(&format!("smtp+starttls://user:CANARY@localhost:{}", sink.port));
    assert!(send(&out).await.is_err());
    let state = sink.state.lock().unwrap();
    assert!(state.connections > 0, "it was tried");
    assert!(
        state.clear.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS" || line == "QUIT"),
        "{:?}",
        state.clear
    );
    assert_eq!(state.taken, []);
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be_gets_nothing() {
    let (acceptor, _) = certificate();
    let sink = Sink::start(Some(acceptor)).await;
    let out = smtp(&format!("smtp+starttls://user:CANARY@localhost:{}", sink.port));
    assert_eq!(send(&out).await, Err(NotSent::Later(None)));
    let state = sink.state.lock().unwrap();
    assert!(state.clear.iter().any(|line| line == "STARTTLS"), "{:?}", state.clear);
    assert_eq!(state.taken, []);
}

#[tokio::test]
async fn over_tls_it_signs_in_and_sends() {
    let (acceptor, authority) = certificate();
    let sink = Sink::start(Some(acceptor)).await;
    let url = Secret::new(format!("smtp+starttls://user:secret@localhost:{}", sink.port));
    let settings = Settings::from_url(&url, "mind@example.org").unwrap().with_authority(authority);
    send(&Smtp::new(settings, "mind.example").unwrap()).await.unwrap();
    let taken = sink.taken();
    assert!(taken.len() == 1 && taken[0].encrypted && taken[0].login.is_some());
    let state = sink.state.lock().unwrap();
    assert!(state.clear.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{:?}", state.clear);
}
