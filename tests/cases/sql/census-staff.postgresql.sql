-- test

-- Begin.
BEGIN ISOLATION LEVEL REPEATABLE READ;

-- One run at a time.
LOCK TABLE runner_lock IN EXCLUSIVE MODE;

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
VALUES (:run_id, :kind, :undo_of, :job_name, :job_sha256, :job_files::JSON, :mode, :as_of, :actor, :git_commit, :started_at) RETURNING runner_run.run_no;

-- Look up the calendars that the job names.
--   :end_year_1 = 2026
SELECT (
  SELECT count(*) AS count_1
  FROM calendar
  JOIN school
    ON school.school_id = calendar.school_id
  WHERE calendar.end_year = :end_year_1
) AS entry_1;

-- Make room for the people in scope.
CREATE TEMPORARY TABLE runner_scope ( person_id BIGINT NOT NULL, PRIMARY KEY (person_id) ) ON COMMIT DROP;

-- The people in scope.
--   :replace_1 = ς
--   :replace_2 = σ
--   :param_1 = 007
--   :replace_3 = ς
--   :replace_4 = σ
--   :param_2 = 007
--   :as_of = 2025-09-02
--   :end_year_1 = 2026
INSERT INTO runner_scope (person_id)
SELECT DISTINCT district_assignment.person_id
FROM district_assignment
JOIN school
  ON school.school_id = district_assignment.school_id
WHERE (NOT (school.name IS NULL AND school.number IS NULL) AND NOT (school.name IS NOT NULL AND (replace(lower(school.name COLLATE "und-x-icu"), :replace_1, :replace_2) COLLATE "C") = :param_1 OR school.number IS NOT NULL AND (replace(lower(school.number COLLATE "und-x-icu"), :replace_3, :replace_4) COLLATE "C") = :param_2) OR district_assignment.title IS NULL)
  AND (district_assignment.start_date IS NULL OR district_assignment.start_date <= :as_of)
  AND (district_assignment.end_date IS NULL OR district_assignment.end_date >= :as_of)
  AND district_assignment.school_id IN (
    SELECT calendar.school_id
    FROM calendar
    WHERE calendar.end_year = :end_year_1
  )
ORDER BY district_assignment.person_id;

-- Let the planner know how many they are.
ANALYZE runner_scope;

-- Make room for the households they live in.
CREATE TEMPORARY TABLE runner_home ( household_id BIGINT NOT NULL, PRIMARY KEY (household_id) ) ON COMMIT DROP;

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

-- Let the planner know how many they are.
ANALYZE runner_home;

-- Make room for the people with an assignment.
CREATE TEMPORARY TABLE runner_staff ( person_id BIGINT NOT NULL, PRIMARY KEY (person_id) ) ON COMMIT DROP;

-- The people with an assignment.
--   :as_of = 2025-09-02
INSERT INTO runner_staff (person_id)
SELECT DISTINCT district_assignment.person_id
FROM district_assignment
WHERE (district_assignment.start_date IS NULL OR district_assignment.start_date <= :as_of)
  AND (district_assignment.end_date IS NULL OR district_assignment.end_date >= :as_of)
ORDER BY district_assignment.person_id;

-- Let the planner know how many they are.
ANALYZE runner_staff;

-- Make room for the contact points that the job speaks of, with their preferences before and after.
CREATE TEMPORARY TABLE runner_eligible ( channel VARCHAR(20), contact_point_id BIGINT NOT NULL, person_id BIGINT, household_id BIGINT, before_bits SMALLINT, wanted_bits SMALLINT, custom SMALLINT, is_staff SMALLINT, after_bits SMALLINT, PRIMARY KEY (contact_point_id) ) ON COMMIT DROP;

-- The contact points that the job speaks of, with their preferences before and after.
--   :as_of = 2025-09-02
INSERT INTO runner_eligible (channel, contact_point_id, person_id, household_id, before_bits, wanted_bits, custom, is_staff, after_bits)
SELECT point.channel,
  point.contact_point_id,
  point.person_id,
  point.household_id,
  point.before_bits,
  (point.before_bits | (CASE point.channel WHEN 'work_phone' THEN 8 ELSE 0 END & CASE WHEN (point.is_staff = 1) THEN 255 ELSE 247 END)) & (255 - (CASE point.channel WHEN 'household_phone' THEN 8 ELSE 0 END & CASE WHEN (point.is_staff = 1) THEN 255 ELSE 247 END)) AS wanted_bits,
  point.custom,
  point.is_staff,
  (point.before_bits | (CASE point.channel WHEN 'work_phone' THEN 8 ELSE 0 END & CASE WHEN (point.is_staff = 1) THEN 255 ELSE 247 END)) & (255 - (CASE point.channel WHEN 'household_phone' THEN 8 ELSE 0 END & CASE WHEN (point.is_staff = 1) THEN 255 ELSE 247 END)) AS after_bits
FROM (
  SELECT contact_point.channel AS channel,
    contact_point.contact_point_id AS contact_point_id,
    contact_point.person_id AS person_id,
    CAST(NULL AS BIGINT) AS household_id,
    CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128 AS before_bits,
    CAST(contact_point.custom AS INTEGER) AS custom,
    CASE WHEN (contact_point.person_id IN (
      SELECT runner_staff.person_id
      FROM runner_staff
    )) THEN 1 ELSE 0 END AS is_staff
  FROM contact_point
  WHERE contact_point.channel = 'work_phone'
    AND contact_point.person_id IN (
      SELECT runner_scope.person_id
      FROM runner_scope
    )
    AND btrim(contact_point.address, E' \t\r\n') != ''
  UNION ALL
  SELECT contact_point.channel AS channel,
    contact_point.contact_point_id AS contact_point_id,
    CAST(NULL AS BIGINT) AS person_id,
    contact_point.household_id AS household_id,
    CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128 AS before_bits,
    CAST(contact_point.custom AS INTEGER) AS custom,
    CASE WHEN (contact_point.household_id IN (
      SELECT household_member.household_id
      FROM household_member
      WHERE household_member.person_id IN (
        SELECT runner_staff.person_id
        FROM runner_staff
      )
        AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
        AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
    )) THEN 1 ELSE 0 END AS is_staff
  FROM contact_point
  WHERE contact_point.channel = 'household_phone'
    AND contact_point.household_id IN (
      SELECT runner_home.household_id
      FROM runner_home
    )
    AND btrim(contact_point.address, E' \t\r\n') != ''
) AS point;

-- Let the planner know how many they are.
ANALYZE runner_eligible;

-- Make room for the bystanders of household phones that change.
CREATE TEMPORARY TABLE runner_bystander ( person_id BIGINT NOT NULL, PRIMARY KEY (person_id) ) ON COMMIT DROP;

-- The bystanders of household phones that change.
--   :as_of = 2025-09-02
INSERT INTO runner_bystander (person_id)
SELECT DISTINCT household_member.person_id
FROM household_member
WHERE household_member.household_id IN (
  SELECT phone.household_id
  FROM (
    SELECT runner_eligible.household_id AS household_id,
      runner_eligible.before_bits AS before_bits,
      runner_eligible.after_bits AS after_bits
    FROM runner_eligible
    WHERE runner_eligible.household_id IS NOT NULL
  ) AS phone
  WHERE phone.after_bits != phone.before_bits
)
  AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
  AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
  AND NOT (EXISTS (
    SELECT *
    FROM runner_scope
    WHERE runner_scope.person_id = household_member.person_id
  ))
ORDER BY household_member.person_id;

-- Let the planner know how many they are.
ANALYZE runner_bystander;

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
  (
    SELECT count(*) AS count_2
    FROM runner_scope
    JOIN runner_staff
      ON runner_staff.person_id = runner_scope.person_id
  ) AS staff;

-- Count per cell what changes, what already was so, and what is kept.
SELECT part_1.household_phone_staff_0,
  part_1.household_phone_staff_1,
  part_1.household_phone_staff_2,
  part_2.work_phone_staff_0,
  part_2.work_phone_staff_1,
  part_2.work_phone_staff_2,
  part_3.contact_points,
  part_3.custom_overwritten,
  part_3.print_a,
  part_3.print_b
FROM (
  SELECT coalesce(sum(CASE WHEN (pattern.before_bits & 8 != pattern.after_bits & 8) THEN pattern.times ELSE 0 END), 0) AS household_phone_staff_0,
    coalesce(sum(CASE WHEN (pattern.before_bits & 8 = pattern.wanted_bits & 8 AND pattern.is_staff = 1) THEN pattern.times ELSE 0 END), 0) AS household_phone_staff_1,
    coalesce(sum(CASE WHEN (pattern.wanted_bits & 8 != pattern.after_bits & 8) THEN pattern.times ELSE 0 END), 0) AS household_phone_staff_2
  FROM (
    SELECT runner_eligible.before_bits AS before_bits,
      runner_eligible.wanted_bits AS wanted_bits,
      runner_eligible.is_staff AS is_staff,
      runner_eligible.after_bits AS after_bits,
      count(*) AS times
    FROM runner_eligible
    WHERE runner_eligible.channel = 'household_phone'
    GROUP BY runner_eligible.before_bits,
      runner_eligible.wanted_bits,
      runner_eligible.is_staff,
      runner_eligible.after_bits
  ) AS pattern
) AS part_1
JOIN (
  SELECT coalesce(sum(CASE WHEN (pattern.before_bits & 8 != pattern.after_bits & 8) THEN pattern.times ELSE 0 END), 0) AS work_phone_staff_0,
    coalesce(sum(CASE WHEN (pattern.before_bits & 8 = pattern.wanted_bits & 8 AND pattern.is_staff = 1) THEN pattern.times ELSE 0 END), 0) AS work_phone_staff_1,
    coalesce(sum(CASE WHEN (pattern.wanted_bits & 8 != pattern.after_bits & 8) THEN pattern.times ELSE 0 END), 0) AS work_phone_staff_2
  FROM (
    SELECT runner_eligible.before_bits AS before_bits,
      runner_eligible.wanted_bits AS wanted_bits,
      runner_eligible.is_staff AS is_staff,
      runner_eligible.after_bits AS after_bits,
      count(*) AS times
    FROM runner_eligible
    WHERE runner_eligible.channel = 'work_phone'
    GROUP BY runner_eligible.before_bits,
      runner_eligible.wanted_bits,
      runner_eligible.is_staff,
      runner_eligible.after_bits
  ) AS pattern
) AS part_2 ON true
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
) AS part_3 ON true;

-- Count who hears about what, before and after.
--   :as_of = 2025-09-02
SELECT (
  SELECT count(*) AS count_1
  FROM runner_bystander
) AS bystanders,
  coalesce(sum(CASE WHEN (pattern.is_staff = 1 AND pattern.before_bits & 8 != 0 AND pattern.after_bits & 8 = 0) THEN pattern.times ELSE 0 END), 0) + (
    SELECT coalesce(sum(CASE WHEN (pattern.is_staff = 1 AND pattern.before_bits & 8 != 0 AND pattern.after_bits & 8 = 0) THEN pattern.times ELSE 0 END), 0) AS coalesce_1
    FROM (
      SELECT hearer.before_bits AS before_bits,
        hearer.after_bits AS after_bits,
        hearer.is_staff AS is_staff,
        count(*) AS times
      FROM (
        SELECT bystander_heard.person_id AS person_id,
          bystander_heard.before_bits AS before_bits,
          bystander_heard.after_bits AS after_bits,
          CASE WHEN (runner_staff.person_id IS NOT NULL) THEN 1 ELSE 0 END AS is_staff
        FROM (
          SELECT way.person_id AS person_id,
            bit_or(way.before_bits & 8) AS before_bits,
            bit_or(way.after_bits & 8) AS after_bits
          FROM (
            SELECT runner_bystander.person_id AS person_id,
              CAST(contact_point.staff AS INTEGER) * 8 AS before_bits,
              CAST(contact_point.staff AS INTEGER) * 8 AS after_bits
            FROM runner_bystander
            JOIN contact_point
              ON contact_point.person_id = runner_bystander.person_id
            WHERE btrim(contact_point.address, E' \t\r\n') != ''
            UNION ALL
            SELECT runner_bystander.person_id AS person_id,
              CAST(contact_point.staff AS INTEGER) * 8 AS before_bits,
              coalesce(runner_eligible.after_bits, CAST(contact_point.staff AS INTEGER) * 8) AS after_bits
            FROM runner_bystander
            JOIN household_member
              ON household_member.person_id = runner_bystander.person_id
              AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
              AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
            JOIN contact_point
              ON contact_point.household_id = household_member.household_id
            LEFT OUTER JOIN runner_eligible
              ON runner_eligible.contact_point_id = contact_point.contact_point_id
              AND runner_eligible.after_bits != runner_eligible.before_bits
            WHERE btrim(contact_point.address, E' \t\r\n') != ''
          ) AS way
          GROUP BY way.person_id
        ) AS bystander_heard
        LEFT OUTER JOIN runner_staff
          ON runner_staff.person_id = bystander_heard.person_id
      ) AS hearer
      GROUP BY hearer.before_bits,
        hearer.after_bits,
        hearer.is_staff
    ) AS pattern
  ) AS lost,
  coalesce(sum(CASE WHEN (pattern.is_staff = 1 AND pattern.before_bits & 8 != 0) THEN pattern.times ELSE 0 END), 0) AS staff_before,
  coalesce(sum(CASE WHEN (pattern.is_staff = 1 AND pattern.before_bits & 8 = 0 AND pattern.after_bits & 8 != 0) THEN pattern.times ELSE 0 END), 0) AS staff_gained,
  coalesce(sum(CASE WHEN (pattern.is_staff = 1 AND pattern.before_bits & 8 != 0 AND pattern.after_bits & 8 = 0) THEN pattern.times ELSE 0 END), 0) AS staff_lost
FROM (
  SELECT hearer.before_bits AS before_bits,
    hearer.after_bits AS after_bits,
    hearer.is_staff AS is_staff,
    count(*) AS times
  FROM (
    SELECT heard.person_id AS person_id,
      heard.before_bits AS before_bits,
      heard.after_bits AS after_bits,
      CASE WHEN (runner_staff.person_id IS NOT NULL) THEN 1 ELSE 0 END AS is_staff
    FROM (
      SELECT way.person_id AS person_id,
        bit_or(way.before_bits & 8) AS before_bits,
        bit_or(way.after_bits & 8) AS after_bits
      FROM (
        SELECT runner_eligible.person_id AS person_id,
          runner_eligible.before_bits AS before_bits,
          runner_eligible.after_bits AS after_bits
        FROM runner_eligible
        WHERE runner_eligible.person_id IS NOT NULL
        UNION ALL
        SELECT runner_scope.person_id AS person_id,
          phone.before_bits AS before_bits,
          phone.after_bits AS after_bits
        FROM runner_scope
        JOIN household_member
          ON household_member.person_id = runner_scope.person_id
          AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
          AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
        JOIN (
          SELECT runner_eligible.household_id AS household_id,
            runner_eligible.before_bits AS before_bits,
            runner_eligible.after_bits AS after_bits
          FROM runner_eligible
          WHERE runner_eligible.household_id IS NOT NULL
        ) AS phone ON phone.household_id = household_member.household_id
        UNION ALL
        SELECT runner_scope.person_id AS person_id,
          CAST(contact_point.staff AS INTEGER) * 8 AS before_bits,
          CAST(contact_point.staff AS INTEGER) * 8 AS after_bits
        FROM runner_scope
        JOIN contact_point
          ON contact_point.person_id = runner_scope.person_id
        WHERE contact_point.channel IN ('home_phone', 'cell_phone', 'email', 'secondary_email')
          AND btrim(contact_point.address, E' \t\r\n') != ''
      ) AS way
      GROUP BY way.person_id
    ) AS heard
    LEFT OUTER JOIN runner_staff
      ON runner_staff.person_id = heard.person_id
  ) AS hearer
  GROUP BY hearer.before_bits,
    hearer.after_bits,
    hearer.is_staff
) AS pattern;

-- Set all preferences of Household Phone at once, where they still are what was seen.
--   :this_run = (known when the run is under way)
UPDATE contact_point
SET staff=(runner_change.after_bits & 8 != 0)
FROM runner_change
WHERE runner_change.run_no = :this_run
  AND runner_change.channel = 'household_phone'
  AND runner_change.contact_point_id = contact_point.contact_point_id
  AND runner_change.before_bits = (CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128);

-- Set all preferences of Work Phone at once, where they still are what was seen.
--   :this_run = (known when the run is under way)
UPDATE contact_point
SET staff=(runner_change.after_bits & 8 != 0)
FROM runner_change
WHERE runner_change.run_no = :this_run
  AND runner_change.channel = 'work_phone'
  AND runner_change.contact_point_id = contact_point.contact_point_id
  AND runner_change.before_bits = (CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128);

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
  result=:run_result::JSON
WHERE runner_run.run_no = :this_run;

-- All of it, or none.
COMMIT;
