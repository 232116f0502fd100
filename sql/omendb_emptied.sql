-- An index that lost nearly all of its rows: what is left is found, in order, by scans that read far and to
-- the end too. Most neighbours of a removed node were removed with it.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
-- How many rows come out after a row farther away, of whole reads by some queries.
CREATE FUNCTION pg_temp.late(queries vector[], filter text DEFAULT 'true')
RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE distance < before) FROM (
        SELECT distance, max(distance) OVER (PARTITION BY query ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM unnest(queries) AS query,
            LATERAL pg_temp.nearest(true, 'emptied', '<->', query, NULL, filter) WITH ORDINALITY AS n (id, distance, place)) AS x
$$;
\set ECHO all
CREATE TABLE emptied (id integer, v vector(6)) WITH (autovacuum_enabled = off);
INSERT INTO emptied SELECT i, pg_temp.noise(i, 6) FROM generate_series(1, 3000) i;
CREATE INDEX emptied_v ON emptied USING omendb (v vector_l2_ops);
-- one in twenty is left
DELETE FROM emptied WHERE id % 20 > 0;
SELECT pg_temp.late(pg_temp.queries(20, 6));
VACUUM emptied;
SELECT live_nodes, dead_nodes FROM omendb_index_info('emptied_v');
SELECT * FROM omendb_check_index('emptied_v');
SELECT pg_temp.late(pg_temp.queries(20, 6));
SELECT pg_temp.judge('emptied', '<->', pg_temp.queries(20, 6), 10, 1);
-- others come, and most of all go
INSERT INTO emptied SELECT i, pg_temp.noise(i, 6) FROM generate_series(3001, 12000) i;
DO 'BEGIN PERFORM omendb_merge(''emptied_v''); END';
DELETE FROM emptied WHERE id % 20 > 0;
VACUUM emptied;
SELECT live_nodes, dead_nodes FROM omendb_index_info('emptied_v');
SELECT * FROM omendb_check_index('emptied_v');
SELECT pg_temp.late(pg_temp.queries(20, 6));
SELECT pg_temp.judge('emptied', '<->', pg_temp.queries(20, 6), 10, 1);
SELECT pg_temp.judge('emptied', '<->', pg_temp.queries(20, 6), 100, 1);
-- few rows pass a filter
SELECT pg_temp.late(pg_temp.queries(20, 6), 'id % 100 = 0');
SELECT pg_temp.judge('emptied', '<->', pg_temp.queries(20, 6), 10, 1, 'id % 100 = 0');
DROP TABLE emptied;
-- A small graph is searched whole: exact and in order, however few of its rows are visible and however little their
-- codes say of them.
CREATE TABLE emptied (id integer, v vector(2048)) WITH (autovacuum_enabled = off);
INSERT INTO emptied SELECT i, pg_temp.noise(i, 2048) FROM generate_series(1, 380) i;
CREATE INDEX emptied_v ON emptied USING omendb (v vector_ip_ops);
DELETE FROM emptied WHERE id % 5 > 0;
SET omendb.ef_search = 10;
SELECT pg_temp.judge('emptied', '<#>', pg_temp.queries(20, 2048), 10, 1);
SELECT pg_temp.judge('emptied', '<#>', pg_temp.queries(20, 2048), 70, 1);
DROP TABLE emptied;
