//! The way to the authority: bounded in time and size, encrypted unless it is this machine, without redirects.

use crate::Error;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use instant_acme::{BodyWrapper, BytesResponse, Error as AcmeError, HttpClient};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use std::pin::Pin;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// A chain of certificates takes some kilobytes.
const LARGEST: usize = 1024 * 1024;

pub(super) struct Http(Client);

impl Http {
    /// A client that recognises the authority's server by `authority` (PEM), or as the system does.
    pub(super) fn new(authority: Option<&[u8]>) -> Result<Self, Error> {
        let mut builder = Client::builder().timeout(PATIENCE).connect_timeout(PATIENCE).redirect(Policy::none());
        if let Some(pem) = authority {
            let all = Certificate::from_pem_bundle(pem).map_err(|_| Error::NoCertificate)?;
            builder = builder.tls_certs_only(all);
        }
        Ok(Self(builder.build().map_err(Error::acme)?))
    }
}

fn other(error: reqwest::Error) -> AcmeError {
    AcmeError::Other(Box::new(error.without_url()))
}

async fn send(client: Client, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, AcmeError> {
    let (parts, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    let mut answer = client
        .request(parts.method, parts.uri.to_string())
        .headers(parts.headers)
        .body(body)
        .send()
        .await
        .map_err(other)?;
    let mut response = Response::new(());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    let mut whole = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(other)? {
        if whole.len() + piece.len() > LARGEST {
            return Err(AcmeError::Str("the answer of the authority is too large"));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(BytesResponse { parts: response.into_parts().0, body: Box::new(whole.freeze()) })
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, AcmeError>> + Send>> {
        Box::pin(send(self.0.clone(), request))
    }
}
