//! Are there backups, are they young, and do they keep data and keys apart?

use super::{Patient, Seen, bad, good, nothing};
use crate::config::Environment;
use kernel::Timestamp;
use std::path::{Path, PathBuf};

/// How deep a folder of backups is looked into.
const DEPTH: usize = 3;

pub(super) fn look(patient: &Patient) -> Seen {
    let Some(folder) = patient.source.get("BACKUP_DIR").map(PathBuf::from) else {
        if patient.config.environment == Environment::Development {
            return nothing("development has none");
        }
        return bad("nobody has said where they lie", "make them (docs/operations.md, Backup) and set BACKUP_DIR");
    };
    let hours = match patient.source.get("BACKUP_MAX_AGE_HOURS").map(str::parse::<u64>) {
        None => 26,
        Some(Ok(hours)) => hours,
        Some(Err(_)) => return bad("BACKUP_MAX_AGE_HOURS is no number", "set it to a number of hours"),
    };
    judge(&folder, &all(&folder, DEPTH), hours, patient.ambient.now())
}

/// Every file in there, with when it was written.
fn all(folder: &Path, depth: usize) -> Vec<(PathBuf, Timestamp)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            if depth > 0 {
                files.extend(all(&entry.path(), depth - 1));
            }
            continue;
        }
        let since = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let micros = since.and_then(|since| i64::try_from(since.as_micros()).ok()).unwrap_or(0);
        files.push((entry.path(), Timestamp::from_micros(micros)));
    }
    files
}

fn judge(folder: &Path, files: &[(PathBuf, Timestamp)], hours: u64, now: Timestamp) -> Seen {
    let shown = folder.display();
    let Some(newest) = files.iter().map(|(_, at)| *at).max() else {
        return bad(format!("there is no file in {shown}"), "make one now: docs/operations.md, Backup");
    };
    let age = now.since(newest).as_secs() / 3600;
    if age >= hours {
        return bad(
            format!("the newest in {shown} is {age} hours old"),
            "look at what makes them: a timer, its log, its disk",
        );
    }
    let holds = |name: &str| files.iter().any(|(path, _)| path.file_name().is_some_and(|found| found == name));
    if holds("keys.db") && holds("mindvibe.db") {
        let mend = "keep the key store elsewhere: together they can be read by whoever takes them with SECRET_KEY";
        return bad(format!("{shown} holds data and key store together"), mend);
    }
    good(format!("the newest in {shown} is {age} hours old"))
}

#[cfg(test)]
mod tests {
    use super::super::{State, testing};
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn they_are_there_young_and_apart() {
        let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        testing::is(&look(&testing::patient(data.path(), &[])), State::Bad);
        let development = [("ENVIRONMENT", "development")];
        testing::is(&look(&testing::patient(data.path(), &development)), State::NotApplicable);
        let patient = testing::patient(data.path(), &[("BACKUP_DIR", folder.path().to_str().unwrap())]);
        testing::is(&look(&patient), State::Bad);
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("data/mindvibe.db"), "x").unwrap();
        testing::is(&look(&patient), State::Good);
        std::fs::write(folder.path().join("keys.db"), "x").unwrap();
        testing::is(&look(&patient), State::Bad);
    }

    #[test]
    fn an_old_one_is_none() {
        let at = Timestamp::from_micros(1_800_000_000_000_000);
        let files = [(PathBuf::from("backup/mindvibe.db"), at)];
        let judged = |hours| judge(Path::new("backup"), &files, 26, at.plus(Duration::from_hours(hours)));
        testing::is(&judged(25), State::Good);
        testing::is(&judged(26), State::Bad);
    }
}
