//! Is the clock right? Codes of authenticator apps, signatures and tokens depend on it.

use super::{ANSWERED_WITHIN, Patient, Seen, bad, good};
use kernel::{Ambient, Timestamp};
use std::io;
use std::path::Path;
use tokio::net::UdpSocket;

/// Codes and signatures bear half a minute; a clock that is kept right is far better than this.
const TOLERATED_MICROS: i64 = 2_000_000;
/// From 1900, where NTP begins, to 1970.
const EPOCHS_APART: i64 = 2_208_988_800;
/// When this was written: no clock that is right shows less.
const EARLIEST: i64 = 1_795_000_000_000_000;

pub(super) async fn look(patient: &Patient) -> Seen {
    let now = patient.ambient.now();
    if let Some(seen) = implausible(now, newest(&patient.config.data_dir)) {
        return seen;
    }
    match patient.source.get("TIME_SERVER") {
        None => good("plausible; set TIME_SERVER to have it compared"),
        Some(server) => match tokio::time::timeout(ANSWERED_WITHIN, offset(server, &patient.ambient)).await {
            Ok(Ok(micros)) => judge(micros, server),
            Ok(Err(error)) => bad(format!("{server} cannot be asked: {error}"), UNREACHED),
            Err(_) => bad(format!("{server} does not answer"), UNREACHED),
        },
    }
}

const UNREACHED: &str = "set TIME_SERVER to an NTP server that this machine reaches by UDP, such as pool.ntp.org:123";
const MEND: &str = "let the system keep the clock: timedatectl set-ntp true, or chrony";

/// What can be seen without asking anybody: a clock before this program, or before its own data.
fn implausible(now: Timestamp, newest: Option<Timestamp>) -> Option<Seen> {
    if now.as_micros() < EARLIEST {
        return Some(bad(format!("it is {now}, before this program was written"), MEND));
    }
    let newest = newest.filter(|newest| newest.as_micros() > now.as_micros() + TOLERATED_MICROS)?;
    Some(bad(format!("it is {now}, but files in DATA_DIR were written at {newest}: the clock went back"), MEND))
}

/// When the newest file of the folder was written.
fn newest(folder: &Path) -> Option<Timestamp> {
    let entries = std::fs::read_dir(folder).ok()?;
    let times = entries.filter_map(|entry| entry.ok()?.metadata().ok()?.modified().ok());
    let micros = |at: std::time::SystemTime| at.duration_since(std::time::UNIX_EPOCH).ok()?.as_micros().try_into().ok();
    times.filter_map(micros).max().map(Timestamp::from_micros)
}

fn judge(micros: i64, server: &str) -> Seen {
    let millis = micros / 1000;
    if micros.abs() > TOLERATED_MICROS {
        return bad(format!("it differs from {server} by {millis} ms"), MEND);
    }
    good(format!("it differs from {server} by {millis} ms"))
}

/// By how much the server's clock is ahead of ours, in microseconds (RFC 5905, section 8; RFC 4330).
async fn offset(server: &str, ambient: &Ambient) -> io::Result<i64> {
    let odd = || io::Error::new(io::ErrorKind::InvalidData, "its answer is no NTP");
    let name = if server.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        server.to_owned()
    } else {
        format!("{server}:123")
    };
    let address = tokio::net::lookup_host(&name).await?.next().ok_or_else(odd)?;
    let socket = UdpSocket::bind(if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).await?;
    socket.connect(address).await?;
    let mut packet = [0u8; 48];
    // Version 4, client. What stands as our time comes back: by it the answer is known to be one to us.
    packet[0] = 0x23;
    let mark = ambient.bytes::<8>();
    packet[40..48].copy_from_slice(&mark);
    let sent = ambient.now().as_micros();
    socket.send(&packet).await?;
    let mut answer = [0u8; 128];
    let length = socket.recv(&mut answer).await?;
    let received = ambient.now().as_micros();
    let (is_server, stratum) = (answer[0] & 0x07 == 4, answer[1]);
    if length < 48 || !is_server || !(1..=15).contains(&stratum) || answer[24..32] != mark {
        return Err(odd());
    }
    let (taken, given) = (time(&answer[32..40]).ok_or_else(odd)?, time(&answer[40..48]).ok_or_else(odd)?);
    Ok(i64::midpoint(taken - sent, given - received))
}

/// Seconds since 1900 and their fraction, as microseconds since 1970; what lies before 1968 is meant after 2036.
fn time(bytes: &[u8]) -> Option<i64> {
    let (seconds, fraction) = bytes.split_first_chunk::<4>()?;
    let seconds = i64::from(u32::from_be_bytes(*seconds));
    let fraction = i64::from(u32::from_be_bytes(*fraction.first_chunk::<4>()?));
    let seconds = if seconds < 1 << 31 { seconds + (1 << 32) } else { seconds };
    Some((seconds - EPOCHS_APART) * 1_000_000 + ((fraction * 1_000_000) >> 32))
}

#[cfg(test)]
mod tests {
    use super::super::{State, testing};
    use super::*;

    /// A time server whose clock is so far ahead.
    async fn server(ahead_micros: i64, spoil: bool) -> String {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let mut packet = [0u8; 48];
            let (_, peer) = socket.recv_from(&mut packet).await.unwrap();
            let micros = Ambient::system().now().as_micros() + ahead_micros;
            let seconds = u32::try_from((micros / 1_000_000 + EPOCHS_APART) & 0xffff_ffff).unwrap();
            let fraction = u32::try_from(((micros % 1_000_000) << 32) / 1_000_000).unwrap();
            let mut answer = [0u8; 48];
            (answer[0], answer[1]) = (0x24, 2);
            let mark = if spoil { [0; 8] } else { packet[40..48].try_into().unwrap() };
            answer[24..32].copy_from_slice(&mark);
            for at in [32, 40] {
                answer[at..at + 4].copy_from_slice(&seconds.to_be_bytes());
                answer[at + 4..at + 8].copy_from_slice(&fraction.to_be_bytes());
            }
            socket.send_to(&answer, peer).await.unwrap();
        });
        address
    }

    #[tokio::test]
    async fn it_is_compared_with_a_server() {
        let folder = tempfile::tempdir().unwrap();
        for (ahead, spoil, state) in [
            (0, false, State::Good),
            (-1_000_000, false, State::Good),
            (40_000_000, false, State::Bad),
            (-40_000_000, false, State::Bad),
            (0, true, State::Bad),
        ] {
            let server = server(ahead, spoil).await;
            let patient = testing::patient(folder.path(), &[("TIME_SERVER", &server)]);
            testing::is(&look(&patient).await, state);
        }
        testing::is(&look(&testing::patient(folder.path(), &[])).await, State::Good);
    }

    #[test]
    fn a_clock_that_went_back_is_seen_by_the_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mindvibe.db"), "x").unwrap();
        let written = newest(folder.path()).unwrap();
        assert!(implausible(written, Some(written)).is_none());
        let hour = std::time::Duration::from_hours(1);
        testing::is(&implausible(written.minus(hour), Some(written)).unwrap(), State::Bad);
        testing::is(&implausible(Timestamp::from_micros(0), None).unwrap(), State::Bad);
    }

    #[test]
    fn ntp_times_are_read_across_the_turn_of_their_era() {
        let bytes = |seconds: u32| [seconds.to_be_bytes(), [0x80, 0, 0, 0]].concat();
        assert_eq!(time(&bytes(2_208_988_800)), Some(500_000));
        assert_eq!(time(&bytes(0)), Some((4_294_967_296 - 2_208_988_800) * 1_000_000 + 500_000));
    }
}
