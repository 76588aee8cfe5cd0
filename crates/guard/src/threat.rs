//! Who has behaved, of late, as only an attacker does: a score for each address that fades, and at a height a quarantine.
//!
//! Two scores: for looking where nothing is and sending what nobody can read, and for trying passwords. Each keeps out only
//! what it is about (`steps::threat`), since behind one address there may be a whole office. Kept in this process, bounded,
//! and nothing is asked of anybody else: no puzzle, no third party.

mod paths;

pub(crate) use paths::{is_customary, is_probe};

use crate::limiter::{household, neighbourhood};
use ipnet::IpNet;
use kernel::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A score at which an address is kept out.
const HEIGHT: f32 = 50.0;
/// The time in which a score becomes half of itself.
const HALF_LIFE: Duration = Duration::from_mins(5);
/// How long an address is kept out the first time, and twice as long each time again …
const FIRST: Duration = Duration::from_mins(1);
/// … up to this.
const LONGEST: Duration = Duration::from_hours(1);
/// After so long without another, the next time is a first time again.
const FORGIVEN: Duration = Duration::from_hours(2);
/// How many addresses are remembered: about four megabytes.
const CAPACITY: usize = 50_000;
/// A score below this is as good as none.
const NOTHING: f32 = 1.0;
/// What a /56 takes over of the score of a /64 in it, so that moving about within does not help.
const AROUND: f32 = 0.25;

/// What happens with an address whose score is too high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scoring {
    /// Nobody is scored.
    Off,
    /// It is logged, and nothing else.
    Log,
    /// It is kept out for a while.
    #[default]
    Quarantine,
}

impl std::str::FromStr for Scoring {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "log" => Ok(Self::Log),
            "quarantine" => Ok(Self::Quarantine),
            _ => Err("it is quarantine, log or off"),
        }
    }
}

/// The settings.
#[derive(Debug, Clone, Default)]
pub struct Vigilance {
    /// What happens with an address whose score is too high.
    pub scoring: Scoring,
    /// Addresses that are never scored: a monitor, one's own scanner.
    pub exempt: Vec<IpNet>,
}

/// Of which kind a score is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// Looks where nothing is, or sends what cannot be read.
    Probing,
    /// Tries passwords and codes.
    Guessing,
}

impl Conduct {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Probing => "probing",
            Self::Guessing => "guessing",
        }
    }
}

/// Something that adds to a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Offence {
    pub(crate) conduct: Conduct,
    pub(crate) points: f32,
}

/// An address that is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) wait: Duration,
    /// Also from where passwords are tried.
    pub(crate) guessing: bool,
}

#[derive(Clone, Copy)]
struct Meter {
    score: f32,
    at: Timestamp,
    until: Timestamp,
    times: u32,
}

impl Meter {
    const EMPTY: Self = Self { score: 0.0, at: Timestamp::from_micros(0), until: Timestamp::from_micros(0), times: 0 };

    fn present(&self, now: Timestamp) -> f32 {
        let lives = now.since(self.at).as_secs_f32() / HALF_LIFE.as_secs_f32();
        self.score * (-lives).exp2()
    }

    /// Adds; the time to be kept out for, if that is now.
    fn add(&mut self, points: f32, now: Timestamp) -> Option<Duration> {
        self.score = self.present(now) + points;
        self.at = now;
        if self.score < HEIGHT || self.until > now {
            return None;
        }
        if now.since(self.until) > FORGIVEN {
            self.times = 0;
        }
        let term = FIRST.saturating_mul(1 << self.times.min(16)).min(LONGEST);
        self.times += 1;
        self.until = now.plus(term);
        // Whoever goes on afterwards is not given all of it again.
        self.score = HEIGHT / 2.0;
        Some(term)
    }

    fn matters(&self, now: Timestamp) -> bool {
        self.until > now || self.present(now) >= NOTHING || (self.times > 0 && now.since(self.until) < FORGIVEN)
    }
}

struct Entry {
    probing: Meter,
    guessing: Meter,
}

impl Entry {
    const EMPTY: Self = Self { probing: Meter::EMPTY, guessing: Meter::EMPTY };

    fn of(&mut self, conduct: Conduct) -> &mut Meter {
        match conduct {
            Conduct::Probing => &mut self.probing,
            Conduct::Guessing => &mut self.guessing,
        }
    }

    fn is_held(&self, now: Timestamp) -> bool {
        self.probing.until > now || self.guessing.until > now
    }

    fn matters(&self, now: Timestamp) -> bool {
        self.probing.matters(now) || self.guessing.matters(now)
    }
}

struct Table {
    entries: HashMap<IpAddr, Entry>,
    /// When room was last made, which takes a while.
    thinned: Timestamp,
}

/// The scores of all addresses.
pub(crate) struct Threats {
    settings: Vigilance,
    table: Mutex<Table>,
    /// When the last of those that are kept out comes free, in microseconds: before each request, one look at a number.
    free: AtomicI64,
}

impl Threats {
    pub(crate) fn new(settings: Vigilance) -> Self {
        let table = Table { entries: HashMap::new(), thinned: Timestamp::from_micros(0) };
        Self { settings, table: Mutex::new(table), free: AtomicI64::new(0) }
    }

    pub(crate) fn scoring(&self) -> Scoring {
        self.settings.scoring
    }

    /// Whether this address is scored. One that is not known is nobody's.
    fn judges(&self, ip: IpAddr) -> bool {
        let canonical = ip.to_canonical();
        self.settings.scoring != Scoring::Off
            && !canonical.is_unspecified()
            && !self.settings.exempt.iter().any(|net| net.contains(&canonical))
    }

    /// Adds to the score of an address; how long it is kept out, if from now on.
    pub(crate) fn add(&self, ip: IpAddr, offence: Offence, now: Timestamp) -> Option<Duration> {
        if !self.judges(ip) {
            return None;
        }
        let keys = [(Some(household(ip)), 1.0), (neighbourhood(ip), AROUND)];
        let mut table = self.lock();
        let mut longest = None;
        for (key, share) in keys {
            let Some(key) = key else { continue };
            if let Some(entry) = table.entry(key, now) {
                longest = longest.max(entry.of(offence.conduct).add(offence.points * share, now));
            }
        }
        if let Some(term) = longest {
            self.free.fetch_max(now.plus(term).as_micros(), Ordering::AcqRel);
        }
        longest
    }

    /// Whether an address is kept out.
    pub(crate) fn held(&self, ip: IpAddr, now: Timestamp) -> Option<Held> {
        if self.settings.scoring != Scoring::Quarantine || self.free.load(Ordering::Acquire) <= now.as_micros() {
            return None;
        }
        let table = self.lock();
        let entries = [Some(household(ip)), neighbourhood(ip)].into_iter().flatten();
        let held = entries.filter_map(|key| table.entries.get(&key)).filter(|entry| entry.is_held(now));
        held.map(|entry| {
            let wait = entry.probing.until.since(now).max(entry.guessing.until.since(now));
            Held { wait, guessing: entry.guessing.until > now }
        })
        .reduce(|one, other| Held { wait: one.wait.max(other.wait), guessing: one.guessing || other.guessing })
    }

    /// Forgets whoever has been quiet.
    pub(crate) fn tidy(&self, now: Timestamp) {
        self.lock().entries.retain(|_, entry| entry.matters(now));
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing panics while it is held, and scores are only scores.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The entry of an address; `None` when there is no more room.
    fn entry(&mut self, key: IpAddr, now: Timestamp) -> Option<&mut Entry> {
        if self.entries.len() >= CAPACITY && !self.entries.contains_key(&key) {
            if now.since(self.thinned) < Duration::from_secs(1) {
                return None;
            }
            self.thinned = now;
            self.entries.retain(|_, entry| entry.matters(now));
            if self.entries.len() >= CAPACITY {
                // More attackers than anybody can remember: every other one of those who are not kept out is forgotten.
                let mut other = false;
                self.entries.retain(|_, entry| {
                    other = !other;
                    other || entry.is_held(now)
                });
            }
            if self.entries.len() >= CAPACITY {
                return None;
            }
        }
        Some(self.entries.entry(key).or_insert(Entry::EMPTY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
    const PROBE: Offence = Offence { conduct: Conduct::Probing, points: 10.0 };
    const GUESS: Offence = Offence { conduct: Conduct::Guessing, points: 1.0 };

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn watch() -> Threats {
        Threats::new(Vigilance::default())
    }

    #[test]
    fn five_probes_keep_out_for_a_minute_and_then_for_longer() {
        let (threats, scanner) = (watch(), ip("192.0.2.1"));
        let mut now = START;
        for _ in 0..4 {
            assert_eq!(threats.add(scanner, PROBE, now), None);
        }
        assert_eq!(threats.held(scanner, now), None);
        assert_eq!(threats.add(scanner, PROBE, now), Some(Duration::from_mins(1)));
        let held = Held { wait: Duration::from_mins(1), guessing: false };
        assert_eq!(threats.held(scanner, now), Some(held));
        assert_eq!(threats.held(ip("192.0.2.2"), now), None, "a neighbour is somebody else");
        for minutes in [2, 4, 8, 16, 32, 60, 60] {
            now = now.plus(threats.held(scanner, now).unwrap().wait);
            assert_eq!(threats.held(scanner, now), None);
            let term = (0..5).find_map(|_| threats.add(scanner, PROBE, now));
            assert_eq!(term, Some(Duration::from_mins(minutes)));
        }
        now = now.plus(Duration::from_hours(4));
        let term = (0..5).find_map(|_| threats.add(scanner, PROBE, now));
        assert_eq!(term, Some(Duration::from_mins(1)), "long ago is forgiven");
    }

    #[test]
    fn a_score_fades() {
        let (threats, clumsy) = (watch(), ip("192.0.2.1"));
        // Five forgotten passwords a minute, all day long: what the limit of the address lets through.
        for second in 0..86_400 / 12 {
            let now = START.plus(Duration::from_secs(12 * second));
            assert_eq!(threats.add(clumsy, GUESS, now), None);
        }
        // Five times as many are too many.
        let later = START.plus(Duration::from_hours(24));
        let taken = (0..600).find(|n| threats.add(clumsy, GUESS, later.plus(Duration::from_secs(2 * n))).is_some());
        assert!(taken.is_some_and(|n| n < 60), "{taken:?}");
        assert!(threats.held(clumsy, later.plus(Duration::from_secs(2 * taken.unwrap()))).unwrap().guessing);
    }

    #[test]
    fn moving_about_within_a_network_does_not_help() {
        let threats = watch();
        for house in 0..20 {
            threats.add(ip(&format!("2001:db8:1:{house:x}::1")), PROBE, START);
        }
        assert!(threats.held(ip("2001:db8:1:77::1"), START).is_some());
        assert!(threats.held(ip("2001:db8:1:177::1"), START).is_none());
    }

    #[test]
    fn some_are_never_scored() {
        let exempt = vec!["198.51.100.0/24".parse().unwrap()];
        let threats = Threats::new(Vigilance { exempt, ..Vigilance::default() });
        for _ in 0..100 {
            assert_eq!(threats.add(ip("198.51.100.7"), PROBE, START), None);
            assert_eq!(threats.add(ip("::ffff:198.51.100.7"), PROBE, START), None);
            assert_eq!(threats.add(ip("0.0.0.0"), PROBE, START), None);
        }
        let only_told = Threats::new(Vigilance { scoring: Scoring::Log, ..Vigilance::default() });
        let told = (0..5).filter_map(|_| only_told.add(ip("192.0.2.1"), PROBE, START)).count();
        assert_eq!((told, only_told.held(ip("192.0.2.1"), START)), (1, None));
    }

    #[test]
    fn memory_is_bounded_and_who_is_kept_out_stays_so() {
        let threats = watch();
        let scanner = ip("192.0.2.1");
        for _ in 0..5 {
            threats.add(scanner, PROBE, START);
        }
        for number in 0..200_000_u32 {
            let now = START.plus(Duration::from_millis(u64::from(number) / 10));
            threats.add(IpAddr::V4((0x0a00_0000 + number).into()), PROBE, now);
        }
        assert!(threats.lock().entries.len() <= CAPACITY);
        assert!(threats.held(scanner, START.plus(Duration::from_secs(30))).is_some());
        threats.tidy(START.plus(Duration::from_hours(3)));
        assert_eq!(threats.lock().entries.len(), 0);
    }
}
