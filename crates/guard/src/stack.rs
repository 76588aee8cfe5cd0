//! The ordered list of checks that every request passes, and the place where their order is decided.

use crate::caller::{Identities, Sender};
use crate::config::Config;
use crate::context::{Context, Ids};
use crate::csp::Reports;
use crate::extract::user_agent;
use crate::limiter::Limiter;
use crate::observer::{AccessLog, Events, Nobody, Observer};
use crate::problem::Problem;
use crate::steps::ceiling::UnderWay;
use crate::steps::{self, access_log::Line, headers::Base, scheme::Connection};
use crate::threat::Threats;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::Route;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::{Ambient, Fault};
use relay::Relay;
use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use tower::layer::layer_fn;
use tower::{Service as _, service_fn};

/// Everything the checks need.
pub struct Guard {
    /// The settings.
    pub config: Config,
    /// Time and chance.
    pub ambient: Ambient,
    /// The port to accounts and sessions.
    pub identities: Arc<dyn Identities>,
    /// The buckets.
    pub limiter: Arc<Limiter>,
    /// Who counts, and keeps failures.
    pub observer: Arc<dyn Observer>,
    /// Who writes the access log.
    pub access_log: Arc<dyn AccessLog>,
    /// What browsers report that they blocked.
    pub reports: Reports,
    pub(crate) threats: Threats,
    pub(crate) under_way: Arc<UnderWay>,
    ids: Ids,
    pub(crate) base: Base,
}

impl Guard {
    /// A guard with empty buckets of this process.
    pub fn new(config: Config, ambient: Ambient, identities: Arc<dyn Identities>) -> Self {
        let limiter = Arc::new(Limiter::new(&config.rates));
        let (threats, under_way) = (Threats::new(config.vigilance.clone()), UnderWay::new(config.ceilings));
        let (observer, access_log, reports) = (Arc::new(Nobody), Arc::new(Events), Reports::default());
        let (ids, base) = (Ids::default(), Base::new(&config));
        Self { config, ambient, identities, limiter, observer, access_log, reports, threats, under_way, ids, base }
    }

    /// The same, watched.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// The same with another access log than events of `tracing`.
    #[must_use]
    pub fn logged_by(self, access_log: Arc<dyn AccessLog>) -> Self {
        Self { access_log, ..self }
    }

    /// The same with the buckets of a fleet.
    #[must_use]
    pub fn sharing(mut self, relay: Arc<Relay>) -> Self {
        self.limiter = Arc::new(Limiter::shared(&self.config.rates, relay));
        self
    }

    /// Bytes came from a peer that are no request at all.
    pub fn malformed(&self, peer: IpAddr) {
        steps::threat::malformed(self, peer);
    }

    /// Forgets who has been quiet; called every few minutes so that memory follows use.
    pub fn tidy(&self) {
        self.limiter.tidy();
        self.threats.tidy(self.ambient.now());
    }
}

/// What a check says, once it has asked somebody.
type Verdict<'a> = BoxFuture<'a, Result<(), Fault>>;

/// One check: lets the request on, or answers for it.
enum Check {
    /// At once.
    Now(fn(&Guard, &Context, &mut Request) -> Result<(), Fault>),
    /// After asking somebody, where that is needed.
    Later(for<'a> fn(&'a Guard, &'a Context, &'a mut Request) -> Option<Verdict<'a>>),
}

/// The checks, in order. Cheap and sure ones first, so that a hostile request costs little.
const CHECKS: &[Check] = &[
    // First, so that nothing after it can be tempted to read who somebody claims to be.
    Check::Now(steps::identity_headers::strip),
    // What is not begun costs nothing: one client must not keep everybody else waiting.
    Check::Now(steps::ceiling::check),
    // Before anything is parsed: sizes.
    Check::Now(steps::sizes::check),
    // A credential in a URL ends up in histories and logs; refused before it could work.
    Check::Now(steps::credential::refuse_in_url),
    // In the clear nothing is served; before anything looks at the credential that came along (A2-10).
    Check::Now(steps::scheme::check),
    // Two credentials would let one be checked and the other be used (A1-C4).
    Check::Now(steps::credential::refuse_ambiguous),
    // As early as can be told who is meant: now there is at most one credential, by which whoever is signed in passes
    // although somebody behind the same address is kept out.
    Check::Later(steps::threat::check),
    // Before the body is read: a type that nobody here takes.
    Check::Now(steps::content_type::check),
    // A browser tells where a write comes from; the session's cookie needs its token as well.
    Check::Now(steps::origin::check),
    Check::Now(steps::csrf::check),
    // Last, so that a refused forgery does not use up the victim's budget.
    Check::Later(steps::rate::check),
];

/// The first refusal, if there is one.
async fn refusal(guard: &Guard, context: &Context, request: &mut Request) -> Option<Fault> {
    for check in CHECKS {
        let verdict = match check {
            Check::Now(check) => check(guard, context, request),
            Check::Later(check) => match check(guard, context, request) {
                Some(verdict) => verdict.await,
                None => Ok(()),
            },
        };
        if let Err(fault) = verdict {
            return Some(fault);
        }
    }
    None
}

/// Puts the checks around a whole application. Everything it serves, pages included, goes through this one door.
pub fn protect(router: Router, guard: Arc<Guard>) -> Router {
    router.layer(layer_fn(move |route: Route| {
        // axum copies what stands around a route for each request: two counted references are cheap to copy.
        let (guard, route) = (guard.clone(), Arc::new(route));
        service_fn(move |mut request| {
            let (context, line) = enter(&guard, &mut request);
            serve(context, line, route.clone(), request)
        })
    }))
}

/// What is known of a request when it comes in.
fn enter(guard: &Arc<Guard>, request: &mut Request) -> (Arc<Context>, Line) {
    let begun = guard.ambient.now();
    let (peer, transport) = Connection::of(request);
    let seen = steps::client_ip::find(peer, request.headers(), &guard.config.trusted_proxies);
    let (presented, found) = steps::credential::find(request.headers());
    let context = Arc::new(Context {
        correlation_id: guard.ids.next(&guard.ambient, begun),
        ip: seen.ip,
        scheme: steps::scheme::find(transport, peer, &seen, request.headers()),
        begun,
        sender: Sender::new(seen.ip, user_agent(request.headers())),
        presented,
        found,
        guard: guard.clone(),
        place: OnceLock::new(),
        caller: OnceLock::new(),
        user: OnceLock::new(),
        limit: OnceLock::new(),
        refused_by: OnceLock::new(),
    });
    let line = Line::begin(begun, request);
    request.extensions_mut().insert(context.clone());
    (context, line)
}

/// The answer to a request.
#[expect(clippy::manual_async_fn, reason = "an `async fn` has room for its arguments twice, and these are large")]
fn serve(
    context: Arc<Context>,
    line: Line,
    route: Arc<Route>,
    mut request: Request,
) -> impl Future<Output = Result<Response, Infallible>> {
    async move {
        let guard = &context.guard;
        let mut response = match refusal(guard, &context, &mut request).await {
            // Boxed like all that is rare, so that other requests have no room for it to carry about.
            Some(fault) => Box::pin(refuse(&context, fault, request)).await,
            None => match let_in(guard, &route, request) {
                Ok((answer, watches)) => watches.judge(answer.await),
                Err(fault) => Problem::from(fault).into_response(),
            },
        };
        if let Some(offence) = steps::threat::offence(&context, &line, &response) {
            Box::pin(steps::threat::note(guard, &context, offence)).await;
        }
        steps::credential::hand_over(&context, &mut response);
        steps::problems::write(&context, &line, &mut response);
        steps::headers::write(guard, &context, &mut response);
        line.end(guard, &context, &response);
        Ok(response)
    }
}

/// The answer to a request that a check refuses.
async fn refuse(context: &Context, fault: Fault, request: Request) -> Response {
    let guard = &context.guard;
    let uri = request.uri().clone();
    let redirect = steps::scheme::redirect(guard, &fault, &request);
    let exposed = steps::scheme::exposed(context, &fault, request.headers());
    // A body is not to be held across an await.
    drop(request);
    steps::credential::revoke_leaked(guard, &fault, &uri).await;
    for presented in &exposed {
        guard.identities.leaked(presented).await;
    }
    redirect.unwrap_or_else(|| Problem::from(fault).into_response())
}

/// What may be found out about a body while it is read.
struct Watches {
    pace: steps::pace::Watch,
    digest: steps::digest::Watch,
}

/// A handler's answer, or what it panicked with.
type Handled = std::thread::Result<Result<Response, Infallible>>;

/// Hands a request to its handler.
fn let_in(
    guard: &Guard,
    route: &Route,
    request: Request,
) -> Result<(impl Future<Output = Handled> + use<>, Watches), Fault> {
    // The bound is outermost: whoever reads a body looks for it in the error's first layer.
    let (request, pace) = steps::pace::watch(request);
    let request = steps::sizes::bound_body(guard, request);
    let (request, digest) = steps::digest::watch(request)?;
    Ok((AssertUnwindSafe(route.clone().call(request)).catch_unwind(), Watches { pace, digest }))
}

impl Watches {
    /// What is answered in the end.
    fn judge(&self, handled: Handled) -> Response {
        let answer = match handled {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            // A panic is our fault, not the end of the connection: 500, and the next request is served (A1-C5).
            Err(panic) => Problem::from(steps::panics::fault(panic.as_ref())).into_response(),
        };
        // The handler saw a body that broke off; the reason is this.
        self.digest.refusal().or(self.pace.refusal()).map_or(answer, |fault| Problem::from(fault).into_response())
    }
}
