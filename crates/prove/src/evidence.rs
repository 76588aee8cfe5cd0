//! The stamped results of named tests, for what no outsider can see: that a query is no text that somebody wrote, that a
//! migration is applied once. `make test` writes them beside the program (`scripts/evidence.py`), with the digest of the
//! very file that was tested; results of another build, or old ones, say nothing about this one.

use crate::material::day;
use crate::report::Status;
use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use std::fs::File;
use std::io::{Error, Read};
use std::path::{Path, PathBuf};

/// Results that are older tell of a machine and of libraries that nobody has any more.
const DAYS: i64 = 90;

/// Where the results are, and what they must be about.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What `scripts/evidence.py` wrote.
    pub results: PathBuf,
    /// The program whose results they must be.
    pub program: PathBuf,
}

/// The file.
#[derive(Debug, Deserialize)]
struct Written {
    program_sha256: String,
    commit: String,
    results: Vec<Outcome>,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    test: String,
    result: String,
    at: String,
}

/// What the file says, once it was found to be about this program.
pub(crate) struct Record {
    commit: String,
    results: Vec<Outcome>,
}

/// SHA-256 of a file, in hexadecimal.
fn digest(path: &Path) -> Result<String, Error> {
    let (mut file, mut context, mut buffer) = (File::open(path)?, Context::new(&SHA256), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(HEXLOWER.encode(context.finish().as_ref())),
            count => context.update(&buffer[..count]),
        }
    }
}

impl Evidence {
    /// Reads the results, unless they are about another program. The words say why there are none.
    pub(crate) fn read(&self) -> Result<Record, String> {
        let name = self.results.display();
        let text = std::fs::read_to_string(&self.results).map_err(|error| format!("no results in {name}: {error}"))?;
        let written: Written =
            serde_json::from_str(&text).map_err(|error| format!("{name} does not hold results: {error}"))?;
        let ours = digest(&self.program).map_err(|error| format!("the program cannot be read: {error}"))?;
        if ours != written.program_sha256 {
            return Err(format!("the results in {name} are those of another build ({})", written.commit));
        }
        Ok(Record { commit: written.commit, results: written.results })
    }
}

impl Record {
    /// How the tests ended, and in words. Only a test that passed, and lately, is a pass.
    pub(crate) fn judge(&self, tests: &[&str], now: &str) -> (Status, String) {
        let mut latest = "";
        for test in tests {
            let Some(outcome) = self.results.iter().find(|outcome| outcome.test == *test) else {
                return (Status::Unknown, format!("{test} has no result"));
            };
            match outcome.result.as_str() {
                "passed" => {}
                "failed" => return (Status::Fail, format!("{test} failed, {} at {}", outcome.at, self.commit)),
                other => return (Status::Unknown, format!("{test}: {other}")),
            }
            match (day(now), day(&outcome.at)) {
                (Some(now), Some(then)) if (0..=DAYS).contains(&(now - then)) => {}
                _ => return (Status::Unknown, format!("{test} passed {}, which is too long ago", outcome.at)),
            }
            latest = latest.max(&outcome.at);
        }
        let count = tests.len();
        let noun = if count == 1 { "test" } else { "tests" };
        (Status::Pass, format!("{count} {noun} of this very build passed, {latest} at {}", self.commit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-22T10:00:00Z";

    fn record(result: &str, at: &str) -> Record {
        let outcome = Outcome { test: "store/store/a::b".into(), result: result.into(), at: at.into() };
        Record { commit: "abc".into(), results: vec![outcome] }
    }

    #[test]
    fn only_a_test_that_passed_lately_is_a_pass() {
        let status = |result, at| record(result, at).judge(&["store/store/a::b"], NOW).0;
        assert_eq!(status("passed", "2026-11-21T09:00:00Z"), Status::Pass);
        assert_eq!(status("passed", "2026-07-21T09:00:00Z"), Status::Unknown);
        assert_eq!(status("passed", "2027-01-01T09:00:00Z"), Status::Unknown);
        assert_eq!(status("passed", "yesterday"), Status::Unknown);
        assert_eq!(status("did not run", NOW), Status::Unknown);
        assert_eq!(status("failed", NOW), Status::Fail);
        let (status, said) = record("passed", NOW).judge(&["store/store/a::b", "store/store/c::d"], NOW);
        assert_eq!((status, said.as_str()), (Status::Unknown, "store/store/c::d has no result"));
    }

    #[test]
    fn days_are_counted_over_the_ends_of_months_and_years() {
        let between = |a: &str, b: &str| day(b).unwrap() - day(a).unwrap();
        assert_eq!(between("2026-02-28", "2026-03-01"), 1);
        assert_eq!(between("2024-02-28", "2024-03-01"), 2);
        assert_eq!(between("2025-12-31", "2026-01-01"), 1);
        assert_eq!(between("2025-11-22", "2026-11-22"), 365);
        assert_eq!((day("2026-11"), day("x")), (None, None));
    }

    #[test]
    fn results_of_another_program_are_none() {
        let folder = std::env::temp_dir().join(format!("prove-evidence-{:016x}", crate::material::noise()));
        std::fs::create_dir(&folder).unwrap();
        let evidence = Evidence { results: folder.join("results.json"), program: folder.join("program") };
        let absent = evidence.read().err().unwrap();
        assert!(absent.starts_with("no results in "), "{absent}");
        std::fs::write(&evidence.program, b"abc").unwrap();
        let write = |sha: &str| {
            let text = format!(r#"{{"program_sha256":"{sha}","commit":"c0ffee","results":[]}}"#);
            std::fs::write(&evidence.results, text).unwrap();
        };
        // The digest of "abc" in FIPS 180-2.
        write("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(evidence.read().is_ok());
        write("00");
        assert!(evidence.read().err().unwrap().contains("another build (c0ffee)"));
        std::fs::write(&evidence.results, "[]").unwrap();
        assert!(evidence.read().is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
