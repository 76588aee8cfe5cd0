//! Throw-away instances of the program itself, for what cannot be tried on a target: settings that must be refused, a
//! restart, letters, other providers. Each has an empty folder and a free port of this machine; both are gone afterwards,
//! however the rule ended.

mod folder;
mod imposter;
mod issuer;
mod ports;
mod process;
mod residents;

pub(crate) use folder::Folder;
pub(crate) use imposter::{Fault, Imposter};
pub(crate) use issuer::{Issuer, Person};
pub(crate) use process::{Ended, Start};
pub(crate) use residents::Owner;

use crate::lab::Lab;
use crate::rule::Stop;
use crate::wire::{Request, Wire};
use process::Process;
use residents::Residents;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// By then a line of the log is written.
const MOMENT: Duration = Duration::from_millis(50);

/// The program that start rules start.
#[derive(Debug, Clone)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// What it is given besides the settings that a rule names; nothing else of the environment reaches it.
    pub environment: Vec<(String, String)>,
    /// Where folders may be made for a while.
    pub temporary: PathBuf,
}

/// Where start rules work.
pub(crate) struct Bench {
    program: Option<Program>,
    requests: Arc<AtomicUsize>,
}

/// A running instance.
pub(crate) struct Instance {
    /// A client of it, with members for accounts.
    pub(crate) lab: Lab,
    pub(crate) owner: Arc<Owner>,
    /// Where people reach it.
    pub(crate) url: String,
    process: Process,
}

/// A running instance whose TLS ends in the process.
pub(crate) struct Encrypted {
    pub(crate) instance: Instance,
    /// The port in the clear beside it.
    pub(crate) clear: Wire,
    /// Where TLS is spoken.
    pub(crate) port: u16,
}

/// A running instance without an owner.
pub(crate) struct Alone {
    pub(crate) wire: Wire,
    /// Ends with this value.
    _process: Process,
}

impl Bench {
    pub(crate) fn new(program: Option<Program>) -> Self {
        Self { program, requests: Arc::default() }
    }

    /// How many requests were sent so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    fn prepare(&self, settings: &[(&str, &str)]) -> Result<Process, Stop> {
        let why = || Stop::NotApplicable("there is no program at hand to start an instance of".to_owned());
        Process::prepare(self.program.as_ref().ok_or_else(why)?, settings)
    }

    /// Only starts the program with these settings, to see whether it does; it ends at once.
    pub(crate) async fn try_start(&self, settings: &[(&str, &str)]) -> Result<Start, Stop> {
        self.prepare(settings)?.start().await
    }

    /// A folder for what settings name, gone with the value.
    pub(crate) fn folder(&self) -> Result<Folder, Stop> {
        let why = || Stop::NotApplicable("there is no program at hand to start an instance of".to_owned());
        let program = self.program.as_ref().ok_or_else(why)?;
        Folder::new(&program.temporary).map_err(|error| Stop::Unsure(format!("no folder: {error}")))
    }

    /// Starts an instance that ends TLS itself, with a certificate of its own authority, and sets it up as its owner.
    pub(crate) async fn start_encrypted(&self) -> Result<Encrypted, Stop> {
        let mut process = self.prepare(&[])?;
        let (port, beside) = (process.port(), process::free_port()?);
        let url = format!("https://localhost:{port}");
        process.set("TLS_MODE", "local");
        process.set("PUBLIC_URL", &url);
        process.set("HTTP_LISTEN_ADDR", &format!("127.0.0.1:{beside}"));
        serves(process.start().await?)?;
        let odd = || Stop::Unsure(format!("an instance does not say its code: {}", process.last_words()));
        let code = process.code().ok_or_else(odd)?;
        let clear = Wire::counting(&format!("http://127.0.0.1:{beside}"), self.requests.clone()).await?;
        let authority = clear.send(&Request::get("/trust/ca.crt")).await?;
        if !authority.ok() {
            return Stop::unsure(format!("an instance's own authority: {}", authority.brief()));
        }
        let open = || Wire::trusting(&url, &authority.body, self.requests.clone());
        let owner = Arc::new(Owner::set_up(open().await?, &code).await?);
        let lab = Lab::new(open().await?, Arc::new(Residents(owner.clone())), false, Some(Duration::ZERO));
        Ok(Encrypted { instance: Instance { lab, owner, url, process }, clear, port })
    }

    /// Starts an instance that nobody sets up, and answers a client of it: for settings under which only the proxy in front
    /// of it would be let in.
    pub(crate) async fn start_alone(&self, settings: &[(&str, &str)]) -> Result<Alone, Stop> {
        let mut process = self.prepare(settings)?;
        serves(process.start().await?)?;
        let wire = Wire::counting(&process.target(), self.requests.clone()).await?;
        Ok(Alone { wire, _process: process })
    }

    /// Starts an instance, and sets it up as its owner.
    pub(crate) async fn start(&self, settings: &[(&str, &str)]) -> Result<Instance, Stop> {
        let mut process = self.prepare(settings)?;
        serves(process.start().await?)?;
        let odd = || Stop::Unsure(format!("an instance does not say where it is: {}", process.last_words()));
        let (url, code) = (process.address().ok_or_else(odd)?, process.code().ok_or_else(odd)?);
        let target = process.target();
        let open = || Wire::counting(&target, self.requests.clone());
        let owner = Arc::new(Owner::set_up(open().await?, &code).await?);
        let lab = Lab::new(open().await?, Arc::new(Residents(owner.clone())), false, Some(Duration::ZERO));
        Ok(Instance { lab, owner, url, process })
    }
}

fn serves(start: Start) -> Result<(), Stop> {
    match start {
        Start::Serves => Ok(()),
        Start::Ended(Ended { status, said }) => {
            let (status, words) = (status.unwrap_or(-1), process::last_words(&said));
            Stop::unsure(format!("an instance of this program ended with status {status}: {words}"))
        }
    }
}

impl Instance {
    /// Kills it and starts it again on the same data.
    pub(crate) async fn restart(&mut self) -> Result<(), Stop> {
        self.process.kill();
        serves(self.process.start().await?)
    }

    /// Kills it and starts it again on the same data with other settings, to see whether it does.
    pub(crate) async fn try_restart(&mut self, settings: &[(&str, &str)]) -> Result<Start, Stop> {
        self.process.kill();
        for (name, value) in settings {
            self.process.set(name, value);
        }
        self.process.start().await
    }

    /// Everything it has said since it was last started, its log included. A line may be written a moment after the answer
    /// that it is about.
    pub(crate) async fn said(&self) -> String {
        tokio::time::sleep(MOMENT).await;
        self.process.said()
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.process.data()
    }

    /// Where it was told to listen.
    pub(crate) fn port(&self) -> u16 {
        self.process.port()
    }

    /// Every port at which it listens.
    pub(crate) fn listening(&self) -> Result<Vec<u16>, Stop> {
        let process = self.process.id().ok_or_else(|| Stop::Unsure("the instance is not running".to_owned()))?;
        ports::listening(process)
            .map_err(|error| Stop::Unsure(format!("the ports of a process cannot be listed: {error}")))
    }

    /// Runs another command of the program beside it, on the same data.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Result<Ended, Stop> {
        self.process.command(arguments).await
    }
}
