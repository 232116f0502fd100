-- Nearest rows by Euclidean distance: what an index returns in every kind of query.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all

CREATE TABLE l2 (id integer PRIMARY KEY, category integer, v vector(16)) WITH (autovacuum_enabled = off);
INSERT INTO l2 SELECT i, i % 100, pg_temp.noise(i, 16) FROM generate_series(1, 3000) i;
INSERT INTO l2 SELECT i, i % 100, NULL FROM generate_series(3001, 3010) i;
CREATE INDEX l2_v ON l2 USING omendb (v vector_l2_ops);
ANALYZE l2;

-- the nearest, many, all
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(20, 16), 1, 0.95);
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(20, 16), 10, 0.95);
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(5, 16), 300, 0.95);
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(3, 16), 2000, 0.95);
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(3, 16), NULL, 1);
-- at rows of the table, and at their mean
SELECT pg_temp.judge('l2', '<->', array_agg(v), 10, 0.95) FROM l2 WHERE id % 200 = 0;
SELECT pg_temp.judge('l2', '<->', array_agg(v), 1, 1) FROM l2 WHERE id % 50 = 0;
SELECT pg_temp.judge('l2', '<->', ARRAY[avg(v)], 10, 0.8) FROM l2;

-- ef_search: the smallest and a large one
SET omendb.ef_search = 10;
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(10, 16), 10, 0.6);
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(2, 16), NULL, 1);
SET omendb.ef_search = 1000;
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(10, 16), 10, 0.99);
RESET omendb.ef_search;
-- little memory: the search gives way to a sweep
SET work_mem = '64kB';
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(5, 16), 500, 0.95);
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(2, 16), NULL, 1);
RESET work_mem;

-- LIMIT is filled behind a filter that keeps a row in a hundred, and one in 1,500
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(10, 16), 10, 0.95, 'category = 7');
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(2, 16), 31, 1, 'category = 7');
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(2, 16), 10, 1, 'id % 1500 = 7');
-- a filter on the distance
SELECT pg_temp.judge('l2', '<->', pg_temp.queries(2, 16), 20, 0.9, 'v <-> pg_temp.noise(5, 16) > 2');

-- rows without a vector are not in the index, and stay in the table
SET enable_seqscan = off;
SELECT count(*), count(v) FROM (SELECT v FROM l2 ORDER BY v <-> pg_temp.noise(0, 16) LIMIT 5000) n;
RESET enable_seqscan;
SELECT count(*), count(v) FROM l2;
UPDATE l2 SET v = pg_temp.noise(3001, 16) WHERE id = 3001;
SELECT pg_temp.judge('l2', '<->', ARRAY[pg_temp.noise(3001, 16)], 1, 1);
UPDATE l2 SET v = NULL WHERE id = 3001;
SELECT pg_temp.judge('l2', '<->', ARRAY[pg_temp.noise(3001, 16)], 10, 0.9);

-- a query that is NULL orders nothing and finds every row that has a vector
SET enable_seqscan = off;
SET plan_cache_mode = force_generic_plan;
PREPARE nearest(vector, integer) AS
    SELECT id, v <-> $1 AS distance FROM l2 ORDER BY v <-> $1 LIMIT $2;
EXPLAIN (COSTS OFF) EXECUTE nearest(NULL, 5);
PREPARE null_query(vector) AS SELECT count(*), count(DISTINCT id), count(distance)
    FROM (SELECT id, v <-> $1 AS distance FROM l2 ORDER BY v <-> $1 LIMIT 5000) n;
PREPARE null_plan(vector) AS SELECT id FROM l2 ORDER BY v <-> $1 LIMIT 5000;
EXPLAIN (COSTS OFF) EXECUTE null_plan(NULL);
EXECUTE null_query(NULL);
EXECUTE null_query(pg_temp.noise(0, 16));
EXECUTE null_query(NULL);
-- the same plan with other queries
EXECUTE nearest(pg_temp.noise(1, 16), 0);
EXECUTE nearest(pg_temp.noise(1, 16), 1);
SELECT a.id, b.id = a.id AS found FROM (VALUES (1), (77), (3000)) a(id),
    LATERAL (SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(a.id, 16) LIMIT 1) b;
EXECUTE nearest('[1,2,3]', 5);
EXECUTE nearest(pg_temp.noise(0, 17), 5);
DEALLOCATE ALL;
RESET plan_cache_mode;

-- rescans: a LATERAL join, NULL queries among the others
CREATE TABLE l2_queries AS SELECT i AS id, CASE WHEN i % 7 <> 0 THEN pg_temp.noise(1000000 + i, 16) END::vector(16) AS v
    FROM generate_series(1, 40) i;
ANALYZE l2_queries;
SELECT pg_temp.plan('SELECT q.id, n.id FROM l2_queries q, LATERAL (SELECT id FROM l2 ORDER BY l2.v <-> q.v LIMIT 5) n');
CREATE TEMP TABLE by_index AS SELECT q.id AS query, n.* FROM l2_queries q,
    LATERAL (SELECT id, l2.v <-> q.v AS distance FROM l2 ORDER BY l2.v <-> q.v LIMIT 5) n;
RESET enable_seqscan;
SET enable_indexscan = off;
CREATE TEMP TABLE by_sort AS SELECT q.id AS query, n.* FROM l2_queries q,
    LATERAL (SELECT id, l2.v <-> q.v AS distance FROM l2 WHERE v IS NOT NULL ORDER BY l2.v <-> q.v LIMIT 5) n;
RESET enable_indexscan;
SELECT count(*), count(distance), count(DISTINCT (query, id)) FROM by_index;
SELECT count(*) > 0.95 * 175 AS right FROM by_index JOIN by_sort USING (query, id) WHERE by_index.distance = by_sort.distance;
-- joined in a correlated subquery, and in the condition of an outer join
SELECT count(*) >= 33 AS right FROM l2_queries q JOIN by_sort s ON s.query = q.id
    WHERE s.id = (SELECT id FROM l2 ORDER BY l2.v <-> q.v LIMIT 1) AND q.v IS NOT NULL;
SELECT count(*), count(n.id) FROM l2_queries q
    LEFT JOIN LATERAL (SELECT id FROM l2 WHERE category = 3 ORDER BY l2.v <-> q.v LIMIT 2) n ON n.id % 2 = 0;

-- cursors: what pieces bring is what one query brings
SET enable_seqscan = off;
CREATE FUNCTION pg_temp.fetch_pieces(pieces integer[]) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    cursor refcursor;
    ids integer[] := '{}';
    id integer;
BEGIN
    OPEN cursor NO SCROLL FOR SELECT l2.id FROM l2 ORDER BY v <-> pg_temp.noise(0, 16);
    FOR i IN 1 .. cardinality(pieces) LOOP
        FOR j IN 1 .. pieces[i] LOOP
            FETCH cursor INTO id;
            EXIT WHEN NOT FOUND;
            ids := ids || id;
        END LOOP;
        PERFORM count(*) FROM (SELECT 1 FROM l2 ORDER BY v <-> pg_temp.noise(i, 16) LIMIT 50) other; -- another scan meanwhile
    END LOOP;
    CLOSE cursor;
    RETURN ids;
END
$$;
SELECT pg_temp.fetch_pieces('{1,3,40,500,1}') =
    ARRAY(SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(0, 16) LIMIT 545) AS same;
SELECT cardinality(pg_temp.fetch_pieces('{10,5000,10}'));
BEGIN;
DECLARE forward NO SCROLL CURSOR FOR SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(9, 16);
FETCH 1 FROM forward;
MOVE 2900 FROM forward;
FETCH BACKWARD 1 FROM forward;
ROLLBACK;
BEGIN;
DECLARE back SCROLL CURSOR FOR SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(9, 16);
FETCH 1 FROM back;
MOVE 2000 FROM back;
FETCH ABSOLUTE 1 FROM back;
DECLARE kept CURSOR WITH HOLD FOR SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(11, 16) LIMIT 3;
COMMIT;
FETCH 1 FROM kept;
CLOSE kept;

-- above the scan: OFFSET, ties, locks, DISTINCT ON, UNION ALL, aggregates, an anti join, changes
SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(5, 16) OFFSET 0 FETCH FIRST 1 ROW WITH TIES;
SELECT cardinality(ARRAY(SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(5, 16) LIMIT 20 OFFSET 2990));
BEGIN;
SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(6, 16) LIMIT 1 FOR UPDATE SKIP LOCKED;
COMMIT;
SELECT count(*) > 90 AS right, count(*) = count(DISTINCT category) AS distinct FROM (SELECT DISTINCT ON (category) id, category
    FROM (SELECT id, category, v <-> pg_temp.noise(0, 16) AS distance FROM l2 ORDER BY distance LIMIT 500) n
    ORDER BY category, distance) d;
SELECT * FROM (SELECT 'a' AS part, id FROM l2 ORDER BY v <-> pg_temp.noise(21, 16) LIMIT 1) a
    UNION ALL SELECT * FROM (SELECT 'b', id FROM l2 ORDER BY v <-> pg_temp.noise(22, 16) LIMIT 1) b ORDER BY part;
WITH near AS MATERIALIZED (SELECT id, v FROM l2 ORDER BY v <-> pg_temp.noise(8, 16) LIMIT 100)
    SELECT count(*) >= 95 AS right, min(v <-> pg_temp.noise(8, 16)) FROM near WHERE id NOT IN (SELECT id FROM l2 WHERE category = 1);
UPDATE l2 SET category = -1 WHERE id = (SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(30, 16) LIMIT 1) RETURNING id;
DELETE FROM l2 USING (SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(31, 16) LIMIT 1) n WHERE n.id = l2.id RETURNING l2.id;
SELECT pg_temp.judge('l2', '<->', ARRAY[pg_temp.noise(30, 16), pg_temp.noise(31, 16)], 1, 1);
RESET enable_seqscan;

-- parallel workers that scan the index
CREATE TABLE l2_many AS SELECT i AS id, pg_temp.noise(i, 16)::vector(16) AS v FROM generate_series(100, 600) i;
ALTER TABLE l2_many SET (parallel_workers = 2);
ANALYZE l2_many;
CREATE FUNCTION l2_nearest(vector) RETURNS integer LANGUAGE plpgsql STABLE PARALLEL SAFE SET enable_seqscan = off AS $$
BEGIN
    RETURN (SELECT id FROM l2 ORDER BY v <-> $1 LIMIT 1);
END
$$;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT count(*) FROM l2_many WHERE l2_nearest(v) = id;
SELECT count(*) FROM l2_many WHERE l2_nearest(v) = id;
SELECT count(*) > 200 AS right FROM l2_many m JOIN (SELECT id FROM l2 ORDER BY v <-> pg_temp.noise(0, 16) LIMIT 2000) n USING (id);
DROP FUNCTION l2_nearest;

SELECT * FROM omendb_check_index('l2_v');
DROP TABLE l2, l2_queries, l2_many;
