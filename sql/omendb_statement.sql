-- Statements of many rows, whose rows reach the delta together: what may read them meanwhile finds them, and what is
-- undone leaves nothing.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all
CREATE TABLE statement (id integer PRIMARY KEY, v vector(8)) WITH (autovacuum_enabled = off);
CREATE INDEX statement_v ON statement USING omendb (v vector_l2_ops);
-- How many rows the index finds, without and with a parallel worker.
CREATE FUNCTION statement_rows() RETURNS bigint LANGUAGE sql AS
    'SELECT count(*) FROM (SELECT id FROM statement ORDER BY v <-> ''[0,0,0,0,0,0,0,0]'') AS x';
CREATE FUNCTION statement_rows_by_worker() RETURNS bigint LANGUAGE plpgsql AS
    'BEGIN RETURN count(*) FROM (SELECT id FROM statement ORDER BY v <-> ''[0,0,0,0,0,0,0,0]'') AS x; END';
SET enable_seqscan = off;
SET enable_sort = off;
SELECT * FROM pg_temp.plan('SELECT id FROM statement ORDER BY v <-> ''[0,0,0,0,0,0,0,0]''');
-- one row, then several: until their transaction ends, in the delta as soon as their statement has ended
BEGIN;
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(1, 20) i;
SELECT delta_rows FROM omendb_index_info('statement_v');
SELECT statement_rows();
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(21, 1000) i;
SELECT delta_rows FROM omendb_index_info('statement_v');
SELECT statement_rows();
COMMIT;
SELECT delta_rows FROM omendb_index_info('statement_v');
-- a trigger before each row, and one after, count what is there
CREATE TABLE seen (at text, id integer, rows bigint, by_worker bigint);
CREATE FUNCTION note_seen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    setting text := CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'force_parallel_mode' ELSE 'debug_parallel_query' END;
    alone bigint;
    by_worker bigint;
BEGIN
    PERFORM set_config(setting, 'on', true);
    by_worker := statement_rows_by_worker();
    PERFORM set_config(setting, 'off', true);
    alone := statement_rows();
    INSERT INTO seen VALUES (TG_WHEN, NEW.id, alone, by_worker);
    RETURN NEW;
END $$;
CREATE TRIGGER before_row BEFORE INSERT ON statement FOR EACH ROW EXECUTE FUNCTION note_seen();
CREATE TRIGGER after_row AFTER INSERT ON statement FOR EACH ROW EXECUTE FUNCTION note_seen();
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(1001, 1005) i;
SELECT * FROM seen ORDER BY at DESC, id;
DROP TRIGGER before_row ON statement;
TRUNCATE seen;
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(1006, 1010) i;
SELECT * FROM seen ORDER BY at DESC, id;
DROP TRIGGER after_row ON statement;
-- what a failed statement gathered is gone, and so is what a subtransaction did that was rolled back
DO $$
BEGIN
    INSERT INTO statement SELECT CASE WHEN i < 1030 THEN i ELSE 1 END, pg_temp.noise(i, 8) FROM generate_series(1011, 1030) i;
EXCEPTION WHEN unique_violation THEN
    RAISE NOTICE 'as expected';
END $$;
-- the first row went to the delta by itself
SELECT delta_rows FROM omendb_index_info('statement_v');
SELECT statement_rows();
BEGIN;
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(1011, 1030) i;
SAVEPOINT one;
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(1031, 1040) i;
SELECT statement_rows();
ROLLBACK TO one;
SELECT statement_rows();
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(1031, 1050) i;
RELEASE one;
COMMIT;
SELECT statement_rows();
-- a row's trigger fails and is caught, while the statement goes on
CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id % 2 = 0 THEN
        INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(2000, 2010) i;
        RAISE division_by_zero;
    END IF;
    RETURN NEW;
EXCEPTION WHEN division_by_zero THEN
    RETURN NEW;
END $$;
CREATE TRIGGER stumble BEFORE INSERT ON statement FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION stumble();
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(1051, 1070) i;
SELECT statement_rows();
DROP TRIGGER stumble ON statement;
-- rows taken back by ON CONFLICT
INSERT INTO statement SELECT i, pg_temp.noise(-i, 8) FROM generate_series(1061, 1080) i ON CONFLICT DO NOTHING;
INSERT INTO statement SELECT i, pg_temp.noise(-i, 8) FROM generate_series(1071, 1090) i ON CONFLICT (id) DO UPDATE SET v = excluded.v;
SELECT statement_rows();
-- a statement that inserts twice, and updates
WITH more AS (INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(1091, 1100) i RETURNING id),
    most AS (INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(1101, 1110) i RETURNING id),
    changed AS (UPDATE statement SET v = pg_temp.noise(-id, 8) WHERE id <= 10 RETURNING id)
SELECT (SELECT count(*) FROM more), (SELECT count(*) FROM most), (SELECT count(*) FROM changed);
SELECT statement_rows();
-- rows copied from the index itself
INSERT INTO statement SELECT id + 2000, v FROM (SELECT * FROM statement ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 100) AS x;
SELECT statement_rows();
-- an index built in the same transaction, and one emptied
BEGIN;
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(5001, 5020) i;
REINDEX INDEX statement_v;
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(5021, 5040) i;
COMMIT;
SELECT live_nodes, delta_rows FROM omendb_index_info('statement_v');
SELECT * FROM omendb_check_index('statement_v');
SELECT pg_temp.judge('statement', '<->', pg_temp.queries(20, 8), 50, 0.95);
BEGIN;
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(5041, 5060) i;
TRUNCATE statement;
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(1, 20) i;
COMMIT;
SELECT live_nodes, delta_rows FROM omendb_index_info('statement_v');
SELECT statement_rows();
-- COPY, and a subtransaction that undoes another
TRUNCATE statement;
BEGIN;
COPY statement FROM stdin;
1	[1,0,0,0,0,0,0,0]
2	[2,0,0,0,0,0,0,0]
3	[3,0,0,0,0,0,0,0]
4	[4,0,0,0,0,0,0,0]
\.
SELECT statement_rows();
SAVEPOINT one;
COPY statement FROM stdin;
5	[5,0,0,0,0,0,0,0]
6	[6,0,0,0,0,0,0,0]
7	[7,0,0,0,0,0,0,0]
\.
ROLLBACK TO one;
COPY statement FROM stdin;
8	[8,0,0,0,0,0,0,0]
9	[9,0,0,0,0,0,0,0]
\.
COMMIT;
SELECT statement_rows();
COPY statement FROM stdin;
11	[1,0,0,0,0,0,0,1]
12	[2,0,0,0,0,0,0,1]
13	[3,0,0,0,0,0,0,1]
\.
SELECT statement_rows();
BEGIN;
COPY statement FROM stdin;
14	[1,0,0,0,0,0,0,2]
15	[2,0,0,0,0,0,0,2]
\.
REINDEX INDEX statement_v;
COPY statement FROM stdin;
16	[1,0,0,0,0,0,0,3]
17	[2,0,0,0,0,0,0,3]
\.
COMMIT;
SELECT * FROM omendb_check_index('statement_v');
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO statement SELECT i, pg_temp.noise(i, 8) FROM generate_series(21, 40) i;
SELECT statement_rows();
COMMIT;
SELECT statement_rows();
-- partitions: rows that go to several, and move
CREATE TABLE parted (id integer, v vector(8)) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (50);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (50) TO (1000);
CREATE INDEX parted_v ON parted USING omendb (v vector_l2_ops);
INSERT INTO parted SELECT i, pg_temp.noise(i, 8) FROM generate_series(1, 100) i;
UPDATE parted SET id = id + 20;
SELECT relname, delta_rows FROM pg_class, omendb_index_info(oid) WHERE relname IN ('parted_1_v_idx', 'parted_2_v_idx') ORDER BY 1;
SELECT count(*) FROM (SELECT id FROM parted ORDER BY v <-> '[0,0,0,0,0,0,0,0]') AS x;
DROP TABLE statement, seen, parted;
DROP FUNCTION statement_rows, statement_rows_by_worker, note_seen, stumble;
