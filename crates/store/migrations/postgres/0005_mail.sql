-- What accounts and their mail need beyond 0001: letters, links in them, errands, tries, events, invitations.

alter table users add column locale text not null default 'en';
-- `current`, `must_change` (it stands on a list of common ones) or `void` (its owner said that it was not them).
alter table users add column password_state text not null default 'current';
-- Whoever waits for somebody's yes.
create index users_awaiting_idx on users (created_at, id) where status = 'awaiting';

-- What was asked for and is done beside the answer, so that the answer's time tells nothing. `body` is sealed.
create table errands (
    id uuid not null,
    body bytea not null,
    created_at timestamptz not null,
    primary key (id)
);
create index errands_created_at_idx on errands (created_at);

-- Letters that wait, sealed whole, the address included; gone when they went out. Where a page shows them (development),
-- they stay for a week. `user_id` is null for whoever has no account.
create table mails (
    id uuid not null,
    user_id uuid,
    body bytea not null,
    created_at timestamptz not null,
    sent_at timestamptz,
    primary key (id),
    constraint mails_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index mails_user_id_idx on mails (user_id) where user_id is not null;
create index mails_created_at_idx on mails (created_at, id);

-- Accounts that are made once their address is confirmed. Each sign-up has its own row and its own password: whoever
-- signs up with an address that is not theirs takes nothing away from the one whose it is. `subject` is a pseudonym.
create table signups (
    id uuid not null,
    token_hash bytea not null,
    subject text not null,
    body bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (id),
    constraint signups_token_hash_key unique (token_hash)
);
create index signups_subject_idx on signups (subject, created_at, id);
create index signups_expires_at_idx on signups (expires_at);

-- Links in letters to whoever has an account. Each works once.
create table account_links (
    token_hash bytea not null,
    purpose text not null,
    user_id uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    primary key (token_hash),
    constraint account_links_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index account_links_user_id_idx on account_links (user_id, purpose);
create index account_links_expires_at_idx on account_links (expires_at);

-- Wrong tries, by the pseudonym of an address, whether or not anybody has it; `lane` is `open` or a device's id.
create table lockouts (
    subject text not null,
    lane text not null,
    tries bigint not null,
    total bigint not null,
    locks bigint not null,
    locked_until timestamptz,
    seen_at timestamptz not null,
    primary key (subject, lane)
);
create index lockouts_seen_at_idx on lockouts (seen_at);

-- What happened to an account, for its owner to read.
create table account_events (
    id uuid not null,
    user_id uuid not null,
    at timestamptz not null,
    kind text not null,
    network text not null,
    device text not null,
    primary key (id),
    constraint account_events_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index account_events_user_id_idx on account_events (user_id, at, id);
create index account_events_at_idx on account_events (at);

create table invitations (
    id uuid not null,
    token_hash bytea not null,
    email text,
    role text not null,
    created_by uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    primary key (id),
    constraint invitations_token_hash_key unique (token_hash),
    constraint invitations_created_by_fkey foreign key (created_by) references users (id) on delete cascade,
    constraint invitations_role_check check (role in ('admin', 'monitor', 'member'))
);
create index invitations_created_by_idx on invitations (created_by);
create index invitations_created_at_idx on invitations (created_at, id);
create index invitations_expires_at_idx on invitations (expires_at);
