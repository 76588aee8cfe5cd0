//! A certificate authority on this machine that speaks RFC 8555: directory, nonces, accounts, orders, authorizations,
//! challenges that it really looks at, requests that it really checks, certificates that it really signs. It refuses as
//! the standard says, and on demand.

use crate::jws::{Key, Signed};
use crate::validation;
use chrono::{Datelike as _, Duration as Days};
use data_encoding::BASE64URL_NOPAD;
use kernel::Ambient;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How it behaves.
pub(crate) struct Manners {
    /// Kinds of challenges it offers, in this order.
    kinds: &'static [&'static str],
    tls_port: u16,
    http_port: u16,
    /// So many signed requests are answered with `badNonce` first.
    pub(crate) stale_nonces: AtomicUsize,
    /// Whether new orders are too many.
    pub(crate) limited: AtomicBool,
    /// Whether it signs for a name that nobody asked for.
    pub(crate) another_name: AtomicBool,
    /// Whether it signs for a key that nobody has.
    pub(crate) another_key: AtomicBool,
    /// Whether it answers with what is no ACME at all.
    pub(crate) broken: AtomicBool,
}

impl Manners {
    pub(crate) fn new(kinds: &'static [&'static str], tls_port: u16, http_port: u16) -> Self {
        Self {
            kinds,
            tls_port,
            http_port,
            stale_nonces: AtomicUsize::new(0),
            limited: AtomicBool::new(false),
            another_name: AtomicBool::new(false),
            another_key: AtomicBool::new(false),
            broken: AtomicBool::new(false),
        }
    }
}

struct Order {
    account: usize,
    domain: String,
    token: String,
    /// pending, valid or invalid
    proven: &'static str,
    /// Which kind was tried, and what was wrong with it.
    tried: Option<&'static str>,
    problem: Option<Value>,
    /// Whether it was read since it was finalized: the first look finds it still at work.
    looked: bool,
    certificate: Option<String>,
}

#[derive(Default)]
struct Books {
    nonces: HashSet<String>,
    accounts: Vec<Key>,
    contacts: Vec<String>,
    orders: Vec<Order>,
}

struct State {
    url: String,
    manners: Manners,
    books: Mutex<Books>,
    ambient: Ambient,
    ca: (String, String),
}

/// The authority, running until it is dropped.
pub(crate) struct Authority {
    pub(crate) directory: String,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

/// Status, headers and body.
struct Answer(u16, Vec<(&'static str, String)>, String);

/// A problem document (RFC 8555, section 6.7).
fn problem(status: u16, kind: &str, detail: &str) -> Answer {
    let document = problem_document(status, kind, detail);
    Answer(status, vec![("Content-Type", "application/problem+json".to_owned())], document.to_string())
}

fn problem_document(status: u16, kind: &str, detail: &str) -> Value {
    json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail, "status": status})
}

fn document(status: u16, body: &Value) -> Answer {
    Answer(status, vec![("Content-Type", "application/json".to_owned())], body.to_string())
}

impl Authority {
    pub(crate) async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State { url, manners, books: Mutex::default(), ambient: Ambient::system(), ca: authority() };
        let state = Arc::new(state);
        let served = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = served.clone();
                tokio::spawn(async move {
                    let _ = serve(state, stream).await;
                });
            }
        });
        Self { directory: format!("{}/directory", state.url), state, task }
    }

    pub(crate) fn manners(&self) -> &Manners {
        &self.state.manners
    }

    /// By which its certificates are recognised, in PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.state.ca.0
    }

    pub(crate) fn accounts(&self) -> usize {
        self.state.books.lock().unwrap().accounts.len()
    }

    pub(crate) fn contacts(&self) -> Vec<String> {
        self.state.books.lock().unwrap().contacts.clone()
    }

    /// The kinds of proofs it has looked at.
    pub(crate) fn proofs(&self) -> Vec<&'static str> {
        self.state.books.lock().unwrap().orders.iter().filter_map(|order| order.tried).collect()
    }

    pub(crate) fn last_token(&self) -> String {
        self.state.books.lock().unwrap().orders.last().unwrap().token.clone()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn authority() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "An authority for tests");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

async fn serve(state: Arc<State>, mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    let (line, headers, body) = loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if let Some(body) = bytes[end + 4..].get(..length.unwrap_or(0)) {
            let line = String::from_utf8_lossy(&bytes[..end]).lines().next().unwrap_or_default().to_owned();
            break (line, head, body.to_vec());
        }
    };
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut answer = state.answer(method, path, &headers, &body);
    if state.manners.broken.load(SeqCst) {
        answer = Answer(500, Vec::new(), "<html>out of order</html>".to_owned());
    }
    let Answer(status, mut headers, body) = answer;
    headers.push(("Replay-Nonce", state.nonce()));
    headers.push(("Cache-Control", "no-store".to_owned()));
    let mut text = format!("HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    text.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).await?;
    if method != "HEAD" {
        stream.write_all(body.as_bytes()).await?;
    }
    stream.shutdown().await?;
    if let Some(index) = path.strip_prefix("/challenge/").filter(|_| status == 200) {
        let (index, kind) = index.split_once('/').unwrap();
        state.look(index.parse().unwrap(), kind).await;
    }
    Ok(())
}

impl State {
    fn nonce(&self) -> String {
        let nonce = BASE64URL_NOPAD.encode(&self.ambient.bytes::<16>());
        self.books.lock().unwrap().nonces.insert(nonce.clone());
        nonce
    }

    fn answer(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let url = &self.url;
        match (method, path) {
            ("GET", "/directory") => document(
                200,
                &json!({
                    "newNonce": format!("{url}/nonce"), "newAccount": format!("{url}/account"),
                    "newOrder": format!("{url}/order"), "revokeCert": format!("{url}/revoke"),
                    "keyChange": format!("{url}/key"), "meta": {"termsOfService": format!("{url}/terms")},
                }),
            ),
            ("HEAD", "/nonce") => Answer(200, Vec::new(), String::new()),
            ("POST", _) if !headers.contains("content-type: application/jose+json") => {
                Answer(415, Vec::new(), problem_document(415, "malformed", "not application/jose+json").to_string())
            }
            ("POST", _) => self.signed(path, body).unwrap_or_else(|refused| refused),
            _ => problem(405, "malformed", "method not allowed"),
        }
    }

    /// Checks what every signed request must hold, then does what it asks for.
    fn signed(&self, path: &str, body: &[u8]) -> Result<Answer, Answer> {
        let request = Signed::parse(body).ok_or_else(|| problem(400, "malformed", "no JWS of ES256"))?;
        if request.header["url"] != format!("{}{path}", self.url) {
            return Err(problem(401, "unauthorized", "url in the header is another"));
        }
        let mut books = self.books.lock().unwrap();
        let known = request.header["nonce"].as_str().is_some_and(|nonce| books.nonces.remove(nonce));
        let stale = &self.manners.stale_nonces;
        let pretended = path != "/account" && stale.load(SeqCst) > 0;
        if pretended {
            stale.fetch_sub(1, SeqCst);
        }
        if !known || pretended {
            return Err(problem(400, "badNonce", "the nonce was not given out, or was used before"));
        }
        if path == "/account" {
            return Self::account(&mut books, &request, &self.url);
        }
        let account =
            request.header["kid"].as_str().and_then(|kid| kid.strip_prefix(&format!("{}/account/", self.url)));
        let account = account.and_then(|number| number.parse::<usize>().ok());
        let unknown = || problem(400, "accountDoesNotExist", "there is no such account");
        let account = account.filter(|number| *number < books.accounts.len()).ok_or_else(unknown)?;
        if request.header.get("jwk").is_some() || !request.is_by(&books.accounts[account]) {
            return Err(problem(401, "unauthorized", "the signature is not the account's"));
        }
        if path == "/order" {
            return self.order(&mut books, account, &request);
        }
        let mut parts = path.trim_start_matches('/').split('/');
        let (what, index) =
            (parts.next().unwrap_or_default(), parts.next().and_then(|text| text.parse::<usize>().ok()));
        let none = || problem(404, "malformed", "there is no such thing");
        let index = index.filter(|index| *index < books.orders.len()).ok_or_else(none)?;
        if books.orders[index].account != account {
            return Err(problem(401, "unauthorized", "it belongs to another account"));
        }
        let reads_only = request.payload.is_empty();
        match (what, reads_only) {
            ("order", true) => Ok(document(200, &self.order_document(&mut books, index))),
            ("authorization", true) => Ok(document(200, &self.authorization_document(&books, index))),
            ("certificate", true) => match &books.orders[index].certificate {
                Some(pem) => {
                    let media = ("Content-Type", "application/pem-certificate-chain".to_owned());
                    Ok(Answer(200, vec![media], pem.clone()))
                }
                None => Err(none()),
            },
            ("challenge", false) if request.json() == json!({}) => {
                let kind = parts.next().unwrap_or_default().to_owned();
                Ok(document(200, &self.challenge_document(&books.orders[index], index, &kind, "processing")))
            }
            ("finalize", false) => self.finalize(&mut books, index, &request),
            _ => Err(problem(400, "malformed", "this is not how it is asked for")),
        }
    }

    fn account(books: &mut Books, request: &Signed, url: &str) -> Result<Answer, Answer> {
        let key = Key::of(&request.header["jwk"]).ok_or_else(|| problem(400, "badPublicKey", "no key on P-256"))?;
        if !request.is_by(&key) {
            return Err(problem(401, "unauthorized", "the signature is not this key's"));
        }
        let wish = request.json();
        if wish["termsOfServiceAgreed"] != true {
            return Err(problem(403, "userActionRequired", "the terms of service are to be agreed to"));
        }
        let known = books.accounts.iter().position(|known| *known == key);
        let (status, number) = known.map_or((201, books.accounts.len()), |number| (200, number));
        if known.is_none() {
            books.accounts.push(key);
            let contacts = wish["contact"].as_array().cloned().unwrap_or_default();
            books.contacts.extend(contacts.iter().filter_map(|one| one.as_str().map(ToOwned::to_owned)));
        }
        let account = json!({"status": "valid", "orders": format!("{url}/orders")});
        let Answer(_, mut headers, body) = document(status, &account);
        headers.push(("Location", format!("{url}/account/{number}")));
        Ok(Answer(status, headers, body))
    }

    fn order(&self, books: &mut Books, account: usize, request: &Signed) -> Result<Answer, Answer> {
        if self.manners.limited.load(SeqCst) {
            let Answer(status, mut headers, body) = problem(429, "rateLimited", "too many orders; come back later");
            headers.push(("Retry-After", "3600".to_owned()));
            return Err(Answer(status, headers, body));
        }
        let wish = request.json();
        let identifier = &wish["identifiers"][0];
        let domain = identifier["value"].as_str().filter(|_| identifier["type"] == "dns");
        let domain = domain.ok_or_else(|| problem(400, "unsupportedIdentifier", "names only"))?.to_owned();
        let token = BASE64URL_NOPAD.encode(&self.ambient.bytes::<16>());
        books.orders.push(Order {
            account,
            domain,
            token,
            proven: "pending",
            tried: None,
            problem: None,
            looked: false,
            certificate: None,
        });
        let index = books.orders.len() - 1;
        let Answer(status, mut headers, body) = document(201, &self.order_document(books, index));
        headers.push(("Location", format!("{}/order/{index}", self.url)));
        Ok(Answer(status, headers, body))
    }

    fn order_document(&self, books: &mut Books, index: usize) -> Value {
        let url = &self.url;
        let order = &mut books.orders[index];
        let status = match (order.proven, &order.certificate) {
            ("valid", None) => "ready",
            ("valid", Some(_)) if !order.looked => "processing",
            (other, _) => other,
        };
        order.looked |= order.certificate.is_some();
        let mut document = json!({
            "status": status, "expires": "2099-01-01T00:00:00Z",
            "identifiers": [{"type": "dns", "value": order.domain}],
            "authorizations": [format!("{url}/authorization/{index}")], "finalize": format!("{url}/finalize/{index}"),
        });
        if status == "valid" {
            document["certificate"] = json!(format!("{url}/certificate/{index}"));
        }
        document
    }

    fn authorization_document(&self, books: &Books, index: usize) -> Value {
        let order = &books.orders[index];
        let challenges: Vec<Value> = self
            .manners
            .kinds
            .iter()
            .map(|kind| {
                let status = if order.tried == Some(*kind) { order.proven } else { "pending" };
                self.challenge_document(order, index, kind, status)
            })
            .collect();
        json!({
            "status": order.proven, "expires": "2099-01-01T00:00:00Z",
            "identifier": {"type": "dns", "value": order.domain}, "challenges": challenges,
        })
    }

    fn challenge_document(&self, order: &Order, index: usize, kind: &str, status: &str) -> Value {
        let url = format!("{}/challenge/{index}/{kind}", self.url);
        let mut document = json!({"type": kind, "url": url, "token": order.token, "status": status});
        if let Some(problem) = order.problem.as_ref().filter(|_| order.tried == Some(kind)) {
            document["error"] = problem.clone();
        }
        document
    }

    /// Looks at the proof, as it said it would.
    async fn look(&self, index: usize, kind: &str) {
        let (domain, token, authorization) = {
            let books = self.books.lock().unwrap();
            let order = &books.orders[index];
            let thumbprint = books.accounts[order.account].thumbprint();
            (order.domain.clone(), order.token.clone(), format!("{}.{thumbprint}", order.token))
        };
        let kind = self.manners.kinds.iter().find(|known| **known == kind).copied().unwrap();
        let seen = match kind {
            "tls-alpn-01" => validation::over_tls(self.manners.tls_port, &domain, &authorization).await,
            "http-01" => validation::over_http(self.manners.http_port, &token, &authorization).await,
            _ => Err(("unauthorized", "nobody put such a record there".to_owned())),
        };
        let mut books = self.books.lock().unwrap();
        let order = &mut books.orders[index];
        order.tried = Some(kind);
        order.proven = if seen.is_ok() { "valid" } else { "invalid" };
        order.problem = seen.err().map(|(kind, detail)| problem_document(403, kind, &detail));
    }

    fn finalize(&self, books: &mut Books, index: usize, request: &Signed) -> Result<Answer, Answer> {
        if books.orders[index].proven != "valid" || books.orders[index].certificate.is_some() {
            return Err(problem(403, "orderNotReady", "the name is not proven yet"));
        }
        let bad = |why: &str| problem(400, "badCSR", why);
        let wish = request.json();
        let der = BASE64URL_NOPAD.decode(wish["csr"].as_str().unwrap_or_default().as_bytes());
        let der = der.map_err(|_| bad("no base64url"))?;
        let mut csr =
            CertificateSigningRequestParams::from_der(&der.into()).map_err(|error| bad(&error.to_string()))?;
        let domain = &books.orders[index].domain;
        let wanted = SanType::DnsName(Ia5String::try_from(domain.clone()).map_err(|_| bad("no name"))?);
        if csr.params.subject_alt_names != [wanted] {
            return Err(bad("other names than those of the order"));
        }
        let now = self.ambient.now().to_chrono().date_naive();
        let day = |date: chrono::NaiveDate| {
            date_time_ymd(date.year(), u8::try_from(date.month()).unwrap(), u8::try_from(date.day()).unwrap())
        };
        let dates = (day(now), day(now + Days::days(90)));
        (csr.params.not_before, csr.params.not_after) = dates;
        if self.manners.another_name.load(SeqCst) {
            csr.params.subject_alt_names = vec![SanType::DnsName(Ia5String::try_from("other.example").unwrap())];
        }
        let issuer = Issuer::from_ca_cert_pem(&self.ca.0, KeyPair::from_pem(&self.ca.1).unwrap()).unwrap();
        let signed = if self.manners.another_key.load(SeqCst) {
            csr.params.signed_by(&KeyPair::generate().unwrap(), &issuer)
        } else {
            csr.signed_by(&issuer)
        };
        let pem = format!("{}{}", signed.unwrap().pem(), self.ca.0);
        books.orders[index].certificate = Some(pem);
        Ok(document(200, &self.order_document(books, index)))
    }
}
