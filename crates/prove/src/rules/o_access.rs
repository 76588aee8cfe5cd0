//! Tokens and sessions that the predecessors issued and did not take, or took after they had ended; and members who could
//! make themselves more than that.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::{Pair, me, refresh};
use crate::wire::Request;
use serde_json::{Value, json};

pub(crate) static ENDED: Rule = Rule {
    info: RuleInfo {
        id: "O-4",
        finding: "O-4",
        title: "A session that ended is taken by no route",
        severity: Severity::High,
        asvs: "7.4.1",
        cwe: 613,
        expected: "After signing out, the session's cookies and an access token that was signed out, on every closed route that \
                   is read: 401.",
        help: "Look the session up with every request; what a token says of itself is not enough.",
        weakened_by: "O-4",
        writes: true,
    },
    attack: |lab, found| Box::pin(ended(lab, found)),
};

pub(crate) static ISSUED: Rule = Rule {
    info: RuleInfo {
        id: "O-12",
        finding: "O-12",
        title: "The tokens that are issued are taken where the document says so",
        severity: Severity::Medium,
        asvs: "9.2.1",
        cwe: 287,
        expected: "/auth/login gives a pair; its access token is served by /api/auth/me and /auth/profile, its refresh token makes \
                   a second pair that is served, too, and /auth/logout ends it.",
        help: "Run the flow of the documentation, from the first request to the last, against every release.",
        weakened_by: "O-12",
        writes: true,
    },
    attack: |lab, found| Box::pin(issued(lab, found)),
};

pub(crate) static RISING: Rule = Rule {
    info: RuleInfo {
        id: "O-15",
        finding: "O-15",
        title: "Nobody gives themselves a role",
        severity: Severity::Critical,
        asvs: "8.2.2",
        cwe: 915,
        expected: "role, plan, is_admin, email_verified or permissions in a sign-up or in a change of the profile: refused, or \
                   without effect; what is for administrators answers a member 403.",
        help: "A request has its own type with the fields that it may set, and refuses others.",
        weakened_by: "O-15",
        writes: true,
    },
    attack: |lab, found| Box::pin(rising(lab, found)),
};

async fn ended(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (session, _) = lab.sign_in(0).await?;
    let token = lab.take_token(0).await?;
    let routes: Vec<_> = lab.document().await?.closed().filter(|route| route.method == "GET").cloned().collect();
    for request in [me(&token), Request::get("/api/auth/me").cookies(&session)] {
        let answer = lab.send(&request).await?;
        found.control(answer.ok(), || format!("/api/auth/me before signing out answers {}", answer.brief()))?;
    }
    let leave = Request::post("/api/auth/logout").same_origin().signed_in(&session);
    let left = lab.send(&leave).await?;
    found.control(left.ok(), || format!("POST /api/auth/logout answers {}", left.brief()))?;
    // A server without a way to sign a token out is judged by its sessions.
    let signed_out = lab.send(&Request::post("/auth/logout").bearer(&token).json(&json!({}))).await?.ok();
    for route in routes {
        let answer = lab.send(&route.request().cookies(&session)).await?;
        found.check(answer.status == 401, || {
            format!("GET {} with a session that ended: {}", route.template, answer.brief())
        });
        if signed_out {
            let answer = lab.send(&route.request().bearer(&token)).await?;
            let path = &route.template;
            found.check(answer.status == 401, || {
                format!("GET {path} with a token that was signed out: {}", answer.brief())
            });
        }
    }
    Ok(())
}

async fn issued(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let first = lab.pair(&lab.account(3).await?).await?;
    found.controls += 1;
    let answer = lab.send(&refresh(&first.refresh)).await?;
    let second = Pair::read(&answer);
    found.check(second.is_some(), || format!("/auth/refresh with the token of /auth/login: {}", answer.brief()));
    let pairs = [Some(first), second];
    for (which, pair) in ["first", "second"].into_iter().zip(&pairs) {
        let Some(pair) = pair else { continue };
        for path in ["/api/auth/me", "/auth/profile"] {
            let answer = lab.send(&Request::get(path).bearer(&pair.access)).await?;
            found.check(answer.ok(), || format!("GET {path} with the {which} access token: {}", answer.brief()));
        }
    }
    if let [_, Some(last)] = &pairs {
        let leave = Request::post("/auth/logout").bearer(&last.access).json(&json!({}));
        let left = lab.send(&leave).await?;
        found.check(left.ok(), || format!("POST /auth/logout with the second access token: {}", left.brief()));
        let answer = lab.send(&me(&last.access)).await?;
        found.check(answer.status == 401, || format!("the second access token after that: {}", answer.brief()));
    }
    Ok(())
}

/// What a member would like to be, as other servers name it.
fn wishes() -> [Value; 6] {
    [
        json!({"role": "admin"}),
        json!({"role": "owner", "is_admin": true}),
        json!({"plan": "enterprise"}),
        json!({"permissions": ["*"], "scopes": ["admin"]}),
        json!({"email_verified": true, "is_active": true}),
        json!({"user": {"role": "admin"}}),
    ]
}

async fn rising(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (session, _) = lab.sign_in(1).await?;
    let profile = Request::get("/api/auth/me").cookies(&session);
    let role = |body: &Value| body.pointer("/user/role").or_else(|| body.get("role")).cloned();
    let before = lab.send(&profile).await?;
    found.control(before.ok(), || format!("/api/auth/me answers {}", before.brief()))?;
    for wish in wishes() {
        for method in ["PATCH", "PUT"] {
            let change = Request::new(method, "/api/auth/me").same_origin().signed_in(&session).json(&wish);
            let answer = lab.send(&change).await?;
            found.check(answer.status < 500, || format!("{method} /api/auth/me with {wish}: {}", answer.brief()));
        }
        let after = lab.send(&profile).await?;
        found.check(role(&after.json()) == role(&before.json()), || format!("{wish} changed the role"));
    }
    let account = crate::accounts::fresh();
    let mut body = account.body();
    body["role"] = json!("admin");
    let asked = lab.send(&Request::post("/api/auth/signup").same_origin().json(&body)).await?;
    if asked.ok() {
        lab.also_remove(account);
    }
    found.check(asked.status < 500, || format!("a sign-up with a role: {}", asked.brief()));
    for path in ["/api/auth/invitations", "/api/auth/approvals", "/api/admin/users", "/api/admin/errors/1"] {
        let answer = lab.send(&Request::get(path).cookies(&session)).await?;
        found.check(matches!(answer.status, 403 | 404), || format!("GET {path} as a member: {}", answer.brief()));
    }
    Ok(())
}
