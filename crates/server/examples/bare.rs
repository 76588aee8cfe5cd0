//! The baseline of `make bench`: a bare axum route that answers with given bytes, and nothing else.
//!
//! `bare 127.0.0.1:9000 '{"user":{}}'`

use axum::Router;
use axum::routing::get;
use http::header;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let body = arguments.next().unwrap_or_default();
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/json")], body) };
    let router = Router::new().route("/", get(answer));
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, router).await
}
