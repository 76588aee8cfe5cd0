-- The token surface: keys that sign access tokens, families of refresh tokens, API keys, accounts at other providers.

-- `seed` is the private half, sealed. A key signs from `signs_from` until the next one does.
create table signing_keys (
    id blob not null,
    sequence integer not null,
    public_key blob not null,
    seed blob not null,
    signs_from integer not null,
    created_at integer not null,
    revoked_at integer,
    primary key (id),
    constraint signing_keys_sequence_key unique (sequence)
) strict;

-- All refresh tokens that one sign-in led to. They live and die with their session.
create table token_families (
    session_id blob not null,
    generation integer not null,
    amr text not null,
    auth_at integer not null,
    primary key (session_id),
    constraint token_families_session_id_fkey foreign key (session_id) references sessions (id) on delete cascade
) strict;

-- `successor` is sealed, and kept for the seconds in which a client may ask again.
create table refresh_tokens (
    token_hash blob not null,
    session_id blob not null,
    generation integer not null,
    created_at integer not null,
    used_at integer,
    client text,
    successor blob,
    primary key (token_hash),
    constraint refresh_tokens_session_id_generation_key unique (session_id, generation),
    constraint refresh_tokens_session_id_fkey foreign key (session_id) references token_families (session_id)
        on delete cascade
) strict;
create index refresh_tokens_used_at_idx on refresh_tokens (used_at) where successor is not null;

-- `handle` stands in the key's text, and finds it. `signing_key` is a public key, or a sealed secret for an HMAC.
create table api_keys (
    id blob not null,
    user_id blob not null,
    handle text not null,
    secret_hash blob not null,
    previous_hash blob,
    previous_until integer,
    name text not null,
    scopes text not null,
    addresses text not null,
    rate_per_minute integer,
    require_signature integer not null,
    signing_kind text,
    signing_key blob,
    created_at integer not null,
    expires_at integer not null,
    last_used_at integer,
    revoked_at integer,
    noticed_days integer not null,
    primary key (id),
    constraint api_keys_handle_key unique (handle),
    constraint api_keys_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint api_keys_signing_check check ((signing_kind is null) = (signing_key is null)),
    constraint api_keys_signing_kind_check check (signing_kind in ('ed25519', 'hmac'))
) strict;
create index api_keys_user_id_idx on api_keys (user_id, created_at, id);
create index api_keys_expires_at_idx on api_keys (expires_at);

-- Signed requests that were accepted, so that none is accepted twice.
create table signature_nonces (
    key_id blob not null,
    nonce_hash blob not null,
    expires_at integer not null,
    primary key (key_id, nonce_hash),
    constraint signature_nonces_key_id_fkey foreign key (key_id) references api_keys (id) on delete cascade
) strict;
create index signature_nonces_expires_at_idx on signature_nonces (expires_at);

-- Whose account somebody at another provider is. Never found by an address of mail.
create table connections (
    id blob not null,
    user_id blob not null,
    issuer text not null,
    subject text not null,
    created_at integer not null,
    primary key (id),
    constraint connections_issuer_subject_key unique (issuer, subject),
    constraint connections_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
create index connections_user_id_idx on connections (user_id, created_at, id);

-- A sign-in that is on its way to another provider and back. `verifier` is sealed.
create table oidc_attempts (
    state_hash blob not null,
    id blob not null,
    provider text not null,
    nonce text not null,
    verifier blob not null,
    return_to text not null,
    user_id blob,
    session_id blob,
    created_at integer not null,
    expires_at integer not null,
    primary key (state_hash),
    constraint oidc_attempts_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
create index oidc_attempts_expires_at_idx on oidc_attempts (expires_at);
create index oidc_attempts_user_id_idx on oidc_attempts (user_id) where user_id is not null;

-- Tickets for sockets: each is good once, for half a minute, for one purpose and from one network.
create table ws_tickets (
    token_hash blob not null,
    user_id blob not null,
    session_id blob not null,
    purpose text not null,
    network text not null,
    expires_at integer not null,
    primary key (token_hash),
    constraint ws_tickets_session_id_fkey foreign key (session_id) references sessions (id) on delete cascade,
    constraint ws_tickets_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
create index ws_tickets_expires_at_idx on ws_tickets (expires_at);
create index ws_tickets_session_id_idx on ws_tickets (session_id);
create index ws_tickets_user_id_idx on ws_tickets (user_id);
