//! Is there room, may we write, and may nobody else read?

use super::{Patient, Seen, bad, good};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const GIB: u64 = 1 << 30;
/// With less, an upload or a backup fills it.
const LEAST: u64 = 2 * GIB;

pub(super) async fn look(patient: &Patient) -> Seen {
    let data = &patient.config.data_dir;
    let mut free = Vec::new();
    for folder in [data, &patient.config.media_dir] {
        // What is not there yet is made at start, beside what is.
        let Some(place) = folder.ancestors().find(|place| place.is_dir()) else { continue };
        match room(place) {
            Ok((left, all)) => {
                if let Some(seen) = full(folder, left, all) {
                    return seen;
                }
                free.push(format!("{} GiB free for {}", left / GIB, folder.display()));
            }
            Err(error) => return bad(format!("{} cannot be looked at ({error})", place.display()), "is it mounted?"),
        }
    }
    if data.is_dir() {
        if let Err(error) = tempfile_in(data, patient).await {
            let mend = "let the account that runs the server own DATA_DIR";
            return bad(format!("{} cannot be written to ({error})", data.display()), mend);
        }
        if let Some(seen) = open_to_others(data) {
            return seen;
        }
    }
    good(free.join(", "))
}

fn room(place: &Path) -> rustix::io::Result<(u64, u64)> {
    let all = rustix::fs::statvfs(place)?;
    Ok((all.f_bavail.saturating_mul(all.f_frsize), all.f_blocks.saturating_mul(all.f_frsize)))
}

/// Less than two GiB, or a twentieth where that is less.
fn full(folder: &Path, left: u64, all: u64) -> Option<Seen> {
    (left < LEAST.min(all / 20)).then(|| {
        let says = format!("{} MiB are left for {}", left >> 20, folder.display());
        bad(says, "make room: empty the bin of recordings, move MEDIA_DIR to a larger disk, or delete old backups")
    })
}

/// Writes a file and removes it.
async fn tempfile_in(folder: &Path, patient: &Patient) -> std::io::Result<()> {
    let name = data_encoding::HEXLOWER.encode(&patient.ambient.bytes::<8>());
    let path = folder.join(format!(".doctor-{name}"));
    tokio::fs::write(&path, b"x").await?;
    tokio::fs::remove_file(&path).await
}

fn open_to_others(folder: &Path) -> Option<Seen> {
    for name in ["keys.db", "secret.key", "tls/ca.key", "tls/server.key", "acme"] {
        let path = folder.join(name);
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        let mode = metadata.permissions().mode() & 0o777;
        // A folder that others cannot enter protects what is in it.
        let entered = std::fs::metadata(folder).is_ok_and(|folder| folder.permissions().mode() & 0o011 != 0);
        if mode & 0o077 != 0 && entered {
            let says = format!("{} can be read by others ({mode:03o})", path.display());
            return Some(bad(says, format!("chmod go= {}", path.display())));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{State, testing};
    use super::*;
    use std::fs::Permissions;

    #[test]
    fn a_disk_is_full_before_nothing_fits() {
        let folder = Path::new("data");
        assert!(full(folder, 3 * GIB, 100 * GIB).is_none());
        assert!(full(folder, GIB, 10 * GIB).is_none(), "a small disk has less to spare");
        testing::is(&full(folder, GIB, 100 * GIB).unwrap(), State::Bad);
    }

    #[tokio::test]
    async fn the_folder_is_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let patient = testing::patient(folder.path(), &[]);
        testing::is(&look(&patient).await, State::Good);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
        let key = folder.path().join("keys.db");
        std::fs::write(&key, "x").unwrap();
        let mode = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        mode(&key, 0o644);
        mode(folder.path(), 0o755);
        testing::is(&look(&patient).await, State::Bad);
        mode(&key, 0o600);
        testing::is(&look(&patient).await, State::Good);
        mode(&key, 0o644);
        mode(folder.path(), 0o700);
        testing::is(&look(&patient).await, State::Good);
    }
}
