//! Letters: what people are told by mail, in their language, and the way out over SMTP.
//!
//! A text is chosen by [`Topic`] and [`Locale`]; a language is one file under `languages/`. Nothing that a stranger could
//! have chosen stands in a text unescaped, and no name greets: whoever signs up with somebody else's address must not be
//! able to write to them through us.
//!
//! Not here: whom to tell and when, and the queue of letters that wait, which is `identity`'s and sealed.

mod languages;
mod letter;
mod locale;
mod settings;
mod smtp;
mod topic;

pub use letter::Letter;
pub use locale::Locale;
pub use settings::{SettingError, Settings, Tls};
pub use smtp::{Envelope, NotSent, Smtp};
pub use topic::Topic;
