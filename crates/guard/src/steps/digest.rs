//! Holds a body to the digest that was announced for it (RFC 9530), as it streams by.
//!
//! Whoever reads the body must not have seen its end before the digest was found right. A reader of JSON waits for the end
//! by itself; a reader of a form stops at the closing boundary, so that is held back until the rest has come.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use bytes::BytesMut;
use data_encoding::BASE64;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use http_body::{Body as HttpBody, Frame, SizeHint};
use kernel::{Fault, Kind};
use sha2::{Digest, Sha256};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

/// How much may follow the closing boundary of a form.
const EPILOGUE: usize = 64 * 1024;

static CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// Whether a body turned out to be another than announced, if anything was announced of it.
#[derive(Clone)]
pub(crate) struct Watch(Option<Arc<AtomicBool>>);

impl Watch {
    /// 401, once the body was read and was another.
    pub(crate) fn refusal(&self) -> Option<Fault> {
        self.0.as_ref().is_some_and(|other| other.load(Ordering::Acquire)).then(|| {
            Fault::new(Kind::Unauthenticated, "digest_mismatch", "The body is not the one that Content-Digest is of.")
        })
    }
}

/// The SHA-256 that a request announces of its body; `None` when there is none, or none that can be read.
pub(crate) fn announced(headers: &HeaderMap) -> Option<[u8; 32]> {
    let mut members = headers.get_all(&CONTENT_DIGEST).iter().filter_map(|line| line.to_str().ok());
    let value = members.find_map(|line| {
        line.split(',').find_map(|member| member.trim().strip_prefix("sha-256=:")?.strip_suffix(':'))
    })?;
    BASE64.decode(value.as_bytes()).ok()?.try_into().ok()
}

/// Puts the watch around the body of a request that announces a digest.
///
/// # Errors
/// 400 for a digest that is not a SHA-256.
pub(crate) fn watch(request: Request) -> Result<(Request, Watch), Fault> {
    if !request.headers().contains_key(&CONTENT_DIGEST) {
        return Ok((request, Watch(None)));
    }
    let Some(expected) = announced(request.headers()) else {
        return Err(Fault::new(
            Kind::BadRequest,
            "unsupported_digest",
            "Content-Digest is sha-256=:…:, the digest in base64.",
        ));
    };
    let closing = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok()?.split(';').find_map(|part| part.trim().strip_prefix("boundary=")))
        .map(|boundary| format!("--{}--", boundary.trim_matches('"')).into_bytes());
    let other = Arc::new(AtomicBool::new(false));
    let watch = Watch(Some(other.clone()));
    let request = request.map(|inner| {
        let (hash, held) = (Sha256::new(), BytesMut::new());
        Body::new(Watched { inner, expected, hash, closing, held, ended: false, other })
    });
    Ok((request, watch))
}

struct Watched {
    inner: Body,
    expected: [u8; 32],
    hash: Sha256,
    /// What ends a form.
    closing: Option<Vec<u8>>,
    held: BytesMut,
    ended: bool,
    other: Arc<AtomicBool>,
}

#[derive(Debug, thiserror::Error)]
#[error("the body is not the one that was announced")]
struct Mismatch;

impl Watched {
    /// How much of what is held may be handed on before the end is known.
    fn free(&self) -> Option<usize> {
        let Some(closing) = &self.closing else { return Some(self.held.len()) };
        match self.held.windows(closing.len()).position(|window| window == closing) {
            Some(0) if self.held.len() > EPILOGUE => None,
            Some(place) => Some(place),
            None => Some(self.held.len().saturating_sub(closing.len().saturating_sub(1))),
        }
    }

    fn refuse(&mut self) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.other.store(true, Ordering::Release);
        self.ended = true;
        Poll::Ready(Some(Err(axum::Error::new(Mismatch))))
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        loop {
            match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    this.hash.update(&data);
                    this.held.extend_from_slice(&data);
                    match this.free() {
                        None => return this.refuse(),
                        Some(0) => {}
                        Some(free) => {
                            let handed = this.held.split_to(free).freeze();
                            return Poll::Ready(Some(Ok(Frame::data(handed))));
                        }
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    if this.hash.finalize_reset().as_slice() != this.expected {
                        return this.refuse();
                    }
                    this.ended = true;
                    let rest = this.held.split().freeze();
                    return Poll::Ready((!rest.is_empty()).then(|| Ok(Frame::data(rest))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // Only known once the digest was compared.
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body_util::BodyExt;

    /// What a reader sees of chunks under the digest of `signed`.
    async fn read(chunks: &[&str], signed: &str, boundary: Option<&str>) -> (String, bool, bool) {
        let digest = format!("sha-256=:{}:", BASE64.encode(&Sha256::digest(signed)));
        let mut request = Request::builder().header("content-digest", digest);
        if let Some(boundary) = boundary {
            request = request.header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"));
        }
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok::<_, axum::Error>((*chunk).to_owned())).collect();
        let request = request.body(Body::from_stream(stream::iter(chunks))).unwrap();
        let (request, watch) = watch(request).unwrap();
        let mut body = request.into_body();
        let (mut seen, mut whole) = (String::new(), true);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => seen.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap()),
                Err(_) => whole = false,
            }
        }
        (seen, whole, watch.refusal().is_some())
    }

    #[tokio::test]
    async fn the_right_body_passes_whole() {
        assert_eq!(read(&["{\"a\":", "1}"], "{\"a\":1}", None).await, ("{\"a\":1}".to_owned(), true, false));
        assert_eq!(read(&[], "", None).await, (String::new(), true, false));
        let form = "--b\r\n\r\nx\r\n--b--\r\n";
        assert_eq!(read(&["--b\r\n\r\nx\r\n--", "b-", "-\r\n"], form, Some("b")).await, (form.to_owned(), true, false));
    }

    #[tokio::test]
    async fn another_body_is_an_error() {
        for chunks in [&["{\"a\":", "2}"][..], &["{\"a\":1}", " "], &["{\"a\":"], &[]] {
            let (_, whole, refused) = read(chunks, "{\"a\":1}", None).await;
            assert!(!whole && refused, "{chunks:?}");
        }
    }

    #[tokio::test]
    async fn the_end_of_a_form_is_never_seen_before_the_digest_is_right() {
        let long = "e".repeat(EPILOGUE + 1);
        for chunks in [&["--b\r\n\r\nEVIL\r\n--b--", "\r\nmore"][..], &["--b\r\n\r\nEVIL\r\n--b", "--", &long, "more"]]
        {
            let (seen, whole, refused) = read(chunks, "--b\r\n\r\ngood\r\n--b--\r\n", Some("b")).await;
            assert!(seen.starts_with("--b\r\n\r\nEVIL") && !seen.contains("--b--"), "{seen}");
            assert!(!whole && refused);
        }
    }

    #[test]
    fn only_a_digest_that_can_be_checked_is_taken() {
        let watched = |value: &str| {
            let request = Request::builder().header("content-digest", value).body(Body::empty()).unwrap();
            watch(request).map(drop).map_err(|fault| fault.code())
        };
        let digest = BASE64.encode(&Sha256::digest(""));
        assert_eq!(watched(&format!("md5=:AA==:, sha-256=:{digest}:")), Ok(()));
        for bad in ["sha-256=:AA==:", "sha-256=x", "sha-512=:AA==:", ""] {
            assert_eq!(watched(bad), Err("unsupported_digest"), "{bad}");
        }
    }
}
