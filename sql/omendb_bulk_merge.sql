-- Merging by building: a delta that is large beside its graph. The server says so at DEBUG1.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
CREATE FUNCTION pg_temp.judge_all() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(problem, ', ') FROM (
        SELECT pg_temp.judge('merged', operator, pg_temp.queries(20, 12), 10, 0.98)
            FROM unnest('{<->,<#>,<=>}'::text[]) AS operator
        UNION ALL SELECT pg_temp.judge('merged', operator, pg_temp.queries(2, 12), NULL, 1)
            FROM unnest('{<->,<#>,<=>}'::text[]) AS operator
        UNION ALL SELECT c::text FROM unnest('{merged_l2,merged_ip,merged_cosine}'::text[]) AS i, omendb_check_index(i::regclass) AS c
    ) AS x (problem) WHERE problem <> 'ok'
$$;
CREATE FUNCTION pg_temp.merge_all() RETURNS SETOF bigint LANGUAGE sql AS $$
    SELECT omendb_merge(i::regclass) FROM unnest('{merged_l2,merged_ip,merged_cosine}'::text[]) AS i
$$;
\set ECHO all
CREATE TABLE merged (id integer, v vector(12)) WITH (autovacuum_enabled = off);
CREATE INDEX merged_l2 ON merged USING omendb (v vector_l2_ops) WITH (delta_limit = 100000);
CREATE INDEX merged_ip ON merged USING omendb (v vector_ip_ops) WITH (delta_limit = 100000);
CREATE INDEX merged_cosine ON merged USING omendb (v vector_cosine_ops) WITH (delta_limit = 100000);
SET client_min_messages = debug1;
-- into an empty graph; twins share nodes
INSERT INTO merged SELECT i, CASE WHEN i % 10 = 0 THEN pg_temp.noise(i / 50, 12) WHEN i % 99 > 0 THEN pg_temp.noise(i, 12) END
    FROM generate_series(1, 2000) i;
SELECT pg_temp.merge_all();
SELECT live_nodes, joining_nodes, delta_rows, delta_pages FROM omendb_index_info('merged_l2');
SELECT pg_temp.judge_all();
-- into a graph as large, with twins of old nodes and of each other; then a few rows, which go one by one
INSERT INTO merged SELECT i, pg_temp.noise(CASE WHEN i % 20 = 0 THEN i / 2 WHEN i % 20 = 1 THEN i / 40 + 5000 ELSE i END, 12)
    FROM generate_series(2001, 4000) i;
SELECT pg_temp.merge_all();
SELECT live_nodes, joining_nodes, delta_rows FROM omendb_index_info('merged_l2');
SELECT pg_temp.judge_all();
INSERT INTO merged SELECT i, pg_temp.noise(i, 12) FROM generate_series(4001, 4200) i;
SELECT pg_temp.merge_all();
SELECT pg_temp.judge_all();
-- after deletes: a vacuum removes the dead nodes, then merges
DELETE FROM merged WHERE id % 3 = 0;
INSERT INTO merged SELECT i, pg_temp.noise(i, 12) FROM generate_series(4201, 6000) i;
VACUUM (PARALLEL 0) merged;
SELECT live_nodes, joining_nodes, dead_nodes, delta_rows FROM omendb_index_info('merged_l2');
SELECT pg_temp.judge_all();
-- too little memory: one by one
SET maintenance_work_mem = '1MB';
INSERT INTO merged SELECT i, pg_temp.noise(i, 12) FROM generate_series(6001, 7000) i;
SELECT pg_temp.merge_all();
SELECT pg_temp.judge_all();
RESET maintenance_work_mem;
RESET client_min_messages;
-- without a worker, a statement that loads lets the delta grow, and merges it by building; smaller ones keep it within its limit
SET omendb.background_merge = off;
SET omendb.delta_limit = 64;
ALTER INDEX merged_l2 RESET (delta_limit);
INSERT INTO merged SELECT i, pg_temp.noise(i, 12) FROM generate_series(7001, 10000) i;
SELECT delta_rows <= 2000 AS merged FROM omendb_index_info('merged_l2');
INSERT INTO merged SELECT i, pg_temp.noise(i, 12) FROM generate_series(10001, 10900) i;
SELECT delta_rows < 900 AS merged FROM omendb_index_info('merged_l2');
SELECT pg_temp.merge_all() > 0;
SELECT pg_temp.judge_all();
RESET omendb.background_merge;
DROP TABLE merged;
-- codes that go on in cold pages, and on several
CREATE TABLE wide (id integer, v vector(2048));
CREATE INDEX wide_v ON wide USING omendb (v vector_cosine_ops) WITH (delta_limit = 100000);
INSERT INTO wide SELECT i, pg_temp.noise(i, 2048) FROM generate_series(1, 150) i;
INSERT INTO wide SELECT id + 1000, v FROM wide WHERE id % 15 = 0;
SELECT omendb_merge('wide_v');
INSERT INTO wide SELECT i, pg_temp.noise(i, 2048) FROM generate_series(201, 300) i;
INSERT INTO wide SELECT id + 5000, v FROM wide WHERE id % 15 = 0;
SELECT omendb_merge('wide_v');
SELECT * FROM omendb_check_index('wide_v');
SELECT pg_temp.judge('wide', '<=>', pg_temp.queries(5, 2048), 10, 1);
DROP TABLE wide;
CREATE TABLE huge (id integer, v vector(16000));
CREATE INDEX huge_v ON huge USING omendb (v vector_l2_ops) WITH (delta_limit = 100000);
INSERT INTO huge SELECT i, pg_temp.noise(i, 16000) FROM generate_series(1, 70) i;
SELECT omendb_merge('huge_v');
SELECT * FROM omendb_check_index('huge_v');
SELECT pg_temp.judge('huge', '<->', pg_temp.queries(3, 16000), 10, 1);
DROP TABLE huge;
