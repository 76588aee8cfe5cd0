//! What the slice `monitor` is told of the rest of the house: who is here, and how the protections stand.

use crate::compose::{Failure, House};
use crate::config::Config;
use crate::listen::{self, Connections};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use guard::Config as GuardConfig;
use identity::Identity;
use kernel::Fault;
use monitor::{Breaker, Ceiling, Headcount, Keeper, Limited, Monitoring, People, Posture, Window};
use std::sync::Arc;

/// The slice, told all of it; `ways` are those to everything outside of this process.
pub(crate) async fn monitoring(
    house: &House,
    identity: &Arc<Identity>,
    ways: Vec<Arc<kernel::Breaker>>,
    config: &Config,
) -> Result<(Arc<Monitoring>, Keeper), Failure> {
    let settings = monitor::Config {
        environment: config.environment.name(),
        public_url: config.public_url.clone(),
        data_dir: config.data_dir.clone(),
        ready_from: config.operations.ready_from.clone(),
        contacts: config.operations.contacts.clone(),
        policy: config.operations.policy.clone(),
    };
    let people = Arc::new(Counted(identity.clone()));
    let standing = Arc::new(Standing { guard: config.guard.clone(), connections: config.connections.clone(), ways });
    let House { db, keys, ambient } = house;
    Ok(Monitoring::new(settings, db.clone(), keys, ambient.clone(), people, standing).await?)
}

struct Counted(Arc<Identity>);

impl People for Counted {
    fn count(&self) -> BoxFuture<'_, Result<Headcount, Fault>> {
        async move {
            let count = self.0.headcount().await?;
            Ok(Headcount {
                users: count.users,
                active_day: count.active_day,
                active_week: count.active_week,
                live_sessions: count.live_sessions,
            })
        }
        .boxed()
    }
}

struct Standing {
    guard: GuardConfig,
    connections: Connections,
    /// The ways to everything outside of this process.
    ways: Vec<Arc<kernel::Breaker>>,
}

impl Posture for Standing {
    fn limits(&self) -> Vec<Limited> {
        let rates = &self.guard.rates;
        let classes = [
            ("SIGN_IN_BY_ADDRESS", &rates.sign_in_by_address),
            ("SIGN_IN_BY_ACCOUNT", &rates.sign_in_by_account),
            ("SECOND_FACTOR", &rates.second_factor),
            ("SIGN_UP", &rates.sign_up),
            ("LETTERS", &rates.letters),
            ("LINKS", &rates.links),
            ("ANONYMOUS", &rates.anonymous),
            ("SIGNED_IN", &rates.signed_in),
            ("COMPANION", &rates.companion),
            ("TRANSCRIPTION", &rates.transcription),
            ("AUDIO", &rates.audio),
            ("REPORT", &rates.report),
        ];
        let window = |window: &guard::Window| Window { count: window.count.get(), seconds: window.period.as_secs() };
        let limited = |(class, windows): (&'static str, &Vec<guard::Window>)| Limited {
            class,
            windows: windows.iter().map(window).collect(),
        };
        classes.into_iter().map(limited).collect()
    }

    fn ceilings(&self) -> Vec<Ceiling> {
        let at_once = [
            ("connections", self.connections.most),
            ("connections_per_client", self.connections.per_client),
            ("requests", self.guard.ceilings.requests),
            ("requests_per_client", self.guard.ceilings.requests_per_client),
        ];
        let at_once = at_once.map(|(name, most)| (name, u64::try_from(most).unwrap_or(u64::MAX)));
        let uploads = self.guard.uploads.iter().map(|upload| (upload.route, upload.limit));
        let all = listen::CEILINGS.iter().chain(guard::CEILINGS).copied().chain(at_once).chain(uploads);
        all.map(|(name, most)| Ceiling { name, most }).collect()
    }

    fn breakers(&self) -> Vec<Breaker> {
        let seen = self.ways.iter().map(|way| way.snapshot());
        seen.map(|way| Breaker { name: way.target, state: way.state.name() }).collect()
    }
}
