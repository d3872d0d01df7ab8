-- test

-- Begin.
BEGIN IMMEDIATE;

-- One run at a time.
--   :taken_1 = 1
UPDATE runner_lock
SET taken=(runner_lock.taken + :taken_1);

-- Write the run's row, before anything is read.
--   :run_id = (known when the run is under way)
--   :kind = (known when the run is under way)
--   :undo_of = (known when the run is under way)
--   :job_name = (known when the run is under way)
--   :job_sha256 = (known when the run is under way)
--   :job_files = (known when the run is under way)
--   :mode = (known when the run is under way)
--   :as_of = (known when the run is under way)
--   :actor = (known when the run is under way)
--   :git_commit = (known when the run is under way)
--   :started_at = (known when the run is under way)
INSERT INTO runner_run (run_id, kind, undo_of, job_name, job_sha256, job_files, mode, as_of, actor, git_commit, started_at)
VALUES (:run_id, :kind, :undo_of, :job_name, :job_sha256, :job_files, :mode, :as_of, :actor, :git_commit, :started_at);

-- Look up the calendars that the job names.
--   :runner_fold_1 = 001
--   :runner_fold_2 = 001
--   :end_year_1 = 2026
--   :runner_fold_3 = summer school
SELECT (
  SELECT count(*) AS count_1
  FROM calendar
  JOIN school
    ON school.school_id = calendar.school_id
  WHERE (runner_fold(school.name) = :runner_fold_1 OR runner_fold(school.number) = :runner_fold_2)
    AND calendar.end_year = :end_year_1
) AS entry_1,
  (
    SELECT count(*) AS count_2
    FROM calendar
    JOIN school
      ON school.school_id = calendar.school_id
    WHERE runner_fold(calendar.name) = :runner_fold_3
  ) AS entry_2;

-- Make room for the people in scope.
CREATE TEMPORARY TABLE runner_scope ( person_id INTEGER NOT NULL, PRIMARY KEY (person_id) );

-- The people in scope.
--   :runner_fold_1 = 001
--   :runner_fold_2 = 001
--   :end_year_1 = 2026
--   :runner_fold_3 = summer school
--   :as_of = 2025-09-02
--   :runner_fold_4_1 = kg
--   :runner_fold_4_2 = 01
INSERT INTO runner_scope (person_id)
SELECT DISTINCT enrollment.person_id
FROM enrollment
WHERE enrollment.calendar_id IN (
  SELECT calendar.calendar_id
  FROM calendar
  JOIN school
    ON school.school_id = calendar.school_id
  WHERE (runner_fold(school.name) = :runner_fold_1 OR runner_fold(school.number) = :runner_fold_2)
    AND calendar.end_year = :end_year_1
    OR runner_fold(calendar.name) = :runner_fold_3
)
  AND (enrollment.end_date IS NULL OR enrollment.end_date >= :as_of)
  AND (enrollment.no_show IS NULL OR enrollment.no_show = 0)
  AND runner_fold(enrollment.grade) IN (:runner_fold_4_1, :runner_fold_4_2)
ORDER BY enrollment.person_id;

-- Make room for the households they live in.
CREATE TEMPORARY TABLE runner_home ( household_id INTEGER NOT NULL, PRIMARY KEY (household_id) );

-- The households they live in.
--   :as_of = 2025-09-02
INSERT INTO runner_home (household_id)
SELECT DISTINCT household_member.household_id
FROM household_member
WHERE household_member.person_id IN (
  SELECT runner_scope.person_id
  FROM runner_scope
)
  AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
  AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
ORDER BY household_member.household_id;

-- Make room for the contact points that the job speaks of, with their preferences before and after.
CREATE TEMPORARY TABLE runner_eligible ( channel VARCHAR(20), contact_point_id INTEGER, person_id INTEGER, household_id INTEGER, before_bits SMALLINT, wanted_bits SMALLINT, custom SMALLINT, is_staff SMALLINT, after_bits SMALLINT );

-- The contact points that the job speaks of, with their preferences before and after.
INSERT INTO runner_eligible (channel, contact_point_id, person_id, household_id, before_bits, wanted_bits, custom, is_staff, after_bits)
SELECT point.channel,
  point.contact_point_id,
  point.person_id,
  point.household_id,
  point.before_bits,
  point.before_bits | 64 AS wanted_bits,
  point.custom,
  point.is_staff,
  point.before_bits | 64 AS after_bits
FROM (
  SELECT contact_point.channel AS channel,
    contact_point.contact_point_id AS contact_point_id,
    contact_point.person_id AS person_id,
    CAST(NULL AS INTEGER) AS household_id,
    contact_point.emergency * 1 | contact_point.attendance * 2 | contact_point.behavior * 4 | contact_point.staff * 8 | contact_point.general * 16 | contact_point.food_service * 32 | contact_point.priority * 64 | contact_point.teacher * 128 AS before_bits,
    contact_point.custom AS custom,
    0 AS is_staff
  FROM contact_point
  WHERE contact_point.channel = 'cell_phone'
    AND contact_point.person_id IN (
      SELECT runner_scope.person_id
      FROM runner_scope
    )
    AND (contact_point.address >= '!' OR trim(contact_point.address, ' ' || char(9, 10, 13)) != '')
) AS point;

-- Make room for what the people in scope hear about.
CREATE TEMPORARY TABLE runner_heard ( person_id INTEGER NOT NULL, before_bits SMALLINT, after_bits SMALLINT, PRIMARY KEY (person_id) );

-- What the people in scope hear about.
--   :as_of = 2025-09-02
INSERT INTO runner_heard (person_id, before_bits, after_bits)
SELECT way.person_id,
  way.before_bits,
  way.after_bits
FROM (
  SELECT runner_eligible.person_id AS person_id,
    runner_eligible.before_bits AS before_bits,
    runner_eligible.after_bits AS after_bits
  FROM runner_eligible
  WHERE runner_eligible.person_id IS NOT NULL
  UNION ALL
  SELECT runner_scope.person_id AS person_id,
    contact_point.priority * 64 AS before_bits,
    contact_point.priority * 64 AS after_bits
  FROM runner_scope
  JOIN contact_point
    ON contact_point.person_id = runner_scope.person_id
  WHERE contact_point.channel IN ('home_phone', 'work_phone', 'email', 'secondary_email')
    AND (contact_point.address >= '!' OR trim(contact_point.address, ' ' || char(9, 10, 13)) != '')
  UNION ALL
  SELECT runner_scope.person_id AS person_id,
    contact_point.priority * 64 AS before_bits,
    contact_point.priority * 64 AS after_bits
  FROM runner_scope
  JOIN household_member
    ON household_member.person_id = runner_scope.person_id
    AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
    AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
  JOIN contact_point
    ON contact_point.household_id = household_member.household_id
  WHERE contact_point.address >= '!'
    OR trim(contact_point.address, ' ' || char(9, 10, 13)) != ''
) AS way
WHERE 1 = 1 ON CONFLICT (person_id) DO UPDATE
SET before_bits = (runner_heard.before_bits | excluded.before_bits),
  after_bits = (runner_heard.after_bits | excluded.after_bits);

-- Write down what will change.
--   :this_run = (known when the run is under way)
INSERT INTO runner_change (run_no, contact_point_id, channel, before_bits, after_bits)
SELECT :this_run AS anon_1,
  runner_eligible.contact_point_id,
  runner_eligible.channel,
  runner_eligible.before_bits,
  runner_eligible.after_bits
FROM runner_eligible
WHERE runner_eligible.after_bits != runner_eligible.before_bits
ORDER BY runner_eligible.contact_point_id;

-- Count the people in scope.
SELECT (
  SELECT count(*) AS count_1
  FROM runner_scope
) AS people,
  0 AS staff;

-- Count per cell what changes, what already was so, and what is kept.
SELECT part_1.cell_phone_priority_0,
  part_1.cell_phone_priority_1,
  part_1.cell_phone_priority_2,
  part_2.contact_points,
  part_2.custom_overwritten,
  part_2.print_a,
  part_2.print_b
FROM (
  SELECT coalesce(sum(CASE WHEN (pattern.before_bits & 64 != pattern.after_bits & 64) THEN pattern.times ELSE 0 END), 0) AS cell_phone_priority_0,
    coalesce(sum(CASE WHEN (pattern.before_bits & 64 = pattern.wanted_bits & 64) THEN pattern.times ELSE 0 END), 0) AS cell_phone_priority_1,
    coalesce(sum(CASE WHEN (pattern.wanted_bits & 64 != pattern.after_bits & 64) THEN pattern.times ELSE 0 END), 0) AS cell_phone_priority_2
  FROM (
    SELECT runner_eligible.before_bits AS before_bits,
      runner_eligible.wanted_bits AS wanted_bits,
      runner_eligible.is_staff AS is_staff,
      runner_eligible.after_bits AS after_bits,
      count(*) AS times
    FROM runner_eligible
    WHERE runner_eligible.channel = 'cell_phone'
    GROUP BY runner_eligible.before_bits,
      runner_eligible.wanted_bits,
      runner_eligible.is_staff,
      runner_eligible.after_bits
  ) AS pattern
) AS part_1
JOIN (
  SELECT count(*) AS contact_points,
    count(CASE WHEN (changed.custom = 1) THEN 1 END) AS custom_overwritten,
    coalesce(sum((changed.x * changed.x) % 2147483647), 0) AS print_a,
    coalesce(sum((((changed.x * changed.x) % 2147483647) * changed.x) % 2147483647), 0) AS print_b
  FROM (
    SELECT runner_eligible.custom AS custom,
      (((CAST(runner_eligible.contact_point_id AS BIGINT) % 2147483647 + 2147483647) % 2147483647) * 65537 + runner_eligible.before_bits * 257 + runner_eligible.after_bits) % 2147483647 AS x
    FROM runner_eligible
    WHERE runner_eligible.after_bits != runner_eligible.before_bits
  ) AS changed
) AS part_2 ON 1 = 1;

-- Count who hears about what, before and after.
SELECT 0 AS bystanders,
  coalesce(sum(CASE WHEN (pattern.before_bits & 64 != 0 AND pattern.after_bits & 64 = 0) THEN pattern.times ELSE 0 END), 0) AS lost,
  coalesce(sum(CASE WHEN (pattern.before_bits & 64 != 0) THEN pattern.times ELSE 0 END), 0) AS priority_before,
  coalesce(sum(CASE WHEN (pattern.before_bits & 64 = 0 AND pattern.after_bits & 64 != 0) THEN pattern.times ELSE 0 END), 0) AS priority_gained,
  coalesce(sum(CASE WHEN (pattern.before_bits & 64 != 0 AND pattern.after_bits & 64 = 0) THEN pattern.times ELSE 0 END), 0) AS priority_lost
FROM (
  SELECT hearer.before_bits AS before_bits,
    hearer.after_bits AS after_bits,
    hearer.is_staff AS is_staff,
    count(*) AS times
  FROM (
    SELECT runner_heard.person_id AS person_id,
      runner_heard.before_bits AS before_bits,
      runner_heard.after_bits AS after_bits,
      0 AS is_staff
    FROM runner_heard
  ) AS hearer
  GROUP BY hearer.before_bits,
    hearer.after_bits,
    hearer.is_staff
) AS pattern;

-- Set all preferences of Cell Phone at once, where they still are what was seen.
--   :this_run = (known when the run is under way)
UPDATE contact_point
SET priority=(runner_change.after_bits & 64 != 0)
FROM runner_change
WHERE runner_change.run_no = :this_run
  AND runner_change.channel = 'cell_phone'
  AND runner_change.contact_point_id = contact_point.contact_point_id
  AND runner_change.before_bits = (contact_point.emergency * 1 | contact_point.attendance * 2 | contact_point.behavior * 4 | contact_point.staff * 8 | contact_point.general * 16 | contact_point.food_service * 32 | contact_point.priority * 64 | contact_point.teacher * 128);

-- Complete the run's row with its result.
--   :run_finished_at = (known when the run is under way)
--   :run_people = (known when the run is under way)
--   :run_changed = (known when the run is under way)
--   :run_result = (known when the run is under way)
--   :this_run = (known when the run is under way)
UPDATE runner_run
SET finished_at=:run_finished_at,
  people=:run_people,
  changed=:run_changed,
  result=:run_result
WHERE runner_run.run_no = :this_run;

-- All of it, or none.
COMMIT;
