//! The attack suite: a black-box HTTP client that tries, on a running server, what the two audits found, and reports per
//! finding whether it still works. It names no other crate of ours, so it cannot be wrong in the same way as they are.
//!
//! What it deliberately does not do: read the server's files, database or logs; measure time to tell accounts apart (that
//! is `make verify`'s); guess passwords of real people. It speaks HTTP/1.1 by itself, because an attack is often a request
//! that no proper client would send. On loopback it acts as many clients by binding 127.x.y.z; elsewhere it paces itself.
//!
//! Most rules attack the target. A *start* rule cannot: it tries what only the settings, a restart or the letters of a
//! server show, on throw-away instances of the program that the caller names, and says so in its result.
//!
//! What neither a target nor an instance can show, an *evidence* rule looks up in the stamped results of this build's own
//! tests ([`Evidence`]).
//!
//! A rule passes only when its positive control succeeded (the same request, made properly, is served) and every attack
//! was answered as expected. What could not be tried is `unknown`, with the reason, and never `pass`.

mod accounts;
mod ceremony;
mod document;
mod evidence;
mod instance;
mod lab;
mod lanes;
mod leak;
mod material;
pub mod output;
mod owasp;
mod published;
mod report;
mod rule;
mod rules;
mod run;
mod site;
mod spare;
mod wire;

pub use accounts::{Account, Accounts, AccountsError, FromFile, Pending, SignedUp};
pub use evidence::Evidence;
pub use instance::Program;
pub use published::published_keys;
pub use report::{Report, RuleResult, Status};
pub use rule::{Kind, Listed, RuleInfo, Severity};
pub use run::{Error, Options, Progress, run};
pub use site::Site;

/// What every rule is about, sorted by id.
pub fn rules() -> Vec<Listed> {
    let listed = |rule: &rule::AnyRule| Listed {
        kind: rule.kind(),
        owasp: owasp::category(rule.info().cwe),
        tests: rule.tests(),
        info: *rule.info(),
    };
    rules::all().iter().map(listed).collect()
}
