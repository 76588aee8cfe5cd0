//! What the machine has left, and what this process takes of it. From `/proc` (Linux); what cannot be read is zero.

use std::path::Path;
use std::time::Duration;

/// `/proc` counts processor time in hundredths of a second on every architecture (proc(5), `USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machine {
    /// Cores that this process may use.
    pub(crate) cores: u64,
    /// How many want a core, on average over a minute.
    pub(crate) load: f64,
    /// Processor time this process has used.
    pub(crate) cpu: Duration,
    /// Memory this process holds, in bytes.
    pub(crate) resident: u64,
    /// The machine's memory, in bytes, and what of it could be had.
    pub(crate) memory: u64,
    pub(crate) memory_free: u64,
    /// The data's disk, in bytes, and what of it can be written.
    pub(crate) disk: u64,
    pub(crate) disk_free: u64,
    /// Open files and connections.
    pub(crate) files: u64,
}

/// Looks.
pub(crate) async fn look(data: &Path) -> Machine {
    let (status, memory) = (read("/proc/self/status").await, read("/proc/meminfo").await);
    let load = read("/proc/loadavg").await;
    let disk = rustix::fs::statvfs(data).ok();
    Machine {
        cores: std::thread::available_parallelism().map_or(0, |cores| cores.get() as u64),
        load: load.split_whitespace().next().and_then(|one| one.parse().ok()).unwrap_or(0.0),
        cpu: cpu(&read("/proc/self/stat").await),
        resident: kibibytes(&status, "VmRSS:"),
        memory: kibibytes(&memory, "MemTotal:"),
        memory_free: kibibytes(&memory, "MemAvailable:"),
        disk: disk.as_ref().map_or(0, |disk| disk.f_blocks.saturating_mul(disk.f_frsize)),
        disk_free: disk.as_ref().map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
        files: files().await,
    }
}

async fn read(name: &'static str) -> String {
    tokio::fs::read_to_string(name).await.unwrap_or_default()
}

async fn files() -> u64 {
    let Ok(mut folder) = tokio::fs::read_dir("/proc/self/fd").await else { return 0 };
    let mut count = 0;
    while let Ok(Some(_)) = folder.next_entry().await {
        count += 1;
    }
    count
}

/// The figure of one line of `Name: n kB`, in bytes.
fn kibibytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    figure.unwrap_or(0).saturating_mul(1024)
}

/// Time in user and system mode: fields 14 and 15. The second, the program's name, may hold spaces and brackets.
fn cpu(stat: &str) -> Duration {
    let Some((_, rest)) = stat.rsplit_once(')') else { return Duration::ZERO };
    let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok());
    TICK.saturating_mul(ticks.fold(0, u32::saturating_add))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_the_kernel_writes_them() {
        let stat = "7 (a) (b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 4";
        assert_eq!(cpu(stat), Duration::from_secs(3));
        assert_eq!(cpu("nonsense"), Duration::ZERO);
        let status = "Name:\tmindvibe\nVmRSS:\t   2048 kB\n";
        assert_eq!((kibibytes(status, "VmRSS:"), kibibytes(status, "VmSwap:")), (2_097_152, 0));
    }

    #[tokio::test]
    async fn this_machine_has_something_of_everything() {
        let machine = look(Path::new("/")).await;
        assert!(machine.cores > 0 && machine.resident > 0 && machine.files > 2, "{machine:?}");
        assert!(machine.memory > machine.memory_free && machine.disk > machine.disk_free, "{machine:?}");
    }
}
