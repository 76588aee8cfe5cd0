//! A PostgreSQL database per test, copied from a template that is migrated once.

use crate::migrate;
use crate::{Db, Settings};
use data_encoding::HEXLOWER;
use kernel::{Ambient, Secret};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::OnceCell;

const MISSING: &str = "TEST_POSTGRES_URL is not set, and a test that skips itself proves nothing. \
    Run `make test`, or put `scripts/with-servers.sh` before the command";

/// One template for each state of the migrations, shared by all test programs on this server.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

fn url() -> String {
    #[expect(clippy::disallowed_methods, reason = "where the tests' server is, not a setting of the program")]
    std::env::var("TEST_POSTGRES_URL").expect(MISSING)
}

fn url_of(database: &str) -> String {
    let url = url();
    let (server, _) = url.rsplit_once('/').expect("TEST_POSTGRES_URL ends in the name of a database");
    format!("{server}/{database}")
}

async fn admin() -> PgConnection {
    let options: PgConnectOptions = url().parse().expect("TEST_POSTGRES_URL is a postgres:// URL");
    options.disable_statement_logging().connect().await.expect("the tests' PostgreSQL answers")
}

/// Names of databases cannot be parameters; these are made here, of letters and digits.
async fn execute(conn: &mut PgConnection, text: String) -> sqlx::Result<()> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(conn).await.map(drop)
}

/// A fresh migrated database: its name and its URL.
pub(super) async fn create_database() -> (String, String) {
    let template = Box::pin(TEMPLATE.get_or_init(make_template)).await;
    create(&format!("template {template}")).await
}

/// A fresh database without anything in it: its name and its URL.
pub(super) async fn create_empty() -> (String, String) {
    create("template template0").await
}

async fn create(from: &str) -> (String, String) {
    let name = format!("test_{}", HEXLOWER.encode(&Ambient::system().bytes::<8>()));
    let mut conn = admin().await;
    let created = execute(&mut conn, format!("create database {name} {from}")).await;
    created.expect("a database is created");
    let url = url_of(&name);
    (name, url)
}

pub(super) async fn drop_database(name: &str) {
    let dropped = execute(&mut admin().await, format!("drop database {name} with (force)")).await;
    dropped.expect("the test's database is dropped");
}

/// Made by one of however many test programs start together; the others wait for it.
async fn make_template() -> String {
    let name = format!("template_{}", migrate::fingerprint());
    let mut conn = admin().await;
    execute(&mut conn, "select pg_advisory_lock(7236551)".to_owned()).await.expect("the lock on templates");
    let known: i64 = sqlx::query_scalar("select count(*) from pg_database where datname = $1")
        .bind(&name)
        .fetch_one(&mut conn)
        .await
        .expect("databases are listed");
    if known == 0 {
        let unfinished = format!("{name}_unfinished");
        execute(&mut conn, format!("drop database if exists {unfinished} with (force)")).await.expect("leftovers go");
        execute(&mut conn, format!("create database {unfinished}")).await.expect("a database is created");
        let settings = Settings::postgres(Secret::new(url_of(&unfinished)), "", "test");
        let db = Db::open(&settings).await.expect("the template is migrated");
        super::keys(&db).await;
        db.close().await;
        let renamed = execute(&mut conn, format!("alter database {unfinished} rename to {name}")).await;
        renamed.expect("the template is finished");
    }
    conn.close().await.expect("the lock on templates is let go");
    name
}
