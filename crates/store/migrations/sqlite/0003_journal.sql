-- Moods and reflections. What a person wrote is in `body`, sealed under their own key; a mood's score too.

create table moods (
    id blob not null,
    user_id blob not null,
    noted_at integer not null,
    body blob not null,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer,
    version integer not null,
    primary key (id),
    constraint moods_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
create index moods_newest_idx on moods (user_id, noted_at desc, id desc) where deleted_at is null;
create index moods_deleted_at_idx on moods (deleted_at) where deleted_at is not null;
create index moods_user_id_idx on moods (user_id);

create table reflections (
    id blob not null,
    user_id blob not null,
    body blob not null,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer,
    version integer not null,
    primary key (id),
    constraint reflections_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
create index reflections_newest_idx on reflections (user_id, created_at desc, id desc) where deleted_at is null;
create index reflections_deleted_at_idx on reflections (deleted_at) where deleted_at is not null;
create index reflections_user_id_idx on reflections (user_id);
