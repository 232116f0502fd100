-- Every way to make an index, on every kind of table, for all dimensions and code widths: equal answers.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all

CREATE TABLE built (id integer PRIMARY KEY, category integer, v vector(20)) WITH (autovacuum_enabled = off);
INSERT INTO built SELECT i, i % 10, pg_temp.noise(i, 20) FROM generate_series(1, 2000) i;

-- the operator class has a default
CREATE INDEX ON built USING omendb (v);
SELECT indexdef FROM pg_indexes WHERE tablename = 'built' AND indexdef LIKE '%omendb%';
SELECT pg_temp.judge('built', '<->', pg_temp.queries(10, 20), 10, 0.95);
SELECT * FROM omendb_check_index('built_v_idx');
DROP INDEX built_v_idx;

-- concurrently, and again
CREATE INDEX CONCURRENTLY built_v ON built USING omendb (v vector_l2_ops);
SELECT pg_temp.judge('built', '<->', pg_temp.queries(10, 20), 10, 0.95);
SELECT pg_temp.judge('built', '<->', pg_temp.queries(2, 20), NULL, 1);
SELECT * FROM omendb_check_index('built_v');
INSERT INTO built SELECT i, i % 10, pg_temp.noise(i, 20) FROM generate_series(2001, 2100) i;
DELETE FROM built WHERE id % 7 = 0;
REINDEX INDEX CONCURRENTLY built_v;
SELECT pg_temp.judge('built', '<->', pg_temp.queries(10, 20), 10, 0.95);
SELECT pg_temp.judge('built', '<->', pg_temp.queries(2, 20), NULL, 1);
SELECT * FROM omendb_check_index('built_v');
REINDEX TABLE built;
SELECT pg_temp.judge('built', '<->', pg_temp.queries(2, 20), NULL, 1);
-- twice the same: a build is repeatable
SELECT pages, live_nodes, entries FROM omendb_index_info('built_v') \gset
REINDEX INDEX built_v;
SELECT pages = :pages AS pages, live_nodes = :live_nodes AS nodes, entries = :entries AS entries FROM omendb_index_info('built_v');
-- with the table, in one transaction; rolled back, and in a subtransaction
BEGIN;
CREATE TABLE young AS SELECT i AS id, pg_temp.noise(i, 20)::vector(20) AS v FROM generate_series(1, 500) i;
CREATE INDEX young_v ON young USING omendb (v);
INSERT INTO young SELECT i, pg_temp.noise(i, 20) FROM generate_series(501, 600) i;
SELECT pg_temp.judge('young', '<->', pg_temp.queries(2, 20), NULL, 1);
SAVEPOINT before;
REINDEX INDEX young_v;
ROLLBACK TO before;
SELECT pg_temp.judge('young', '<->', pg_temp.queries(2, 20), NULL, 1);
SELECT * FROM omendb_check_index('young_v');
ROLLBACK;
DROP INDEX built_v;

-- code widths give equal answers at equal effort, in indexes of different sizes
CREATE INDEX built_1 ON built USING omendb (v) WITH (bits = 1);
SELECT bits, pg_temp.judge('built', '<->', pg_temp.queries(10, 20), 10, 0.9), pg_temp.judge('built', '<->', pg_temp.queries(1, 20), NULL, 1) FROM omendb_index_info('built_1');
SELECT * FROM omendb_check_index('built_1');
DROP INDEX built_1;
CREATE INDEX built_2 ON built USING omendb (v) WITH (bits = 2);
SELECT bits, pg_temp.judge('built', '<->', pg_temp.queries(10, 20), 10, 0.9), pg_temp.judge('built', '<->', pg_temp.queries(1, 20), NULL, 1) FROM omendb_index_info('built_2');
SELECT * FROM omendb_check_index('built_2');
DROP INDEX built_2;
CREATE INDEX built_3 ON built USING omendb (v) WITH (bits = 3);
SELECT bits, pg_temp.judge('built', '<->', pg_temp.queries(10, 20), 10, 0.9), pg_temp.judge('built', '<->', pg_temp.queries(1, 20), NULL, 1) FROM omendb_index_info('built_3');
SELECT * FROM omendb_check_index('built_3');
DROP INDEX built_3;
CREATE INDEX built_4 ON built USING omendb (v) WITH (bits = 4, delta_limit = 64);
SELECT bits, pg_temp.judge('built', '<->', pg_temp.queries(10, 20), 10, 0.9), pg_temp.judge('built', '<->', pg_temp.queries(1, 20), NULL, 1) FROM omendb_index_info('built_4');
SELECT * FROM omendb_check_index('built_4');
DROP INDEX built_4;

-- expressions, and a part of the rows
CREATE TABLE free (id integer PRIMARY KEY, v vector);
INSERT INTO free SELECT i, pg_temp.noise(i, CASE WHEN i % 2 = 0 THEN 6 ELSE 9 END) FROM generate_series(1, 3000) i;
CREATE INDEX free_6 ON free USING omendb ((v::vector(6)) vector_l2_ops) WHERE vector_dims(v) = 6;
CREATE INDEX free_9 ON free USING omendb ((v::vector(9)) vector_cosine_ops) WHERE vector_dims(v) = 9;
CREATE INDEX free_start ON free USING omendb ((subvector(v, 1, 3)::vector(3)) vector_l2_ops);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM free WHERE vector_dims(v) = 6 ORDER BY v::vector(6) <-> '[1,2,3,4,5,6]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM free WHERE vector_dims(v) = 9 ORDER BY v::vector(9) <=> '[1,2,3,4,5,6,7,8,9]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM free ORDER BY subvector(v, 1, 3)::vector(3) <-> '[1,2,3]' LIMIT 5;
SELECT id FROM free WHERE vector_dims(v) = 6 ORDER BY v::vector(6) <-> pg_temp.noise(44, 6) LIMIT 1;
SELECT id FROM free WHERE vector_dims(v) = 9 ORDER BY v::vector(9) <=> pg_temp.noise(45, 9) LIMIT 1;
SELECT id FROM free ORDER BY subvector(v, 1, 3)::vector(3) <-> pg_temp.noise(46, 3) LIMIT 1;
INSERT INTO free VALUES (5001, '[7,7,7,7,7,7]'), (5002, '[7,7,7,7,7,7,-7,-7,-7]'), (5003, '[9,9,9]');
SELECT id FROM free WHERE vector_dims(v) = 6 ORDER BY v::vector(6) <-> '[7,7,7,7,7,7]' LIMIT 1;
SELECT id FROM free WHERE vector_dims(v) = 9 ORDER BY v::vector(9) <=> '[7,7,7,7,7,7,-7,-7,-7]' LIMIT 1;
SELECT id FROM free ORDER BY subvector(v, 1, 3)::vector(3) <-> '[9,9,9]' LIMIT 1;
SELECT count(*) FROM (SELECT id FROM free WHERE vector_dims(v) = 6 ORDER BY v::vector(6) <-> pg_temp.noise(1, 6) LIMIT 10000) n;
SELECT count(*) FROM (SELECT id FROM free ORDER BY subvector(v, 1, 3)::vector(3) <-> pg_temp.noise(1, 3) LIMIT 10000) n;
RESET enable_seqscan;
SELECT i, c.* FROM unnest('{free_6,free_9,free_start}'::regclass[]) i, omendb_check_index(i) c;

-- kinds of tables
CREATE UNLOGGED TABLE unlogged (id integer, v vector(5));
CREATE INDEX unlogged_v ON unlogged USING omendb (v);
INSERT INTO unlogged SELECT i, pg_temp.noise(i, 5) FROM generate_series(1, 600) i;
VACUUM unlogged;
SELECT pg_temp.judge('unlogged', '<->', pg_temp.queries(4, 5), 10, 0.95), pg_temp.judge('unlogged', '<->', pg_temp.queries(1, 5), NULL, 1);
SELECT * FROM omendb_check_index('unlogged_v');
ALTER TABLE unlogged SET LOGGED;
SELECT pg_temp.judge('unlogged', '<->', pg_temp.queries(4, 5), 10, 0.95), pg_temp.judge('unlogged', '<->', pg_temp.queries(1, 5), NULL, 1);
ALTER TABLE unlogged SET UNLOGGED;
SELECT pg_temp.judge('unlogged', '<->', pg_temp.queries(4, 5), 10, 0.95), pg_temp.judge('unlogged', '<->', pg_temp.queries(1, 5), NULL, 1);
CREATE TEMP TABLE temporary (id integer, v vector(5)) ON COMMIT DELETE ROWS;
CREATE INDEX temporary_v ON temporary USING omendb (v vector_cosine_ops);
BEGIN;
INSERT INTO temporary SELECT i, pg_temp.noise(i, 5) FROM generate_series(1, 600) i;
SELECT omendb_merge('temporary_v');
SELECT pg_temp.judge('temporary', '<=>', pg_temp.queries(4, 5), 10, 0.95), pg_temp.judge('temporary', '<=>', pg_temp.queries(1, 5), NULL, 1);
SELECT * FROM omendb_check_index('temporary_v');
COMMIT;
SELECT live_nodes, delta_rows FROM omendb_index_info('temporary_v');
CREATE TABLE parted (id integer, region text, v vector(5)) PARTITION BY LIST (region);
CREATE TABLE parted_north PARTITION OF parted FOR VALUES IN ('north');
CREATE INDEX parted_v ON parted USING omendb (v);
CREATE TABLE parted_south PARTITION OF parted FOR VALUES IN ('south');
INSERT INTO parted SELECT i, CASE WHEN i % 3 = 0 THEN 'north' ELSE 'south' END, pg_temp.noise(i, 5) FROM generate_series(1, 6000) i;
VACUUM ANALYZE parted;
EXPLAIN (COSTS OFF) SELECT id FROM parted ORDER BY v <-> '[1,2,3,4,5]' LIMIT 5;
SELECT id FROM parted ORDER BY v <-> pg_temp.noise(33, 5) LIMIT 1;
SELECT id FROM parted ORDER BY v <-> pg_temp.noise(34, 5) LIMIT 1;
SET enable_seqscan = off;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM parted ORDER BY v <-> pg_temp.noise(34, 5) LIMIT 100000) n;
RESET enable_seqscan;
UPDATE parted SET region = 'north' WHERE id = 34;
SELECT id, region FROM parted ORDER BY v <-> pg_temp.noise(34, 5) LIMIT 1;
SELECT id, region FROM parted WHERE region = 'north' ORDER BY v <-> pg_temp.noise(34, 5) LIMIT 1;
SELECT i, c.* FROM unnest('{parted_north_v_idx,parted_south_v_idx}'::regclass[]) i, omendb_check_index(i) c;
DROP TABLE built, free, unlogged, temporary, parted;
