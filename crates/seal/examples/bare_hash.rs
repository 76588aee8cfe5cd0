//! The baseline of `make bench` for sign-in (P3): the same Argon2id as passwords are hashed with here (64 MiB, three passes,
//! one lane, with a pepper), in a plain loop, and nothing else.
//!
//! `bare_hash THREADS COUNT` prints how many a second.
#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

use argon2::{Algorithm, Argon2, Params, Version};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

const MEMORY_KIB: u32 = 65_536;
const PASSES: u32 = 3;
const LANES: u32 = 1;
const TAG: usize = 32;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads: u32 = arguments.next().ok_or("how many threads?")?.parse()?;
    let count: u32 = arguments.next().ok_or("how many hashes?")?.parse()?;
    let done = AtomicU32::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&done, count))).collect();
        for worker in workers {
            worker.join().map_err(|_| "a thread ended early")?.map_err(|error| error.to_string())?;
        }
        Ok::<(), String>(())
    })?;
    println!("{:.3}", f64::from(count) / start.elapsed().as_secs_f64());
    Ok(())
}

/// Hashes until all threads together have done `count`.
fn work(done: &AtomicU32, count: u32) -> Result<(), argon2::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(TAG))?;
    while done.fetch_add(1, Ordering::Relaxed) < count {
        let argon2 = Argon2::new_with_secret(&[7; 32], Algorithm::Argon2id, Version::V0x13, params.clone())?;
        let mut tag = [0; TAG];
        argon2.hash_password_into(black_box(b"a long sentence nobody says aloud 7"), &[5; 16], &mut tag)?;
        black_box(tag);
    }
    Ok(())
}
