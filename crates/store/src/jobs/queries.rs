//! The texts about jobs. Whatever a worker says about its job names the worker and the attempt too, so that one that was
//! presumed dead cannot speak for the one that took over.

use super::{Count, Job};
use crate::sql::{Sql, Statement};
use crate::{Record, row};

row! {
    pub(super) struct One {
        pub(super) n: i64,
    }
}

row! {
    pub(super) struct Kind {
        pub(super) kind: String,
    }
}

pub(super) const INSERT: Sql = Sql::same(
    "insert into jobs (id, kind, subject, owner, state, run_at, attempts, max_attempts, created_at)
     values ($1, $2, $3, $4, 'ready', $5, 0, $6, $7)",
);

/// Asked before a claim, because an empty answer costs no writer's turn.
pub(super) const IS_ANY: Sql = Sql::same(
    "select count(*) as n from (select 1 from jobs where state = 'ready' and kind = $1 and run_at <= $2 limit 1) as due",
);

/// SQLite has a single writer, so there is nobody to skip.
pub(super) const CLAIM: Sql = Sql::pair(
    "update jobs set state = 'running', worker = $1, lease_until = $2, attempts = attempts + 1
     where id = (select id from jobs where state = 'ready' and kind = $3 and run_at <= $4 order by run_at, id limit 1)
     returning id, kind, subject, owner, attempts, max_attempts",
    "update jobs set state = 'running', worker = $1, lease_until = $2, attempts = attempts + 1
     where id = (select id from jobs where state = 'ready' and kind = $3 and run_at <= $4 order by run_at, id limit 1
                 for update skip locked)
     returning id, kind, subject, owner, attempts, max_attempts",
);

pub(super) const BEAT: Sql =
    Sql::same("update jobs set lease_until = $1 where id = $2 and worker = $3 and attempts = $4 and state = 'running'");

pub(super) const FINISH: Sql = Sql::same(
    "update jobs set state = $1, problem = $2, finished_at = $3, worker = null, lease_until = null
     where id = $4 and worker = $5 and attempts = $6 and state = 'running'",
);

pub(super) const RETRY: Sql = Sql::same(
    "update jobs set state = 'ready', problem = $1, run_at = $2, worker = null, lease_until = null
     where id = $3 and worker = $4 and attempts = $5 and state = 'running'",
);

/// A worker that stops in good order: the try does not count.
pub(super) const RELEASE: Sql = Sql::same(
    "update jobs set state = 'ready', attempts = attempts - 1, worker = null, lease_until = null
     where id = $1 and worker = $2 and attempts = $3 and state = 'running'",
);

/// What a dead worker left behind.
pub(super) const RECLAIM: Sql = Sql::same(
    "update jobs set state = 'ready', worker = null, lease_until = null where state = 'running' and lease_until <= $1",
);

pub(super) const PURGE: Sql = Sql::same("delete from jobs where finished_at is not null and finished_at <= $1");

pub(super) const COUNTS: Sql =
    Sql::same("select kind, state, count(*) as n from jobs group by kind, state order by kind, state");

pub(super) const READY_KINDS: Sql = Sql::same("select distinct kind from jobs where state = 'ready' order by kind");

pub(crate) const STATEMENTS: &[Statement] = &[
    Statement::write(INSERT),
    Statement::read(IS_ANY, One::COLUMNS),
    Statement::read(CLAIM, Job::COLUMNS),
    Statement::write(BEAT),
    Statement::write(FINISH),
    Statement::write(RETRY),
    Statement::write(RELEASE),
    Statement::write(RECLAIM),
    Statement::write(PURGE),
    Statement::read(COUNTS, Count::COLUMNS),
    Statement::read(READY_KINDS, Kind::COLUMNS),
];
