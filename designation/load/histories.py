"""The SQL that invents requests, their steps and their designations.

All chance is a hash of the seed, the request's place and what is drawn, so that the same seed gives the same load.
Positions are working seconds since the first working day; `%(opens)s` holds the opening instants of the full
working days, by which a position becomes an instant.
"""

from __future__ import annotations

DAY_SECONDS = 28_800  # of a full working day

# What is drawn for a request, by the salt of its hash.
DRAWS = [
    "office", "agent_first", "agent_last", "filed", "priority", "coordinator", "hsi", "intake", "field", "decider",
    "returned_by_hsi", "returned_by_dea", "concurs", "outcome", "hired",
]  # fmt: skip
# Median business hours of the stay before a step, in the order of a history; each is drawn for itself.
STAYS = {
    "submit": 8.0,
    "return_by_hsi": 10.0,
    "resubmit_to_hsi": 26.0,
    "endorse": 13.0,
    "return_by_dea": 7.0,
    "resubmit_to_dea": 26.0,
    "accept": 9.0,
    "opinion": 34.0,
    "decision": 17.0,
}
HIRED_BEFORE = (200, 7000)  # days before the first working day
LONGEST_STAY = 150  # business hours, so that a request ends before its agent's next one is filed
RETURNED_BY_HSI, RETURNED_BY_DEA = 0.06, 0.12
EXPEDITED, CONCURRING = 0.12, 0.93
APPROVED, DENIED = 0.93, 0.97  # up to these shares; the rest are withdrawn


RETURN_REASON = "'The completion date of the joint training module is missing.'"
ANSWER = "'Training date added.'"
AGAINST = "'The objection was settled with the division by telephone.'"
# As `User.recorded_name` puts it.
RECORDED_NAME = (
    "coalesce(nullif(btrim(actor.first_name || ' ' || actor.last_name), '') || ' (' || actor.username || ')',"
    " actor.username, 'system')"
)


def drawn(name: str, place: str = "i") -> str:
    """A number of [0, 1) that hangs on the seed, the place and the name alone."""
    return salted([*DRAWS, *STAYS, *(f"{stay} more" for stay in STAYS)].index(name), place)


def salted(salt: int, place: str) -> str:
    """A number of [0, 1) that hangs on the seed, the place and the salt alone; other apps take salts from 500 on."""
    return (
        f"((hashint8extended({place}::bigint, %(seed)s::bigint * 1000 + {salt}) & 2147483647) / 2147483648.0::float8)"
    )


def picked(items: str, name: str, place: str = "i") -> str:
    """An item of an array, drawn."""
    return f"({items})[1 + floor({drawn(name, place)} * cardinality({items}))::int]"


def stay(name: str) -> str:
    """Business seconds of a stay: lognormal about its median, by the method of Box and Muller."""
    normal = f"sqrt(-2 * ln(1 - {drawn(name)})) * cos(2 * pi() * {drawn(name + ' more')})"
    return f"least({LONGEST_STAY} * 3600, {STAYS[name]} * 3600 * exp(0.75 * {normal}))"


def instant(position: str) -> str:
    """The instant of a position; nothing beyond the last working day."""
    return (
        f"((%(opens)s::timestamptz[])[floor({position} / {DAY_SECONDS})::int + 1]"
        f" + make_interval(secs => {position} - floor({position} / {DAY_SECONDS}) * {DAY_SECONDS}))"
    )


def key(number: str) -> str:
    """A key as it stands in a request's number: six digits or more."""
    return f"lpad(({number})::text, greatest(6, length(({number})::text)), '0')"


AGENTS = f"""
INSERT INTO designation_agent (
    id, badge_number, first_name, last_name, email, hired_on, office_id, is_active, created_at, version
)
SELECT %(first_agent)s + i - 1, (10000000 + i)::text, {picked("%(first_names)s::text[]", "agent_first")},
       {picked("%(last_names)s::text[]", "agent_last")}, 'load.' || i || '@example.gov',
       %(since)s::date - {HIRED_BEFORE[0]} - floor({drawn("hired")} * {HIRED_BEFORE[1] - HIRED_BEFORE[0]})::int,
       {picked("%(offices)s::bigint[]", "office")}, true, %(since)s, 1
FROM generate_series(1, %(agents)s) AS i ORDER BY i
"""

# The offices with the users who act for them, as arrays to draw from.
OFFICES = """
CREATE UNLOGGED TABLE load.office AS
SELECT office.id, office.code, office.division_id, division.code AS division,
       ARRAY(SELECT id FROM designation_user WHERE id = ANY(%(people)s) AND office_id = office.id
             AND 'coordinator' = ANY(roles) ORDER BY id) AS coordinators,
       ARRAY(SELECT id FROM designation_user WHERE id = ANY(%(people)s) AND office_id = office.division_id
             AND 'dea_field' = ANY(roles) ORDER BY id) AS field_reviewers
FROM designation_office AS office JOIN designation_office AS division ON division.id = office.division_id
"""

REQUESTS = f"""
CREATE UNLOGGED TABLE load.request AS
SELECT drawn.*, %(first_key)s + i - 1 AS id, agent.id AS agent_id, office.id AS office_id, office.division_id,
       'T21-' || date_part('year', filed_at AT TIME ZONE %(zone)s) || '-' || {key("%(first_key)s + i - 1")} AS number,
       {picked("coordinators", "coordinator")} AS coordinator, {picked("field_reviewers", "field")} AS field,
       jsonb_build_object('office', office.code, 'division', office.division, 'kind', kind, 'priority', priority)
           AS dimensions
FROM (
    SELECT i, filed, {instant("filed")} AS filed_at,
           CASE WHEN i <= %(agents)s THEN 'initial' ELSE 'renewal' END AS kind,
           CASE WHEN {drawn("priority")} < {EXPEDITED} THEN 'expedited' ELSE 'routine' END AS priority,
           {picked("%(hsi_people)s::bigint[]", "hsi")} AS hsi, {picked("%(dea_people)s::bigint[]", "intake")} AS intake,
           {picked("%(dea_people)s::bigint[]", "decider")} AS decider
    FROM (
        SELECT i, (i - 1 + {drawn("filed")}) / %(requests)s * cardinality(%(opens)s::timestamptz[]) * {DAY_SECONDS}
               AS filed
        FROM generate_series(1, %(requests)s) AS i
    ) AS filing
) AS drawn
JOIN designation_agent AS agent ON agent.id = %(first_agent)s + (i - 1) %% %(agents)s
JOIN load.office AS office ON office.id = agent.office_id
"""

# place, transition, state that it leads to, stay before it, who makes it, in which role, reason, whether it happens
STEPS = f"""
(1, 'create', 'draft', 0, coordinator, 'coordinator', '', true),
(2, 'submit', 'hsi_review', {stay("submit")}, coordinator, 'coordinator', '', true),
(3, 'return_to_office', 'returned', {stay("return_by_hsi")}, hsi, 'hsi_hq', {RETURN_REASON},
    {drawn("returned_by_hsi")} < {RETURNED_BY_HSI}),
(4, 'resubmit', 'hsi_review', {stay("resubmit_to_hsi")}, coordinator, 'coordinator', {ANSWER},
    {drawn("returned_by_hsi")} < {RETURNED_BY_HSI}),
(5, 'endorse', 'dea_intake', {stay("endorse")}, hsi, 'hsi_hq', '', true),
(6, 'return_to_office', 'returned', {stay("return_by_dea")}, intake, 'dea_hq', {RETURN_REASON},
    {drawn("returned_by_dea")} < {RETURNED_BY_DEA}),
(7, 'resubmit', 'dea_intake', {stay("resubmit_to_dea")}, coordinator, 'coordinator', {ANSWER},
    {drawn("returned_by_dea")} < {RETURNED_BY_DEA}),
(8, 'accept', 'field_review', {stay("accept")}, intake, 'dea_hq', '', true),
(9, 'concur', 'dea_decision', {stay("opinion")}, field, 'dea_field', '', {drawn("concurs")} < {CONCURRING}),
(9, 'nonconcur', 'dea_decision', {stay("opinion")}, field, 'dea_field', 'Overlapping cases are not settled.',
    {drawn("concurs")} >= {CONCURRING}),
(10, 'approve', 'approved', {stay("decision")}, decider, 'dea_hq',
    CASE WHEN {drawn("concurs")} < {CONCURRING} THEN '' ELSE {AGAINST} END, {drawn("outcome")} < {APPROVED}),
(10, 'deny', 'denied', {stay("decision")}, decider, 'dea_hq', 'The assignment has no nexus to smuggling.',
    {drawn("outcome")} >= {APPROVED} AND {drawn("outcome")} < {DENIED}),
(10, 'withdraw', 'withdrawn', {stay("decision")}, coordinator, 'coordinator', 'The agent was reassigned.',
    {drawn("outcome")} >= {DENIED})
"""

REQUEST_STEPS = f"""
CREATE UNLOGGED TABLE load.request_step AS
SELECT * FROM (
    SELECT i, row_number() OVER history AS sequence, transition,
           coalesce(lag(to_state) OVER history, '') AS from_state, to_state,
           {instant("(filed + sum(stay) OVER history)")} AS at, actor_id, role, reason
    FROM load.request CROSS JOIN LATERAL (VALUES {STEPS})
         AS step (place, transition, to_state, stay, actor_id, role, reason, happens)
    WHERE happens
    WINDOW history AS (PARTITION BY i ORDER BY place)
) AS history
WHERE at <= %(until)s
"""

DESIGNATIONS = """
CREATE UNLOGGED TABLE load.designation AS
SELECT *, CASE WHEN next_at < ends_at THEN next_at WHEN ends_at <= %(until)s THEN ends_at END AS ended_at,
       CASE WHEN next_at < ends_at THEN 'relinquished' WHEN ends_at <= %(until)s THEN 'expired' ELSE 'active' END
           AS state
FROM (
    SELECT *, (valid_until + 1 + time '00:30') AT TIME ZONE %(zone)s AS ends_at
    FROM (
        SELECT *, (valid_from + make_interval(years => %(term_years)s))::date - 1
                  + (to_char(valid_from, 'MM-DD') = '02-29')::int AS valid_until
        FROM (
            SELECT request.i, request.id AS request_id, 'XD-' || substr(number, 5) AS number, agent_id, office_id,
                   decider, step.at, (step.at AT TIME ZONE %(zone)s)::date AS valid_from,
                   lead(step.at) OVER terms AS next_at, lead(decider) OVER terms AS next_decider,
                   jsonb_build_object('office', dimensions ->> 'office', 'kind', kind) AS dimensions
            FROM load.request JOIN load.request_step AS step ON step.i = request.i AND step.transition = 'approve'
            WINDOW terms AS (PARTITION BY agent_id ORDER BY request.i)
        ) AS granted
    ) AS term
) AS ending
"""

# What other apps add: the steps of their own workflows, whose places count within each, and what the steps are about.
FURTHER = """
CREATE UNLOGGED TABLE load.further_step (
    workflow text, i bigint, sequence bigint, transition text, from_state text, to_state text, at timestamptz,
    actor_id bigint, role text, reason text
);
CREATE UNLOGGED TABLE load.further_subject (workflow text, i bigint, number text, dimensions jsonb)
"""
# Numbered in the order of time, as the ledger of a system that ran all the while would be; a designation comes after
# the request that it is granted for.
STEPS_IN_ORDER = """
CREATE UNLOGGED TABLE load.step AS
SELECT %(last_step)s + row_number() OVER (ORDER BY at, workflow <> 'request', workflow, i, sequence) AS id, *
FROM (
    SELECT 'request' AS workflow, i, sequence, transition, from_state, to_state, at, actor_id, role, reason
    FROM load.request_step
    UNION ALL
    SELECT 'designation', i, 1, 'grant', '', 'active', at, decider, 'dea_hq', '' FROM load.designation
    UNION ALL
    SELECT 'designation', i, 2, CASE state WHEN 'expired' THEN 'expire' ELSE 'replace' END, 'active', state, ended_at,
           CASE state WHEN 'expired' THEN NULL ELSE next_decider END,
           CASE state WHEN 'expired' THEN 'system' ELSE 'dea_hq' END,
           CASE state WHEN 'expired' THEN 'The term has ended.' ELSE 'Replaced by a newer designation.' END
    FROM load.designation WHERE ended_at IS NOT NULL
    UNION ALL
    SELECT * FROM load.further_step
) AS step
"""
SUBJECTS = """
CREATE UNLOGGED TABLE load.subject AS
SELECT 'request' AS workflow, i, number, dimensions FROM load.request
UNION ALL SELECT 'designation', i, number, dimensions FROM load.designation
UNION ALL SELECT * FROM load.further_subject
"""

# One round for each place in the chains. {before} is the round before it.
HASHED = f"""
CREATE UNLOGGED TABLE load.hashed_{{sequence}} AS
SELECT *, audit_step_hash(id, workflow, subject, sequence, transition, from_state, to_state, party, final, actor_id,
                          actor_name, actor_agency, role, at, reason, dimensions, 'invented', previous_hash) AS hash
FROM (
    SELECT step.id, workflow, subject.number AS subject, step.sequence, transition, from_state, to_state,
           coalesce(%(parties)s::jsonb -> workflow ->> to_state, '') AS party,
           jsonb_exists(%(final)s::jsonb -> workflow, to_state) AS final,
           actor_id, {RECORDED_NAME} AS actor_name, coalesce(office.agency_id, '') AS actor_agency,
           role, at, reason, subject.dimensions, {{previous_hash}} AS previous_hash, i
    FROM load.step
    JOIN load.subject USING (workflow, i)
    LEFT JOIN designation_user AS actor ON actor.id = actor_id
    LEFT JOIN designation_office AS office ON office.id = actor.office_id
    {{before}}
    WHERE step.sequence = {{sequence}}
    OFFSET 0
) AS step
"""
BEFORE = "JOIN (SELECT workflow, i, hash AS before_hash FROM load.hashed_{0}) AS before USING (workflow, i)"
APPENDED = """
INSERT INTO audit_stepevent (id, workflow, subject, sequence, transition, from_state, to_state, party, final, actor_id,
                             actor_name, actor_agency, actor_role, at, reason, dimensions, source, previous_hash, hash)
SELECT id, workflow, subject, sequence, transition, from_state, to_state, party, final, actor_id, actor_name,
       actor_agency, role, at, reason, dimensions, 'invented', previous_hash, hash
FROM load.hashed_{sequence} ORDER BY id
"""

ROWS = {
    "requests": """
        INSERT INTO designation_request (
            id, number, agent_id, office_id, division_id, agreement_id, kind, priority, justification, filed_by_id,
            created_at, state, transmitted, returned_from, decided_by_id, reconsidered, version
        )
        SELECT request.id, number, agent_id, office_id, division_id, %(agreement)s, kind, priority,
               'Invented for load.', coordinator, filed_at, last.to_state, coalesce(endorsed, false),
               CASE WHEN last.to_state = 'returned' THEN last.from_state ELSE '' END,
               CASE WHEN last.to_state IN ('approved', 'denied') THEN decider END, false, last.sequence
        FROM load.request
        JOIN (SELECT DISTINCT ON (i) i, to_state, from_state, sequence FROM load.request_step ORDER BY i, sequence DESC)
             AS last USING (i)
        LEFT JOIN (SELECT i, true AS endorsed FROM load.request_step WHERE transition = 'endorse') AS sent USING (i)
        ORDER BY request.id
    """,
    "opinions": f"""
        INSERT INTO designation_fieldopinion (
            request_id, division_id, concurs, reason, given_by_id, given_by_name, given_at
        )
        SELECT request.id, division_id, transition = 'concur', reason, actor_id, {RECORDED_NAME}, at
        FROM load.request JOIN load.request_step USING (i) JOIN designation_user AS actor ON actor.id = actor_id
        WHERE transition IN ('concur', 'nonconcur') ORDER BY at
    """,
    "designations": """
        INSERT INTO designation_designation (
            number, request_id, agent_id, office_id, agreement_id, valid_from, valid_until, state, version
        )
        SELECT number, request_id, agent_id, office_id, %(agreement)s, valid_from, valid_until, state,
               CASE WHEN ended_at IS NULL THEN 1 ELSE 2 END
        FROM load.designation ORDER BY at
    """,
}
