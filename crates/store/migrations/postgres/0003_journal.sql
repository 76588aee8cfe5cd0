-- Moods and reflections. What a person wrote is in `body`, sealed under their own key; a mood's score too.

create table moods (
    id uuid not null,
    user_id uuid not null,
    noted_at timestamptz not null,
    body bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint moods_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index moods_newest_idx on moods (user_id, noted_at desc, id desc) where deleted_at is null;
create index moods_deleted_at_idx on moods (deleted_at) where deleted_at is not null;
create index moods_user_id_idx on moods (user_id);

create table reflections (
    id uuid not null,
    user_id uuid not null,
    body bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint reflections_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index reflections_newest_idx on reflections (user_id, created_at desc, id desc) where deleted_at is null;
create index reflections_deleted_at_idx on reflections (deleted_at) where deleted_at is not null;
create index reflections_user_id_idx on reflections (user_id);
