use super::*;
use crate::{Kind, ManualClock, SystemRng};
use std::io::{Error, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn breaker() -> (Arc<Breaker>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_800_000_000_000_000)));
    let ambient = Ambient { clock: clock.clone(), rng: Arc::new(SystemRng) };
    (Breaker::new("test", Patience::of(Duration::from_millis(300)), &ambient), clock)
}

/// A target that does the same to everybody, and counts them.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Hang,
    Fault500,
    CutMidStream,
    Garbage,
    Well,
}

async fn target(manner: Manner) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 4];
                stream.read_exact(&mut asked).await.unwrap();
                let answer: &[u8] = match manner {
                    Manner::Hang => {
                        tokio::time::sleep(Duration::from_mins(1)).await;
                        b""
                    }
                    Manner::Fault500 => b"500\n",
                    Manner::CutMidStream => b"20",
                    Manner::Garbage => b"\xff\0\xfe\n",
                    Manner::Well => b"200\n",
                };
                stream.write_all(answer).await.unwrap();
            });
        }
    });
    address
}

/// Speaks a protocol of three digits.
async fn ask(address: &str) -> Result<u16, Error> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"ask\n").await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    let text = std::str::from_utf8(&answer).map_err(Error::other)?;
    let code: u16 = text.trim().parse().map_err(Error::other)?;
    if code >= 500 { Err(Error::other("it answers 500")) } else { Ok(code) }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_target_it_is_left_alone_after_five_calls_at_most() {
    // A port that was free a moment ago refuses.
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let mut addresses = vec![refusing];
    for manner in [Manner::Hang, Manner::Fault500, Manner::CutMidStream, Manner::Garbage] {
        addresses.push(target(manner).await);
    }
    for address in addresses {
        let (breaker, _) = breaker();
        let mut made = 0;
        for _ in 0..10 {
            match breaker.call(ask(&address), |_| true).await {
                Err(Outage::Open { retry_after }) => assert!(!retry_after.is_zero()),
                Err(_) => made += 1,
                Ok(code) => panic!("{code}"),
            }
        }
        assert!((1..=5).contains(&made), "{made} calls were made");
        let seen = breaker.snapshot();
        assert_eq!((seen.state, seen.refused), (BreakerState::Open, 10 - made));
    }
}

#[tokio::test]
async fn one_call_tries_whether_it_is_back_and_the_others_wait_for_it() {
    let (breaker, clock) = breaker();
    let well = target(Manner::Well).await;
    let hanging = target(Manner::Hang).await;
    for _ in 0..3 {
        breaker.call(async { Err::<u16, _>(Error::from(ErrorKind::ConnectionRefused)) }, |_| true).await.unwrap_err();
    }
    assert!(breaker.ready().is_err());
    clock.advance(Duration::from_secs(6));
    breaker.ready().unwrap();
    let (probe, other) = tokio::join!(breaker.call(ask(&hanging), |_| true), async {
        tokio::task::yield_now().await;
        breaker.call(ask(&well), |_| true).await
    });
    assert!(matches!(probe, Err(Outage::TimedOut)) && matches!(other, Err(Outage::Open { .. })));
    // It did not come back: twice the pause.
    clock.advance(Duration::from_secs(6));
    assert!(matches!(breaker.call(ask(&well), |_| true).await, Err(Outage::Open { .. })));
    clock.advance(Duration::from_secs(5));
    assert_eq!(breaker.call(ask(&well), |_| true).await.unwrap(), 200);
    assert_eq!(breaker.snapshot().state, BreakerState::Closed);
}

#[tokio::test]
async fn a_no_is_an_answer_and_an_answer_begins_the_count_anew() {
    let (breaker, _) = breaker();
    let fails = || async { Err::<u16, _>(Error::from(ErrorKind::Other)) };
    for _ in 0..20 {
        breaker.call(fails(), |_| false).await.unwrap_err();
    }
    for _ in 0..2 {
        breaker.call(fails(), |_| true).await.unwrap_err();
    }
    breaker.call(fails(), |_| false).await.unwrap_err();
    for _ in 0..2 {
        breaker.call(fails(), |_| true).await.unwrap_err();
    }
    assert_eq!(breaker.snapshot().state, BreakerState::Closed);
    assert_eq!((breaker.snapshot().answered, breaker.snapshot().failed), (21, 4));
}

#[tokio::test]
async fn a_probe_that_is_given_up_leaves_the_next_call_to_find_out() {
    let (breaker, clock) = breaker();
    for _ in 0..3 {
        breaker.call(async { Err::<u16, _>(Error::from(ErrorKind::Other)) }, |_| true).await.unwrap_err();
    }
    clock.advance(Duration::from_secs(6));
    let given_up = breaker.call(std::future::pending::<Result<u16, Error>>(), |_| true);
    assert!(tokio::time::timeout(Duration::from_millis(20), given_up).await.is_err());
    assert_eq!(breaker.call(async { Ok::<_, Error>(1) }, |_| true).await.unwrap(), 1);
}

#[tokio::test]
async fn an_outage_is_told_with_what_to_do_meanwhile() {
    let instead = || Fallback::new("password", "Sign in with your password.");
    let fault = Outage::<Error>::TimedOut.into_fault("provider_timeout", "It does not answer.", instead());
    assert_eq!((fault.kind(), fault.code()), (Kind::Timeout, "provider_timeout"));
    assert!(fault.retry_delay().is_some());
    assert_eq!(fault.fallback().map(|fallback| fallback.action), Some("password"));
    let open = Outage::<Error>::Open { retry_after: Duration::from_secs(7) };
    let fault = open.into_fault("provider_unavailable", "It is away.", instead());
    assert_eq!((fault.kind(), fault.retry_delay()), (Kind::Unavailable, Some(Duration::from_secs(7))));
}
