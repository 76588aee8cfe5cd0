//! A stand-in for clamd that speaks its documented protocol, and one for each way in which it can fail.

use crate::form::Form;
use crate::house::{House, sample, tone};
use kernel::Patience;
use recordings::ClamdAddress;
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};

/// What it looks for. The test file that scanners know is made of two halves, so that no scanner finds it here.
fn signature() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"].concat().into_bytes()
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// As documented: `stream: OK` or `stream: … FOUND`, and `INSTREAM size limit exceeded. ERROR` beyond so many bytes.
    Well {
        limit: usize,
    },
    Hang,
    CutMidStream,
    Garbage,
    /// It says OK before it has seen anything.
    TooSoon,
}

/// One conversation. What was sent is kept for the test to look at.
async fn converse<S>(mut stream: S, manner: Manner, seen: Arc<Mutex<Vec<u8>>>) -> std::io::Result<()>
where
    S: tokio::io::AsyncRead + AsyncWrite + Unpin,
{
    let mut command = [0; 10];
    stream.read_exact(&mut command).await?;
    assert_eq!(&command, b"zINSTREAM\0");
    match manner {
        Manner::Hang => tokio::time::sleep(Duration::from_mins(5)).await,
        Manner::CutMidStream => return Ok(()),
        Manner::Garbage => return stream.write_all(b"\x00\xff<html>502</html>").await,
        Manner::TooSoon => return stream.write_all(b"stream: OK\0").await,
        Manner::Well { limit } => {
            let mut all = Vec::new();
            loop {
                let length = stream.read_u32().await? as usize;
                if length == 0 {
                    break;
                }
                if all.len() + length > limit {
                    return stream.write_all(b"INSTREAM size limit exceeded. ERROR\0").await;
                }
                let start = all.len();
                all.resize(start + length, 0);
                stream.read_exact(&mut all[start..]).await?;
            }
            let found = all.windows(signature().len()).any(|window| window == signature());
            *seen.lock().unwrap() = all;
            let answer: &[u8] = if found { b"stream: Eicar-Test-Signature FOUND\0" } else { b"stream: OK\0" };
            stream.write_all(answer).await?;
        }
    }
    Ok(())
}

struct Scanner {
    address: ClamdAddress,
    seen: Arc<Mutex<Vec<u8>>>,
}

async fn scanner(manner: Manner) -> Scanner {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ClamdAddress::Tcp(listener.local_addr().unwrap().to_string());
    let seen: Arc<Mutex<Vec<u8>>> = Arc::default();
    let kept = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, manner, kept.clone()));
        }
    });
    Scanner { address, seen }
}

async fn house(db: store::Db, address: ClamdAddress) -> House {
    let patience = Patience::of(Duration::from_millis(400));
    House::with(db, Path::new("/nonexistent"), |config| {
        config.clamd = Some(address);
        config.clamd_patience = patience;
    })
    .await
}

/// A recording in which the signature lies, in a chunk that is not sound.
fn infected() -> Vec<u8> {
    let mut file = tone();
    let signature = signature();
    file.extend(b"JUNK");
    file.extend(u32::try_from(signature.len()).unwrap().to_le_bytes());
    file.extend(&signature);
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_finds_is_refused_and_all_of_it_was_looked_at() {
    let temporary = store::testing::sqlite().await;
    let scanner = scanner(Manner::Well { limit: 500_000 }).await;
    let house = house(temporary.db(), scanner.address).await;
    let sound = sample("beckett.wav");
    house.upload(Form::new().file("a.wav", &sound).bytes()).await.is(201);
    assert!(*scanner.seen.lock().unwrap() == sound, "as it was sent, to the last byte");
    let files = house.files().len();
    for path in ["/api/recordings", "/v1/audio/transcriptions"] {
        let mut form = Form::new();
        if path.starts_with("/v1") {
            form = form.text("model", "base");
        }
        let answer = house.upload_to(path, form.file("b.wav", &infected()).bytes()).await;
        let status = answer.status.as_u16();
        assert!(status == 422 || (path.starts_with("/v1") && status == 503), "{path}: {}", answer.text());
        assert!(!answer.text().contains("Eicar"), "what it found is for the log");
    }
    let large = house.upload(Form::new().file("c.wav", &sample("two_cities.wav")).bytes()).await.refusal();
    assert_eq!((large.0, large.1.as_str()), (413, "too_large"), "more than it takes");
    assert_eq!(house.files().len(), files, "nothing of what was refused is left");
    assert_eq!(house.state.breakers()[0].snapshot().state.name(), "closed", "it has answered every time");
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_spoken_with_over_a_socket_in_the_file_system_too() {
    let temporary = store::testing::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clamd.ctl");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Manner::Well { limit: usize::MAX }, Arc::default()));
        }
    });
    let house = house(temporary.db(), ClamdAddress::Unix(path)).await;
    house.upload(Form::new().file("a.wav", &tone()).bytes()).await.is(201);
    let refusal = house.upload(Form::new().file("b.wav", &infected()).bytes()).await.refusal();
    assert_eq!(refusal, (422, "malicious".to_owned(), "file".to_owned()));
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_word_nothing_is_taken() {
    let refusing = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        ClamdAddress::Tcp(listener.local_addr().unwrap().to_string())
    };
    let mut cases = vec![("refused", refusing), ("no socket", ClamdAddress::Unix("/nonexistent/clamd.ctl".into()))];
    for (name, manner) in [
        ("hang", Manner::Hang),
        ("cut mid-stream", Manner::CutMidStream),
        ("garbage", Manner::Garbage),
        ("too soon", Manner::TooSoon),
    ] {
        cases.push((name, scanner(manner).await.address));
    }
    for (name, address) in cases {
        let temporary = store::testing::sqlite().await;
        let house = house(temporary.db(), address).await;
        for number in 0..7 {
            let answer = house.upload(Form::new().file("a.wav", &sample("beckett.wav")).bytes()).await;
            assert!(matches!(answer.status.as_u16(), 503 | 504), "{name} {number}: {}", answer.text());
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1, "{name}");
            let body = answer.json();
            assert_eq!((&body["code"], &body["retryable"]), (&json!("scanner_unavailable"), &json!(true)), "{name}");
            assert_eq!(body["fallback"]["action"], "keep_and_retry", "{name}");
        }
        assert!(house.files().is_empty(), "{name}: nothing is left");
        assert_eq!(house.get("/api/recordings").await.is(200).json()["items"], json!([]), "{name}");
        let seen = house.state.breakers()[0].snapshot();
        assert_eq!(seen.state.name(), "open", "{name}");
        assert!((1..=5).contains(&seen.failed), "{name}: {seen:?}");
        temporary.end().await;
    }
}
