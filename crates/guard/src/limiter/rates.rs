//! What is limited, and how often.

use std::num::NonZeroU32;
use std::time::Duration;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Passwords tried from one address.
    SignInByAddress,
    /// Passwords tried for one account, from wherever, whether or not there is such an account.
    SignInByAccount,
    /// Codes tried, and passwords asked for again, for one account.
    SecondFactor,
    /// Accounts made, letters asked for, or the set-up code tried, from one address.
    SignUp,
    /// Letters asked for, to one address of mail, whether or not anybody has it.
    Letters,
    /// Links of letters that are tried, from one address.
    Links,
    /// Calls with no credential, by address.
    Anonymous,
    /// Calls of one user.
    SignedIn,
    /// What one user asks the companion.
    Companion,
    /// Recordings handed in by one user.
    Transcription,
    /// Seconds of sound that one user has transcribed.
    Audio,
    /// Reports of the browser's policy, by address.
    Report,
}

impl Class {
    /// As it is called in `RateLimit-Policy`, and in the names of buckets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInByAddress => "sign-in",
            Self::SignInByAccount => "sign-in-account",
            Self::SecondFactor => "second-factor",
            Self::SignUp => "sign-up",
            Self::Letters => "letters",
            Self::Links => "links",
            Self::Anonymous => "anonymous",
            Self::SignedIn => "signed-in",
            Self::Companion => "companion",
            Self::Transcription => "transcription",
            Self::Audio => "audio",
            Self::Report => "report",
        }
    }
}

/// `count` in `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// How many.
    pub count: NonZeroU32,
    /// In which time.
    pub period: Duration,
}

impl Window {
    /// `count` in so many seconds.
    pub const fn per(count: u32, seconds: u64) -> Self {
        Self { count: at_least_one(count), period: Duration::from_secs(seconds) }
    }

    /// Half as many, in the same time.
    pub(crate) const fn half(self) -> Self {
        Self { count: at_least_one(self.count.get() / 2), period: self.period }
    }

    /// So many times as many, in the same time.
    pub(crate) const fn times(self, factor: NonZeroU32) -> Self {
        Self { count: self.count.saturating_mul(factor), period: self.period }
    }
}

/// A limit of none at all would lock everybody out for good: the least is one.
const fn at_least_one(count: u32) -> NonZeroU32 {
    match NonZeroU32::new(count) {
        Some(count) => count,
        None => NonZeroU32::MIN,
    }
}

/// The windows of every class. The defaults are the audits' (the tighter figure where both speak).
#[derive(Debug, Clone)]
pub struct Rates {
    /// For [`Class::SignInByAddress`].
    pub sign_in_by_address: Vec<Window>,
    /// For [`Class::SignInByAccount`].
    pub sign_in_by_account: Vec<Window>,
    /// For [`Class::SecondFactor`].
    pub second_factor: Vec<Window>,
    /// For [`Class::SignUp`].
    pub sign_up: Vec<Window>,
    /// For [`Class::Letters`].
    pub letters: Vec<Window>,
    /// For [`Class::Links`].
    pub links: Vec<Window>,
    /// For [`Class::Anonymous`].
    pub anonymous: Vec<Window>,
    /// For [`Class::SignedIn`].
    pub signed_in: Vec<Window>,
    /// For [`Class::Companion`].
    pub companion: Vec<Window>,
    /// For [`Class::Transcription`].
    pub transcription: Vec<Window>,
    /// For [`Class::Audio`]: seconds of sound, not calls.
    pub audio: Vec<Window>,
    /// For [`Class::Report`].
    pub report: Vec<Window>,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            sign_in_by_address: vec![Window::per(5, 60)],
            sign_in_by_account: vec![Window::per(10, 60)],
            second_factor: vec![Window::per(3, 60)],
            sign_up: vec![Window::per(3, 60)],
            letters: vec![Window::per(3, 3600)],
            links: vec![Window::per(10, 3600)],
            anonymous: vec![Window::per(90, 60), Window::per(100, 3600), Window::per(1000, 86400)],
            signed_in: vec![Window::per(300, 60)],
            companion: vec![Window::per(30, 60)],
            transcription: vec![Window::per(10, 60)],
            // As much as a day has. Half of it is still twice the longest recording.
            audio: vec![Window::per(86_400, 86_400)],
            report: vec![Window::per(10, 60)],
        }
    }
}

impl Rates {
    /// The windows of a class; all of them must have room.
    pub fn of(&self, class: Class) -> &[Window] {
        match class {
            Class::SignInByAddress => &self.sign_in_by_address,
            Class::SignInByAccount => &self.sign_in_by_account,
            Class::SecondFactor => &self.second_factor,
            Class::SignUp => &self.sign_up,
            Class::Letters => &self.letters,
            Class::Links => &self.links,
            Class::Anonymous => &self.anonymous,
            Class::SignedIn => &self.signed_in,
            Class::Companion => &self.companion,
            Class::Transcription => &self.transcription,
            Class::Audio => &self.audio,
            Class::Report => &self.report,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_limit_is_never_none() {
        let half = |count| Window::per(count, 60).half().count.get();
        assert_eq!([half(1), half(2), half(3), half(5), half(300)], [1, 1, 1, 2, 150]);
    }

    #[test]
    fn the_defaults_are_the_audits() {
        let rates = Rates::default();
        let told = |class| rates.of(class).iter().map(|w| (w.count.get(), w.period.as_secs())).collect::<Vec<_>>();
        assert_eq!(told(Class::SignInByAddress), [(5, 60)]);
        assert_eq!(told(Class::SignInByAccount), [(10, 60)]);
        assert_eq!(told(Class::SecondFactor), [(3, 60)]);
        assert_eq!(told(Class::SignUp), [(3, 60)]);
        assert_eq!(told(Class::Letters), [(3, 3600)]);
        assert_eq!(told(Class::Links), [(10, 3600)]);
        assert_eq!(told(Class::Anonymous), [(90, 60), (100, 3600), (1000, 86400)]);
        assert_eq!(told(Class::SignedIn), [(300, 60)]);
        assert_eq!(told(Class::Companion), [(30, 60)]);
        assert_eq!(told(Class::Transcription), [(10, 60)]);
        assert_eq!(told(Class::Audio), [(86_400, 86_400)]);
    }
}
