//! Cryptography without I/O: passwords, tokens, data keys, sealed records, sealed files and the anti-forgery value.
//!
//! How it hangs together: the operator's `SECRET_KEY` makes a [`KeyEncryptionRing`], which wraps one [`DataKey`] for each
//! person; a data key seals what that person wrote as records ([`DataKey::seal`]) and what they said as files
//! ([`chunks`]). Destroying the wrapped data key destroys everything under it. Each module's header gives its layout.
//!
//! Nothing here stores a key, knows SQL or HTTP, or decides whether a password is good enough; time and chance come from
//! the caller. Every construction is a published one, put together from reviewed primitives, and `primitive.rs` is the
//! one place where those primitives are named, so that the published vectors run through the very code that is used.

mod aad;
pub mod chunks;
pub mod csrf;
mod foreign;
mod key;
pub mod password;
mod phc;
mod pool;
mod primitive;
mod record;
mod ring;
pub mod signature;
pub mod token;

pub use aad::Aad;
pub use key::DataKey;
pub use record::OpenError;
pub use ring::{KeyEncryptionRing, RingError};
pub use token::{Purpose, TokenHash};
