//! Does the database open: its address, its certificate, its schema, its environment, and the keys to what is in it?

use super::{Patient, Seen, bad, good, nothing};
use crate::compose::{Failure, House};
use store::{Engine, Error};

pub(super) async fn look(patient: &Patient) -> Seen {
    let mut config = patient.config.clone();
    if config.database_url.is_none() && !config.data_dir.join("mindvibe.db").exists() {
        return nothing("there is no database yet; the first start makes it");
    }
    // A look changes nothing.
    config.migrate = false;
    let house = match House::open(&config).await {
        Ok(house) => house,
        Err(failure) => return bad(failure.to_string(), mend(&failure)),
    };
    let engine = house.db.engine();
    house.close().await;
    if config.database_unverified {
        let mend = "leave DB_SSL_MODE out, and name the server's authority in DB_CA_FILE if it is not a public one";
        return bad("it opens, but nobody checks whether it is the right server", mend);
    }
    good(match engine {
        Engine::Sqlite => "SQLite opens, its schema is this program's, and the secret opens the key store",
        Engine::Postgres => "PostgreSQL opens, its schema is this program's, and the secret opens the key store",
    })
}

/// What to do about a database that does not open.
fn mend(failure: &Failure) -> &'static str {
    match failure {
        Failure::Store(Error::Schema(_)) => "mindvibe migrate, with the program that is to be started",
        Failure::Store(Error::WrongSecretKey) | Failure::Ring(_) => {
            "set SECRET_KEY as it was, or the old one as SECRET_KEY_PREVIOUS"
        }
        Failure::Store(Error::Environment { .. }) => "set ENVIRONMENT or DATABASE_URL: the two do not belong together",
        Failure::Store(Error::Away(_)) => {
            "is it started, may this machine reach it, and does DB_CA_FILE name who vouches for its certificate?"
        }
        _ => "the message names what is wrong; a backup is the last resort (docs/operations.md)",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{State, testing};
    use super::*;

    #[tokio::test]
    async fn it_is_opened_as_the_server_would() {
        let folder = tempfile::tempdir().unwrap();
        let patient = testing::patient(folder.path(), &[]);
        testing::is(&look(&patient).await, State::NotApplicable);
        House::open(&patient.config).await.unwrap().close().await;
        testing::is(&look(&patient).await, State::Good);
        let other = [("SECRET_KEY", "another-k3y-9f81c2aa7be04d55-wUopLxVn")];
        testing::is(&look(&testing::patient(folder.path(), &other)).await, State::Bad);
        let development = [("ENVIRONMENT", "development")];
        testing::is(&look(&testing::patient(folder.path(), &development)).await, State::Bad);
        let away = [("DATABASE_URL", "postgres://u:CANARY@127.0.0.1:9/x")];
        testing::is(&look(&testing::patient(folder.path(), &away)).await, State::Bad);
    }
}
