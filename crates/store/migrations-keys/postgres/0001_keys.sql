-- Keys, each wrapped under SECRET_KEY. Kept apart from the data, so that a backup of the data opens nothing.

-- A person's data key. Destroying the row makes everything sealed under it unreadable, in every backup too.
create table mindvibe_keys.data_keys (
    user_id uuid not null,
    wrapped bytea not null,
    created_at timestamptz not null,
    primary key (user_id)
);

-- Keys of the server itself, by name. The one named `check` tells a wrong SECRET_KEY from a right one.
create table mindvibe_keys.server_keys (
    name text not null,
    wrapped bytea not null,
    created_at timestamptz not null,
    primary key (name)
);
