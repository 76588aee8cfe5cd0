//! Row types that both drivers can fill.

use crate::value::{BoxDynError, Value};
use sqlx::error::UnexpectedNullError;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row, ValueRef};

/// A row type that both drivers can fill; written by [`row!`](crate::row).
pub trait Record: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {
    /// The names of its columns, in order; the catalogue test compares them with what the engine says.
    const COLUMNS: &'static [&'static str];
}

fn unreadable(index: &str, source: BoxDynError) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: index.to_owned(), source }
}

#[doc(hidden)]
pub fn lite<T: Value>(row: &SqliteRow, name: &'static str) -> sqlx::Result<T> {
    if !T::NULLABLE && row.try_get_raw(name)?.is_null() {
        return Err(unreadable(name, UnexpectedNullError.into()));
    }
    T::from_lite(row.try_get(name)?).map_err(|e| unreadable(name, e))
}

#[doc(hidden)]
pub fn pg<T: Value>(row: &PgRow, name: &'static str) -> sqlx::Result<T> {
    T::from_pg(row.try_get(name)?).map_err(|e| unreadable(name, e))
}

/// Declares a row type for both engines: the fields are the columns, by name and in order.
///
/// It stands in for `#[derive(FromRow)]`, whose macro crate would build SQLite a second time for the host.
///
/// ```
/// store::row! {
///     /// How many there are.
///     #[derive(Debug, PartialEq)]
///     pub struct Count { pub n: i64 }
/// }
/// assert_eq!(<Count as store::Record>::COLUMNS, ["n"]);
/// ```
#[macro_export]
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$fmeta:meta])* $fvis:vis $field:ident: $ty:ty),* $(,)?
    }) => {
        $(#[$meta])*
        $vis struct $name { $($(#[$fmeta])* $fvis $field: $ty),* }

        impl $crate::Record for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];
        }

        impl $crate::__sqlx::FromRow<'_, $crate::__sqlx::sqlite::SqliteRow> for $name {
            fn from_row(row: &$crate::__sqlx::sqlite::SqliteRow) -> $crate::__sqlx::Result<Self> {
                Ok(Self { $($field: $crate::__lite(row, stringify!($field))?),* })
            }
        }

        impl $crate::__sqlx::FromRow<'_, $crate::__sqlx::postgres::PgRow> for $name {
            fn from_row(row: &$crate::__sqlx::postgres::PgRow) -> $crate::__sqlx::Result<Self> {
                Ok(Self { $($field: $crate::__pg(row, stringify!($field))?),* })
            }
        }
    };
}
