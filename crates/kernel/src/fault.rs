//! Why a request was not done, in words a person can act on, before it becomes an HTTP answer.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// What kind of refusal or failure it is. `guard` gives each its HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 400: the request itself makes no sense.
    BadRequest,
    /// 401: nobody is signed in, or not any more.
    Unauthenticated,
    /// 403: signed in, but not allowed.
    Forbidden,
    /// 404: not there, or not yours; the answer does not tell which.
    NotFound,
    /// 405: there is such a place, but not for this method.
    MethodNotAllowed,
    /// 408: what was sent did not arrive in time.
    TooSlow,
    /// 409: it would contradict what is stored.
    Conflict,
    /// 410: it was there once.
    Gone,
    /// 412: somebody changed it since it was read.
    Stale,
    /// 413: too large.
    TooLarge,
    /// 415: a type of content that is not taken here.
    UnsupportedMedia,
    /// 416: a range that begins after the end.
    RangeNotSatisfiable,
    /// 422: a field holds a value it may not.
    Invalid,
    /// 428: a write that has to say what it read.
    PreconditionRequired,
    /// 429: too often.
    TooMany,
    /// 500: our own fault.
    Internal,
    /// 503: something we need is not there right now.
    Unavailable,
    /// 504: something we asked did not answer in time.
    Timeout,
}

/// One field of a refused request: which, what is wrong with it, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// Where it is: `score`, `tags[3]`, `segments[0].text`.
    pub field: Cow<'static, str>,
    /// A short, stable name for programs: `too_long`.
    pub code: &'static str,
    /// For people: "at most 2,000 characters".
    pub detail: Cow<'static, str>,
}

/// What somebody can do while something we need is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// A short, stable name for programs: `password`, `retry`.
    pub action: &'static str,
    /// For people: "Sign in with your password."
    pub detail: Cow<'static, str>,
}

impl Fallback {
    /// `Fallback::new("password", "Sign in with your password.")`.
    pub fn new(action: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { action, detail: detail.into() }
    }
}

/// A refusal (the caller's to mend) or a failure (ours), with a stable `code` for programs and a sentence for people.
///
/// The sentence never holds what the caller wrote, a path, a query or the name of a type. The cause of a failure of ours
/// travels along for the log alone.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    code: &'static str,
    detail: Cow<'static, str>,
    fields: Vec<FieldFault>,
    retry_after: Option<Duration>,
    fallback: Option<Box<Fallback>>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A refusal: `Fault::new(Kind::NotFound, "not_found", "There is nothing here.")`.
    pub fn new(kind: Kind, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, code, detail: detail.into(), fields: Vec::new(), retry_after: None, fallback: None, cause: None }
    }

    /// Nothing there, or not yours: the two look the same on purpose.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "not_found", "There is nothing here, or it is not yours.")
    }

    /// One field is not as it must be.
    pub fn field(
        field: impl Into<Cow<'static, str>>,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::invalid(vec![FieldFault { field: field.into(), code, detail: detail.into() }])
    }

    /// Several fields are not as they must be.
    pub fn invalid(fields: Vec<FieldFault>) -> Self {
        let mut fault = Self::new(Kind::Invalid, "invalid_fields", "Some fields are not as they must be.");
        fault.fields = fields;
        fault
    }

    /// Our own fault. The caller learns nothing but the correlation id; the cause goes to the log.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut fault =
            Self::new(Kind::Internal, "internal", "Something went wrong on our side. Nothing of yours was changed.");
        fault.cause = Some(cause.into());
        fault
    }

    /// Something we need is not there right now; the caller may try again.
    pub fn unavailable(code: &'static str, detail: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        let mut fault = Self::new(Kind::Unavailable, code, detail);
        fault.retry_after = Some(retry_after);
        fault
    }

    /// Something we asked did not answer in time; the caller may try again.
    pub fn timeout(code: &'static str, detail: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        let mut fault = Self::new(Kind::Timeout, code, detail);
        fault.retry_after = Some(retry_after);
        fault
    }

    /// Says what can be done instead.
    #[must_use]
    pub fn or_instead(mut self, fallback: Fallback) -> Self {
        self.fallback = Some(Box::new(fallback));
        self
    }

    /// Says when it makes sense to try again.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What kind it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The stable name for programs.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The fields at fault; empty unless the kind is [`Kind::Invalid`].
    pub fn fields(&self) -> &[FieldFault] {
        &self.fields
    }

    /// What can be done instead, if anything.
    pub fn fallback(&self) -> Option<&Fallback> {
        self.fallback.as_deref()
    }

    /// When to try again, if that helps.
    pub const fn retry_delay(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}
