//! clamd looks at what people send (A2-6, ASVS 5.4.3): the bytes as they came, over its `INSTREAM` command.
//!
//! Off until an address is set. Once it is, a file that the scanner has not called clean is not taken: not when it is away,
//! hangs, answers nonsense or takes no file as large (its `StreamMaxLength` must be at least the largest upload).

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use kernel::{Ambient, Breaker, Fallback, Fault, Kind, Outage, Patience};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::str::FromStr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 4096;

/// Where clamd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClamdAddress {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A host and a port. What is sent there is not encrypted.
    Tcp(String),
}

/// A text that is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is unix:/run/clamav/clamd.ctl or tcp:127.0.0.1:3310")]
pub struct BadAddress;

impl FromStr for ClamdAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') { Ok(Self::Unix(path.into())) } else { Err(BadAddress) };
        }
        let rest = text.strip_prefix("tcp:").ok_or(BadAddress)?;
        let (host, port) = rest.rsplit_once(':').ok_or(BadAddress)?;
        let fits =
            !host.is_empty() && !host.contains(['/', '@', ' ']) && port.parse::<u16>().is_ok_and(|port| port > 0);
        if fits { Ok(Self::Tcp(rest.to_owned())) } else { Err(BadAddress) }
    }
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("it is not there: {0}")]
    Away(#[source] io::Error),
    #[error("its answer is none of those it gives: {0}")]
    Odd(String),
    #[error("it takes no file as large; raise StreamMaxLength")]
    TooLarge,
    #[error("what it is to look at cannot be read: {0}")]
    Ours(#[source] io::Error),
}

impl Wrong {
    const fn is_outage(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Odd(_))
    }
}

enum Verdict {
    Clean,
    /// With the name of what it found.
    Found(String),
}

/// The scanner.
pub(crate) struct Clamd {
    address: ClamdAddress,
    way: Arc<Breaker>,
}

impl fmt::Debug for Clamd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clamd").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Clamd {
    pub(crate) fn new(address: ClamdAddress, patience: Patience, ambient: &Ambient) -> Self {
        Self { address, way: Breaker::new("clamd", patience, ambient) }
    }

    /// The way to it; monitoring looks at it.
    pub(crate) fn way(&self) -> Arc<Breaker> {
        self.way.clone()
    }

    /// Has it look at these bytes.
    ///
    /// # Errors
    /// 422 `malicious`; 413 `too_large` for what it does not take; 503 or 504 `scanner_unavailable`.
    pub(crate) async fn scan(&self, bytes: impl Stream<Item = io::Result<Bytes>>) -> Result<(), Fault> {
        match self.way.call(self.ask(bytes), Wrong::is_outage).await {
            Ok(Verdict::Clean) => Ok(()),
            Ok(Verdict::Found(name)) => {
                tracing::warn!(event = "malware_refused", found = name, "the scanner refused an upload");
                Err(Fault::field("file", "malicious", "The virus scanner of this server refuses this file."))
            }
            Err(_) if kernel::weaken::is("A2-6.scanner") => Ok(()),
            Err(Outage::Failed(Wrong::Ours(error))) => Err(Fault::internal(error)),
            Err(Outage::Failed(wrong @ Wrong::TooLarge)) => {
                tracing::warn!(event = "scanner_limit", "{wrong}");
                let detail = "The virus scanner of this server takes no file as large as this.";
                Err(Fault::new(Kind::TooLarge, "too_large", detail))
            }
            Err(outage) => {
                let instead = Fallback::new("keep_and_retry", "Keep the file and send it again in a while.");
                let detail = "Every upload is looked at by a virus scanner, which does not answer.";
                Err(outage.into_fault("scanner_unavailable", detail, instead))
            }
        }
    }

    async fn ask(&self, bytes: impl Stream<Item = io::Result<Bytes>>) -> Result<Verdict, Wrong> {
        match &self.address {
            ClamdAddress::Unix(path) => converse(UnixStream::connect(path).await.map_err(Wrong::Away)?, bytes).await,
            ClamdAddress::Tcp(place) => converse(TcpStream::connect(place).await.map_err(Wrong::Away)?, bytes).await,
        }
    }
}

/// `zINSTREAM`, then pieces, each with its length in four bytes, then a length of zero; one line comes back.
async fn converse<S>(stream: S, bytes: impl Stream<Item = io::Result<Bytes>>) -> Result<Verdict, Wrong>
where
    S: AsyncRead + AsyncWrite,
{
    let (reading, mut writing) = tokio::io::split(stream);
    let mut bytes = pin!(bytes);
    let sending = async {
        writing.write_all(b"zINSTREAM\0").await.map_err(Wrong::Away)?;
        while let Some(piece) = bytes.next().await {
            let piece = piece.map_err(Wrong::Ours)?;
            let length = u32::try_from(piece.len()).map_err(|error| Wrong::Ours(io::Error::other(error)))?;
            if length > 0 {
                writing.write_all(&length.to_be_bytes()).await.map_err(Wrong::Away)?;
                writing.write_all(&piece).await.map_err(Wrong::Away)?;
            }
        }
        writing.write_all(&[0; 4]).await.map_err(Wrong::Away)?;
        writing.flush().await.map_err(Wrong::Away)
    };
    let hearing = async {
        let mut answer = Vec::new();
        match reading.take(LONGEST).read_to_end(&mut answer).await {
            // It hangs up on what it did not read, right after saying why.
            Err(error) if answer.is_empty() => Err(Wrong::Away(error)),
            Ok(_) | Err(_) => Ok(answer),
        }
    };
    let (mut sending, mut hearing) = (pin!(sending), pin!(hearing));
    let (answer, whole) = tokio::select! {
        biased;
        sent = &mut sending => match sent {
            Ok(()) => (hearing.await?, true),
            // It has hung up; perhaps after saying why.
            Err(Wrong::Away(error)) => match hearing.await {
                Ok(answer) if !answer.is_empty() => (answer, false),
                _ => return Err(Wrong::Away(error)),
            },
            Err(ours) => return Err(ours),
        },
        // What it says before it has everything is a refusal to hear the rest; it can be nothing else.
        answer = &mut hearing => (answer?, false),
    };
    verdict(&answer, whole)
}

fn verdict(answer: &[u8], whole: bool) -> Result<Verdict, Wrong> {
    let text = String::from_utf8_lossy(answer);
    let text = text.trim_matches(['\0', '\n', ' ']);
    if text.is_empty() {
        return Err(Wrong::Away(io::ErrorKind::UnexpectedEof.into()));
    }
    if whole && text == "stream: OK" {
        return Ok(Verdict::Clean);
    }
    if let Some(found) = text.strip_prefix("stream: ").and_then(|rest| rest.strip_suffix(" FOUND")) {
        return Ok(Verdict::Found(short(found)));
    }
    if text.contains("size limit exceeded") { Err(Wrong::TooLarge) } else { Err(Wrong::Odd(short(text))) }
}

/// Fit for a line of the log.
fn short(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_graphic() || *letter == ' ').take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        assert_eq!("unix:/run/clamd.ctl".parse(), Ok(ClamdAddress::Unix("/run/clamd.ctl".into())));
        assert_eq!("tcp:scanner:3310".parse(), Ok(ClamdAddress::Tcp("scanner:3310".to_owned())));
        for bad in
            ["", "/run/clamd.ctl", "unix:clamd.ctl", "tcp:scanner", "tcp::3310", "tcp:a:0", "tcp:a b:1", "http://a:1"]
        {
            assert_eq!(bad.parse::<ClamdAddress>(), Err(BadAddress), "{bad}");
        }
    }

    #[test]
    fn only_the_word_for_clean_after_the_last_byte_is_clean() {
        assert!(matches!(verdict(b"stream: OK\0", true), Ok(Verdict::Clean)));
        assert!(
            matches!(verdict(b"stream: Eicar-Test-Signature FOUND\0", true), Ok(Verdict::Found(name)) if name.starts_with("Eicar"))
        );
        assert!(matches!(verdict(b"INSTREAM size limit exceeded. ERROR\0", false), Err(Wrong::TooLarge)));
        for odd in [&b"stream: OK"[..], b"OK\0", b"stream: OK FOUND? no\0", b"UNKNOWN COMMAND\0", b"\xff\xfe\0"] {
            assert!(!matches!(verdict(odd, false), Ok(Verdict::Clean)), "{odd:?}");
        }
        assert!(matches!(verdict(b"", true), Err(Wrong::Away(_))));
        assert!(matches!(verdict(b"stream: lstat() failed. ERROR\0", true), Err(Wrong::Odd(_))));
    }
}
