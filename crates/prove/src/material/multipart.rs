//! Forms with files (RFC 7578), including names no browser would send.

use crate::wire::{Body, Request};

const BOUNDARY: &str = "prove-7f3a91c2";

pub(crate) enum Part<'a> {
    Field(&'a str, &'a str),
    File { field: &'a str, name: &'a str, media: &'a str, bytes: &'a [u8] },
}

impl<'a> Part<'a> {
    pub(crate) fn file(name: &'a str, bytes: &'a [u8]) -> Self {
        Self::File { field: "file", name, media: "audio/wav", bytes }
    }
}

fn encode(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend(format!("--{BOUNDARY}\r\n").bytes());
        match part {
            Part::Field(name, value) => {
                body.extend(format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}").bytes());
            }
            Part::File { field, name, media, bytes } => {
                let head = format!("Content-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n");
                body.extend(format!("{head}Content-Type: {media}\r\n\r\n").bytes());
                body.extend_from_slice(bytes);
            }
        }
        body.extend(b"\r\n");
    }
    body
}

/// The media type with its boundary.
pub(crate) fn media() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// Adds a complete form to a request.
pub(crate) fn form(request: Request, parts: &[Part<'_>]) -> Request {
    let mut body = encode(parts);
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    request.content(&media(), body)
}

/// Adds a form whose last file goes on and on.
pub(crate) fn endless(request: Request, parts: &[Part<'_>], mebibytes: usize) -> Request {
    let mut head = encode(parts);
    head.truncate(head.len() - 2);
    request.framed(&media(), Body::Endless { head, filler: vec![0; 1024 * 1024], times: mebibytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_framed_as_the_rfc_says() {
        let request = form(Request::post("/"), &[Part::Field("title", "A"), Part::file("a.wav", b"xy")]);
        let Body::Bytes(body) = request.body else { panic!("a form has bytes") };
        let expected = "--prove-7f3a91c2\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA\r\n\
            --prove-7f3a91c2\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
            Content-Type: audio/wav\r\n\r\nxy\r\n--prove-7f3a91c2--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
