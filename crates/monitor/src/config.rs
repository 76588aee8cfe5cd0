//! The settings of this slice, already read and checked.

use ipnet::IpNet;
use std::path::PathBuf;

/// The settings of this slice.
#[derive(Debug, Clone)]
pub struct Config {
    /// `production` or `development`.
    pub environment: &'static str,
    /// Where people reach the server; no trailing slash.
    pub public_url: String,
    /// Where the data lies: the disk that must not become full.
    pub data_dir: PathBuf,
    /// Who may ask whether it is ready, besides this machine itself.
    pub ready_from: Vec<IpNet>,
    /// Whom to tell of a weakness, as `mailto:` or `https:`; the first is the one preferred.
    pub contacts: Vec<String>,
    /// Where it says how reports are dealt with; `None` is the page that comes with the program.
    pub policy: Option<String>,
}
