//! Settings of limits: how often, how much at once, where it is counted, and who is watched.

use super::{ConfigError, Source, list, number, parse};
use crate::listen::Connections;
use guard::{Ceilings, Config as GuardConfig, Vigilance, Window};
use ipnet::{IpNet, Ipv4Net};
use kernel::Secret;
use relay::Relay;

/// All of them that belong to the HTTP surface.
pub(super) fn read(source: &Source, config: &mut GuardConfig) -> Result<(), ConfigError> {
    rates(source, config)?;
    let usual = Ceilings::default();
    config.ceilings = Ceilings {
        requests: ceiling(source, "REQUESTS_AT_ONCE", usual.requests)?,
        requests_per_client: ceiling(source, "REQUESTS_AT_ONCE_PER_CLIENT", usual.requests_per_client)?,
    };
    let exempt = networks(source, "THREAT_EXEMPT")?;
    config.vigilance = Vigilance { scoring: parse(source, "THREAT_SCORING", Vigilance::default().scoring)?, exempt };
    Ok(())
}

/// How many connections may be open.
pub(super) fn connections(source: &Source) -> Result<Connections, ConfigError> {
    let usual = Connections::default();
    Ok(Connections {
        most: ceiling(source, "CONNECTIONS", usual.most)?,
        per_client: ceiling(source, "CONNECTIONS_PER_CLIENT", usual.per_client)?,
        // Behind a proxy all connections are the proxy's.
        shared: networks(source, "TRUSTED_PROXIES")?,
    })
}

/// Where what instances share is kept: `REDIS_URL`, unless `RATE_LIMIT_STORAGE` says `local`.
pub(super) fn relay(source: &Source) -> Result<Option<Secret<String>>, ConfigError> {
    let name = "RATE_LIMIT_STORAGE";
    let url = source.secret("REDIS_URL")?;
    let used = match source.get(name) {
        None => url,
        Some("local") => None,
        Some("redis") if url.is_some() => url,
        Some("redis") => {
            return Err(ConfigError::Missing {
                name: "REDIS_URL",
                why: "RATE_LIMIT_STORAGE is redis; say where it is",
            });
        }
        Some(_) => return Err(ConfigError::Invalid { name, why: "it is local or redis".into() }),
    };
    if let Some(url) = &used {
        Relay::check(url).map_err(|bad| ConfigError::Invalid { name: "REDIS_URL", why: bad.to_string() })?;
    }
    Ok(used)
}

fn ceiling(source: &Source, name: &'static str, usual: usize) -> Result<usize, ConfigError> {
    let usual = u32::try_from(usual).unwrap_or(u32::MAX);
    match number(source, name, usual)? {
        0 => Err(ConfigError::Invalid { name, why: "none at all would serve nobody".into() }),
        most => Ok(usize::try_from(most).unwrap_or(usize::MAX)),
    }
}

/// A list of addresses and networks.
pub(super) fn networks(source: &Source, name: &'static str) -> Result<Vec<IpNet>, ConfigError> {
    let net = |text: &str| text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
    let nets = list(source, name).map(|text| net(text).map(canonical)).collect::<Result<_, _>>();
    nets.map_err(|_| ConfigError::Invalid {
        name,
        why: "it is a list of addresses or networks such as 10.0.0.0/8".into(),
    })
}

/// A network of IPv4 that is written as one of IPv6 (`::ffff:10.0.0.0/104`), as what it is: so are the addresses that
/// are looked for in it.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(mapped) = net else { return net };
    let (Some(address), Some(length)) = (mapped.addr().to_ipv4_mapped(), mapped.prefix_len().checked_sub(96)) else {
        return net;
    };
    Ipv4Net::new(address, length).map_or(net, IpNet::V4)
}

/// `RATE_LIMIT_<CLASS>=5/60`: so many in so many seconds; several windows separated by commas.
fn rates(source: &Source, config: &mut GuardConfig) -> Result<(), ConfigError> {
    let name = "RATE_LIMIT_<CLASS>";
    for (class, text) in source.starting_with("RATE_LIMIT_") {
        let windows = match class {
            "SIGN_IN_BY_ADDRESS" => &mut config.rates.sign_in_by_address,
            "SIGN_IN_BY_ACCOUNT" => &mut config.rates.sign_in_by_account,
            "SECOND_FACTOR" => &mut config.rates.second_factor,
            "SIGN_UP" => &mut config.rates.sign_up,
            "LETTERS" => &mut config.rates.letters,
            "LINKS" => &mut config.rates.links,
            "ANONYMOUS" => &mut config.rates.anonymous,
            "SIGNED_IN" => &mut config.rates.signed_in,
            "COMPANION" => &mut config.rates.companion,
            "TRANSCRIPTION" => &mut config.rates.transcription,
            // Seconds of sound.
            "AUDIO" => &mut config.rates.audio,
            "REPORT" => &mut config.rates.report,
            // Where the counters live, not how many.
            "STORAGE" => continue,
            _ => return Err(ConfigError::Invalid { name, why: format!("there is no class {class}") }),
        };
        let window = |text: &str| {
            let (count, seconds) = text.trim().split_once('/')?;
            let (count, seconds) = (count.parse().ok()?, seconds.parse().ok()?);
            (count > 0 && seconds > 0).then(|| Window::per(count, seconds))
        };
        let parsed: Option<Vec<_>> = text.split(',').map(window).collect();
        *windows = parsed.ok_or_else(|| ConfigError::Invalid {
            name,
            why: format!("RATE_LIMIT_{class} is count/seconds such as 5/60, several separated by commas"),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relayed(pairs: &[(&str, &str)]) -> Result<Option<String>, String> {
        let source = pairs.iter().fold(Source::of([]), |source, (name, value)| source.or(name, value));
        let url = relay(&source).map_err(|error| error.to_string())?;
        Ok(url.map(|url| url.expose().clone()))
    }

    #[test]
    fn limits_are_read_by_class() {
        let of = |name, value| {
            let mut config = GuardConfig::for_origin("https://a.example");
            read(&Source::of([(name, value)]), &mut config).map(|()| config)
        };
        assert_eq!(of("RATE_LIMIT_SIGN_UP", "7/60,20/3600").unwrap().rates.sign_up.len(), 2);
        assert!(of("RATE_LIMIT_SIGN_UP", "none").is_err());
        assert!(of("RATE_LIMIT_NOBODY", "1/1").is_err());
        assert_eq!(of("REQUESTS_AT_ONCE", "10").unwrap().ceilings.requests, 10);
        assert!(of("REQUESTS_AT_ONCE_PER_CLIENT", "0").is_err());
        assert_eq!(of("THREAT_SCORING", "log").unwrap().vigilance.scoring, guard::Scoring::Log);
        assert!(of("THREAT_SCORING", "maybe").is_err());
        assert_eq!(of("THREAT_EXEMPT", "192.0.2.7, 10.0.0.0/8").unwrap().vigilance.exempt.len(), 2);
        assert!(of("THREAT_EXEMPT", "office").is_err());
    }

    #[test]
    fn a_network_of_ipv4_is_one_however_it_is_written() {
        let nets = |text| networks(&Source::of([("TRUSTED_PROXIES", text)]), "TRUSTED_PROXIES").unwrap();
        let plain = nets("10.0.0.0/8, 192.0.2.7");
        assert_eq!(nets("::ffff:10.0.0.0/104, ::ffff:192.0.2.7"), plain);
        assert_eq!(nets("::ffff:a00:0/104, ::ffff:c000:207/128"), plain);
        for other in ["2001:db8::/32", "::/0", "::ffff:0:0/95"] {
            assert_eq!(nets(other)[0].to_string(), other.parse::<IpNet>().unwrap().to_string());
        }
    }

    #[test]
    fn redis_is_used_when_it_is_named_and_not_declined() {
        let here = ("REDIS_URL", "redis://:canary@127.0.0.1:6379");
        assert_eq!(relayed(&[]), Ok(None));
        assert_eq!(relayed(&[here]).unwrap().as_deref(), Some(here.1));
        assert_eq!(relayed(&[here, ("RATE_LIMIT_STORAGE", "local")]), Ok(None));
        assert_eq!(relayed(&[here, ("RATE_LIMIT_STORAGE", "redis")]).unwrap().as_deref(), Some(here.1));
        assert!(relayed(&[("RATE_LIMIT_STORAGE", "redis")]).unwrap_err().starts_with("REDIS_URL is not set"));
        let refused = relayed(&[here, ("RATE_LIMIT_STORAGE", "memory")]).unwrap_err();
        assert!(refused.starts_with("RATE_LIMIT_STORAGE cannot be used"));
        let refused = relayed(&[("REDIS_URL", "http://:canary@cache.example")]).unwrap_err();
        assert!(refused.starts_with("REDIS_URL cannot be used") && !refused.contains("canary"), "{refused}");
    }
}
