//! Does the mail server take our letters?

use super::{Patient, Seen, bad, good, nothing};
use crate::config::Post;
use ::mail::NotSent;

pub(super) async fn look(patient: &Patient) -> Seen {
    let smtp = match &patient.config.post {
        Post::Smtp(smtp) => smtp,
        Post::Outbox => return nothing("letters go to a list that the owner reads"),
        Post::None => return nothing("there is none; new passwords are for mindvibe user reset-password"),
    };
    match smtp.reach().await {
        Ok(()) => good("it answers, shows the certificate it should, and takes our login"),
        Err(NotSent::Later(Some(code @ 500..)) | NotSent::Never(Some(code))) => {
            bad(format!("it refuses us ({code})"), "compare user and password (SMTP_URL, SMTP_USER, SMTP_PASSWORD)")
        }
        Err(NotSent::Later(_) | NotSent::Never(None)) => {
            let mend = "is the host right, may this machine reach its port, and is its certificate vouched for \
                        (SMTP_CA_FILE)?";
            bad("it cannot be reached over an encrypted connection", mend)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{State, testing};
    use super::*;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    /// A mail server on this machine, which needs no encryption; it takes logins or not.
    async fn server(greeting: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                let _ = stream.get_mut().write_all(format!("{greeting}\r\n").as_bytes()).await;
                let mut line = String::new();
                while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                    let answer = match line.get(..4) {
                        Some("EHLO") => "250-mail.test\r\n250 8BITMIME\r\n",
                        Some("QUIT") => "221 bye\r\n",
                        _ => "250 ok\r\n",
                    };
                    let _ = stream.get_mut().write_all(answer.as_bytes()).await;
                    line.clear();
                }
            }
        });
        port
    }

    #[tokio::test]
    async fn it_is_met_as_a_letter_would_be() {
        let folder = tempfile::tempdir().unwrap();
        let at = |port: u16| {
            let url = format!("smtp://localhost:{port}");
            testing::patient(folder.path(), &[("SMTP_URL", &url), ("MAIL_FROM", "mind@mind.example")])
        };
        testing::is(&look(&at(server("220 mail.test").await)).await, State::Good);
        testing::is(&look(&at(server("554 no").await)).await, State::Bad);
        testing::is(&look(&at(9)).await, State::Bad);
        testing::is(&look(&testing::patient(folder.path(), &[])).await, State::NotApplicable);
    }
}
