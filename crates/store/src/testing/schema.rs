//! The whole schema as text, for the committed dumps under `schema/`.

use crate::Db;
use crate::db::Kind;
use crate::keys::KeyStore;
use sqlx::Row;
use std::fmt::Write;

const SQLITE: &str = "select sql as line from sqlite_schema where sql is not null
    order by tbl_name, type desc, name";

/// What `pg_dump` would say, without needing it: columns, constraints and indexes of every table, in order.
const POSTGRES: &str = "
    with tables as (
        select c.oid, n.nspname || '.' || c.relname as name
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname in ('public', 'mindvibe_keys')
    )
    select line from (
        select t.name as name, 0 as part, a.attnum::int8 as place,
               '    ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
               || case when a.attnotnull then ' not null' else '' end as line
        from tables t join pg_attribute a on a.attrelid = t.oid where a.attnum > 0 and not a.attisdropped
        union all
        select t.name, -1, 0, 'table ' || t.name from tables t
        union all
        select t.name, 1, row_number() over (partition by t.oid order by o.conname),
               '    constraint ' || o.conname || ' ' || pg_get_constraintdef(o.oid)
        from tables t join pg_constraint o on o.conrelid = t.oid
        union all
        select t.name, 2, row_number() over (partition by t.oid order by x.relname),
               '    ' || pg_get_indexdef(i.indexrelid)
        from tables t join pg_index i on i.indrelid = t.oid join pg_class x on x.oid = i.indexrelid
        where not exists (select from pg_constraint o where o.conindid = i.indexrelid)
    ) parts order by name, part, place";

/// The tables, constraints and indexes of `db`; on PostgreSQL those of the key store too.
pub async fn dump(db: &Db) -> String {
    let lines: sqlx::Result<Vec<String>> = match &db.inner {
        Kind::Sqlite(lite) => {
            let rows = sqlx::query(SQLITE).fetch_all(&lite.read).await.expect("SQLite tells its schema");
            rows.iter().map(|row| row.try_get::<String, _>(0).map(|line| format!("{line};"))).collect()
        }
        Kind::Postgres(pg) => {
            let rows = sqlx::query(POSTGRES).fetch_all(&pg.pool).await.expect("PostgreSQL tells its schema");
            rows.iter().map(|row| row.try_get(0)).collect()
        }
    };
    let mut out = String::new();
    for line in lines.expect("the schema is text") {
        writeln!(out, "{line}").expect("a string takes text");
    }
    out
}

/// The key store's own schema.
pub async fn dump_keys(keys: &KeyStore) -> String {
    dump(keys.db()).await
}
