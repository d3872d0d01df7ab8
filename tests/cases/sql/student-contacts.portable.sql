-- test

-- Begin.
BEGIN ISOLATION LEVEL REPEATABLE READ;

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
VALUES (:run_id, :kind, :undo_of, :job_name, :job_sha256, :job_files::JSON, :mode, :as_of, :actor, :git_commit, :started_at) RETURNING runner_run.run_no;

-- Look up the calendars that the job names.
--   :replace_1 = ς
--   :replace_2 = σ
--   :param_1 = arthur elementary
--   :replace_3 = ς
--   :replace_4 = σ
--   :param_2 = arthur elementary
--   :end_year_1 = 2026
SELECT (
  SELECT count(*) AS count_1
  FROM calendar
  JOIN school
    ON school.school_id = calendar.school_id
  WHERE ((replace(lower(school.name COLLATE "und-x-icu"), :replace_1, :replace_2) COLLATE "C") = :param_1 OR (replace(lower(school.number COLLATE "und-x-icu"), :replace_3, :replace_4) COLLATE "C") = :param_2)
    AND calendar.end_year = :end_year_1
) AS entry_1;

-- Write down what will change.
--   :this_run = (known when the run is under way)
--   :replace_1 = ς
--   :replace_2 = σ
--   :param_1 = arthur elementary
--   :replace_3 = ς
--   :replace_4 = σ
--   :param_2 = arthur elementary
--   :end_year_1 = 2026
--   :as_of = 2025-09-02
WITH runner_scope AS (
  SELECT DISTINCT relationship.contact_id AS person_id
  FROM relationship
  WHERE relationship.student_id IN (
    SELECT enrollment.person_id
    FROM enrollment
    WHERE enrollment.calendar_id IN (
      SELECT calendar.calendar_id
      FROM calendar
      JOIN school
        ON school.school_id = calendar.school_id
      WHERE ((replace(lower(school.name COLLATE "und-x-icu"), :replace_1, :replace_2) COLLATE "C") = :param_1 OR (replace(lower(school.number COLLATE "und-x-icu"), :replace_3, :replace_4) COLLATE "C") = :param_2)
        AND calendar.end_year = :end_year_1
    )
      AND (enrollment.start_date IS NULL OR enrollment.start_date <= :as_of)
      AND (enrollment.end_date IS NULL OR enrollment.end_date >= :as_of)
      AND (enrollment.no_show IS NULL OR enrollment.no_show = false)
  )
    AND (relationship.start_date IS NULL OR relationship.start_date <= :as_of)
    AND (relationship.end_date IS NULL OR relationship.end_date >= :as_of)
    AND relationship.messenger = true
),
  runner_home AS (
    SELECT DISTINCT household_member.household_id AS household_id
    FROM household_member
    WHERE household_member.person_id IN (
      SELECT runner_scope.person_id
      FROM runner_scope
    )
      AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
      AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
  ),
  runner_eligible AS (
    SELECT wanted.channel AS channel,
      wanted.contact_point_id AS contact_point_id,
      wanted.person_id AS person_id,
      wanted.household_id AS household_id,
      wanted.before_bits AS before_bits,
      wanted.wanted_bits AS wanted_bits,
      wanted.custom AS custom,
      wanted.is_staff AS is_staff,
      CASE WHEN (wanted.custom = 1) THEN wanted.before_bits ELSE wanted.wanted_bits END AS after_bits
    FROM (
      SELECT point.channel AS channel,
        point.contact_point_id AS contact_point_id,
        point.person_id AS person_id,
        point.household_id AS household_id,
        point.before_bits AS before_bits,
        (point.before_bits | CASE point.channel WHEN 'household_phone' THEN 3 WHEN 'email' THEN 2 ELSE 0 END) & (255 - CASE point.channel WHEN 'email' THEN 16 ELSE 0 END) AS wanted_bits,
        point.custom AS custom,
        point.is_staff AS is_staff
      FROM (
        SELECT contact_point.channel AS channel,
          contact_point.contact_point_id AS contact_point_id,
          contact_point.person_id AS person_id,
          CAST(NULL AS BIGINT) AS household_id,
          CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128 AS before_bits,
          CAST(contact_point.custom AS INTEGER) AS custom,
          0 AS is_staff
        FROM contact_point
        WHERE contact_point.channel = 'email'
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
          0 AS is_staff
        FROM contact_point
        WHERE contact_point.channel = 'household_phone'
          AND contact_point.household_id IN (
            SELECT runner_home.household_id
            FROM runner_home
          )
          AND btrim(contact_point.address, E' \t\r\n') != ''
      ) AS point
    ) AS wanted
  ) INSERT INTO runner_change (run_no, contact_point_id, channel, before_bits, after_bits)
SELECT :this_run AS anon_1,
  runner_eligible.contact_point_id,
  runner_eligible.channel,
  runner_eligible.before_bits,
  runner_eligible.after_bits
FROM runner_eligible
WHERE runner_eligible.after_bits != runner_eligible.before_bits
ORDER BY runner_eligible.contact_point_id;

-- Count people, preferences, and who hears about what.
--   :replace_1 = ς
--   :replace_2 = σ
--   :param_1 = arthur elementary
--   :replace_3 = ς
--   :replace_4 = σ
--   :param_2 = arthur elementary
--   :end_year_1 = 2026
--   :as_of = 2025-09-02
WITH runner_scope AS (
  SELECT DISTINCT relationship.contact_id AS person_id
  FROM relationship
  WHERE relationship.student_id IN (
    SELECT enrollment.person_id
    FROM enrollment
    WHERE enrollment.calendar_id IN (
      SELECT calendar.calendar_id
      FROM calendar
      JOIN school
        ON school.school_id = calendar.school_id
      WHERE ((replace(lower(school.name COLLATE "und-x-icu"), :replace_1, :replace_2) COLLATE "C") = :param_1 OR (replace(lower(school.number COLLATE "und-x-icu"), :replace_3, :replace_4) COLLATE "C") = :param_2)
        AND calendar.end_year = :end_year_1
    )
      AND (enrollment.start_date IS NULL OR enrollment.start_date <= :as_of)
      AND (enrollment.end_date IS NULL OR enrollment.end_date >= :as_of)
      AND (enrollment.no_show IS NULL OR enrollment.no_show = false)
  )
    AND (relationship.start_date IS NULL OR relationship.start_date <= :as_of)
    AND (relationship.end_date IS NULL OR relationship.end_date >= :as_of)
    AND relationship.messenger = true
),
  runner_home AS (
    SELECT DISTINCT household_member.household_id AS household_id
    FROM household_member
    WHERE household_member.person_id IN (
      SELECT runner_scope.person_id
      FROM runner_scope
    )
      AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
      AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
  ),
  runner_eligible AS (
    SELECT wanted.channel AS channel,
      wanted.contact_point_id AS contact_point_id,
      wanted.person_id AS person_id,
      wanted.household_id AS household_id,
      wanted.before_bits AS before_bits,
      wanted.wanted_bits AS wanted_bits,
      wanted.custom AS custom,
      wanted.is_staff AS is_staff,
      CASE WHEN (wanted.custom = 1) THEN wanted.before_bits ELSE wanted.wanted_bits END AS after_bits
    FROM (
      SELECT point.channel AS channel,
        point.contact_point_id AS contact_point_id,
        point.person_id AS person_id,
        point.household_id AS household_id,
        point.before_bits AS before_bits,
        (point.before_bits | CASE point.channel WHEN 'household_phone' THEN 3 WHEN 'email' THEN 2 ELSE 0 END) & (255 - CASE point.channel WHEN 'email' THEN 16 ELSE 0 END) AS wanted_bits,
        point.custom AS custom,
        point.is_staff AS is_staff
      FROM (
        SELECT contact_point.channel AS channel,
          contact_point.contact_point_id AS contact_point_id,
          contact_point.person_id AS person_id,
          CAST(NULL AS BIGINT) AS household_id,
          CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128 AS before_bits,
          CAST(contact_point.custom AS INTEGER) AS custom,
          0 AS is_staff
        FROM contact_point
        WHERE contact_point.channel = 'email'
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
          0 AS is_staff
        FROM contact_point
        WHERE contact_point.channel = 'household_phone'
          AND contact_point.household_id IN (
            SELECT runner_home.household_id
            FROM runner_home
          )
          AND btrim(contact_point.address, E' \t\r\n') != ''
      ) AS point
    ) AS wanted
  ),
  runner_phone AS (
    SELECT runner_eligible.household_id AS household_id,
      runner_eligible.before_bits AS before_bits,
      runner_eligible.after_bits AS after_bits
    FROM runner_eligible
    WHERE runner_eligible.household_id IS NOT NULL
  )
SELECT part_1.people,
  part_1.staff,
  part_2.household_phone_emergency_0,
  part_2.household_phone_emergency_1,
  part_2.household_phone_emergency_2,
  part_2.household_phone_attendance_0,
  part_2.household_phone_attendance_1,
  part_2.household_phone_attendance_2,
  part_2.email_attendance_0,
  part_2.email_attendance_1,
  part_2.email_attendance_2,
  part_2.email_general_0,
  part_2.email_general_1,
  part_2.email_general_2,
  part_2.contact_points,
  part_2.custom_overwritten,
  part_2.print_a,
  part_2.print_b,
  part_3.bystanders,
  part_3.lost,
  part_3.emergency_before,
  part_3.emergency_gained,
  part_3.emergency_lost,
  part_3.attendance_before,
  part_3.attendance_gained,
  part_3.attendance_lost,
  part_3.general_before,
  part_3.general_gained,
  part_3.general_lost
FROM (
  SELECT (
    SELECT count(*) AS count_1
    FROM runner_scope
  ) AS people,
    0 AS staff
) AS part_1
JOIN (
  SELECT part_1.household_phone_emergency_0 AS household_phone_emergency_0,
    part_1.household_phone_emergency_1 AS household_phone_emergency_1,
    part_1.household_phone_emergency_2 AS household_phone_emergency_2,
    part_1.household_phone_attendance_0 AS household_phone_attendance_0,
    part_1.household_phone_attendance_1 AS household_phone_attendance_1,
    part_1.household_phone_attendance_2 AS household_phone_attendance_2,
    part_2.email_attendance_0 AS email_attendance_0,
    part_2.email_attendance_1 AS email_attendance_1,
    part_2.email_attendance_2 AS email_attendance_2,
    part_2.email_general_0 AS email_general_0,
    part_2.email_general_1 AS email_general_1,
    part_2.email_general_2 AS email_general_2,
    part_3.contact_points AS contact_points,
    part_3.custom_overwritten AS custom_overwritten,
    part_3.print_a AS print_a,
    part_3.print_b AS print_b
  FROM (
    SELECT coalesce(sum(CASE WHEN (pattern.before_bits & 1 != pattern.after_bits & 1) THEN pattern.times ELSE 0 END), 0) AS household_phone_emergency_0,
      coalesce(sum(CASE WHEN (pattern.before_bits & 1 = pattern.wanted_bits & 1) THEN pattern.times ELSE 0 END), 0) AS household_phone_emergency_1,
      coalesce(sum(CASE WHEN (pattern.wanted_bits & 1 != pattern.after_bits & 1) THEN pattern.times ELSE 0 END), 0) AS household_phone_emergency_2,
      coalesce(sum(CASE WHEN (pattern.before_bits & 2 != pattern.after_bits & 2) THEN pattern.times ELSE 0 END), 0) AS household_phone_attendance_0,
      coalesce(sum(CASE WHEN (pattern.before_bits & 2 = pattern.wanted_bits & 2) THEN pattern.times ELSE 0 END), 0) AS household_phone_attendance_1,
      coalesce(sum(CASE WHEN (pattern.wanted_bits & 2 != pattern.after_bits & 2) THEN pattern.times ELSE 0 END), 0) AS household_phone_attendance_2
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
    SELECT coalesce(sum(CASE WHEN (pattern.before_bits & 2 != pattern.after_bits & 2) THEN pattern.times ELSE 0 END), 0) AS email_attendance_0,
      coalesce(sum(CASE WHEN (pattern.before_bits & 2 = pattern.wanted_bits & 2) THEN pattern.times ELSE 0 END), 0) AS email_attendance_1,
      coalesce(sum(CASE WHEN (pattern.wanted_bits & 2 != pattern.after_bits & 2) THEN pattern.times ELSE 0 END), 0) AS email_attendance_2,
      coalesce(sum(CASE WHEN (pattern.before_bits & 16 != pattern.after_bits & 16) THEN pattern.times ELSE 0 END), 0) AS email_general_0,
      coalesce(sum(CASE WHEN (pattern.before_bits & 16 = pattern.wanted_bits & 16) THEN pattern.times ELSE 0 END), 0) AS email_general_1,
      coalesce(sum(CASE WHEN (pattern.wanted_bits & 16 != pattern.after_bits & 16) THEN pattern.times ELSE 0 END), 0) AS email_general_2
    FROM (
      SELECT runner_eligible.before_bits AS before_bits,
        runner_eligible.wanted_bits AS wanted_bits,
        runner_eligible.is_staff AS is_staff,
        runner_eligible.after_bits AS after_bits,
        count(*) AS times
      FROM runner_eligible
      WHERE runner_eligible.channel = 'email'
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
  ) AS part_3 ON true
) AS part_2 ON true
JOIN (
  SELECT (
    SELECT count(*) AS count_2
    FROM (
      SELECT DISTINCT household_member.person_id AS person_id
      FROM household_member
      WHERE household_member.household_id IN (
        SELECT runner_phone.household_id
        FROM runner_phone
        WHERE runner_phone.after_bits != runner_phone.before_bits
      )
        AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
        AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
        AND NOT (EXISTS (
          SELECT *
          FROM runner_scope
          WHERE runner_scope.person_id = household_member.person_id
        ))
    ) AS bystander
  ) AS bystanders,
    coalesce(sum(CASE WHEN (pattern.before_bits & 1 != 0 AND pattern.after_bits & 1 = 0 OR pattern.before_bits & 2 != 0 AND pattern.after_bits & 2 = 0 OR pattern.before_bits & 16 != 0 AND pattern.after_bits & 16 = 0) THEN pattern.times ELSE 0 END), 0) AS lost,
    coalesce(sum(CASE WHEN (pattern.before_bits & 1 != 0) THEN pattern.times ELSE 0 END), 0) AS emergency_before,
    coalesce(sum(CASE WHEN (pattern.before_bits & 1 = 0 AND pattern.after_bits & 1 != 0) THEN pattern.times ELSE 0 END), 0) AS emergency_gained,
    coalesce(sum(CASE WHEN (pattern.before_bits & 1 != 0 AND pattern.after_bits & 1 = 0) THEN pattern.times ELSE 0 END), 0) AS emergency_lost,
    coalesce(sum(CASE WHEN (pattern.before_bits & 2 != 0) THEN pattern.times ELSE 0 END), 0) AS attendance_before,
    coalesce(sum(CASE WHEN (pattern.before_bits & 2 = 0 AND pattern.after_bits & 2 != 0) THEN pattern.times ELSE 0 END), 0) AS attendance_gained,
    coalesce(sum(CASE WHEN (pattern.before_bits & 2 != 0 AND pattern.after_bits & 2 = 0) THEN pattern.times ELSE 0 END), 0) AS attendance_lost,
    coalesce(sum(CASE WHEN (pattern.before_bits & 16 != 0) THEN pattern.times ELSE 0 END), 0) AS general_before,
    coalesce(sum(CASE WHEN (pattern.before_bits & 16 = 0 AND pattern.after_bits & 16 != 0) THEN pattern.times ELSE 0 END), 0) AS general_gained,
    coalesce(sum(CASE WHEN (pattern.before_bits & 16 != 0 AND pattern.after_bits & 16 = 0) THEN pattern.times ELSE 0 END), 0) AS general_lost
  FROM (
    SELECT hearer.before_bits AS before_bits,
      hearer.after_bits AS after_bits,
      hearer.is_staff AS is_staff,
      count(*) AS times
    FROM (
      SELECT heard.person_id AS person_id,
        heard.before_bits AS before_bits,
        heard.after_bits AS after_bits,
        0 AS is_staff
      FROM (
        SELECT way.person_id AS person_id,
          bit_or(way.before_bits & 19) AS before_bits,
          bit_or(way.after_bits & 19) AS after_bits
        FROM (
          SELECT runner_eligible.person_id AS person_id,
            runner_eligible.before_bits AS before_bits,
            runner_eligible.after_bits AS after_bits
          FROM runner_eligible
          WHERE runner_eligible.person_id IS NOT NULL
          UNION ALL
          SELECT runner_scope.person_id AS person_id,
            runner_phone.before_bits AS before_bits,
            runner_phone.after_bits AS after_bits
          FROM runner_scope
          JOIN household_member
            ON household_member.person_id = runner_scope.person_id
            AND (household_member.start_date IS NULL OR household_member.start_date <= :as_of)
            AND (household_member.end_date IS NULL OR household_member.end_date >= :as_of)
          JOIN runner_phone
            ON household_member.household_id = runner_phone.household_id
          UNION ALL
          SELECT runner_scope.person_id AS person_id,
            CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.general AS INTEGER) * 16 AS before_bits,
            CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.general AS INTEGER) * 16 AS after_bits
          FROM runner_scope
          JOIN contact_point
            ON contact_point.person_id = runner_scope.person_id
          WHERE contact_point.channel IN ('home_phone', 'work_phone', 'cell_phone', 'secondary_email')
            AND btrim(contact_point.address, E' \t\r\n') != ''
        ) AS way
        GROUP BY way.person_id
      ) AS heard
    ) AS hearer
    GROUP BY hearer.before_bits,
      hearer.after_bits,
      hearer.is_staff
  ) AS pattern
) AS part_3 ON true;

-- Set all preferences of Household Phone at once, where they still are what was seen.
--   :this_run = (known when the run is under way)
UPDATE contact_point
SET emergency=(runner_change.after_bits & 1 != 0),
  attendance=(runner_change.after_bits & 2 != 0)
FROM runner_change
WHERE runner_change.run_no = :this_run
  AND runner_change.channel = 'household_phone'
  AND runner_change.contact_point_id = contact_point.contact_point_id
  AND runner_change.before_bits = (CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128);

-- Set all preferences of Email at once, where they still are what was seen.
--   :this_run = (known when the run is under way)
UPDATE contact_point
SET attendance=(runner_change.after_bits & 2 != 0),
  general=(runner_change.after_bits & 16 != 0)
FROM runner_change
WHERE runner_change.run_no = :this_run
  AND runner_change.channel = 'email'
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
