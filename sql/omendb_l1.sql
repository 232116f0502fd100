-- Nearest rows by taxicab distance, which codes do not bound: what a search finds is ranked by the operator's own value.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all
CREATE TABLE blocks (id integer PRIMARY KEY, category integer, v vector(48)) WITH (autovacuum_enabled = off);
INSERT INTO blocks SELECT i, i % 100, CASE WHEN i % 50 > 0 THEN pg_temp.noise(i, 48) END FROM generate_series(1, 2500) i;
CREATE INDEX blocks_v ON blocks USING omendb (v vector_l1_ops);
CREATE INDEX blocks_half ON blocks USING omendb ((v::halfvec(48)) halfvec_l1_ops);
ANALYZE blocks;
SELECT metric, dimensions, live_nodes FROM omendb_index_info('blocks_v');
SELECT count(*) FROM pg_temp.plan('SELECT id FROM blocks ORDER BY v <+> (SELECT v FROM blocks WHERE id = 7) LIMIT 10') line
    WHERE line ~ 'Index Scan using blocks_v';

CREATE FUNCTION pg_temp.judge_blocks() RETURNS TABLE (expression text, ten text, hundred text, whole text, filtered text) LANGUAGE sql AS $$
    SELECT o, pg_temp.judge('blocks', '<+>', pg_temp.queries(10, 48), 10, 0.9, of => o),
        pg_temp.judge('blocks', '<+>', pg_temp.queries(2, 48), 300, 0.9, of => o),
        pg_temp.judge('blocks', '<+>', pg_temp.queries(2, 48), NULL, 1, of => o),
        pg_temp.judge('blocks', '<+>', pg_temp.queries(4, 48), 10, 0.9, 'category = 20', o)
    FROM unnest('{v, v::halfvec(48)}'::text[]) o
$$;
SELECT * FROM pg_temp.judge_blocks();
-- more rows in the delta than a search keeps
INSERT INTO blocks SELECT i, i % 100, pg_temp.noise(i, 48) FROM generate_series(3001, 3400) i;
SELECT * FROM pg_temp.judge_blocks();
SELECT omendb_merge('blocks_v'), omendb_merge('blocks_half');
SELECT * FROM pg_temp.judge_blocks();
-- nine of ten are deleted and not vacuumed away: no scan sees them
DELETE FROM blocks WHERE id % 10 > 0;
SELECT * FROM pg_temp.judge_blocks();
VACUUM blocks;
SELECT * FROM pg_temp.judge_blocks();
SELECT * FROM omendb_check_index('blocks_v');
SELECT * FROM omendb_check_index('blocks_half');

-- a crowd in one place, and rows that differ by less than their codes tell
INSERT INTO blocks SELECT i, 1, array_fill(0.5, ARRAY[48]) FROM generate_series(10001, 10300) i;
INSERT INTO blocks SELECT i, 2, (ARRAY[0.25 + (i % 97) * 1e-7] || array_fill(0.25, ARRAY[47]))::vector FROM generate_series(11001, 11300) i;
SELECT pg_temp.judge('blocks', '<+>', ARRAY[array_fill(0.5, ARRAY[48])::vector, array_fill(0.25, ARRAY[48])::vector], rows, 1)
    FROM unnest('{10, 300, NULL}'::integer[]) rows;
SELECT omendb_merge('blocks_v');
SELECT pg_temp.judge('blocks', '<+>', ARRAY[array_fill(0.5, ARRAY[48])::vector, array_fill(0.25, ARRAY[48])::vector], rows, 1)
    FROM unnest('{10, 300, NULL}'::integer[]) rows;
REINDEX INDEX blocks_v;
SELECT pg_temp.judge('blocks', '<+>', ARRAY[array_fill(0.5, ARRAY[48])::vector, array_fill(0.25, ARRAY[48])::vector], rows, 1)
    FROM unnest('{10, 300, NULL}'::integer[]) rows;

-- NULL and zero queries, a join, a cursor that sees what was there when it began
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT id FROM blocks ORDER BY v <+> NULL::vector) x;
SELECT pg_temp.judge('blocks', '<+>', ARRAY[array_fill(0, ARRAY[48])::vector], 20, 0.9);
SELECT count(*), count(DISTINCT q.id), sum((q.id = n.id)::integer) FROM (SELECT id, v FROM blocks WHERE id < 500 AND v IS NOT NULL) q,
    LATERAL (SELECT id FROM blocks b ORDER BY b.v <+> q.v LIMIT 3) n;
BEGIN;
DECLARE near CURSOR FOR SELECT id / 1000 AS thousand FROM blocks ORDER BY v <+> array_fill(0.5, ARRAY[48])::vector;
FETCH 2 FROM near;
DELETE FROM blocks WHERE id > 10002;
MOVE 296 FROM near;
FETCH 3 FROM near;
SELECT count(*) FROM (SELECT id FROM blocks ORDER BY v <+> array_fill(0.5, ARRAY[48])::vector) x;
ROLLBACK;
RESET enable_seqscan;
DROP TABLE blocks;

-- values that index space cannot hold, and codes with a cold part
CREATE TABLE odd (id serial PRIMARY KEY, v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO odd (v) SELECT ARRAY[x, y, 1]::vector FROM unnest('{-3e38, -1e20, -1, 0, 1e-30, 1, 1e20, 3e38}'::real[]) x,
    unnest('{-3e38, -1e20, -1, 0, 1e-30, 1, 1e20, 3e38}'::real[]) y;
CREATE INDEX odd_v ON odd USING omendb (v vector_l1_ops);
INSERT INTO odd (v) SELECT v FROM odd WHERE id % 3 = 0;
SELECT pg_temp.judge('odd', '<+>', '{"[1,2,3]","[1e20,0,0]","[0,0,0]"}', rows, 1) FROM unnest('{10, NULL}'::integer[]) rows;
SELECT pg_temp.judge('odd', '<+>', '{"[-3e38,0,0]"}', rows, 1) FROM unnest('{10, NULL}'::integer[]) rows;
SELECT * FROM omendb_check_index('odd_v');
DROP TABLE odd;
CREATE TABLE wide (id integer PRIMARY KEY, v vector(3000)) WITH (autovacuum_enabled = off);
INSERT INTO wide SELECT i, pg_temp.noise(i, 3000) FROM generate_series(1, 40) i;
CREATE INDEX wide_v ON wide USING omendb (v vector_l1_ops);
INSERT INTO wide SELECT i, pg_temp.noise(i, 3000) FROM generate_series(41, 60) i;
SELECT pg_temp.judge('wide', '<+>', pg_temp.queries(3, 3000), rows, 1) FROM unnest('{5, NULL}'::integer[]) rows;
SELECT * FROM omendb_check_index('wide_v');
DROP TABLE wide;

-- rows that no scan sees: versions that updates left behind in the delta and in the graph
CREATE FUNCTION pg_temp.pages_read(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO plan;
    RETURN (plan->0->'Plan'->>'Shared Hit Blocks')::bigint + (plan->0->'Plan'->>'Shared Read Blocks')::bigint;
END
$$;
CREATE TABLE versions (id integer PRIMARY KEY, v vector(16)) WITH (autovacuum_enabled = off);
INSERT INTO versions SELECT i, pg_temp.noise(i, 16) FROM generate_series(1, 3000) i;
CREATE INDEX versions_v ON versions USING omendb (v vector_l1_ops);
INSERT INTO versions SELECT i, array_fill(0.3 + (i - 5000) * 0.001, ARRAY[16]) FROM generate_series(5001, 5010) i;
INSERT INTO versions VALUES (6000, array_fill(0.3, ARRAY[16]));
DO $$ BEGIN FOR i IN 1 .. 200 LOOP UPDATE versions SET v = array_fill(0.3 + i * 1e-6, ARRAY[16]) WHERE id = 6000; END LOOP; END $$;
SELECT pg_temp.judge('versions', '<+>', ARRAY[array_fill(0.3, ARRAY[16])::vector], 10, 1);
UPDATE versions SET v = v + array_fill(1e-5, ARRAY[16])::vector;
SELECT omendb_merge('versions_v') > 3000 AS merged;
SELECT pg_temp.judge('versions', '<+>', pg_temp.queries(10, 16), 10, 0.9), pg_temp.judge('versions', '<+>', pg_temp.queries(1, 16), NULL, 1);
SET enable_seqscan = off;
SELECT pg_temp.pages_read($$SELECT id FROM versions ORDER BY v <+> '[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]' LIMIT 10$$) < 2000 AS few;
RESET enable_seqscan;
SELECT * FROM omendb_check_index('versions_v');

-- a graph without rows, and all of them in the delta
CREATE TABLE waiting (id integer PRIMARY KEY, v vector(48)) WITH (autovacuum_enabled = off);
CREATE INDEX waiting_v ON waiting USING omendb (v vector_l1_ops);
INSERT INTO waiting SELECT i, pg_temp.noise(i, 48) FROM generate_series(1, 1000) i;
SELECT rows, pg_temp.judge('waiting', '<+>', pg_temp.queries(4, 48), rows, 0.9) FROM unnest('{10, 100, 300, NULL}'::integer[]) rows;

-- many rows of one value: few of them are read to rank them; some that differ by less than codes tell
INSERT INTO waiting SELECT i, array_fill(0.5, ARRAY[48]) FROM generate_series(10001, 15000) i;
INSERT INTO waiting SELECT i, (ARRAY[0.5 - 1e-7] || array_fill(0.5, ARRAY[47]))::vector FROM generate_series(20001, 20010) i;
REINDEX INDEX waiting_v;
SET enable_seqscan = off;
SELECT pg_temp.pages_read(format('SELECT id FROM waiting ORDER BY v <+> %L LIMIT 10', array_fill(0.5, ARRAY[48])::vector)) < 500 AS few;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM waiting ORDER BY v <+> array_fill(0.4, ARRAY[48])::vector) x;
RESET enable_seqscan;
SELECT * FROM omendb_check_index('waiting_v');
DROP TABLE versions, waiting;
