//! Where the attacks happen: the wire, the accounts, their sessions, and the manners (waiting when told to).

use crate::accounts::{Account, Accounts};
use crate::document::Document;
use crate::rule::Stop;
use crate::wire::{Request, Response, Wire, WireError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Somebody signed in by the browser's surface.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) sid: String,
    pub(crate) csrf: String,
    pub(crate) user_id: String,
    /// The names of both cookies.
    pub(crate) names: [&'static str; 2],
}

/// What the two cookies of a session are called: by us, and by other servers.
const SIDS: [&str; 5] = ["__Host-sid", "session", "sid", "sessionid", "access_token"];
const CSRFS: [&str; 4] = ["__Host-csrf", "csrf_token", "csrftoken", "XSRF-TOKEN"];
/// Where the answer to a sign-in says who came in.
const IDS: [&str; 4] = ["/user/id", "/user_id", "/id", "/user/user_id"];

impl Session {
    /// One of ours.
    pub(crate) fn of(sid: String, csrf: String, user_id: String) -> Self {
        Self { sid, csrf, user_id, names: [SIDS[0], CSRFS[0]] }
    }

    pub(crate) fn cookies(&self) -> String {
        let [sid, csrf] = self.names;
        // A server without the second cookie gets one that it does not know.
        format!("{sid}={}; {csrf}={}", self.sid, self.csrf)
    }

    /// From the answer to a login.
    pub(crate) fn read(answer: &Response) -> Option<Self> {
        let find = |names: &[&'static str]| names.iter().find_map(|name| Some((*name, answer.cookie(name)?)));
        let user_id = IDS.iter().find_map(|place| answer.member(place))?;
        let (sid_name, sid) = find(&SIDS)?;
        let (csrf_name, csrf) = find(&CSRFS).unwrap_or((CSRFS[0], String::new()));
        Some(Self { sid, csrf, user_id, names: [sid_name, csrf_name] })
    }

    /// The same after an answer that may have changed its id.
    pub(crate) fn after(self, answer: &Response) -> Self {
        let [sid, csrf] = self.names;
        match (answer.cookie(sid), answer.cookie(csrf)) {
            (Some(sid), Some(csrf)) => Self { sid, csrf, ..self },
            _ => self,
        }
    }
}

pub(crate) struct Lab {
    pub(crate) wire: Wire,
    second: Option<Wire>,
    pub(crate) read_only: bool,
    pause: Duration,
    provider: Arc<dyn Accounts>,
    made: OnceCell<Result<Vec<Account>, String>>,
    document: OnceCell<Document>,
    visits: OnceCell<Vec<(String, Response)>>,
    sessions: Mutex<HashMap<usize, Session>>,
    tokens: Mutex<HashMap<usize, String>>,
    signed_up: Mutex<Vec<Account>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lab {
    pub(crate) fn new(wire: Wire, provider: Arc<dyn Accounts>, read_only: bool, pace: Option<Duration>) -> Self {
        // A stranger may ask ninety times a minute.
        let polite = if wire.many_addresses() { Duration::ZERO } else { Duration::from_millis(700) };
        Self {
            wire,
            second: None,
            read_only,
            pause: pace.unwrap_or(polite),
            provider,
            made: OnceCell::new(),
            document: OnceCell::new(),
            visits: OnceCell::new(),
            sessions: Mutex::default(),
            tokens: Mutex::default(),
            signed_up: Mutex::default(),
        }
    }

    /// The same, with another instance on the same data.
    pub(crate) fn beside(self, second: Wire) -> Self {
        Self { second: Some(second), ..self }
    }

    /// The other instance; what is not there is nothing to attack.
    pub(crate) fn second(&self) -> Result<&Wire, Stop> {
        let why = || Stop::NotApplicable("it needs a second instance of the server: --second-target".to_owned());
        self.second.as_ref().ok_or_else(why)
    }

    /// Sends without judging: no answer is an answer too.
    pub(crate) async fn try_send(&self, request: &Request) -> Result<Response, WireError> {
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        self.wire.send(request).await
    }

    /// Sends; when told to wait, waits and sends again, unless the limit is what is being looked at. A server that has too
    /// many passwords to look at says so with 503 (`busy`), and that is no verdict on any of them.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, Stop> {
        let longest = if self.wire.many_addresses() { 15 } else { 70 };
        let mut left = 4;
        // A busy machine gets more patience than a limit does: nothing is being counted meanwhile.
        let mut busy = 15;
        loop {
            let answer = self.try_send(request).await?;
            let limited = answer.status == 429 && !request.limit_expected;
            let overrun = answer.is(503, "busy");
            if !limited && !overrun {
                return Ok(answer);
            }
            let seconds = answer.header("retry-after").and_then(|after| after.parse::<u64>().ok()).unwrap_or(1);
            if seconds > longest {
                return Stop::unsure(format!("{} is rate limited for {seconds} s", request.line()));
            }
            let count = if limited { &mut left } else { &mut busy };
            *count -= 1;
            if *count == 0 {
                return Stop::unsure(format!("{} stays {}", request.line(), answer.brief()));
            }
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }

    async fn accounts(&self) -> Result<&[Account], Stop> {
        let made = self
            .made
            .get_or_init(|| async {
                if self.read_only && self.provider.writes() {
                    return Err("a read-only run makes no accounts; use --accounts FILE".to_owned());
                }
                let count = if self.wire.many_addresses() { 4 } else { 2 };
                match self.provider.make(count).await {
                    Ok(list) if list.len() >= 2 => Ok(list),
                    Ok(_) => Err("two accounts are needed".to_owned()),
                    Err(error) => Err(error.to_string()),
                }
            })
            .await;
        made.as_deref().map_err(|error| Stop::Unsure(format!("no accounts: {error}")))
    }

    /// One of the accounts; numbers beyond the last begin again.
    pub(crate) async fn account(&self, number: usize) -> Result<Account, Stop> {
        let list = self.accounts().await?;
        Ok(list[number % list.len()].clone())
    }

    /// Signs in as a browser does, anew.
    pub(crate) async fn sign_in(&self, number: usize) -> Result<(Session, Response), Stop> {
        self.enter(&self.account(number).await?).await
    }

    /// The same with an account that is at hand.
    pub(crate) async fn enter(&self, account: &Account) -> Result<(Session, Response), Stop> {
        let answer = self.send(&Request::post("/api/auth/login").same_origin().json(&account.body())).await?;
        match Session::read(&answer) {
            Some(session) if answer.ok() => Ok((session, answer)),
            _ => Stop::unsure(format!("signing in with a good password answers {}", answer.brief())),
        }
    }

    /// A new account, which the rule that asks for it may break.
    pub(crate) async fn spare(&self) -> Result<Account, Stop> {
        if !self.provider.writes() {
            let why = "the account is not the same afterwards, and those of the file are not ours to break";
            return Err(Stop::NotApplicable(why.to_owned()));
        }
        let made = self.provider.make(1).await.map_err(|error| Stop::Unsure(format!("no account: {error}")))?;
        let account = made.into_iter().next().ok_or_else(|| Stop::Unsure("no account was made".to_owned()))?;
        self.also_remove(account.clone());
        Ok(account)
    }

    /// Asks for a token as a script does, anew.
    pub(crate) async fn take_token(&self, number: usize) -> Result<String, Stop> {
        let account = self.account(number).await?;
        let answer = self.send(&Request::post("/auth/login").json(&account.body())).await?;
        let token = answer.member("/access_token");
        token.ok_or_else(|| Stop::Unsure(format!("asking for a token with a good password answers {}", answer.brief())))
    }

    /// A session that works at this moment; rules share them, and some attacks end them.
    pub(crate) async fn session(&self, number: usize) -> Result<Session, Stop> {
        let number = number % self.accounts().await?.len();
        let known = lock(&self.sessions).get(&number).cloned();
        if let Some(session) = known
            && self.send(&Request::get("/api/auth/me").cookies(&session)).await?.ok()
        {
            return Ok(session);
        }
        let (session, _) = self.sign_in(number).await?;
        lock(&self.sessions).insert(number, session.clone());
        Ok(session)
    }

    /// A token that works at this moment.
    pub(crate) async fn token(&self, number: usize) -> Result<String, Stop> {
        let number = number % self.accounts().await?.len();
        let known = lock(&self.tokens).get(&number).cloned();
        if let Some(token) = known
            && self.send(&Request::get("/api/auth/me").bearer(&token)).await?.ok()
        {
            return Ok(token);
        }
        let token = self.take_token(number).await?;
        lock(&self.tokens).insert(number, token.clone());
        Ok(token)
    }

    /// A working token of every account, so that no single one is asked too often.
    pub(crate) async fn tokens(&self) -> Result<Vec<String>, Stop> {
        let mut tokens = Vec::new();
        for number in 0..self.accounts().await?.len() {
            tokens.push(self.token(number).await?);
        }
        Ok(tokens)
    }

    /// The list of routes, fetched signed in.
    pub(crate) async fn document(&self) -> Result<&Document, Stop> {
        self.document
            .get_or_try_init(|| async {
                let session = self.session(0).await?;
                let answer = self.send(&Request::get("/openapi.json").cookies(&session)).await?;
                let read = if answer.ok() { Document::read(&answer.json()) } else { None };
                read.ok_or_else(|| Stop::Unsure(format!("/openapi.json gives no list of routes: {}", answer.brief())))
            })
            .await
    }

    /// Every answer an ordinary visit meets, with a name for the report; asked for once, looked at by several rules.
    pub(crate) async fn visits(&self) -> Result<&[(String, Response)], Stop> {
        let all = self.visits.get_or_try_init(|| self.visit()).await?;
        Ok(all)
    }

    async fn visit(&self) -> Result<Vec<(String, Response)>, Stop> {
        let token = self.token(0).await?;
        let mut list = Vec::new();
        for path in ["/health", "/api/auth/me", "/api/no-such-route", "/no-such-page"] {
            list.push((format!("GET {path} as a stranger"), self.send(&Request::get(path)).await?));
        }
        let bad = Request::post("/api/auth/login").content("text/plain", b"x".to_vec());
        list.push(("POST /api/auth/login as text".to_owned(), self.send(&bad).await?));
        for route in self.document().await?.closed().filter(|route| route.method == "GET") {
            let request = route.request().bearer(&token);
            list.push((request.line(), self.send(&request).await?));
        }
        Ok(list)
    }

    pub(crate) fn version(&self) -> Option<String> {
        self.document.get().and_then(|document| document.version.clone())
    }

    /// Notes an account that an attack made, so that it is removed with the others.
    pub(crate) fn also_remove(&self, account: Account) {
        lock(&self.signed_up).push(account);
    }

    /// The page of the client. A server may insist on the name it is published under; on loopback that is followed once.
    pub(crate) async fn page(&self) -> Result<Response, Stop> {
        let request = Request::get("/").header("Accept", "text/html").header("Sec-Fetch-Mode", "navigate");
        let mut answer = self.send(&request).await?;
        if matches!(answer.status, 301 | 302 | 307 | 308) {
            let location = answer.header("location").unwrap_or("");
            let authority = location.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or("").to_owned());
            if let Some(authority) = authority.filter(|name| self.wire.many_addresses() && !name.is_empty()) {
                self.wire.rename(&authority);
            }
            answer = self.send(&request).await?;
        }
        let html = answer.header("content-type").is_some_and(|media| media.starts_with("text/html"));
        if answer.ok() && html {
            Ok(answer)
        } else {
            Stop::unsure(format!("there is no page at /: {}", answer.brief()))
        }
    }

    /// Deletes an entity that a rule made. What cannot be deleted is not worth a verdict.
    pub(crate) async fn delete(&self, path: &str, token: &str) {
        let request = Request::new("DELETE", path).bearer(token).header("If-Match", "*");
        let _ = self.try_send(&request).await;
    }

    /// Removes the accounts; answers those that remain.
    pub(crate) async fn close(self) -> Vec<String> {
        let mut all = match self.made.into_inner() {
            Some(Ok(made)) => made,
            _ => Vec::new(),
        };
        all.extend(self.signed_up.into_inner().unwrap_or_else(PoisonError::into_inner));
        if all.is_empty() {
            return Vec::new();
        }
        let names: Vec<String> = all.iter().map(|account| account.email.clone()).collect();
        self.provider.remove(all).await.unwrap_or(names)
    }
}
