//! Somebody between the server and its database.

use super::starts::GOOD;
use crate::instance::{Bench, Ended, Fault, Imposter, Start};
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use std::path::PathBuf;

pub(crate) static CERTIFICATE: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-H5.certificate",
        finding: "A1-H5",
        title: "A database that is not recognised is told nothing",
        severity: Severity::High,
        asvs: "12.3.2",
        cwe: 295,
        expected: "A PostgreSQL whose certificate nobody vouches for, is another host's, or is over: the start ends before anything \
                   is served, without a byte within the encrypted connection, and says why without the password.",
        help: "Verify chain, name and time before the first message; the way to the database is verify-full.",
        weakened_by: "A1-H5",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

const PASSWORD: &str = "pg-J4vTq9sWm2Kx7ZbR";

/// Starts the program with this database; how that ended, and how many bytes it told.
async fn tried(bench: &Bench, fault: Fault) -> Result<(Start, usize, usize), Stop> {
    let imposter = Imposter::start(fault).await?;
    let folder = bench.folder()?;
    let file: PathBuf = folder.path().join("authority.pem");
    std::fs::write(&file, &imposter.authority).map_err(|error| Stop::Unsure(format!("no file: {error}")))?;
    let (url, file) = (imposter.url(PASSWORD), file.to_string_lossy().into_owned());
    let settings = [
        ("ENVIRONMENT", "production"),
        ("PUBLIC_URL", "https://mind.example"),
        ("SECRET_KEY", GOOD),
        ("DATABASE_URL", url.as_str()),
        ("DB_CA_FILE", file.as_str()),
    ];
    let start = bench.try_start(&settings).await?;
    Ok((start, imposter.asked(), imposter.told()))
}

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let (_, _, told) = tried(bench, Fault::None).await?;
    found.control(told > 0, || "a database with a good certificate is told nothing either".to_owned())?;
    for (fault, name) in [
        (Fault::SelfSigned, "a certificate that nobody vouches for"),
        (Fault::OtherHost, "another host's certificate"),
        (Fault::Expired, "a certificate that is over"),
    ] {
        let (start, asked, told) = tried(bench, fault).await?;
        if asked == 0 {
            return Stop::unsure("the database was not asked for TLS");
        }
        found.check(told == 0, || format!("with {name} it is told {told} bytes"));
        match start {
            Start::Serves => found.check(false, || format!("with {name} it starts")),
            Start::Ended(Ended { status, said }) => {
                found
                    .check(status.is_some_and(|status| status != 0), || format!("with {name} it ends with {status:?}"));
                let explained = said.contains("PostgreSQL") || said.contains("database");
                found.check(explained, || format!("with {name} it ends without a word about the database"));
                found.check(!said.contains(PASSWORD), || "it says the password".to_owned());
            }
        }
    }
    Ok(())
}
