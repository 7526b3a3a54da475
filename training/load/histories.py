"""The SQL that invents modules, completions, requirements, waivers and disputes beside the invented requests.

It reads the `load` schema and the parameters of `designation.load`; chance is drawn as there, with salts of its own.
"""

from __future__ import annotations

from designation.load.histories import key, salted

MODULES = 10
MISSING, FAILED_FIRST, FROM_FILES = 0.03, 0.06, 0.6  # shares of the completions
RECENT = 0.9  # share of the completions that lie within the last RECENT_DAYS
RECENT_DAYS = 400
TAKEN_BACK = 500  # completions of the file that was taken back, at most
COMPLETIONS_PER_CORRECTION = 1000
AGENTS_PER_WAIVER = 200
REQUESTS_PER_DISPUTE = 500
FEWEST_DISPUTES = 20  # on requests, where there are so many
# Up to these shares, disputes are settled at the working level, and by the Headquarters Review Team.
AT_WORKING_LEVEL, AT_HEADQUARTERS = 0.55, 0.85

DRAWS = ("missing", "recent", "day", "failed", "score", "file", "settled", "stay")


def drawn(name: str, place: str) -> str:
    return salted(500 + DRAWS.index(name), place)


def local_day(at: str) -> str:
    return f"({at}::timestamptz AT TIME ZONE %(zone)s)::date"


def recorded(user: str) -> str:
    """Name of one of the two training managers, as `User.recorded_name` puts it."""
    return f"%({user}_name)s::text"


ADD_MODULES = """
INSERT INTO training_module (
    code, title, purpose, provision, owners, pass_mark, attempts, created_at, change_count
)
SELECT 'LOAD-' || n, 'Load module ' || n || ' (demo)', 'Invented for load.', '', ARRAY['HSI', 'DEA'],
       CASE WHEN n %% 2 = 0 THEN 80 END, NULL, %(since)s, 1
FROM generate_series(1, %(modules)s) AS n
"""
VERSIONS = """
CREATE UNLOGGED TABLE load.version AS
SELECT n AS i, nextval(pg_get_serial_sequence('training_moduleversion', 'id')) AS id, module.id AS module_id,
       module.code || '-v1' AS number, module.pass_mark, %(since)s::timestamptz AS drafted_at,
       jsonb_build_object('module', module.code, 'owner', 'HSI and DEA') AS dimensions
FROM generate_series(1, %(modules)s) AS n JOIN training_module AS module ON module.code = 'LOAD-' || n
"""
ADD_VERSIONS = f"""
INSERT INTO training_moduleversion (
    id, number, module_id, ordinal, state, drafted_by_id, created_at, published_on, version
)
SELECT id, number, module_id, 1, 'published', %(hsi_manager)s, drafted_at, {local_day("drafted_at")}, 5
FROM load.version
"""
SECTIONS = """
CREATE UNLOGGED TABLE load.section AS
SELECT (version.i - 1) * 2 + place AS i, nextval(pg_get_serial_sequence('training_section', 'id')) AS id, place,
       version.id AS version_id, version.number || '-s' || place AS number, version.drafted_at,
       version.dimensions || jsonb_build_object('version', version.number) AS dimensions
FROM load.version CROSS JOIN generate_series(1, 2) AS place
"""
ADD_SECTIONS = """
INSERT INTO training_section (
    id, number, module_version_id, key, position, title, body, revision, state, version
)
SELECT id, number, version_id, 'section-' || place, place, 'Section ' || place, 'Invented for load.', 1, 'signed', 3
FROM load.section
"""
ADD_TEXTS = f"""
INSERT INTO training_sectiontext (section_id, revision, title, body, written_by_id, written_by_name, written_at)
SELECT id, 1, 'Section ' || place, 'Invented for load.', %(hsi_manager)s, {recorded("hsi_manager")}, drafted_at
FROM load.section
"""
ADD_SIGN_OFFS = f"""
INSERT INTO training_signoff (section_id, revision, agency, given_by_id, given_by_name, given_at, cleared_why)
SELECT id, 1, agency, given_by, name, drafted_at + minutes * interval '1 minute', ''
FROM load.section CROSS JOIN (VALUES
    ('HSI', %(hsi_manager)s, {recorded("hsi_manager")}, 40), ('DEA', %(dea_manager)s, {recorded("dea_manager")}, 45)
) AS sign_off (agency, given_by, name, minutes)
"""
DEVELOPMENT = """
INSERT INTO load.further_step
SELECT 'module version', i, sequence, transition, from_state, to_state, drafted_at + minutes * interval '1 minute',
       by, 'training_manager', ''
FROM load.version CROSS JOIN (VALUES
    (1, 'draft', '', 'drafting', 0, %(hsi_manager)s),
    (2, 'send_to_review', 'drafting', 'hsi_review', 10, %(hsi_manager)s),
    (3, 'pass_review', 'hsi_review', 'dea_review', 20, %(hsi_manager)s),
    (4, 'pass_review', 'dea_review', 'sign_off', 30, %(dea_manager)s),
    (5, 'publish', 'sign_off', 'published', 50, %(hsi_manager)s)
) AS step (sequence, transition, from_state, to_state, minutes, by)
UNION ALL
SELECT 'module section', i, sequence, transition, from_state, to_state, drafted_at + minutes * interval '1 minute',
       by, 'training_manager', ''
FROM load.section CROSS JOIN (VALUES
    (1, 'write', '', 'unsigned', 0, %(hsi_manager)s),
    (2, 'sign_for_hsi', 'unsigned', 'signed_by_hsi', 40, %(hsi_manager)s),
    (3, 'sign_for_dea', 'signed_by_hsi', 'signed', 45, %(dea_manager)s)
) AS step (sequence, transition, from_state, to_state, minutes, by)
"""
DEVELOPED = """
INSERT INTO load.further_subject
SELECT 'module version', i, number, dimensions FROM load.version
UNION ALL SELECT 'module section', i, number, dimensions FROM load.section
"""

# All are asked for all; one blocks, so that most requests of the load can still be approved.
REQUIREMENTS = f"""
INSERT INTO training_requirement (
    module_id, audience, blocks, valid_months, effective_from, set_by_name, why, set_at, ended_by_name, ended_why
)
SELECT module_id, ARRAY['initial', 'renewal', 'transfer'], CASE i WHEN 1 THEN 'approval' ELSE 'nothing' END,
       CASE WHEN i > 1 THEN 12 + 12 * (i %% 2) END, {local_day("drafted_at")}, {recorded("dea_manager")},
       'Invented for load.', drafted_at, '', ''
FROM load.version
"""

FILES = f"""
CREATE UNLOGGED TABLE load.file AS
SELECT nextval(pg_get_serial_sequence('training_completionimport', 'id')) AS id, month::date AS month,
       least(%(until)s, (month + interval '1 month 1 day 9 hours') AT TIME ZONE %(zone)s) AS imported_at
FROM generate_series(date_trunc('month', {local_day("%(since)s")}::timestamp),
                     date_trunc('month', {local_day("%(until)s")}::timestamp), interval '1 month') AS month
"""
COMPLETIONS = f"""
CREATE UNLOGGED TABLE load.completion AS
SELECT agent_id, module_id, version_id, pass_mark, place, attempt.passed,
       greatest(first_day, day - CASE WHEN attempt.passed THEN 0 ELSE 7 END) AS completed_on
FROM (
    SELECT %(first_agent)s + agent - 1 AS agent_id, version.module_id, version.id AS version_id, version.pass_mark,
           agent * %(modules)s + version.i AS place, first_day,
           greatest(first_day + 8, CASE WHEN {drawn("recent", "agent * %(modules)s + version.i")} < {RECENT}
               THEN today - floor({drawn("day", "agent * %(modules)s + version.i")} * {RECENT_DAYS})::int
               ELSE today - floor({drawn("day", "agent * %(modules)s + version.i")} * (today - first_day))::int
           END) AS day
    FROM generate_series(1, %(agents)s) AS agent CROSS JOIN load.version
    CROSS JOIN (SELECT {local_day("%(since)s")} AS first_day, {local_day("%(until)s")} AS today) AS span
) AS training
CROSS JOIN (VALUES (false), (true)) AS attempt (passed)
WHERE {drawn("missing", "place")} >= {MISSING} AND day <= {local_day("%(until)s")}
  AND (attempt.passed OR pass_mark IS NOT NULL AND {drawn("failed", "place")} < {FAILED_FIRST})
"""
ADD_COMPLETIONS = f"""
INSERT INTO training_completion (
    agent_id, module_id, module_version_id, completed_on, passed, score, source, evidence, imported_id, withdrawn, why,
    recorded_by_id, recorded_by_name, recorded_at
)
SELECT agent_id, module_id, version_id, completed_on, passed,
       CASE WHEN passed THEN pass_mark + floor({drawn("score", "place")} * (101 - pass_mark))
            ELSE floor({drawn("score", "place")} * pass_mark) END,
       'invented', '', file.id, false, '', %(hsi_manager)s, {recorded("hsi_manager")},
       coalesce(file.imported_at, least(%(until)s, (completed_on + time '17:00') AT TIME ZONE %(zone)s)) AS recorded_at
FROM load.completion
LEFT JOIN load.file ON file.month = date_trunc('month', completed_on)::date
                   AND {drawn("file", "place")} < {FROM_FILES}
ORDER BY recorded_at
"""
ADD_FILES = f"""
INSERT INTO training_completionimport (
    id, file_name, sha256, rows, imported_by_id, imported_by_name, imported_at, taken_back_by_name, taken_back_why
)
SELECT file.id, 'load-' || to_char(month, 'YYYY-MM') || '.csv',
       encode(sha256(convert_to('load' || month, 'UTF8')), 'hex'), brought.rows,
       %(hsi_manager)s, {recorded("hsi_manager")}, file.imported_at, '', ''
FROM load.file JOIN (SELECT imported_id, count(*) AS rows FROM training_completion GROUP BY imported_id) AS brought
     ON brought.imported_id = file.id
"""
TAKE_BACK = f"""
WITH file AS (
    INSERT INTO training_completionimport (
        file_name, sha256, rows, imported_by_id, imported_by_name, imported_at, taken_back_at, taken_back_by_name,
        taken_back_why
    )
    SELECT 'load-of-another-agency.csv', encode(sha256('load'), 'hex'), least({TAKEN_BACK}, %(agents)s),
           %(hsi_manager)s, {recorded("hsi_manager")}, %(until)s - interval '1 day', %(until)s - interval '1 hour',
           {recorded("hsi_manager")}, 'The file is of another agency.'
    RETURNING id, imported_at
)
INSERT INTO training_completion (
    agent_id, module_id, module_version_id, completed_on, passed, source, evidence, imported_id, withdrawn, why,
    recorded_by_id, recorded_by_name, recorded_at
)
SELECT %(first_agent)s + agent - 1, version.module_id, version.id, {local_day("file.imported_at")} - 1, true,
       'invented', '', file.id, false, '', %(hsi_manager)s, {recorded("hsi_manager")}, file.imported_at
FROM file CROSS JOIN generate_series(1, least({TAKEN_BACK}, %(agents)s)) AS agent
JOIN load.version ON version.i = 1
"""
# By turns another score, and that there was no such completion.
CORRECT = f"""
INSERT INTO training_completion (
    agent_id, module_id, module_version_id, completed_on, passed, score, source, evidence, corrects_id, withdrawn, why,
    recorded_by_id, recorded_by_name, recorded_at
)
SELECT agent_id, module_id, module_version_id, completed_on, true, score, 'invented', '', id,
       id / {COMPLETIONS_PER_CORRECTION} %% 2 = 1, 'The certificate is of another agent.', %(hsi_manager)s,
       {recorded("hsi_manager")}, least(%(until)s, recorded_at + interval '3 days')
FROM training_completion WHERE id %% {COMPLETIONS_PER_CORRECTION} = 0 AND passed
"""
WAIVERS = f"""
INSERT INTO training_waiver (
    module_id, agent_id, granted_on, until, why, granted_by_id, granted_by_name, granted_at, ended_by_name, ended_why
)
SELECT module_id, %(first_agent)s + agent - 1, {local_day("granted_at")}, {local_day("granted_at")} + 365,
       'Invented for load.', %(dea_manager)s, {recorded("dea_manager")}, granted_at, '', ''
FROM (
    SELECT agent, agent / {AGENTS_PER_WAIVER} %% %(modules)s + 1 AS i,
           greatest(%(since)s, %(until)s - make_interval(days => (agent / 7 %% 400)::int)) AS granted_at
    FROM generate_series(1, %(agents)s, {AGENTS_PER_WAIVER}) AS agent
) AS granted JOIN load.version USING (i)
"""

# On requests since they came to the division, settled by chance; and on a section of each module, still open.
DISPUTES = f"""
CREATE UNLOGGED TABLE load.dispute AS
SELECT row_number() OVER (ORDER BY opened_at, section_id) AS i,
       nextval(pg_get_serial_sequence('training_dispute', 'id')) AS id, matter.*
FROM (
    SELECT request.id AS request_id, NULL::bigint AS section_id, step.at + interval '30 minutes' AS opened_at,
           field AS opener, 'dea_field' AS opener_role, coordinator AS other, 'coordinator' AS other_role,
           hsi AS decider, {drawn("settled", "request.i")} AS settled,
           floor({drawn("stay", "request.i")} * 10)::int AS stay,
           jsonb_build_object('about', 'request', 'module', '', 'office', request.dimensions ->> 'office',
                              'opened_by', 'DEA') AS dimensions
    FROM load.request JOIN load.request_step AS step ON step.i = request.i AND step.transition = 'accept'
    WHERE request.i %% greatest(1, least({REQUESTS_PER_DISPUTE}, %(requests)s / {FEWEST_DISPUTES})) = 0
    UNION ALL
    SELECT NULL, section.id, %(until)s - make_interval(days => 5 + 21 * (version.i %% 3)::int), %(dea_manager)s,
           'training_manager', %(hsi_manager)s, 'training_manager', (%(hsi_people)s::bigint[])[1], 1, 10,
           jsonb_build_object('about', 'section', 'module', version.dimensions ->> 'module', 'office', '',
                              'opened_by', 'DEA')
    FROM load.section JOIN load.version ON version.id = section.version_id WHERE section.place = 1
) AS matter
WHERE opened_at <= %(until)s
"""
# place, transition, state that it leads to, days after the opening, who makes it, in which role, reason, whether it
# happens. A level is left by itself after 21 days, in which its goal of ten business days has passed at any season.
STEPS = f"""
(1, 'open', 'working_level', 0, opener, opener_role, 'Invented for load.', true),
(2, 'accept', 'settled', 3 + stay, other, other_role, '', settled < {AT_WORKING_LEVEL}),
(3, 'escalate_overdue', 'headquarters_review', 21, NULL, 'system', %(overdue)s, settled >= {AT_WORKING_LEVEL}),
(4, 'accept', 'settled', 24 + stay, other, other_role, '',
    settled >= {AT_WORKING_LEVEL} AND settled < {AT_HEADQUARTERS}),
(5, 'escalate_overdue', 'leadership', 42, NULL, 'system', %(overdue)s, settled >= {AT_HEADQUARTERS}),
(6, 'decide', 'settled', 45 + stay, decider, 'hsi_hq', 'Invented outcome.', settled >= {AT_HEADQUARTERS})
"""
DISPUTE_STEPS = f"""
CREATE UNLOGGED TABLE load.dispute_step AS
SELECT i, row_number() OVER history AS sequence, transition, coalesce(lag(to_state) OVER history, '') AS from_state,
       to_state, opened_at + days * interval '1 day' AS at, actor_id, role, reason
FROM load.dispute CROSS JOIN LATERAL (VALUES {STEPS})
     AS step (place, transition, to_state, days, actor_id, role, reason, happens)
WHERE happens AND opened_at + days * interval '1 day' <= %(until)s
WINDOW history AS (PARTITION BY i ORDER BY place)
"""
DISPUTE_NUMBER = f"'D-' || date_part('year', opened_at AT TIME ZONE %(zone)s) || '-' || {key('dispute.id')}"
DISPUTED = f"""
INSERT INTO load.further_subject SELECT 'dispute', i, {DISPUTE_NUMBER}, dimensions FROM load.dispute
"""
ARGUED = "INSERT INTO load.further_step SELECT 'dispute', * FROM load.dispute_step"
ADD_DISPUTES = f"""
INSERT INTO training_dispute (
    id, number, section_id, request_id, title, issue, opened_by_id, opened_by_agency, opened_at, state, outcome,
    settled, version
)
SELECT dispute.id, {DISPUTE_NUMBER}, section_id, request_id, 'Load dispute ' || i || ' (demo)', 'Invented for load.',
       opener, 'DEA', opened_at, last.to_state, CASE last.to_state WHEN 'settled' THEN 'Invented outcome.' ELSE '' END,
       CASE last.transition WHEN 'accept' THEN 'agreed' WHEN 'decide' THEN 'decided' ELSE '' END, last.sequence
FROM load.dispute
JOIN (SELECT DISTINCT ON (i) i, to_state, transition, sequence FROM load.dispute_step ORDER BY i, sequence DESC)
     AS last USING (i)
ORDER BY dispute.id
"""
NAMED = (
    "coalesce(nullif(btrim(first_name || ' ' || last_name), '') || ' (' || username || ')', username)"
    " FROM designation_user WHERE id ="
)
ADD_POSITIONS = f"""
INSERT INTO training_position (dispute_id, agency, text, stated_by_id, stated_by_name, stated_at)
SELECT id, agency, 'Invented for load.', stated_by, (SELECT {NAMED} stated_by), stated_at
FROM load.dispute CROSS JOIN LATERAL (VALUES
    ('DEA', opener, opened_at), ('HSI', other, opened_at + interval '1 day')
) AS position (agency, stated_by, stated_at)
WHERE stated_at <= %(until)s
"""
ADD_PROPOSALS = f"""
INSERT INTO training_proposal (
    dispute_id, agency, text, made_by_id, made_by_name, made_at, answered_at, accepted, answered_by_id,
    answered_by_name, answer
)
SELECT dispute.id, 'DEA', 'Invented outcome.', opener, (SELECT {NAMED} opener), step.at - interval '1 day', step.at,
       true, other, (SELECT {NAMED} other), ''
FROM load.dispute JOIN load.dispute_step AS step ON step.i = dispute.i AND step.transition = 'accept'
"""
# The triggers that mark what is counted anew are off while a load is made.
MARK_ALL_OFFICES = "INSERT INTO training_officechange (office_id) VALUES (NULL)"

STATEMENTS = (
    ADD_MODULES,
    VERSIONS,
    ADD_VERSIONS,
    SECTIONS,
    ADD_SECTIONS,
    ADD_TEXTS,
    ADD_SIGN_OFFS,
    DEVELOPMENT,
    DEVELOPED,
    REQUIREMENTS,
    FILES,
    COMPLETIONS,
    ADD_COMPLETIONS,
    ADD_FILES,
    TAKE_BACK,
    CORRECT,
    WAIVERS,
    DISPUTES,
    DISPUTE_STEPS,
    DISPUTED,
    ARGUED,
    ADD_DISPUTES,
    ADD_POSITIONS,
    ADD_PROPOSALS,
    MARK_ALL_OFFICES,
)
