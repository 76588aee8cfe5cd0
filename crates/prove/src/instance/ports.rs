//! The TCP ports that a process listens at, as Linux tells them: its sockets are open files named by a number, and the
//! table of connections says of each number where it listens.

use std::collections::HashSet;
use std::fs;
use std::io::Error;

/// The state "listening" in the kernel's table.
const LISTENS: &str = "0A";

/// The ports of a process, IPv4 and IPv6.
pub(super) fn listening(process: u32) -> Result<Vec<u16>, Error> {
    let mut sockets = HashSet::new();
    for entry in fs::read_dir(format!("/proc/{process}/fd"))? {
        // A file may be closed while the list is read.
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        let name = target.to_string_lossy().into_owned();
        sockets.extend(name.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')).map(ToOwned::to_owned));
    }
    let mut ports = Vec::new();
    for table in ["tcp", "tcp6"] {
        // A machine without IPv6 has no second table.
        let Ok(text) = fs::read_to_string(format!("/proc/{process}/net/{table}")) else { continue };
        ports.extend(text.lines().skip(1).filter_map(|line| port(line, &sockets)));
    }
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

/// The port of a line, if one of these sockets listens there: `sl local rem st tx:rx tr:when retrnsmt uid timeout inode`.
fn port(line: &str, sockets: &HashSet<String>) -> Option<u16> {
    let columns: Vec<_> = line.split_whitespace().collect();
    let (local, state, inode) = (columns.get(1)?, columns.get(3)?, columns.get(9)?);
    let (_, port) = local.rsplit_once(':')?;
    (*state == LISTENS && sockets.contains(*inode)).then(|| u16::from_str_radix(port, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_of_this_very_process_is_found() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(listening(std::process::id()).unwrap().contains(&port));
        drop(listener);
        assert!(!listening(std::process::id()).unwrap().contains(&port));
    }

    #[test]
    fn a_line_counts_when_it_listens_and_is_ours() {
        let line =
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 4711 1 0 100 0 0 10 0";
        let ours = HashSet::from(["4711".to_owned()]);
        assert_eq!(port(line, &ours), Some(8080));
        assert_eq!(port(line, &HashSet::new()), None);
        assert_eq!(port(&line.replace(" 0A ", " 01 "), &ours), None);
    }
}
