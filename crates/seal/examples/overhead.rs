//! Measures what sealing a record costs over the bare cipher (target P9: at most 1.5 times), and a sealed file's speed.
//!
//! `cargo run --release -p seal --example overhead`
#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use kernel::{Rng, SystemRng};
use seal::{Aad, DataKey, chunks};
use std::hint::black_box;
use std::io::{Cursor, Read, Write};
use std::time::{Duration, Instant};
use uuid::Uuid;

const ROUNDS: u32 = 15;
const RECORDS: u32 = 10_000;
const VALUE: usize = 2048;

/// Costs nothing, so that what remains is the cryptography. Never for anything but a measurement.
struct Free;

impl Rng for Free {
    fn fill(&self, out: &mut [u8]) {
        out.fill(9);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = DataKey::generate(1, &SystemRng);
    let aad = Aad { table: "reflections", row: Uuid::from_u128(1), column: "content", user: Uuid::from_u128(2) };
    records(&key, &aad, &SystemRng, "nonces from the system on both sides");
    records(&key, &aad, &Free, "nonces for free on both sides");
    files(&key, &aad)
}

fn records(key: &DataKey, aad: &Aad, rng: &dyn Rng, title: &str) {
    let cipher = XChaCha20Poly1305::new(&[7; 32].into());
    let (context, value) = ([5; 100], vec![0x42; VALUE]);
    let (mut bare, mut sealed) = (Vec::new(), Vec::new());
    // Turn by turn, so that a change of the machine's pace meets both.
    for _ in 0..ROUNDS {
        bare.push(timed(|| {
            let mut nonce = [0; 24];
            rng.fill(&mut nonce);
            let nonce = nonce.into();
            let text = cipher.encrypt(&nonce, Payload { msg: black_box(&value), aad: &context });
            let text = text.expect("2 KiB can be encrypted");
            let opened = cipher.decrypt(&nonce, Payload { msg: &text, aad: &context });
            black_box(opened.expect("encrypted just now"));
        }));
        sealed.push(timed(|| {
            let record = key.seal(aad, black_box(&value), rng);
            black_box(key.open(aad, &record).expect("sealed just now"));
        }));
    }
    let (bare, sealed) = (median(bare), median(sealed));
    println!("seal + open of {VALUE} bytes, {title}: bare cipher {bare:?}, sealed record {sealed:?}");
    println!("P9 {:.2} (at most 1.50)", sealed.as_secs_f64() / bare.as_secs_f64());
}

fn files(key: &DataKey, aad: &Aad) -> Result<(), Box<dyn std::error::Error>> {
    let sound = vec![0x42; 32 * 1024 * 1024];
    let start = Instant::now();
    let mut writer = chunks::Writer::new(Vec::with_capacity(sound.len() + 65_536), key, aad, &SystemRng)?;
    writer.write_all(&sound)?;
    let file = writer.finish()?;
    println!("sealed file: 32 MiB written in {:?}", start.elapsed());
    let start = Instant::now();
    let mut out = Vec::with_capacity(sound.len());
    chunks::Reader::open(Cursor::new(&file), key, aad)?.read_to_end(&mut out)?;
    println!("sealed file: 32 MiB read in {:?}", start.elapsed());
    Ok(())
}

fn timed(mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..RECORDS {
        work();
    }
    start.elapsed() / RECORDS
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
