-- When the planner takes the index, and when another way is cheaper.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all

CREATE TABLE planned (id integer PRIMARY KEY, tenant integer, kind integer, v vector(8));
INSERT INTO planned SELECT i, i % 100, i % 3, pg_temp.noise(i, 8) FROM generate_series(1, 2000) i;
CREATE INDEX planned_v ON planned USING omendb (v vector_l2_ops);
ANALYZE planned;

-- the nearest few of 2,000 rows, also where the query is not known yet
EXPLAIN (COSTS OFF) SELECT id FROM planned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 1;
EXPLAIN (COSTS OFF) SELECT id FROM planned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id, v <-> '[1,2,3,4,5,6,7,8]' AS distance FROM planned ORDER BY distance LIMIT 10;
PREPARE nearest(vector) AS SELECT id FROM planned ORDER BY v <-> $1 LIMIT 10;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE nearest('[1,2,3,4,5,6,7,8]');
RESET plan_cache_mode;
DEALLOCATE nearest;
-- a filter that most rows pass
EXPLAIN (COSTS OFF) SELECT id FROM planned WHERE kind < 2 ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 10;
-- without a LIMIT, or with one for nearly all rows, all is read and sorted
EXPLAIN (COSTS OFF) SELECT id FROM planned ORDER BY v <-> '[1,2,3,4,5,6,7,8]';
EXPLAIN (COSTS OFF) SELECT id FROM planned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 1900;
EXPLAIN (COSTS OFF) SELECT count(*) FROM planned;
EXPLAIN (COSTS OFF) SELECT id FROM planned WHERE v <-> '[1,2,3,4,5,6,7,8]' < 1;
-- one row by its key, and few by another index, are sorted
EXPLAIN (COSTS OFF) SELECT id FROM planned WHERE id = 7 ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 10;
CREATE INDEX planned_tenant ON planned (tenant);
EXPLAIN (COSTS OFF) SELECT id FROM planned WHERE tenant = 7 ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 10;

-- a partial index where the query implies its condition
CREATE INDEX planned_kind ON planned USING omendb (v vector_l2_ops) WHERE kind = 1;
EXPLAIN (COSTS OFF) SELECT id FROM planned WHERE kind = 1 ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM planned WHERE kind = 2 ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 1;
SELECT pg_temp.judge('planned', '<->', pg_temp.queries(5, 8), 10, 0.95, 'kind = 1'), pg_temp.judge('planned', '<->', pg_temp.queries(1, 8), NULL, 1, 'kind = 1');
DROP INDEX planned_kind;
-- the index of the operator's class
CREATE INDEX planned_cosine ON planned USING omendb (v vector_cosine_ops);
EXPLAIN (COSTS OFF) SELECT id FROM planned ORDER BY v <=> '[1,2,3,4,5,6,7,8]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM planned ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM planned ORDER BY v <#> '[1,2,3,4,5,6,7,8]' LIMIT 10;
-- a join that needs few of the nearest
EXPLAIN (COSTS OFF) SELECT p.id, q.id FROM (VALUES (1, '[1,2,3,4,5,6,7,8]'::vector), (2, '[8,7,6,5,4,3,2,1]')) q(id, v)
    CROSS JOIN LATERAL (SELECT id FROM planned ORDER BY planned.v <-> q.v LIMIT 3) p;

-- a few rows are read faster than a search is begun
CREATE TABLE planned_few (id integer, v vector(8));
INSERT INTO planned_few SELECT i, pg_temp.noise(i, 8) FROM generate_series(1, 20) i;
CREATE INDEX planned_few_v ON planned_few USING omendb (v);
ANALYZE planned_few;
EXPLAIN (COSTS OFF) SELECT id FROM planned_few ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 5;

-- long vectors, stored out of line: a sort would fetch them all
CREATE TABLE planned_long (id integer, v vector(1000));
INSERT INTO planned_long SELECT i, pg_temp.noise(i, 1000) FROM generate_series(1, 400) i;
CREATE INDEX planned_long_v ON planned_long USING omendb (v vector_cosine_ops);
ANALYZE planned_long;
SELECT line ~ 'Index Scan using planned_long_v' AS index_scan FROM pg_temp.plan($$SELECT id FROM planned_long ORDER BY v <=> pg_temp.noise(1, 1000) LIMIT 10$$) line OFFSET 1 LIMIT 1;

DROP TABLE planned, planned_few, planned_long;
