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

-- Make room for what the run changed, with the preferences as they are and as they would be again.
CREATE TEMPORARY TABLE runner_eligible ( channel VARCHAR(20), contact_point_id INTEGER NOT NULL, household_id INTEGER, person_id INTEGER, before_bits SMALLINT, after_bits SMALLINT, custom SMALLINT, was_bits SMALLINT, set_bits SMALLINT, is_gone SMALLINT, PRIMARY KEY (contact_point_id) );

-- What the run changed, with the preferences as they are and as they would be again.
--   :param_1 = 42
INSERT INTO runner_eligible (channel, contact_point_id, household_id, person_id, before_bits, after_bits, custom, was_bits, set_bits, is_gone)
SELECT point.channel,
  point.contact_point_id,
  CAST(point.household_id AS INTEGER) AS household_id,
  point.person_id,
  point.now_bits AS before_bits,
  CASE WHEN (point.is_gone = 1) THEN point.now_bits ELSE (point.now_bits & (255 - (((point.was_bits | point.set_bits) - (point.was_bits & point.set_bits)) & (255 - ((point.now_bits | point.set_bits) - (point.now_bits & point.set_bits)))))) | (point.was_bits & (((point.was_bits | point.set_bits) - (point.was_bits & point.set_bits)) & (255 - ((point.now_bits | point.set_bits) - (point.now_bits & point.set_bits))))) END AS after_bits,
  point.custom,
  point.was_bits,
  point.set_bits,
  point.is_gone
FROM (
  SELECT runner_change.channel AS channel,
    runner_change.contact_point_id AS contact_point_id,
    contact_point.household_id AS household_id,
    contact_point.person_id AS person_id,
    CASE WHEN (contact_point.contact_point_id IS NULL) THEN 0 ELSE contact_point.emergency * 1 | contact_point.attendance * 2 | contact_point.behavior * 4 | contact_point.staff * 8 | contact_point.general * 16 | contact_point.food_service * 32 | contact_point.priority * 64 | contact_point.teacher * 128 END AS now_bits,
    CASE WHEN (contact_point.contact_point_id IS NULL) THEN 0 ELSE contact_point.custom END AS custom,
    runner_change.before_bits AS was_bits,
    runner_change.after_bits AS set_bits,
    CASE WHEN (contact_point.contact_point_id IS NULL) THEN 1 ELSE 0 END AS is_gone
  FROM runner_change
  LEFT OUTER JOIN contact_point
    ON contact_point.contact_point_id = runner_change.contact_point_id
    AND contact_point.channel = runner_change.channel
  WHERE runner_change.run_no = :param_1
) AS point;

-- Make room for the people concerned.
CREATE TEMPORARY TABLE runner_scope ( person_id INTEGER NOT NULL, PRIMARY KEY (person_id) );

-- The people concerned.
--   :as_of = 2025-09-02
INSERT INTO runner_scope (person_id)
SELECT people.person_id
FROM (
  SELECT runner_eligible.person_id AS person_id
  FROM runner_eligible
  WHERE runner_eligible.after_bits != runner_eligible.before_bits
    AND runner_eligible.person_id IS NOT NULL
  UNION
  SELECT household_member.person_id AS person_id
  FROM household_member
  JOIN runner_eligible
    ON runner_eligible.household_id = household_member.household_id
  WHERE runner_eligible.after_bits != runner_eligible.before_bits
    AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
    AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
) AS people
ORDER BY people.person_id;

-- Make room for the people with an assignment.
CREATE TEMPORARY TABLE runner_staff ( person_id INTEGER NOT NULL, PRIMARY KEY (person_id) );

-- The people with an assignment.
--   :as_of = 2025-09-02
INSERT INTO runner_staff (person_id)
SELECT DISTINCT district_assignment.person_id
FROM district_assignment
WHERE (district_assignment.start_date IS NULL OR district_assignment.start_date <= :as_of)
  AND (district_assignment.end_date IS NULL OR district_assignment.end_date >= :as_of)
ORDER BY district_assignment.person_id;

-- Make room for what the people in scope hear about.
CREATE TEMPORARY TABLE runner_heard ( person_id INTEGER NOT NULL, before_bits SMALLINT, after_bits SMALLINT, PRIMARY KEY (person_id) );

-- What the people in scope hear about.
--   :as_of = 2025-09-02
INSERT INTO runner_heard (person_id, before_bits, after_bits)
SELECT way.person_id,
  way.before_bits,
  way.after_bits
FROM (
  SELECT runner_scope.person_id AS person_id,
    contact_point.attendance * 2 | contact_point.staff * 8 | contact_point.general * 16 AS before_bits,
    coalesce(runner_eligible.after_bits, contact_point.attendance * 2 | contact_point.staff * 8 | contact_point.general * 16) AS after_bits
  FROM runner_scope
  JOIN contact_point
    ON contact_point.person_id = runner_scope.person_id
  LEFT OUTER JOIN runner_eligible
    ON runner_eligible.contact_point_id = contact_point.contact_point_id
    AND runner_eligible.after_bits != runner_eligible.before_bits
  WHERE contact_point.address >= '!'
    OR trim(contact_point.address, ' ' || char(9, 10, 13)) != ''
  UNION ALL
  SELECT runner_scope.person_id AS person_id,
    contact_point.attendance * 2 | contact_point.staff * 8 | contact_point.general * 16 AS before_bits,
    coalesce(runner_eligible.after_bits, contact_point.attendance * 2 | contact_point.staff * 8 | contact_point.general * 16) AS after_bits
  FROM runner_scope
  JOIN household_member
    ON household_member.person_id = runner_scope.person_id
    AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
    AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
  JOIN contact_point
    ON contact_point.household_id = household_member.household_id
  LEFT OUTER JOIN runner_eligible
    ON runner_eligible.contact_point_id = contact_point.contact_point_id
    AND runner_eligible.after_bits != runner_eligible.before_bits
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

-- Count the people concerned.
SELECT (
  SELECT count(*) AS count_1
  FROM runner_scope
) AS people,
  (
    SELECT count(*) AS count_2
    FROM runner_scope
    JOIN runner_staff
      ON runner_staff.person_id = runner_scope.person_id
  ) AS staff;

-- Count per cell what is taken back, what was changed since, and what is gone.
SELECT part_1.email_attendance_0,
  part_1.email_attendance_1,
  part_1.email_attendance_2,
  part_1.email_staff_0,
  part_1.email_staff_1,
  part_1.email_staff_2,
  part_2.household_phone_general_0,
  part_2.household_phone_general_1,
  part_2.household_phone_general_2,
  part_3.contact_points,
  part_3.custom_overwritten,
  part_3.print_a,
  part_3.print_b
FROM (
  SELECT coalesce(sum(CASE WHEN (pattern.is_gone = 0 AND pattern.was_bits & 2 != pattern.set_bits & 2 AND pattern.before_bits & 2 = pattern.set_bits & 2) THEN pattern.times ELSE 0 END), 0) AS email_attendance_0,
    coalesce(sum(CASE WHEN (pattern.is_gone = 0 AND pattern.was_bits & 2 != pattern.set_bits & 2 AND pattern.before_bits & 2 != pattern.set_bits & 2) THEN pattern.times ELSE 0 END), 0) AS email_attendance_1,
    coalesce(sum(CASE WHEN (pattern.is_gone = 1 AND pattern.was_bits & 2 != pattern.set_bits & 2) THEN pattern.times ELSE 0 END), 0) AS email_attendance_2,
    coalesce(sum(CASE WHEN (pattern.is_gone = 0 AND pattern.was_bits & 8 != pattern.set_bits & 8 AND pattern.before_bits & 8 = pattern.set_bits & 8) THEN pattern.times ELSE 0 END), 0) AS email_staff_0,
    coalesce(sum(CASE WHEN (pattern.is_gone = 0 AND pattern.was_bits & 8 != pattern.set_bits & 8 AND pattern.before_bits & 8 != pattern.set_bits & 8) THEN pattern.times ELSE 0 END), 0) AS email_staff_1,
    coalesce(sum(CASE WHEN (pattern.is_gone = 1 AND pattern.was_bits & 8 != pattern.set_bits & 8) THEN pattern.times ELSE 0 END), 0) AS email_staff_2
  FROM (
    SELECT runner_eligible.before_bits AS before_bits,
      runner_eligible.after_bits AS after_bits,
      runner_eligible.was_bits AS was_bits,
      runner_eligible.set_bits AS set_bits,
      runner_eligible.is_gone AS is_gone,
      count(*) AS times
    FROM runner_eligible
    WHERE runner_eligible.channel = 'email'
    GROUP BY runner_eligible.before_bits,
      runner_eligible.after_bits,
      runner_eligible.was_bits,
      runner_eligible.set_bits,
      runner_eligible.is_gone
  ) AS pattern
) AS part_1
JOIN (
  SELECT coalesce(sum(CASE WHEN (pattern.is_gone = 0 AND pattern.was_bits & 16 != pattern.set_bits & 16 AND pattern.before_bits & 16 = pattern.set_bits & 16) THEN pattern.times ELSE 0 END), 0) AS household_phone_general_0,
    coalesce(sum(CASE WHEN (pattern.is_gone = 0 AND pattern.was_bits & 16 != pattern.set_bits & 16 AND pattern.before_bits & 16 != pattern.set_bits & 16) THEN pattern.times ELSE 0 END), 0) AS household_phone_general_1,
    coalesce(sum(CASE WHEN (pattern.is_gone = 1 AND pattern.was_bits & 16 != pattern.set_bits & 16) THEN pattern.times ELSE 0 END), 0) AS household_phone_general_2
  FROM (
    SELECT runner_eligible.before_bits AS before_bits,
      runner_eligible.after_bits AS after_bits,
      runner_eligible.was_bits AS was_bits,
      runner_eligible.set_bits AS set_bits,
      runner_eligible.is_gone AS is_gone,
      count(*) AS times
    FROM runner_eligible
    WHERE runner_eligible.channel = 'household_phone'
    GROUP BY runner_eligible.before_bits,
      runner_eligible.after_bits,
      runner_eligible.was_bits,
      runner_eligible.set_bits,
      runner_eligible.is_gone
  ) AS pattern
) AS part_2 ON 1 = 1
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
) AS part_3 ON 1 = 1;

-- Count who hears about what, before and after.
SELECT 0 AS bystanders,
  coalesce(sum(CASE WHEN (pattern.before_bits & 2 != 0 AND pattern.after_bits & 2 = 0 OR pattern.is_staff = 1 AND pattern.before_bits & 8 != 0 AND pattern.after_bits & 8 = 0 OR pattern.before_bits & 16 != 0 AND pattern.after_bits & 16 = 0) THEN pattern.times ELSE 0 END), 0) AS lost,
  coalesce(sum(CASE WHEN (pattern.before_bits & 2 != 0) THEN pattern.times ELSE 0 END), 0) AS attendance_before,
  coalesce(sum(CASE WHEN (pattern.before_bits & 2 = 0 AND pattern.after_bits & 2 != 0) THEN pattern.times ELSE 0 END), 0) AS attendance_gained,
  coalesce(sum(CASE WHEN (pattern.before_bits & 2 != 0 AND pattern.after_bits & 2 = 0) THEN pattern.times ELSE 0 END), 0) AS attendance_lost,
  coalesce(sum(CASE WHEN (pattern.is_staff = 1 AND pattern.before_bits & 8 != 0) THEN pattern.times ELSE 0 END), 0) AS staff_before,
  coalesce(sum(CASE WHEN (pattern.is_staff = 1 AND pattern.before_bits & 8 = 0 AND pattern.after_bits & 8 != 0) THEN pattern.times ELSE 0 END), 0) AS staff_gained,
  coalesce(sum(CASE WHEN (pattern.is_staff = 1 AND pattern.before_bits & 8 != 0 AND pattern.after_bits & 8 = 0) THEN pattern.times ELSE 0 END), 0) AS staff_lost,
  coalesce(sum(CASE WHEN (pattern.before_bits & 16 != 0) THEN pattern.times ELSE 0 END), 0) AS general_before,
  coalesce(sum(CASE WHEN (pattern.before_bits & 16 = 0 AND pattern.after_bits & 16 != 0) THEN pattern.times ELSE 0 END), 0) AS general_gained,
  coalesce(sum(CASE WHEN (pattern.before_bits & 16 != 0 AND pattern.after_bits & 16 = 0) THEN pattern.times ELSE 0 END), 0) AS general_lost
FROM (
  SELECT hearer.before_bits AS before_bits,
    hearer.after_bits AS after_bits,
    hearer.is_staff AS is_staff,
    count(*) AS times
  FROM (
    SELECT runner_heard.person_id AS person_id,
      runner_heard.before_bits AS before_bits,
      runner_heard.after_bits AS after_bits,
      CASE WHEN (runner_staff.person_id IS NOT NULL) THEN 1 ELSE 0 END AS is_staff
    FROM runner_heard
    LEFT OUTER JOIN runner_staff
      ON runner_staff.person_id = runner_heard.person_id
  ) AS hearer
  GROUP BY hearer.before_bits,
    hearer.after_bits,
    hearer.is_staff
) AS pattern;

-- Take back all preferences of Household Phone at once, where they still are what was seen.
--   :this_run = (known when the run is under way)
UPDATE contact_point
SET general=(runner_change.after_bits & 16 != 0)
FROM runner_change
WHERE runner_change.run_no = :this_run
  AND runner_change.channel = 'household_phone'
  AND runner_change.contact_point_id = contact_point.contact_point_id
  AND runner_change.before_bits = (contact_point.emergency * 1 | contact_point.attendance * 2 | contact_point.behavior * 4 | contact_point.staff * 8 | contact_point.general * 16 | contact_point.food_service * 32 | contact_point.priority * 64 | contact_point.teacher * 128);

-- Take back all preferences of Email at once, where they still are what was seen.
--   :this_run = (known when the run is under way)
UPDATE contact_point
SET attendance=(runner_change.after_bits & 2 != 0),
  staff=(runner_change.after_bits & 8 != 0)
FROM runner_change
WHERE runner_change.run_no = :this_run
  AND runner_change.channel = 'email'
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
