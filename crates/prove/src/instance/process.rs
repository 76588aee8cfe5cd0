//! The process of an instance: what it is started with, what it says, and its end.

use super::Program;
use super::folder::Folder;
use crate::rule::Stop;
use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

/// How long a start may take; an unoptimised build on a busy machine takes a few seconds.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked whether it has begun.
const LOOKED_EVERY: Duration = Duration::from_millis(20);
/// What it says before its address, and before the one-time code.
const ADDRESS: &str = "MindVibe is at ";
const CODE: &str = "set-up code: ";

/// How a start ended.
pub(crate) enum Start {
    /// It serves.
    Serves,
    /// It stopped by itself.
    Ended(Ended),
}

/// A process that is over.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    /// Both of its outputs.
    pub(crate) said: String,
}

/// A program on a data folder of its own. Both end with this value.
pub(crate) struct Process {
    program: Program,
    settings: Vec<(String, String)>,
    port: u16,
    starts: usize,
    child: Option<Child>,
    // After the child, which writes into it.
    folder: Folder,
}

fn unsure(what: &str, error: &std::io::Error) -> Stop {
    Stop::Unsure(format!("an instance of this program: {what}: {error}"))
}

/// What follows a marker, up to the end of its line, once that line is complete.
fn after<'a>(said: &'a str, marker: &str) -> Option<&'a str> {
    let (_, rest) = said.split_once(marker)?;
    rest.split_once('\n').map(|(line, _)| line.trim())
}

/// A port of this machine that nobody uses at the moment.
pub(super) fn free_port() -> Result<u16, Stop> {
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    free.map(|address| address.port()).map_err(|error| unsure("no free port", &error))
}

impl Process {
    /// A process that is not yet started, with settings over those of development.
    pub(super) fn prepare(program: &Program, settings: &[(&str, &str)]) -> Result<Self, Stop> {
        let folder = Folder::new(&program.temporary).map_err(|error| unsure("no folder", &error))?;
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let own = [
            ("ENVIRONMENT", "development".to_owned()),
            ("DATA_DIR", path("data")),
            ("MODELS_DIR", path("models")),
            ("PUBLIC_URL", format!("http://{address}")),
            ("LISTEN_ADDR", address),
        ];
        let mut all = program.environment.clone();
        all.extend(own.map(|(name, value)| (name.to_owned(), value)));
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Ok(Self { program: program.clone(), settings: all, port, starts: 0, child: None, folder })
    }

    /// With another value for a setting, from its next start on.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// The port it is told to listen on.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Starts it, and waits until it serves or has ended.
    pub(super) async fn start(&mut self) -> Result<Start, Stop> {
        self.starts += 1;
        let log = File::options().create_new(true).append(true).open(self.log());
        let log = log.map_err(|error| unsure("no log", &error))?;
        let other = log.try_clone().map_err(|error| unsure("no log", &error))?;
        let mut command = Command::new(&self.program.path);
        command.arg("serve").env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(log).stderr(other);
        self.child = Some(command.spawn().map_err(|error| unsure("it does not start", &error))?);
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            // Looked at first: what it says before it ends is then all there.
            let ended = self.child.as_mut().and_then(|child| child.try_wait().transpose());
            let said = self.said();
            match ended {
                Some(Ok(status)) => {
                    self.child = None;
                    return Ok(Start::Ended(Ended { status: status.code(), said }));
                }
                Some(Err(error)) => return Err(unsure("it cannot be watched", &error)),
                None => {}
            }
            // The first start ends with the code; later there is an owner, and none.
            let marker = if self.starts == 1 { CODE } else { ADDRESS };
            if after(&said, marker).is_some() {
                return Ok(Start::Serves);
            }
            tokio::time::sleep(LOOKED_EVERY).await;
        }
        let seconds = PATIENCE.as_secs();
        Stop::unsure(format!("an instance of this program does not begin within {seconds} s: {}", self.last_words()))
    }

    /// Kills it, as a loss of power would.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Runs another command of the program on the same data; its exit status and what it said.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Result<Ended, Stop> {
        let mut command = tokio::process::Command::new(&self.program.path);
        command.args(arguments).env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        let output = output.map_err(|_| Stop::Unsure(format!("mindvibe {} does not end", arguments.join(" "))))?;
        let output = output.map_err(|error| unsure("a command does not start", &error))?;
        let said = [output.stdout, output.stderr].concat();
        Ok(Ended { status: output.status.code(), said: String::from_utf8_lossy(&said).into_owned() })
    }

    /// Its data folder, unless a rule named another.
    pub(super) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join(format!("said-{}.log", self.starts))
    }

    /// What it has said since it was last started.
    pub(crate) fn said(&self) -> String {
        std::fs::read(self.log()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The end of it, for a report.
    pub(super) fn last_words(&self) -> String {
        last_words(&self.said())
    }

    /// Where it says it is.
    pub(super) fn address(&self) -> Option<String> {
        after(&self.said(), ADDRESS).map(ToOwned::to_owned)
    }

    /// The code by which its owner sets it up.
    pub(super) fn code(&self) -> Option<String> {
        after(&self.said(), CODE).map(ToOwned::to_owned)
    }

    /// Its number among the processes of this machine, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Where it listens, whatever it says.
    pub(super) fn target(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// The last line that is not empty, shortened.
pub(super) fn last_words(said: &str) -> String {
    let line = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    line.chars().take(300).collect()
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_when_it_is_complete() {
        let said = "MindVibe is at http://127.0.0.1:1\n  set-up code: AAAA-BBBB-CCC";
        assert_eq!(after(said, ADDRESS), Some("http://127.0.0.1:1"));
        assert_eq!(after(said, CODE), None);
        assert_eq!(after(&format!("{said}C\n"), CODE), Some("AAAA-BBBB-CCCC"));
        assert_eq!((last_words("a\nb\n\n").as_str(), last_words("").as_str()), ("b", "it said nothing"));
    }

    #[tokio::test]
    async fn a_process_ends_with_its_value_and_leaves_nothing() {
        let temporary = Folder::new(&std::env::temp_dir()).unwrap();
        let program =
            Program { path: "/bin/false".into(), environment: Vec::new(), temporary: temporary.path().to_owned() };
        let mut process = Process::prepare(&program, &[]).unwrap();
        let Ok(Start::Ended(ended)) = process.start().await else { panic!("it serves") };
        assert_eq!((ended.status, ended.said.as_str()), (Some(1), ""));
        let command = process.command(&["user"]).await.unwrap();
        assert_eq!(command.status, Some(1));
        drop(process);
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
        let missing = Program { path: "/nowhere/at/all".into(), ..program };
        assert!(Process::prepare(&missing, &[]).unwrap().start().await.is_err());
    }
}
