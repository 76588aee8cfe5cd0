//! Passwords that are tried: what the rules about locks share.

use crate::accounts::Account;
use crate::lab::Lab;
use crate::rule::{Findings, Stop};
use crate::wire::{Request, Response};

pub(super) const BROWSER: &str = "/api/auth/login";
pub(super) const TOKENS: &str = "/auth/login";

/// A sign-in on one of the two surfaces.
pub(super) fn login(path: &str, account: &Account, right: bool) -> Request {
    let body = if right { account.body() } else { account.wrong() };
    let request = Request::post(path).json(&body).patience(60);
    if path == BROWSER { request.same_origin() } else { request }
}

/// Nothing that lets anybody in.
pub(super) fn empty(answer: &Response) -> bool {
    let given = ["/access_token", "/challenge_id"].iter().any(|member| answer.member(member).is_some());
    answer.header("set-cookie").is_none() && !given
}

/// Whether nobody came in: 503 is a hash that could not be computed in time.
pub(super) fn refused(answer: &Response) -> bool {
    empty(answer) && (answer.is(401, "invalid_credentials") || matches!(answer.status, 429 | 503))
}

/// So many wrong passwords, one after another, all of them looked at.
pub(super) async fn wrong(lab: &Lab, found: &mut Findings, account: &Account, times: usize) -> Result<(), Stop> {
    tried_in_vain(lab, found, &login(BROWSER, account, false), times).await
}

/// A sign-in with a wrong password, so many times, one after another, all of them looked at.
pub(super) async fn tried_in_vain(lab: &Lab, found: &mut Findings, guess: &Request, times: usize) -> Result<(), Stop> {
    let mut done = 0;
    for _ in 0..3 * times {
        if done == times {
            return Ok(());
        }
        let answer = lab.send(guess).await?;
        found.check(refused(&answer), || format!("a wrong password: {}", answer.brief()));
        // What found no time for its hash was no try.
        done += usize::from(answer.status == 401);
    }
    if done == times { Ok(()) } else { Stop::unsure("wrong passwords are not looked at") }
}

/// The right password is refused as a wrong one is, on both surfaces.
pub(super) async fn right_is_refused(
    lab: &Lab,
    found: &mut Findings,
    account: &Account,
    after: &str,
) -> Result<(), Stop> {
    for path in [BROWSER, TOKENS] {
        let answer = lab.send(&login(path, account, true)).await?;
        found.check(refused(&answer), || format!("POST {path}, the right password after {after}: {}", answer.brief()));
    }
    Ok(())
}
