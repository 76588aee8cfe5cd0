//! The kinds of client the suite speaks as: nobody, a browser, a script. Each has an address of its own, as people do.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The `code` of a problem; empty when it is none.
    pub(crate) fn json_code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.bytes).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header as text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// Fails unless the status is this one, showing what came instead.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Fails unless it is a problem answer of this status and code.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        let answer = self.expect(status);
        let body = answer.json();
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status);
        assert_eq!(body["correlation_id"], answer.header("x-request-id"));
        body
    }
}

/// A client with an address of its own.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

fn own_address() -> IpAddr {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let [_, b, c, d] = n.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 10 + b, c, d.max(1)))
}

impl Client {
    /// Nobody in particular.
    pub(crate) fn anonymous(base: &str) -> Self {
        Self::from_address(base, own_address())
    }

    /// Somebody at this address, such as a proxy.
    pub(crate) fn from_address(base: &str, address: IpAddr) -> Self {
        let http = reqwest::Client::builder()
            .local_address(address)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_mins(2))
            .build()
            .unwrap();
        Self { http, base: base.to_owned(), headers: HeaderMap::new() }
    }

    /// The same client with one more header on each request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
        other
    }

    /// The same client, at another server.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The value of a header it sends.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }

    /// The same client without a header.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.headers.remove(name);
        other
    }

    /// Signs in as a browser does and keeps what it was given.
    pub(crate) async fn browser(base: &str, email: &str, password: &str) -> Self {
        let client = Self::anonymous(base);
        let answer = client.post("/api/auth/login", &json!({"email": email, "password": password})).await.expect(200);
        client.keeping(&answer)
    }

    /// This client with the cookies of an answer, and the token that writes need.
    pub(crate) fn keeping(&self, answer: &Answer) -> Self {
        let cookies: Vec<String> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned())
            .collect();
        let csrf =
            cookies.iter().find_map(|cookie| cookie.strip_prefix("__Host-csrf=")).expect("a csrf cookie").to_owned();
        self.with("cookie", &cookies.join("; ")).with("x-csrf-token", &csrf)
    }

    /// Signs in as a script does.
    pub(crate) async fn script(base: &str, email: &str, password: &str) -> Self {
        let client = Self::anonymous(base);
        let answer =
            client.post("/auth/login", &json!({"email": email, "password": password})).await.expect(200).json();
        client.with("authorization", &format!("Bearer {}", answer["access_token"].as_str().unwrap()))
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<(&str, Vec<u8>)>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).headers(self.headers.clone());
        if let Some((media, bytes)) = body {
            request = request.header("content-type", media).body(bytes);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    async fn json(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(method, path, Some(("application/json", body.to_string().into_bytes()))).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::PATCH, path, body).await
    }

    /// Uploads a file with its fields before it, as a form.
    pub(crate) async fn upload(&self, path: &str, fields: &[(&str, &str)], name: &str, bytes: Vec<u8>) -> Answer {
        let mut form = reqwest::multipart::Form::new();
        for (field, value) in fields {
            form = form.text((*field).to_owned(), (*value).to_owned());
        }
        form = form.part("file", reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned()));
        let request = self.http.post(format!("{}{path}", self.base)).headers(self.headers.clone()).multipart(form);
        Answer::of(request.send().await.unwrap()).await
    }
}
