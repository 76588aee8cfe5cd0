//! The baseline of `make bench`: a bare axum route that gives a fixed answer, and nothing else.
//!
//! `bare 127.0.0.1:9000 < answer.json`, where the answer is `{"path": …, "status": …, "headers": [[name, value], …],
//! "body": …}`.

use axum::Router;
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use std::io::{self, Error};

#[derive(Deserialize)]
struct Answer {
    path: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let Answer { path, status, headers: lines, body } = serde_json::from_reader(io::stdin())?;
    let status = StatusCode::from_u16(status).map_err(Error::other)?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name: HeaderName = name.parse().map_err(Error::other)?;
        headers.append(name, HeaderValue::try_from(value).map_err(Error::other)?);
    }
    let answer = move || async move { (status, headers, body) };
    let router = Router::new().route(&path, get(answer));
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, router).await
}
