-- A person with an account. `email_folded` is what makes an address the same address; folding is done by the program.
create table users (
    id blob not null,
    email text not null,
    email_folded text not null,
    display_name text not null,
    role text not null,
    password_phc text not null,
    status text not null,
    time_zone text not null,
    created_at integer not null,
    updated_at integer not null,
    version integer not null,
    token_epoch integer not null,
    primary key (id),
    constraint users_email_folded_key unique (email_folded),
    constraint users_role_check check (role in ('owner', 'admin', 'monitor', 'member')),
    constraint users_status_check check (status in ('active', 'awaiting', 'disabled'))
) strict;
create index users_created_at_idx on users (created_at, id);
-- One owner, even when two people set the house up in the same moment.
create unique index users_role_key on users (role) where role = 'owner';

-- Who is signed in. The token itself is nowhere: only its hash.

create table sessions (
    id blob not null,
    user_id blob not null,
    token_hash blob not null,
    kind text not null,
    created_at integer not null,
    last_seen_at integer not null,
    idle_expires_at integer not null,
    expires_at integer not null,
    token_epoch integer not null,
    revoked_at integer,
    ip_prefix text not null,
    user_agent text not null,
    primary key (id),
    constraint sessions_token_hash_key unique (token_hash),
    constraint sessions_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint sessions_kind_check check (kind in ('browser', 'token'))
) strict;
create index sessions_user_id_idx on sessions (user_id, created_at, id);
create index sessions_expires_at_idx on sessions (expires_at);
