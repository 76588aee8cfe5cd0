//! Certificates from an authority that speaks RFC 8555 as the public ones do, its refusals included.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod authority;
mod jws;
mod validation;

use authority::{Authority, Manners};
use kernel::{Ambient, Clock as _, ManualClock, SystemRng};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use tempfile::TempDir;
use tls::{Accepted, Acceptor, Acme, AcmeSettings, Error, Renewal, Shelf};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const DOMAIN: &str = "mind.example";

/// What the name leads to: a TLS port, and a plain one that answers HTTP-01 only.
struct Site {
    shelf: Arc<Shelf>,
    tls: u16,
    plain: u16,
}

async fn site() -> Site {
    let shelf = Arc::new(Shelf::default());
    let (tls, plain) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let ports = (tls.local_addr().unwrap().port(), plain.local_addr().unwrap().port());
    let acceptor = Acceptor::new(shelf.clone()).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = tls.accept().await {
            if let Ok(Accepted::Client(mut stream)) = acceptor.accept(stream).await {
                let _ = stream.shutdown().await;
            }
        }
    });
    let tokens = shelf.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let token = head.strip_prefix("GET /.well-known/acme-challenge/").and_then(|rest| rest.split(' ').next());
            let answer = match token.and_then(|token| tokens.answer_to(token)) {
                Some(text) => {
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len())
                }
                None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    Site { shelf, tls: ports.0, plain: ports.1 }
}

struct World {
    site: Site,
    authority: Authority,
    folder: TempDir,
    clock: Arc<ManualClock>,
}

impl World {
    async fn new(kinds: &'static [&'static str]) -> Self {
        let site = site().await;
        let authority = Authority::start(Manners::new(kinds, site.tls, site.plain)).await;
        let clock = Arc::new(ManualClock::new(Ambient::system().now()));
        Self { site, authority, folder: tempfile::tempdir().unwrap(), clock }
    }

    fn acme(&self) -> Acme {
        self.acme_on(self.site.shelf.clone())
    }

    fn acme_on(&self, place: Arc<Shelf>) -> Acme {
        let settings = AcmeSettings {
            directory: self.authority.directory.clone(),
            domain: DOMAIN.to_owned(),
            contact: Some("owner@mind.example".to_owned()),
            folder: self.folder.path().join("acme"),
            authority: None,
        };
        let ambient = Ambient { clock: self.clock.clone(), rng: Arc::new(SystemRng) };
        Acme::new(settings, place, ambient)
    }

    fn served(&self) -> Option<[u8; 32]> {
        self.site.shelf.present().map(|pair| pair.facts().fingerprint)
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn refusal(answer: Result<Renewal, Error>) -> String {
    match answer {
        Err(error) => error.to_string(),
        Ok(renewal) => panic!("it was given: {renewal:?}"),
    }
}

#[tokio::test]
async fn a_name_is_proven_on_the_tls_port_and_what_comes_of_it_is_kept() {
    let world = World::new(&["http-01", "dns-01", "tls-alpn-01"]).await;
    let acme = world.acme();
    assert!(acme.load().unwrap().is_none());
    let Renewal::Renewed(facts) = acme.renew().await.unwrap() else { panic!("nothing was renewed") };
    assert!(facts.covers(DOMAIN) && world.served() == Some(facts.fingerprint));
    assert_eq!(world.authority.proofs(), ["tls-alpn-01"]);
    assert_eq!(world.authority.contacts(), ["mailto:owner@mind.example"]);
    let folder = world.folder.path().join("acme");
    assert_eq!(mode(&folder), 0o700);
    let chain = std::fs::read_to_string(folder.join("certificate.pem")).unwrap();
    assert!(chain.contains(world.authority.pem().trim()), "with those who vouch for it");
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files.iter().all(|path| mode(path) == 0o600), "{files:?}");

    assert!(matches!(acme.renew().await.unwrap(), Renewal::NotDue(_)));
    let other = Arc::new(Shelf::default());
    let kept = world.acme_on(other.clone()).load().unwrap().unwrap();
    assert_eq!((kept.fingerprint, other.present().is_some()), (facts.fingerprint, true), "as after a restart");

    // 90 days of life: due after 60, by the account that is there.
    world.clock.advance(Duration::from_hours(24 * 59));
    assert!(matches!(acme.renew().await.unwrap(), Renewal::NotDue(_)));
    world.clock.advance(Duration::from_hours(24 * 2));
    let Renewal::Renewed(second) = acme.renew().await.unwrap() else { panic!("nothing was renewed") };
    assert!(second.fingerprint != facts.fingerprint && world.served() == Some(second.fingerprint));
    assert_eq!(world.authority.accounts(), 1);
}

#[tokio::test]
async fn where_nothing_else_is_offered_it_is_proven_over_http() {
    let world = World::new(&["dns-01", "http-01"]).await;
    assert!(matches!(world.acme().renew().await.unwrap(), Renewal::Renewed(_)));
    assert_eq!(world.authority.proofs(), ["http-01"]);
    let token = world.authority.last_token();
    assert_eq!(world.site.shelf.answer_to(&token), None, "the proof is taken down");
    let world = World::new(&["dns-01"]).await;
    let said = refusal(world.acme().renew().await);
    assert!(said.contains("neither tls-alpn-01 nor http-01"), "{said}");
}

#[tokio::test]
async fn a_stale_nonce_is_tried_again() {
    let world = World::new(&["tls-alpn-01"]).await;
    world.authority.manners().stale_nonces.store(2, SeqCst);
    assert!(matches!(world.acme().renew().await.unwrap(), Renewal::Renewed(_)));
    assert_eq!(world.authority.manners().stale_nonces.load(SeqCst), 0, "both were answered with badNonce");
}

#[tokio::test]
async fn a_proof_that_is_not_there_is_refused_in_the_authoritys_words() {
    let world = World::new(&["tls-alpn-01"]).await;
    // The proof hangs on a shelf that the name does not lead to.
    let elsewhere = Arc::new(Shelf::default());
    let said = refusal(world.acme_on(elsewhere.clone()).renew().await);
    assert!(said.contains("urn:ietf:params:acme:error:"), "{said}");
    assert!(elsewhere.present().is_none());
    assert!(!world.folder.path().join("acme/certificate.pem").exists());
}

#[tokio::test]
async fn what_is_served_outlives_every_refusal() {
    let world = World::new(&["tls-alpn-01"]).await;
    let acme = world.acme();
    acme.renew().await.unwrap();
    let (served, kept) = (world.served(), std::fs::read(world.folder.path().join("acme/certificate.pem")).unwrap());
    world.clock.advance(Duration::from_hours(24 * 70));
    let manners = world.authority.manners();
    manners.limited.store(true, SeqCst);
    let said = refusal(acme.renew().await);
    assert!(said.contains("rateLimited"), "{said}");
    manners.limited.store(false, SeqCst);
    manners.another_name.store(true, SeqCst);
    let said = refusal(acme.renew().await);
    assert!(said.contains("another name"), "{said}");
    manners.another_name.store(false, SeqCst);
    manners.another_key.store(true, SeqCst);
    let said = refusal(acme.renew().await);
    assert!(said.contains("not the one that the certificate was made for"), "{said}");
    manners.another_key.store(false, SeqCst);
    manners.broken.store(true, SeqCst);
    refusal(acme.renew().await);
    manners.broken.store(false, SeqCst);
    assert_eq!(world.served(), served);
    assert_eq!(std::fs::read(world.folder.path().join("acme/certificate.pem")).unwrap(), kept);
    assert!(matches!(acme.renew().await.unwrap(), Renewal::Renewed(_)), "it goes on when the authority does");
    assert_ne!(world.clock.now(), Ambient::system().now());
}

#[tokio::test]
async fn an_authority_that_is_away_is_said_to_be() {
    let world = World::new(&["tls-alpn-01"]).await;
    let settings = AcmeSettings {
        directory: "http://127.0.0.1:9/directory".to_owned(),
        domain: DOMAIN.to_owned(),
        contact: None,
        folder: world.folder.path().join("acme"),
        authority: None,
    };
    let acme = Acme::new(settings, world.site.shelf.clone(), Ambient::system());
    let said = refusal(acme.renew().await);
    assert!(said.starts_with("ACME: "), "{said}");
}
