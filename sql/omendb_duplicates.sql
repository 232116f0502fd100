-- Identical rows: they share a node whose further heap TIDs lie in chained segments.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all

-- 500 identical rows among 9,000: a query at them returns all of them
CREATE TABLE twins (id integer PRIMARY KEY, v vector(8)) WITH (autovacuum_enabled = off);
INSERT INTO twins SELECT i, CASE WHEN i % 18 = 0 THEN pg_temp.noise(-1, 8) ELSE pg_temp.noise(i, 8) END FROM generate_series(1, 9000) i;
CREATE INDEX twins_v ON twins USING omendb (v vector_l2_ops);
SELECT live_nodes FROM omendb_index_info('twins_v');
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], 500, 1);
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], 700, 0.95);
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], 10, 1, 'id % 180 = 0');
SELECT pg_temp.judge('twins', '<->', pg_temp.queries(2, 8), NULL, 1);
SELECT * FROM omendb_check_index('twins_v');

-- inserted ones join their node
INSERT INTO twins SELECT i, pg_temp.noise(-1, 8) FROM generate_series(10001, 10300) i;
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], 800, 1);
SELECT omendb_merge('twins_v');
SELECT live_nodes, delta_rows FROM omendb_index_info('twins_v');
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], 800, 1);
SELECT * FROM omendb_check_index('twins_v');

-- some go, some come: segments are emptied, unlinked and used again
DELETE FROM twins WHERE id > 10000 AND id % 3 <> 0;
VACUUM twins;
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], 600, 1);
SELECT * FROM omendb_check_index('twins_v');
DELETE FROM twins WHERE id BETWEEN 100 AND 8900 AND id % 18 = 0;
VACUUM twins;
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], (SELECT count(*) FROM twins WHERE v = pg_temp.noise(-1, 8))::integer, 1);
SELECT * FROM omendb_check_index('twins_v');
CREATE TEMP TABLE pages AS SELECT pages FROM omendb_index_info('twins_v');
INSERT INTO twins SELECT i, pg_temp.noise(-1, 8) FROM generate_series(20001, 20400) i;
VACUUM twins;
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], 500, 1);
SELECT pg_temp.judge('twins', '<->', pg_temp.queries(2, 8), NULL, 1);
SELECT i.pages - p.pages AS more_pages FROM pages p, omendb_index_info('twins_v') i;
-- all of them go: the node too; then they come back
DELETE FROM twins WHERE v = pg_temp.noise(-1, 8);
VACUUM twins;
SELECT live_nodes, dead_nodes FROM omendb_index_info('twins_v');
SELECT * FROM omendb_check_index('twins_v');
INSERT INTO twins SELECT i, pg_temp.noise(-1, 8) FROM generate_series(30001, 30100) i;
SELECT omendb_merge('twins_v');
SELECT live_nodes FROM omendb_index_info('twins_v');
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], 100, 1);
SELECT * FROM omendb_check_index('twins_v');
-- updates that keep the vector
UPDATE twins SET id = id + 100000 WHERE id > 30000;
UPDATE twins SET id = id + 100000 WHERE id > 30000;
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], 100, 1);
VACUUM twins;
SELECT pg_temp.judge('twins', '<->', ARRAY[pg_temp.noise(-1, 8)], 100, 1);
SELECT * FROM omendb_check_index('twins_v');

-- a table of one vector only, for each metric; every row is as near as any other
CREATE TABLE same (id integer PRIMARY KEY, v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO same SELECT i, '[1,2,3]' FROM generate_series(1, 2500) i;
CREATE INDEX same_l2 ON same USING omendb (v vector_l2_ops);
CREATE INDEX same_ip ON same USING omendb (v vector_ip_ops);
CREATE INDEX same_cosine ON same USING omendb (v vector_cosine_ops);
SELECT o, pg_temp.judge('same', o, '{"[1,2,3]","[-5,0,2]"}', rows, 1)
    FROM unnest('{<->,<#>,<=>}'::text[]) o, unnest('{10,1000,2501}'::integer[]) rows;
INSERT INTO same SELECT i, '[1,2,3]' FROM generate_series(2501, 3500) i;
SELECT o, pg_temp.judge('same', o, '{"[1,2,3]","[-5,0,2]"}', NULL, 1) FROM unnest('{<->,<#>,<=>}'::text[]) o;
DELETE FROM same WHERE id BETWEEN 1000 AND 3400;
VACUUM same;
SELECT o, pg_temp.judge('same', o, '{"[1,2,3]","[-5,0,2]"}', NULL, 1) FROM unnest('{<->,<#>,<=>}'::text[]) o;
SELECT i, live_nodes FROM unnest('{same_l2,same_ip,same_cosine}'::regclass[]) i, omendb_index_info(i);
SELECT i, c.* FROM unnest('{same_l2,same_ip,same_cosine}'::regclass[]) i, omendb_check_index(i) c;

-- built from nothing: one vector, all of it inserted and merged
TRUNCATE same;
INSERT INTO same SELECT i, '[0,0,0]' FROM generate_series(1, 600) i;
SELECT i, omendb_merge(i) FROM unnest('{same_l2,same_ip,same_cosine}'::regclass[]) i;
SELECT o, pg_temp.judge('same', o, '{"[1,2,3]","[0,0,0]"}', NULL, 1) FROM unnest('{<->,<#>,<=>}'::text[]) o;
SELECT i, live_nodes FROM unnest('{same_l2,same_ip,same_cosine}'::regclass[]) i, omendb_index_info(i);
SELECT i, c.* FROM unnest('{same_l2,same_ip,same_cosine}'::regclass[]) i, omendb_check_index(i) c;
DROP TABLE twins, same;
