-- test

-- Contact points that both jobs set.
--   :old_as_of = 2025-09-02
--   :end_year_1 = 2026
--   :old_people_1 = (known when the run is under way)
--   :new_as_of = 2025-09-02
--   :new_people_1 = (known when the run is under way)
--   :replace_1 = ς
--   :replace_2 = σ
--   :param_1 = teacher
WITH runner_old_staff AS (
  SELECT DISTINCT district_assignment.person_id AS person_id
  FROM district_assignment
  WHERE (district_assignment.start_date IS NULL OR district_assignment.start_date <= :old_as_of)
    AND (district_assignment.end_date IS NULL OR district_assignment.end_date >= :old_as_of)
),
  runner_old_people_1 AS (
    SELECT DISTINCT CAST(listed.value AS BIGINT) AS person_id
    FROM json_array_elements_text(CAST(:old_people_1 AS JSON)) AS listed
  ),
  runner_old_scope AS (
    SELECT DISTINCT relationship.contact_id AS person_id
    FROM relationship
    WHERE relationship.student_id IN (
      SELECT enrollment.person_id
      FROM enrollment
      WHERE enrollment.calendar_id IN (
        SELECT calendar.calendar_id
        FROM calendar
        WHERE calendar.end_year = :end_year_1
      )
        AND (enrollment.start_date IS NULL OR enrollment.start_date <= :old_as_of)
        AND (enrollment.end_date IS NULL OR enrollment.end_date >= :old_as_of)
        AND (enrollment.no_show IS NULL OR enrollment.no_show = false)
        AND (enrollment.person_id NOT IN (
          SELECT runner_old_people_1.person_id
          FROM runner_old_people_1
        ))
    )
      AND (relationship.start_date IS NULL OR relationship.start_date <= :old_as_of)
      AND (relationship.end_date IS NULL OR relationship.end_date >= :old_as_of)
      AND relationship.messenger = true
  ),
  runner_old_home AS (
    SELECT DISTINCT household_member.household_id AS household_id
    FROM household_member
    WHERE household_member.person_id IN (
      SELECT runner_old_scope.person_id
      FROM runner_old_scope
    )
      AND (household_member.start_date IS NULL OR household_member.start_date <= :old_as_of)
      AND (household_member.end_date IS NULL OR household_member.end_date >= :old_as_of)
  ),
  runner_old_eligible AS (
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
        point.before_bits | (CASE point.channel WHEN 'household_phone' THEN 8 WHEN 'email' THEN 16 ELSE 0 END & CASE WHEN (point.is_staff = 1) THEN 255 ELSE 247 END) AS wanted_bits,
        point.custom AS custom,
        point.is_staff AS is_staff
      FROM (
        SELECT contact_point.channel AS channel,
          contact_point.contact_point_id AS contact_point_id,
          contact_point.person_id AS person_id,
          CAST(NULL AS BIGINT) AS household_id,
          CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128 AS before_bits,
          CAST(contact_point.custom AS INTEGER) AS custom,
          CASE WHEN (contact_point.person_id IN (
            SELECT runner_old_staff.person_id
            FROM runner_old_staff
          )) THEN 1 ELSE 0 END AS is_staff
        FROM contact_point
        WHERE contact_point.channel = 'email'
          AND contact_point.person_id IN (
            SELECT runner_old_scope.person_id
            FROM runner_old_scope
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
              SELECT runner_old_staff.person_id
              FROM runner_old_staff
            )
              AND (household_member.start_date IS NULL OR household_member.start_date <= :old_as_of)
              AND (household_member.end_date IS NULL OR household_member.end_date >= :old_as_of)
          )) THEN 1 ELSE 0 END AS is_staff
        FROM contact_point
        WHERE contact_point.channel = 'household_phone'
          AND contact_point.household_id IN (
            SELECT runner_old_home.household_id
            FROM runner_old_home
          )
          AND btrim(contact_point.address, E' \t\r\n') != ''
      ) AS point
    ) AS wanted
  ),
  runner_new_staff AS (
    SELECT DISTINCT district_assignment.person_id AS person_id
    FROM district_assignment
    WHERE (district_assignment.start_date IS NULL OR district_assignment.start_date <= :new_as_of)
      AND (district_assignment.end_date IS NULL OR district_assignment.end_date >= :new_as_of)
  ),
  runner_new_people_1 AS (
    SELECT DISTINCT CAST(listed.value AS BIGINT) AS person_id
    FROM json_array_elements_text(CAST(:new_people_1 AS JSON)) AS listed
  ),
  runner_new_scope AS (
    SELECT DISTINCT district_assignment.person_id AS person_id
    FROM district_assignment
    WHERE (district_assignment.person_id IN (
      SELECT runner_new_people_1.person_id
      FROM runner_new_people_1
    ) OR district_assignment.title IS NOT NULL AND (replace(lower(district_assignment.title COLLATE "und-x-icu"), :replace_1, :replace_2) COLLATE "C") = :param_1)
      AND (district_assignment.start_date IS NULL OR district_assignment.start_date <= :new_as_of)
      AND (district_assignment.end_date IS NULL OR district_assignment.end_date >= :new_as_of)
  ),
  runner_new_home AS (
    SELECT DISTINCT household_member.household_id AS household_id
    FROM household_member
    WHERE household_member.person_id IN (
      SELECT runner_new_scope.person_id
      FROM runner_new_scope
    )
      AND (household_member.start_date IS NULL OR household_member.start_date <= :new_as_of)
      AND (household_member.end_date IS NULL OR household_member.end_date >= :new_as_of)
  ),
  runner_new_eligible AS (
    SELECT point.channel AS channel,
      point.contact_point_id AS contact_point_id,
      point.person_id AS person_id,
      point.household_id AS household_id,
      point.before_bits AS before_bits,
      point.before_bits & (255 - (CASE point.channel WHEN 'household_phone' THEN 8 WHEN 'email' THEN 16 ELSE 0 END & CASE WHEN (point.is_staff = 1) THEN 255 ELSE 247 END)) AS wanted_bits,
      point.custom AS custom,
      point.is_staff AS is_staff,
      point.before_bits & (255 - (CASE point.channel WHEN 'household_phone' THEN 8 WHEN 'email' THEN 16 ELSE 0 END & CASE WHEN (point.is_staff = 1) THEN 255 ELSE 247 END)) AS after_bits
    FROM (
      SELECT contact_point.channel AS channel,
        contact_point.contact_point_id AS contact_point_id,
        contact_point.person_id AS person_id,
        CAST(NULL AS BIGINT) AS household_id,
        CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128 AS before_bits,
        CAST(contact_point.custom AS INTEGER) AS custom,
        CASE WHEN (contact_point.person_id IN (
          SELECT runner_new_staff.person_id
          FROM runner_new_staff
        )) THEN 1 ELSE 0 END AS is_staff
      FROM contact_point
      WHERE contact_point.channel = 'email'
        AND contact_point.person_id IN (
          SELECT runner_new_scope.person_id
          FROM runner_new_scope
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
            SELECT runner_new_staff.person_id
            FROM runner_new_staff
          )
            AND (household_member.start_date IS NULL OR household_member.start_date <= :new_as_of)
            AND (household_member.end_date IS NULL OR household_member.end_date >= :new_as_of)
        )) THEN 1 ELSE 0 END AS is_staff
      FROM contact_point
      WHERE contact_point.channel = 'household_phone'
        AND contact_point.household_id IN (
          SELECT runner_new_home.household_id
          FROM runner_new_home
        )
        AND btrim(contact_point.address, E' \t\r\n') != ''
    ) AS point
  ),
  runner_spoken_of AS (
    SELECT 0 AS job,
      runner_old_eligible.channel AS channel,
      runner_old_eligible.contact_point_id AS contact_point_id,
      runner_old_eligible.is_staff AS is_staff,
      runner_old_eligible.custom AS left_alone
    FROM runner_old_eligible
    UNION ALL
    SELECT 1 AS job,
      runner_new_eligible.channel AS channel,
      runner_new_eligible.contact_point_id AS contact_point_id,
      runner_new_eligible.is_staff AS is_staff,
      0 AS left_alone
    FROM runner_new_eligible
  )
SELECT first_job.job AS first,
  second_job.job AS second,
  first_job.channel,
  sum(CASE WHEN (first_job.left_alone + second_job.left_alone = 0) THEN 1 ELSE 0 END) AS points,
  sum(CASE WHEN (first_job.left_alone + second_job.left_alone != 0) THEN 1 ELSE 0 END) AS kept,
  sum(CASE WHEN (first_job.is_staff = 1 AND second_job.is_staff = 1 AND first_job.left_alone + second_job.left_alone = 0) THEN 1 ELSE 0 END) AS staff_points,
  sum(CASE WHEN (first_job.is_staff = 1 AND second_job.is_staff = 1 AND first_job.left_alone + second_job.left_alone != 0) THEN 1 ELSE 0 END) AS staff_kept
FROM runner_spoken_of AS first_job
JOIN runner_spoken_of AS second_job
  ON second_job.contact_point_id = first_job.contact_point_id
WHERE first_job.job < second_job.job
GROUP BY first_job.job,
  second_job.job,
  first_job.channel;

-- People who leave, by school and grade.
--   :end_year_1 = 2026
--   :old_as_of = 2025-09-02
--   :old_people_1 = (known when the run is under way)
--   :new_people_1 = (known when the run is under way)
--   :replace_1 = ς
--   :replace_2 = σ
--   :param_1 = teacher
--   :new_as_of = 2025-09-02
WITH runner_old_people_1 AS (
  SELECT DISTINCT CAST(listed.value AS BIGINT) AS person_id
  FROM json_array_elements_text(CAST(:old_people_1 AS JSON)) AS listed
),
  runner_new_people_1 AS (
    SELECT DISTINCT CAST(listed.value AS BIGINT) AS person_id
    FROM json_array_elements_text(CAST(:new_people_1 AS JSON)) AS listed
  ),
  runner_new_scope AS (
    SELECT DISTINCT district_assignment.person_id AS person_id
    FROM district_assignment
    WHERE (district_assignment.person_id IN (
      SELECT runner_new_people_1.person_id
      FROM runner_new_people_1
    ) OR district_assignment.title IS NOT NULL AND (replace(lower(district_assignment.title COLLATE "und-x-icu"), :replace_1, :replace_2) COLLATE "C") = :param_1)
      AND (district_assignment.start_date IS NULL OR district_assignment.start_date <= :new_as_of)
      AND (district_assignment.end_date IS NULL OR district_assignment.end_date >= :new_as_of)
  )
SELECT way.school_id,
  way.school,
  way.grade,
  count(DISTINCT way.person_id) AS people
FROM (
  SELECT relationship.contact_id AS person_id,
    school.school_id AS school_id,
    school.name AS school,
    enrollment.grade AS grade
  FROM enrollment
  JOIN person
    ON person.person_id = enrollment.person_id
  JOIN calendar
    ON calendar.calendar_id = enrollment.calendar_id
  JOIN school
    ON school.school_id = calendar.school_id
  JOIN relationship
    ON relationship.student_id = enrollment.person_id
  WHERE enrollment.calendar_id IN (
    SELECT calendar.calendar_id
    FROM calendar
    WHERE calendar.end_year = :end_year_1
  )
    AND (enrollment.start_date IS NULL OR enrollment.start_date <= :old_as_of)
    AND (enrollment.end_date IS NULL OR enrollment.end_date >= :old_as_of)
    AND (enrollment.no_show IS NULL OR enrollment.no_show = false)
    AND (enrollment.person_id NOT IN (
      SELECT runner_old_people_1.person_id
      FROM runner_old_people_1
    ))
    AND (relationship.start_date IS NULL OR relationship.start_date <= :old_as_of)
    AND (relationship.end_date IS NULL OR relationship.end_date >= :old_as_of)
    AND relationship.messenger = true
) AS way
WHERE NOT (EXISTS (
  SELECT *
  FROM runner_new_scope
  WHERE runner_new_scope.person_id = way.person_id
))
GROUP BY way.school_id,
  way.school,
  way.grade;

-- Contact points that end differently.
--   :old_as_of = 2025-09-02
--   :end_year_1 = 2026
--   :old_people_1 = (known when the run is under way)
--   :new_as_of = 2025-09-02
--   :new_people_1 = (known when the run is under way)
--   :replace_1 = ς
--   :replace_2 = σ
--   :param_1 = teacher
WITH runner_old_staff AS (
  SELECT DISTINCT district_assignment.person_id AS person_id
  FROM district_assignment
  WHERE (district_assignment.start_date IS NULL OR district_assignment.start_date <= :old_as_of)
    AND (district_assignment.end_date IS NULL OR district_assignment.end_date >= :old_as_of)
),
  runner_old_people_1 AS (
    SELECT DISTINCT CAST(listed.value AS BIGINT) AS person_id
    FROM json_array_elements_text(CAST(:old_people_1 AS JSON)) AS listed
  ),
  runner_old_scope AS (
    SELECT DISTINCT relationship.contact_id AS person_id
    FROM relationship
    WHERE relationship.student_id IN (
      SELECT enrollment.person_id
      FROM enrollment
      WHERE enrollment.calendar_id IN (
        SELECT calendar.calendar_id
        FROM calendar
        WHERE calendar.end_year = :end_year_1
      )
        AND (enrollment.start_date IS NULL OR enrollment.start_date <= :old_as_of)
        AND (enrollment.end_date IS NULL OR enrollment.end_date >= :old_as_of)
        AND (enrollment.no_show IS NULL OR enrollment.no_show = false)
        AND (enrollment.person_id NOT IN (
          SELECT runner_old_people_1.person_id
          FROM runner_old_people_1
        ))
    )
      AND (relationship.start_date IS NULL OR relationship.start_date <= :old_as_of)
      AND (relationship.end_date IS NULL OR relationship.end_date >= :old_as_of)
      AND relationship.messenger = true
  ),
  runner_old_home AS (
    SELECT DISTINCT household_member.household_id AS household_id
    FROM household_member
    WHERE household_member.person_id IN (
      SELECT runner_old_scope.person_id
      FROM runner_old_scope
    )
      AND (household_member.start_date IS NULL OR household_member.start_date <= :old_as_of)
      AND (household_member.end_date IS NULL OR household_member.end_date >= :old_as_of)
  ),
  runner_old_eligible AS (
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
        point.before_bits | (CASE point.channel WHEN 'household_phone' THEN 8 WHEN 'email' THEN 16 ELSE 0 END & CASE WHEN (point.is_staff = 1) THEN 255 ELSE 247 END) AS wanted_bits,
        point.custom AS custom,
        point.is_staff AS is_staff
      FROM (
        SELECT contact_point.channel AS channel,
          contact_point.contact_point_id AS contact_point_id,
          contact_point.person_id AS person_id,
          CAST(NULL AS BIGINT) AS household_id,
          CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128 AS before_bits,
          CAST(contact_point.custom AS INTEGER) AS custom,
          CASE WHEN (contact_point.person_id IN (
            SELECT runner_old_staff.person_id
            FROM runner_old_staff
          )) THEN 1 ELSE 0 END AS is_staff
        FROM contact_point
        WHERE contact_point.channel = 'email'
          AND contact_point.person_id IN (
            SELECT runner_old_scope.person_id
            FROM runner_old_scope
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
              SELECT runner_old_staff.person_id
              FROM runner_old_staff
            )
              AND (household_member.start_date IS NULL OR household_member.start_date <= :old_as_of)
              AND (household_member.end_date IS NULL OR household_member.end_date >= :old_as_of)
          )) THEN 1 ELSE 0 END AS is_staff
        FROM contact_point
        WHERE contact_point.channel = 'household_phone'
          AND contact_point.household_id IN (
            SELECT runner_old_home.household_id
            FROM runner_old_home
          )
          AND btrim(contact_point.address, E' \t\r\n') != ''
      ) AS point
    ) AS wanted
  ),
  runner_new_staff AS (
    SELECT DISTINCT district_assignment.person_id AS person_id
    FROM district_assignment
    WHERE (district_assignment.start_date IS NULL OR district_assignment.start_date <= :new_as_of)
      AND (district_assignment.end_date IS NULL OR district_assignment.end_date >= :new_as_of)
  ),
  runner_new_people_1 AS (
    SELECT DISTINCT CAST(listed.value AS BIGINT) AS person_id
    FROM json_array_elements_text(CAST(:new_people_1 AS JSON)) AS listed
  ),
  runner_new_scope AS (
    SELECT DISTINCT district_assignment.person_id AS person_id
    FROM district_assignment
    WHERE (district_assignment.person_id IN (
      SELECT runner_new_people_1.person_id
      FROM runner_new_people_1
    ) OR district_assignment.title IS NOT NULL AND (replace(lower(district_assignment.title COLLATE "und-x-icu"), :replace_1, :replace_2) COLLATE "C") = :param_1)
      AND (district_assignment.start_date IS NULL OR district_assignment.start_date <= :new_as_of)
      AND (district_assignment.end_date IS NULL OR district_assignment.end_date >= :new_as_of)
  ),
  runner_new_home AS (
    SELECT DISTINCT household_member.household_id AS household_id
    FROM household_member
    WHERE household_member.person_id IN (
      SELECT runner_new_scope.person_id
      FROM runner_new_scope
    )
      AND (household_member.start_date IS NULL OR household_member.start_date <= :new_as_of)
      AND (household_member.end_date IS NULL OR household_member.end_date >= :new_as_of)
  ),
  runner_new_eligible AS (
    SELECT point.channel AS channel,
      point.contact_point_id AS contact_point_id,
      point.person_id AS person_id,
      point.household_id AS household_id,
      point.before_bits AS before_bits,
      point.before_bits & (255 - (CASE point.channel WHEN 'household_phone' THEN 8 WHEN 'email' THEN 16 ELSE 0 END & CASE WHEN (point.is_staff = 1) THEN 255 ELSE 247 END)) AS wanted_bits,
      point.custom AS custom,
      point.is_staff AS is_staff,
      point.before_bits & (255 - (CASE point.channel WHEN 'household_phone' THEN 8 WHEN 'email' THEN 16 ELSE 0 END & CASE WHEN (point.is_staff = 1) THEN 255 ELSE 247 END)) AS after_bits
    FROM (
      SELECT contact_point.channel AS channel,
        contact_point.contact_point_id AS contact_point_id,
        contact_point.person_id AS person_id,
        CAST(NULL AS BIGINT) AS household_id,
        CAST(contact_point.emergency AS INTEGER) * 1 | CAST(contact_point.attendance AS INTEGER) * 2 | CAST(contact_point.behavior AS INTEGER) * 4 | CAST(contact_point.staff AS INTEGER) * 8 | CAST(contact_point.general AS INTEGER) * 16 | CAST(contact_point.food_service AS INTEGER) * 32 | CAST(contact_point.priority AS INTEGER) * 64 | CAST(contact_point.teacher AS INTEGER) * 128 AS before_bits,
        CAST(contact_point.custom AS INTEGER) AS custom,
        CASE WHEN (contact_point.person_id IN (
          SELECT runner_new_staff.person_id
          FROM runner_new_staff
        )) THEN 1 ELSE 0 END AS is_staff
      FROM contact_point
      WHERE contact_point.channel = 'email'
        AND contact_point.person_id IN (
          SELECT runner_new_scope.person_id
          FROM runner_new_scope
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
            SELECT runner_new_staff.person_id
            FROM runner_new_staff
          )
            AND (household_member.start_date IS NULL OR household_member.start_date <= :new_as_of)
            AND (household_member.end_date IS NULL OR household_member.end_date >= :new_as_of)
        )) THEN 1 ELSE 0 END AS is_staff
      FROM contact_point
      WHERE contact_point.channel = 'household_phone'
        AND contact_point.household_id IN (
          SELECT runner_new_home.household_id
          FROM runner_new_home
        )
        AND btrim(contact_point.address, E' \t\r\n') != ''
    ) AS point
  )
SELECT point.channel,
  count(CASE WHEN (point.old_bits & 8 != point.new_bits & 8 AND point.new_bits & 8 > point.before_bits & 8) THEN 1 END) AS staff_on,
  count(CASE WHEN (point.old_bits & 8 != point.new_bits & 8 AND point.new_bits & 8 < point.before_bits & 8) THEN 1 END) AS staff_off,
  count(CASE WHEN (point.old_bits & 8 != point.new_bits & 8 AND point.new_bits & 8 = point.before_bits & 8) THEN 1 END) AS staff_left,
  count(CASE WHEN (point.old_bits & 16 != point.new_bits & 16 AND point.new_bits & 16 > point.before_bits & 16) THEN 1 END) AS general_on,
  count(CASE WHEN (point.old_bits & 16 != point.new_bits & 16 AND point.new_bits & 16 < point.before_bits & 16) THEN 1 END) AS general_off,
  count(CASE WHEN (point.old_bits & 16 != point.new_bits & 16 AND point.new_bits & 16 = point.before_bits & 16) THEN 1 END) AS general_left
FROM (
  SELECT side.channel AS channel,
    min(side.before_bits) AS before_bits,
    coalesce(max(side.old_bits), min(side.before_bits)) AS old_bits,
    coalesce(max(side.new_bits), min(side.before_bits)) AS new_bits
  FROM (
    SELECT runner_old_eligible.contact_point_id AS contact_point_id,
      runner_old_eligible.channel AS channel,
      runner_old_eligible.before_bits AS before_bits,
      runner_old_eligible.after_bits AS old_bits,
      CAST(NULL AS SMALLINT) AS new_bits
    FROM runner_old_eligible
    WHERE runner_old_eligible.after_bits != runner_old_eligible.before_bits
    UNION ALL
    SELECT runner_new_eligible.contact_point_id AS contact_point_id,
      runner_new_eligible.channel AS channel,
      runner_new_eligible.before_bits AS before_bits,
      CAST(NULL AS SMALLINT) AS old_bits,
      runner_new_eligible.after_bits AS new_bits
    FROM runner_new_eligible
    WHERE runner_new_eligible.after_bits != runner_new_eligible.before_bits
  ) AS side
  GROUP BY side.contact_point_id,
    side.channel
) AS point
GROUP BY point.channel;
