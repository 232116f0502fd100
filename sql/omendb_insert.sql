-- Changes to an indexed table: inserts into the delta, merges, updates, deletes, rollbacks, vacuum, duplicates.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
-- The index finds all rows, and nearly always the right ones first.
CREATE FUNCTION pg_temp.judge_all() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN concat_ws(', ', pg_temp.judge('changed', '<->', pg_temp.queries(10, 12), 10, 0.9),
        pg_temp.judge('changed', '<->', pg_temp.queries(2, 12), NULL, 1),
        (SELECT string_agg(c::text, ' ') FROM omendb_check_index('changed_v') c));
END
$$;
\set ECHO all

-- an index on an empty table
CREATE TABLE changed (id integer PRIMARY KEY, note text, v vector(12)) WITH (autovacuum_enabled = off);
CREATE INDEX changed_v ON changed USING omendb (v vector_l2_ops) WITH (delta_limit = 100000);
SELECT live_nodes, delta_rows FROM omendb_index_info('changed_v');
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT 1 FROM changed ORDER BY v <-> pg_temp.noise(0, 12) LIMIT 10) n;
SELECT omendb_merge('changed_v');
INSERT INTO changed VALUES (1, 'one', pg_temp.noise(1, 12));
SELECT id FROM changed ORDER BY v <-> pg_temp.noise(1, 12) LIMIT 10;
BEGIN;
INSERT INTO changed VALUES (2, 'two', pg_temp.noise(2, 12)), (3, 'three', NULL);
SELECT id FROM changed ORDER BY v <-> pg_temp.noise(2, 12) LIMIT 1;
SAVEPOINT inner_one;
INSERT INTO changed VALUES (4, 'four', pg_temp.noise(4, 12));
SELECT id FROM changed ORDER BY v <-> pg_temp.noise(4, 12) LIMIT 1;
ROLLBACK TO inner_one;
SELECT count(*) FROM (SELECT 1 FROM changed ORDER BY v <-> pg_temp.noise(4, 12) LIMIT 10) n;
COMMIT;
SELECT count(*) FROM (SELECT 1 FROM changed ORDER BY v <-> pg_temp.noise(4, 12) LIMIT 10) n;
BEGIN;
INSERT INTO changed SELECT i, 'gone', pg_temp.noise(i, 12) FROM generate_series(100, 200) i;
SELECT count(*) FROM (SELECT 1 FROM changed ORDER BY v <-> pg_temp.noise(0, 12) LIMIT 1000) n;
ROLLBACK;
SELECT count(*) FROM (SELECT 1 FROM changed ORDER BY v <-> pg_temp.noise(0, 12) LIMIT 1000) n;
RESET enable_seqscan;
SELECT pg_temp.judge_all();
-- rolled back rows are in the delta until a vacuum, and are merged as others are
SELECT live_nodes, delta_rows FROM omendb_index_info('changed_v');
SELECT omendb_merge('changed_v');
SELECT live_nodes, delta_rows FROM omendb_index_info('changed_v');
SELECT pg_temp.judge_all();
VACUUM changed;
SELECT live_nodes, dead_nodes, delta_rows FROM omendb_index_info('changed_v');
SELECT pg_temp.judge_all();

-- many inserts, found in the delta and in the graph
INSERT INTO changed SELECT i, 'many', pg_temp.noise(i, 12) FROM generate_series(1001, 2500) i;
SELECT live_nodes, delta_rows FROM omendb_index_info('changed_v');
SELECT pg_temp.judge_all();
SELECT omendb_merge('changed_v');
SELECT live_nodes, joining_nodes, delta_rows, delta_pages FROM omendb_index_info('changed_v');
SELECT pg_temp.judge_all();
SELECT omendb_merge('changed_v');
-- without a worker, past its limit the inserting backend merges
SET omendb.background_merge = off;
ALTER INDEX changed_v SET (delta_limit = 8);
INSERT INTO changed SELECT i, 'more', pg_temp.noise(i, 12) FROM generate_series(2501, 3000) i;
SELECT delta_rows < 200 AS merged, live_nodes > 1700 AS grown, joining_nodes FROM omendb_index_info('changed_v');
SELECT pg_temp.judge_all();
ALTER INDEX changed_v RESET (delta_limit);
SET omendb.delta_limit = 64;
INSERT INTO changed SELECT i, 'more', pg_temp.noise(i, 12) FROM generate_series(3001, 4000) i;
SELECT delta_pages <= 9 AS merged FROM omendb_index_info('changed_v');
RESET omendb.background_merge;
RESET omendb.delta_limit;
SELECT pg_temp.judge_all();

-- COPY
COPY changed FROM stdin;
5001	copied	[1,1,1,1,1,1,1,1,1,1,1,1]
5002	copied	[-1,1,-1,1,-1,1,-1,1,-1,1,-1,1]
5003	copied	\N
\.
SELECT pg_temp.judge('changed', '<->', ARRAY[array_fill(1, ARRAY[12])::vector], 1, 1);
COPY changed FROM stdin;
5004	wrong	[1,1,1]
\.
SELECT pg_temp.judge_all();

-- updates: HOT, of another column, of the vector, of the key, back and forth
UPDATE changed SET note = 'hot' WHERE id BETWEEN 1001 AND 1100;
SELECT pg_temp.judge_all();
UPDATE changed SET v = pg_temp.noise(id + 10000, 12) WHERE id BETWEEN 1001 AND 1200;
SELECT pg_temp.judge_all();
SELECT pg_temp.judge('changed', '<->', array_agg(pg_temp.noise(id + 10000, 12)), 1, 1) FROM changed WHERE id BETWEEN 1001 AND 1040;
SELECT pg_temp.judge('changed', '<->', array_agg(pg_temp.noise(id, 12)), 5, 0.9) FROM changed WHERE id BETWEEN 1001 AND 1040;
UPDATE changed SET v = pg_temp.noise(id, 12) WHERE id BETWEEN 1001 AND 1200;
CREATE INDEX changed_note ON changed (note);
UPDATE changed SET note = 'not hot' WHERE id BETWEEN 1101 AND 1200;
UPDATE changed SET id = id + 1000000 WHERE id BETWEEN 1201 AND 1250;
UPDATE changed SET v = NULL WHERE id BETWEEN 1251 AND 1260;
SELECT pg_temp.judge_all();
BEGIN;
UPDATE changed SET v = pg_temp.noise(0, 12) WHERE id BETWEEN 1300 AND 1400;
SELECT pg_temp.judge('changed', '<->', ARRAY[pg_temp.noise(0, 12)], 101, 1);
ROLLBACK;
SELECT pg_temp.judge_all();
VACUUM changed;
SELECT pg_temp.judge_all();
SELECT live_nodes = (SELECT count(v) FROM changed) AS one_node_a_row, dead_nodes, delta_rows FROM omendb_index_info('changed_v');

-- deletes, vacuum, and the same rows again: their space is used again
CREATE TEMP TABLE pages AS SELECT pages FROM omendb_index_info('changed_v');
DELETE FROM changed WHERE id % 2 = 0;
SELECT pg_temp.judge_all();
VACUUM changed;
SELECT pg_temp.judge_all();
SELECT live_nodes = (SELECT count(v) FROM changed) AS one_node_a_row, dead_nodes, delta_rows FROM omendb_index_info('changed_v');
INSERT INTO changed SELECT i, 'again', pg_temp.noise(i, 12) FROM generate_series(1002, 4000, 2) i ON CONFLICT DO NOTHING;
SELECT pg_temp.judge_all();
VACUUM changed;
SELECT pg_temp.judge_all();
SELECT i.pages <= p.pages * 1.1 AS no_larger FROM pages p, omendb_index_info('changed_v') i;
-- all but a few, then all
DELETE FROM changed WHERE id % 100 <> 1;
VACUUM changed;
SELECT pg_temp.judge_all();
DELETE FROM changed;
VACUUM changed;
SELECT live_nodes, dead_nodes, delta_rows FROM omendb_index_info('changed_v');
SELECT * FROM omendb_check_index('changed_v');
INSERT INTO changed SELECT i, 'new', pg_temp.noise(i, 12) FROM generate_series(1, 1000) i;
SELECT pg_temp.judge_all();
VACUUM changed;
SELECT pg_temp.judge_all();

-- what makes a new index of an old one
REINDEX INDEX changed_v;
SELECT pg_temp.judge_all();
DELETE FROM changed WHERE id % 3 = 0;
VACUUM FULL changed;
SELECT pg_temp.judge_all();
CLUSTER changed USING changed_note;
SELECT pg_temp.judge_all();
ALTER TABLE changed ALTER COLUMN v TYPE vector(13) USING (v || '[1]')::vector(13);
SELECT dimensions, live_nodes FROM omendb_index_info('changed_v');
SELECT pg_temp.judge('changed', '<->', pg_temp.queries(5, 13), 10, 0.9);
SELECT * FROM omendb_check_index('changed_v');
BEGIN;
TRUNCATE changed;
INSERT INTO changed VALUES (1, 'one', pg_temp.noise(1, 13));
SELECT pg_temp.judge('changed', '<->', pg_temp.queries(5, 13), 1, 1);
ROLLBACK;
SELECT pg_temp.judge('changed', '<->', pg_temp.queries(5, 13), 10, 0.9);
TRUNCATE changed;
INSERT INTO changed SELECT i, 'one', pg_temp.noise(i, 13) FROM generate_series(1, 5) i;
SELECT pg_temp.judge('changed', '<->', pg_temp.queries(5, 13), NULL, 1);
SELECT * FROM omendb_check_index('changed_v');
DROP TABLE changed;

-- rows that say nothing about how long vectors are, before the first that does
CREATE TABLE early (id int, v vector(3));
CREATE INDEX early_l2 ON early USING omendb (v vector_l2_ops);
CREATE INDEX early_ip ON early USING omendb (v vector_ip_ops);
CREATE INDEX early_cosine ON early USING omendb (v vector_cosine_ops);
INSERT INTO early VALUES (1, '[0,0,0]'), (2, '[1e19,0,0]');
INSERT INTO early VALUES (3, '[1e17,0,0]'), (4, '[0,0,0]'), (5, '[-1e17,1e16,0]'), (6, '[1e19,0,0]');
SELECT c.indexrelid::regclass, x.* FROM pg_index c, omendb_check_index(c.indexrelid) x WHERE c.indrelid = 'early'::regclass;
SELECT count(omendb_merge(indexrelid)) FROM pg_index WHERE indrelid = 'early'::regclass;
SELECT c.indexrelid::regclass, x.* FROM pg_index c, omendb_check_index(c.indexrelid) x WHERE c.indrelid = 'early'::regclass;
SET enable_seqscan = off;
SELECT id FROM early ORDER BY v <#> '[1,0,0]', id;
SELECT id FROM early ORDER BY v <-> '[1e17,0,0]', id;
RESET enable_seqscan;
DROP TABLE early;
