//! How many threads a job may use without getting in the way of others, and of itself.
//!
//! whisper.cpp's threads wait for each other by spinning. Two of them on a machine that is busy with something else lose
//! a slice of time at every step: the same work took nine times as long. One thread is never caught in that.

use std::collections::BTreeSet;
use std::fs;
use std::thread::available_parallelism;

/// Cores that compute, not the hyperthreads on them: two spinning threads on one core hinder each other.
pub(crate) fn real() -> usize {
    let allowed = available_parallelism().map_or(1, std::num::NonZero::get);
    let Ok(description) = fs::read_to_string("/proc/cpuinfo") else { return allowed };
    let field = |processor: &str, name: &str| {
        let line = processor.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cores: BTreeSet<_> = description
        .split("\n\n")
        .filter_map(|processor| Some((field(processor, "physical id")?, field(processor, "core id")?)))
        .collect();
    if cores.is_empty() { allowed } else { allowed.min(cores.len()) }
}

/// How many of `wanted` cores nobody else is using at this moment; at least one. Where the system does not tell, all.
pub(crate) fn free(wanted: usize) -> usize {
    let (Ok(load), Ok(description)) = (fs::read_to_string("/proc/loadavg"), fs::read_to_string("/proc/cpuinfo")) else {
        return wanted.max(1);
    };
    let all = description.lines().filter(|line| line.starts_with("processor")).count();
    running(&load).map_or(wanted, |running| wanted.min(all.saturating_sub(running.saturating_sub(1)))).max(1)
}

/// How many threads want to run right now, the asking one among them: the fourth field, `3/512`.
fn running(load: &str) -> Option<usize> {
    load.split_whitespace().nth(3)?.split_once('/')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_one_core() {
        assert!(real() >= 1);
        assert_eq!(free(1), 1);
        assert!((1..=4).contains(&free(4)));
    }

    #[test]
    fn the_running_threads_are_read() {
        assert_eq!(running("4.64 4.53 3.85 5/312 25714"), Some(5));
        assert_eq!(running("nonsense"), None);
    }
}
