//! Ids that cannot be mistaken for one another.

/// Declares a `UUIDv7` newtype: `kernel::id! { /// A mood. pub struct MoodId; }`.
///
/// It parses from and prints as the hyphenated form, in JSON as in a URL.
#[macro_export]
macro_rules! id {
    ($(#[$meta:meta])* $vis:vis struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, $crate::__serde::Serialize, $crate::__serde::Deserialize, $crate::__utoipa::ToSchema)]
        #[serde(crate = "::kernel::__serde", transparent)]
        #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
        $vis struct $name($crate::__uuid::Uuid);

        impl $name {
            /// The id as a plain UUID.
            pub const fn uuid(self) -> $crate::__uuid::Uuid {
                self.0
            }
        }

        impl From<$crate::__uuid::Uuid> for $name {
            fn from(uuid: $crate::__uuid::Uuid) -> Self {
                Self(uuid)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::__uuid::Error;
            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// A person with an account.
    pub struct UserId;
}

id! {
    /// A piece of background work.
    pub struct JobId;
}
