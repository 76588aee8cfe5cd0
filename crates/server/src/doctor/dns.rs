//! Does the name of `PUBLIC_URL` lead anywhere?

use super::{Patient, Seen, bad, good, nothing};
use crate::config::Environment;
use std::net::IpAddr;

pub(super) async fn look(patient: &Patient) -> Seen {
    let host = patient.host();
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return nothing("PUBLIC_URL is an address, not a name");
    }
    let found = tokio::net::lookup_host((host.as_str(), 443)).await;
    let addresses: Vec<IpAddr> = found.map(|all| all.map(|address| address.ip()).collect()).unwrap_or_default();
    judge(&host, &addresses, patient.config.environment)
}

fn judge(host: &str, addresses: &[IpAddr], environment: Environment) -> Seen {
    if addresses.is_empty() {
        let mend = "make an A or AAAA record for it, or set PUBLIC_URL to the name that has one";
        return bad(format!("{host} has no address"), mend);
    }
    let listed: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let listed = listed.join(", ");
    if environment == Environment::Production && addresses.iter().all(IpAddr::is_loopback) {
        let mend = "let the name lead to the address by which others reach this machine";
        return bad(format!("{host} leads to this machine only ({listed})"), mend);
    }
    good(format!("{host} leads to {listed}"))
}

#[cfg(test)]
mod tests {
    use super::super::{State, testing};
    use super::*;

    #[test]
    fn a_name_leads_somewhere_that_others_can_reach() {
        let judged = |all: &[&str], environment| {
            let all: Vec<IpAddr> = all.iter().map(|ip| ip.parse().unwrap()).collect();
            judge("mind.example", &all, environment)
        };
        testing::is(&judged(&["192.0.2.7", "2001:db8::7"], Environment::Production), State::Good);
        testing::is(&judged(&[], Environment::Production), State::Bad);
        testing::is(&judged(&["127.0.0.1", "::1"], Environment::Production), State::Bad);
        testing::is(&judged(&["127.0.0.1"], Environment::Development), State::Good);
    }

    #[tokio::test]
    async fn the_name_of_the_settings_is_looked_up() {
        let folder = tempfile::tempdir().unwrap();
        let at = |url| testing::patient(folder.path(), &[("PUBLIC_URL", url)]);
        testing::is(&look(&at("https://nowhere.invalid")).await, State::Bad);
        testing::is(&look(&at("https://localhost")).await, State::Bad);
        testing::is(&look(&at("https://192.0.2.7")).await, State::NotApplicable);
    }
}
