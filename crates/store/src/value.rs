//! What a column can hold, and how each engine stores it.

use kernel::{JobId, Timestamp, UserId};
use sqlx::types::chrono::{DateTime, Utc};
use sqlx::{Decode, Encode, Postgres, Sqlite, Type};
use uuid::Uuid;

pub use sqlx::error::BoxDynError;

/// What a column can hold, by the type each driver stores it as.
///
/// Our own trait rather than sqlx's `Encode` and `Decode`: `kernel`'s types may then be columns without `kernel` knowing
/// sqlx (the orphan rule forbids the direct way). For a type of a slice, write it with [`value!`](crate::value).
pub trait Value: Sized + Send + 'static {
    /// As SQLite stores it.
    type Lite: for<'q> Encode<'q, Sqlite> + for<'r> Decode<'r, Sqlite> + Type<Sqlite> + Send + 'static;
    /// As PostgreSQL stores it.
    type Pg: for<'q> Encode<'q, Postgres> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + 'static;
    /// Whether a null is one of its values. Asked, because SQLite's driver reads a null as an empty text or a zero.
    const NULLABLE: bool = false;
    /// For SQLite.
    fn lite(self) -> Self::Lite;
    /// For PostgreSQL.
    fn pg(self) -> Self::Pg;
    /// From SQLite. An error names what is wrong, never the value itself.
    fn from_lite(v: Self::Lite) -> Result<Self, BoxDynError>;
    /// From PostgreSQL. An error names what is wrong, never the value itself.
    fn from_pg(v: Self::Pg) -> Result<Self, BoxDynError>;
}

macro_rules! plain {
    ($($t:ty),*) => { $(impl Value for $t {
        type Lite = $t;
        type Pg = $t;
        fn lite(self) -> $t { self }
        fn pg(self) -> $t { self }
        fn from_lite(v: $t) -> Result<Self, BoxDynError> { Ok(v) }
        fn from_pg(v: $t) -> Result<Self, BoxDynError> { Ok(v) }
    })* };
}
plain!(i64, bool, f64, String, Vec<u8>, Uuid);

/// UTC in whole microseconds: an integer on SQLite (compact, indexable, compares as time does), `timestamptz` on
/// PostgreSQL.
impl Value for Timestamp {
    type Lite = i64;
    type Pg = DateTime<Utc>;
    fn lite(self) -> i64 {
        self.as_micros()
    }
    fn pg(self) -> DateTime<Utc> {
        // `timestamptz` ends in the year 294276, chrono a little earlier; nothing of ours lives there but
        // `Cursor::NEWEST`, and it only has to be later than everything else.
        self.to_chrono()
    }
    fn from_lite(v: i64) -> Result<Self, BoxDynError> {
        Ok(Self::from_micros(v))
    }
    fn from_pg(v: DateTime<Utc>) -> Result<Self, BoxDynError> {
        Ok(v.into())
    }
}

impl<T: Value> Value for Option<T> {
    type Lite = Option<T::Lite>;
    type Pg = Option<T::Pg>;
    const NULLABLE: bool = true;
    fn lite(self) -> Self::Lite {
        self.map(T::lite)
    }
    fn pg(self) -> Self::Pg {
        self.map(T::pg)
    }
    fn from_lite(v: Self::Lite) -> Result<Self, BoxDynError> {
        v.map(T::from_lite).transpose()
    }
    fn from_pg(v: Self::Pg) -> Result<Self, BoxDynError> {
        v.map(T::from_pg).transpose()
    }
}

/// Makes a type of ours a column.
///
/// ```
/// # struct MoodId(uuid::Uuid);
/// # impl MoodId { fn uuid(self) -> uuid::Uuid { self.0 } }
/// # impl From<uuid::Uuid> for MoodId { fn from(id: uuid::Uuid) -> Self { Self(id) } }
/// store::value!(id MoodId); // declared with `kernel::id!`
///
/// #[derive(Debug, Clone, Copy, PartialEq)]
/// enum Role { Member, Owner }
/// store::value!(Role as String,
///     |role| match role { Role::Member => "member".to_owned(), Role::Owner => "owner".to_owned() },
///     |text| match text.as_str() {
///         "member" => Ok(Role::Member),
///         "owner" => Ok(Role::Owner),
///         _ => Err("not a role".into()),
///     }
/// );
/// ```
#[macro_export]
macro_rules! value {
    (id $name:ty) => {
        $crate::value!($name as ::uuid::Uuid, |id| id.uuid(), |uuid| Ok(<$name>::from(uuid)));
    };
    ($name:ty as $wire:ty, |$value:ident| $into:expr, |$stored:ident| $from:expr $(,)?) => {
        impl $crate::Value for $name {
            type Lite = <$wire as $crate::Value>::Lite;
            type Pg = <$wire as $crate::Value>::Pg;
            const NULLABLE: bool = <$wire as $crate::Value>::NULLABLE;
            fn lite(self) -> Self::Lite {
                let $value = self;
                let wire: $wire = $into;
                $crate::Value::lite(wire)
            }
            fn pg(self) -> Self::Pg {
                let $value = self;
                let wire: $wire = $into;
                $crate::Value::pg(wire)
            }
            fn from_lite(v: Self::Lite) -> ::std::result::Result<Self, $crate::BoxDynError> {
                let $stored = <$wire as $crate::Value>::from_lite(v)?;
                $from
            }
            fn from_pg(v: Self::Pg) -> ::std::result::Result<Self, $crate::BoxDynError> {
                let $stored = <$wire as $crate::Value>::from_pg(v)?;
                $from
            }
        }
    };
}

value!(id UserId);
value!(id JobId);
