//! The first message of TLS (RFC 5246, section 7.4.1.2), written by hand: no library of ours would offer what is offered
//! here.

use super::noise;
use crate::rule::Stop;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The highest version that is offered, and the ciphers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hello {
    version: [u8; 2],
    ciphers: &'static [[u8; 2]],
}

const TLS_1_0: [u8; 2] = [3, 1];
const TLS_1_1: [u8; 2] = [3, 2];
const TLS_1_2: [u8; 2] = [3, 3];

/// What a server of today takes: ECDHE with AES-GCM, for a certificate of either kind.
pub(crate) const GOOD: Hello = Hello { version: TLS_1_2, ciphers: &[[0xc0, 0x2b], [0xc0, 0x2f]] };

/// What none should take any more.
pub(crate) const WEAK: &[(&str, Hello)] = &[
    ("TLS 1.0", Hello { version: TLS_1_0, ciphers: &[[0xc0, 0x09], [0xc0, 0x13], [0x00, 0x2f]] }),
    ("TLS 1.1", Hello { version: TLS_1_1, ciphers: &[[0xc0, 0x09], [0xc0, 0x13], [0x00, 0x2f]] }),
    ("ECDHE with CBC", Hello { version: TLS_1_2, ciphers: &[[0xc0, 0x23], [0xc0, 0x27], [0xc0, 0x09], [0xc0, 0x13]] }),
    (
        "RSA key exchange",
        Hello { version: TLS_1_2, ciphers: &[[0x00, 0x9c], [0x00, 0x9d], [0x00, 0x2f], [0x00, 0x35]] },
    ),
    ("3DES and RC4", Hello { version: TLS_1_2, ciphers: &[[0x00, 0x0a], [0xc0, 0x12], [0x00, 0x05], [0xc0, 0x11]] }),
];

/// With its length before it, in so many bytes.
fn counted(bytes: &[u8], width: usize) -> Vec<u8> {
    let length = (bytes.len() as u64).to_be_bytes();
    [length[8 - width..].to_vec(), bytes.to_vec()].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), counted(content, 2)].concat()
}

impl Hello {
    fn bytes(self) -> Vec<u8> {
        let random: Vec<u8> = (0..4).flat_map(|_| noise().to_be_bytes()).collect();
        let name = [vec![0], counted(b"localhost", 2)].concat();
        let extensions = [
            extension(0, &counted(&name, 2)),
            // Curves, their form, and signatures.
            extension(10, &counted(&[0, 29, 0, 23, 0, 24], 2)),
            extension(11, &counted(&[0], 1)),
            extension(13, &counted(&[4, 3, 8, 4, 4, 1, 2, 3, 2, 1], 2)),
        ]
        .concat();
        let body = [
            self.version.to_vec(),
            random,
            vec![0],
            counted(&self.ciphers.concat(), 2),
            counted(&[0], 1),
            counted(&extensions, 2),
        ]
        .concat();
        let handshake = [vec![1], counted(&body, 3)].concat();
        [vec![22, 3, 1], counted(&handshake, 2)].concat()
    }
}

/// Whether a server on this machine goes on after such a beginning.
pub(crate) async fn taken(port: u16, hello: Hello) -> Result<bool, Stop> {
    let unsure = |error: std::io::Error| Stop::Unsure(format!("a handshake by hand: {error}"));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(unsure)?;
    stream.write_all(&hello.bytes()).await.map_err(unsure)?;
    let mut first = [0; 1];
    match tokio::time::timeout(Duration::from_secs(10), stream.read(&mut first)).await {
        // A handshake message; anything else is an alert, or an end.
        Ok(Ok(1)) => Ok(first[0] == 22),
        Ok(Ok(_) | Err(_)) => Ok(false),
        Err(_) => Err(Stop::Unsure("a handshake by hand gets no answer".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_that_of_what_follows() {
        let bytes = GOOD.bytes();
        let length =
            |at: usize, width: usize| bytes[at..at + width].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte));
        assert_eq!(&bytes[..3], [22, 3, 1]);
        assert_eq!(length(3, 2), bytes.len() - 5);
        assert_eq!((bytes[5], length(6, 3)), (1, bytes.len() - 9));
        assert_eq!(&bytes[9..11], [3, 3]);
        assert_eq!(bytes[43], 0, "no session");
        assert_eq!((length(44, 2), &bytes[46..50]), (4, &[0xc0, 0x2b, 0xc0, 0x2f][..]));
    }
}
