//! Does Redis answer, where several instances share their counters?

use super::{ANSWERED_WITHIN, Patient, Seen, bad, good, nothing};
use rustls_platform_verifier::BuilderVerifierExt;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, crypto};

pub(super) async fn look(patient: &Patient) -> Seen {
    let url = match patient.source.secret("REDIS_URL") {
        Ok(Some(url)) => url,
        Ok(None) => return nothing("one instance needs none"),
        Err(error) => return bad(error.to_string(), "name a file that can be read"),
    };
    let Some(server) = Server::parse(url.expose()) else {
        return bad(
            "REDIS_URL is no address of Redis",
            "set it to redis://host:6379 or rediss://user:password@host:6380",
        );
    };
    let place = format!("{}:{}", server.host, server.port);
    match tokio::time::timeout(ANSWERED_WITHIN, server.ping()).await {
        Ok(Ok(())) => good(format!("{place} answers")),
        Ok(Err(error)) => bad(format!("{place}: {error}"), "is it started, and are user and password right?"),
        Err(_) => bad(format!("{place} does not answer"), "is it started, and may this machine reach it?"),
    }
}

struct Server {
    tls: bool,
    host: String,
    port: u16,
    login: Option<(String, String)>,
}

impl Server {
    fn parse(text: &str) -> Option<Self> {
        let url = url::Url::parse(text).ok()?;
        let tls = match url.scheme() {
            "redis" => false,
            "rediss" => true,
            _ => return None,
        };
        let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = if url.username().is_empty() { "default".to_owned() } else { plain(url.username()) };
        Some(Self {
            tls,
            host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(6379),
            login: url.password().map(|password| (user, plain(password))),
        })
    }

    async fn ping(&self) -> io::Result<()> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        if !self.tls {
            return self.speak(stream).await;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(io::Error::other)?
            .with_no_client_auth();
        let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
        self.speak(TlsConnector::from(Arc::new(config)).connect(name, stream).await?).await
    }

    /// Signs in, if there is anything to sign in with, and asks for a sign of life.
    async fn speak(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        if let Some((user, password)) = &self.login {
            expect(&mut stream, &["AUTH", user, password], "+OK").await?;
        }
        expect(&mut stream, &["PING"], "+PONG").await
    }
}

/// Sends a command in Redis' own framing and compares the one line that comes back. What is said of a refusal is the
/// server's word for its kind, never the command.
async fn expect<S>(stream: &mut BufReader<S>, words: &[&str], wanted: &str) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut command = format!("*{}\r\n", words.len());
    command.extend(words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())));
    stream.get_mut().write_all(command.as_bytes()).await?;
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    if line.trim_end() == wanted {
        return Ok(());
    }
    let kind = line.trim_start_matches('-').split_whitespace().next().unwrap_or("nothing");
    Err(io::Error::other(format!("it answers {kind}")))
}

#[cfg(test)]
mod tests {
    use super::super::{State, testing};
    use super::*;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    /// Answers as Redis does: to a wrong password, and to a right one.
    async fn stand_in() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = [0; 512];
                while let Ok(read @ 1..) = stream.read(&mut bytes).await {
                    let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                    let answer = match (text.contains("AUTH"), text.contains("right")) {
                        (true, false) => "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
                        (true, true) => "+OK\r\n",
                        (false, _) => "+PONG\r\n",
                    };
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        });
        port
    }

    #[tokio::test]
    async fn it_is_asked_as_the_server_would() {
        let folder = tempfile::tempdir().unwrap();
        let port = stand_in().await;
        let at = |url: String| testing::patient(folder.path(), &[("REDIS_URL", &url)]);
        testing::is(&look(&at(format!("redis://127.0.0.1:{port}"))).await, State::Good);
        testing::is(&look(&at(format!("redis://:right@127.0.0.1:{port}"))).await, State::Good);
        testing::is(&look(&at(format!("redis://:CANARY@127.0.0.1:{port}"))).await, State::Bad);
        testing::is(&look(&at("redis://127.0.0.1:9".to_owned())).await, State::Bad);
        testing::is(&look(&at(format!("rediss://127.0.0.1:{port}"))).await, State::Bad);
        testing::is(&look(&testing::patient(folder.path(), &[])).await, State::NotApplicable);
    }
}
