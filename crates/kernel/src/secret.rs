//! Values that cannot be printed, because their type has no way to.

use zeroize::{Zeroize, Zeroizing};

/// A secret: wiped when dropped, and without `Debug`, `Display`, `Serialize` or a length, so that no log line, panic or
/// answer can hold it. Whoever needs the value says so with [`Secret::expose`], which is easy to find in a review.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into custody.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself, for the moment in which it is used.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Zeroize + serde::Deserialize<'de>> serde::Deserialize<'de> for Secret<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}
