-- Keys, each wrapped under SECRET_KEY. Kept apart from the data, so that a backup of the data opens nothing.

-- A person's data key. Destroying the row makes everything sealed under it unreadable, in every backup too.
create table data_keys (
    user_id blob not null,
    wrapped blob not null,
    created_at integer not null,
    primary key (user_id)
) strict;

-- Keys of the server itself, by name. The one named `check` tells a wrong SECRET_KEY from a right one.
create table server_keys (
    name text not null,
    wrapped blob not null,
    created_at integer not null,
    primary key (name)
) strict;
