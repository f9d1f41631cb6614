-- What the storefront told of a review while something else still holds its points: published before an operator
-- has looked at it (R16, R70). A verdict itself says nothing of it, so that it stays as it was given (R60).
create table moderations (
    member_id uuid not null references members,
    verdict_id uuid not null,
    kind text not null,
    told_at timestamptz not null,
    primary key (member_id, verdict_id, kind),
    foreign key (member_id, verdict_id) references verdicts,
    constraint moderation_kind_is_known check (kind in ('PUBLISHED'))
);

grant select, insert on moderations to mipoints_app;

-- How many activities one device told of lately, whoever's they were (R70); the device is kept as a hash.
create index verdicts_of_a_device on verdicts ((facts ->> 'device'), decided_at) where facts ? 'device';

-- What was given back of a line that took points (R51).
create index transfers_that_answer_a_line on transfers (member_id, reverses) where reverses is not null;
