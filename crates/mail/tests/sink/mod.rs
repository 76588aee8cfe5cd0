//! A mail server: it speaks SMTP over a socket and keeps what it is given.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
    pub(crate) encrypted: bool,
    pub(crate) login: Option<String>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) taken: Vec<Taken>,
    /// Answers to the next recipients instead of 250.
    pub(crate) refusals: VecDeque<&'static str>,
    /// Every line that came in clear.
    pub(crate) clear: Vec<String>,
    pub(crate) connections: usize,
}

/// A mail server on a port of its own.
pub(crate) struct Sink {
    pub(crate) port: u16,
    pub(crate) state: Arc<Mutex<State>>,
}

impl Sink {
    /// Starts one; with an acceptor it offers STARTTLS.
    pub(crate) async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let (state, tls) = (shared.clone(), tls.clone());
                state.lock().unwrap().connections += 1;
                tokio::spawn(async move {
                    socket.write_all(b"220 sink ready\r\n").await.ok();
                    let upgrade = converse(&mut socket, &state, tls.is_some(), false).await;
                    if let (true, Some(tls)) = (upgrade, tls)
                        && let Ok(mut socket) = tls.accept(socket).await
                    {
                        converse(&mut socket, &state, false, true).await;
                    }
                });
            }
        });
        Self { port, state }
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }
}

/// Until the end, or until the client wants TLS: then `true`.
async fn converse(
    socket: &mut (impl AsyncRead + AsyncWrite + Unpin),
    state: &Mutex<State>,
    offers: bool,
    encrypted: bool,
) -> bool {
    let mut stream = BufReader::new(socket);
    let (mut from, mut to, mut login) = (String::new(), Vec::new(), None);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return false;
        }
        let line = line.trim_end().to_owned();
        if !encrypted {
            state.lock().unwrap().clear.push(line.clone());
        }
        let upper = line.to_ascii_uppercase();
        let answer = if upper.starts_with("EHLO") {
            let offer = if offers { "250-STARTTLS\r\n" } else { "" };
            format!("250-sink\r\n{offer}250-AUTH PLAIN\r\n250 8BITMIME")
        } else if upper == "STARTTLS" && offers {
            stream.write_all(b"220 go ahead\r\n").await.ok();
            return true;
        } else if upper.starts_with("AUTH PLAIN") {
            login = line.split(' ').nth(2).map(str::to_owned);
            "235 welcome".to_owned()
        } else if upper.starts_with("MAIL FROM:") {
            line[10..].clone_into(&mut from);
            "250 fine".to_owned()
        } else if upper.starts_with("RCPT TO:") {
            let refusal = state.lock().unwrap().refusals.pop_front();
            if refusal.is_none() {
                to.push(line[8..].to_owned());
            }
            refusal.unwrap_or("250 fine").to_owned()
        } else if upper == "DATA" {
            stream.write_all(b"354 speak\r\n").await.ok();
            let mut data = String::new();
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return false;
                }
                if line.trim_end() == "." {
                    break;
                }
                data.push_str(line.strip_prefix('.').unwrap_or(&line));
            }
            let taken =
                Taken { from: from.clone(), to: std::mem::take(&mut to), data, encrypted, login: login.clone() };
            state.lock().unwrap().taken.push(taken);
            "250 taken".to_owned()
        } else if upper == "QUIT" {
            stream.write_all(b"221 bye\r\n").await.ok();
            return false;
        } else {
            to.clear();
            "250 fine".to_owned()
        };
        if stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return false;
        }
    }
}
