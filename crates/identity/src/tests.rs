//! This slice as a client sees it, on both engines, behind the real checks of `guard`.

mod agent;
mod binding;
mod enumeration;
mod factors;
mod federation;
mod harness;
mod invitations;
mod keys;
mod leaks;
mod letters;
mod lockout;
mod outages;
mod passkeys;
mod passwords;
mod reads;
mod refresh;
mod sessions;
mod set_up;
mod sign_in;
mod sign_up;
#[path = "../../mail/tests/sink/mod.rs"]
mod sink;
mod step_up;
mod tickets;

use harness::House;
use store::testing;

store::conformance!(
    statements_are_sound,
    the_sweep_takes_what_is_long_over,
    people_and_sessions_are_counted,
    a_removed_account_leaves_nothing,
);

async fn statements_are_sound(db: store::Db) {
    for statements in
        [crate::FEDERATION_STATEMENTS, crate::KEY_STATEMENTS, crate::SIGNING_STATEMENTS, crate::TOKEN_STATEMENTS]
    {
        testing::statements(&db, statements).await;
        let large =
            ["users", "sessions", "token_families", "refresh_tokens", "api_keys", "signature_nonces", "connections"];
        testing::no_scans(&db, statements, &large).await;
        assert_eq!(testing::pairs(statements), 0);
    }
    // Counting people reads all of them, and that is meant.
    testing::statements(&db, crate::COUNT_STATEMENTS).await;
    testing::statements(&db, crate::TICKET_STATEMENTS).await;
    testing::no_scans(&db, crate::TICKET_STATEMENTS, &["sessions", "ws_tickets"]).await;
    testing::statements(&db, crate::STATEMENTS).await;
    let large =
        &["users", "sessions", "totp", "backup_codes", "passkeys", "trusted_devices", "challenges", "ceremonies"];
    for statements in [crate::FACTOR_STATEMENTS, crate::ACCESS_STATEMENTS] {
        testing::statements(&db, statements).await;
        testing::no_scans(&db, statements, large).await;
        assert_eq!(testing::pairs(statements), 0);
    }
    // The question for the owner reads an index of one row from end to end, and that is meant.
    let looked_up: Vec<_> = crate::STATEMENTS.iter().copied().filter(|one| one.sql != crate::queries::OWNER).collect();
    assert_eq!(looked_up.len() + 1, crate::STATEMENTS.len());
    testing::no_scans(&db, &looked_up, &["users", "sessions"]).await;
    assert_eq!(testing::pairs(crate::STATEMENTS), 0);
    testing::statements(&db, crate::ACCOUNT_STATEMENTS).await;
    let large = [
        "users",
        "sessions",
        "errands",
        "mails",
        "signups",
        "account_links",
        "lockouts",
        "account_events",
        "invitations",
    ];
    testing::no_scans(&db, crate::ACCOUNT_STATEMENTS, &large).await;
    assert_eq!(testing::pairs(crate::ACCOUNT_STATEMENTS), 0);
}

async fn the_sweep_takes_what_is_long_over(db: store::Db) {
    use std::time::Duration;
    let house = House::open(&db).await;
    let user = house.member("sweep@example.org").await;
    house.sign_in("sweep@example.org").await;
    let insert = store::Sql::same(
        "insert into sessions (id, user_id, token_hash, kind, created_at, last_seen_at, idle_expires_at, expires_at,
                               ip_prefix, user_agent, token_epoch)
         values ($1, $2, $3, 'browser', $4, $4, $4, $4, '', '', 0)",
    );
    let mut tx = db.begin().await.unwrap();
    for _ in 0..1_500 {
        let (id, at) = (house.ambient.uuid(), house.ambient.now());
        let hash = house.ambient.bytes::<32>().to_vec();
        tx.sql(insert).bind(id).bind(user.id).bind(hash).bind(at).run().await.unwrap();
    }
    tx.commit().await.unwrap();
    let week = Duration::from_hours(7 * 24);
    house.clock.advance(week.saturating_sub(Duration::from_secs(1)));
    assert_eq!(house.identity.sweep().await.unwrap(), 0, "they ended less than a week ago");
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.identity.sweep().await.unwrap(), 1_500, "more than go in one transaction");
    assert_eq!(house.identity.sweep().await.unwrap(), 0, "the one that lives stays");
    house.clock.advance(Duration::from_hours(30 * 24));
    assert_eq!(house.identity.sweep().await.unwrap(), 1);
}

async fn people_and_sessions_are_counted(db: store::Db) {
    use std::time::Duration;
    let house = House::open(&db).await;
    let counted = async || {
        let count = house.identity.headcount().await.unwrap();
        [count.users, count.active_day, count.active_week, count.live_sessions]
    };
    assert_eq!(counted().await, [0, 0, 0, 0]);
    house.member("one@example.org").await;
    house.member("two@example.org").await;
    assert_eq!(counted().await, [2, 0, 0, 0]);
    house.sign_in("one@example.org").await;
    house.sign_in("one@example.org").await;
    assert_eq!(counted().await, [2, 1, 1, 2]);
    house.clock.advance(Duration::from_hours(48));
    house.sign_in("two@example.org").await;
    assert_eq!(counted().await, [2, 1, 2, 3]);
    house.clock.advance(Duration::from_hours(13 * 24));
    assert_eq!(counted().await, [2, 0, 0, 1], "the first two were not used for too long");
}

async fn a_removed_account_leaves_nothing(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("gone@example.org").await;
    let sid = house.sign_in("gone@example.org").await;
    house.identity.keys.of(user.id).await.unwrap();
    assert!(house.identity.remove_user(user.id).await.unwrap());
    assert!(!house.identity.remove_user(user.id).await.unwrap());
    assert_eq!(house.me(&sid).await.status, 401);
    assert_eq!(house.identity.keys.of(user.id).await.err(), Some(store::Error::NoKey));
    assert_eq!(house.log_in("gone@example.org", harness::PASSWORD).await.status, 401);
    let owner = house.owner().await;
    assert!(!house.identity.remove_user(owner).await.unwrap(), "the owner stays");
}
