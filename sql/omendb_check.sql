-- omendb_check_index and omendb_index_info: sound indexes through their life, figures that agree with what
-- PostgreSQL counts, what is found when table and index differ, and who may ask.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all

CREATE TABLE checked (id integer PRIMARY KEY, kind integer, v vector(20), wide vector(2000));
INSERT INTO checked SELECT i, i % 4, pg_temp.noise(i, 20), CASE WHEN i <= 80 THEN pg_temp.noise(i, 2000) END FROM generate_series(1, 900) i;
-- identical rows, more than a segment of TIDs holds, and rows without a vector
INSERT INTO checked SELECT i, 1, pg_temp.noise(7, 20), NULL FROM generate_series(1001, 1070) i;
INSERT INTO checked SELECT i, 2, NULL, NULL FROM generate_series(1101, 1110) i;

CREATE INDEX checked_l2 ON checked USING omendb (v vector_l2_ops);
CREATE INDEX checked_ip ON checked USING omendb (v vector_ip_ops) WITH (bits = 1);
CREATE INDEX checked_wide ON checked USING omendb (wide vector_cosine_ops);
CREATE INDEX checked_part ON checked USING omendb (v vector_l2_ops) WHERE kind = 1;
CREATE INDEX checked_expression ON checked USING omendb ((subvector(v, 3, 5)::vector(5)) vector_cosine_ops);
CREATE INDEX checked_plain ON checked (kind);
CREATE TABLE checked_empty (v vector(7));
CREATE INDEX checked_none ON checked_empty USING omendb (v);
CREATE TEMP TABLE checked_temp AS SELECT v FROM checked;
CREATE INDEX checked_own ON checked_temp USING omendb (v);
CREATE UNLOGGED TABLE checked_unlogged AS SELECT v FROM checked;
CREATE INDEX checked_fast ON checked_unlogged USING omendb (v);

CREATE FUNCTION pg_temp.problems() RETURNS TABLE (index regclass, block bigint, invariant text, problem text) LANGUAGE sql AS $$
    SELECT c.oid::regclass, p.* FROM pg_class c JOIN pg_am a ON a.oid = c.relam, omendb_check_index(c.oid) p
    WHERE a.amname = 'omendb' AND c.relkind = 'i'
$$;
-- Figures against what PostgreSQL counts.
CREATE FUNCTION pg_temp.figures(index regclass) RETURNS TABLE (size boolean, nodes boolean, counted text) LANGUAGE sql AS $$
    SELECT i.size_bytes = pg_relation_size(index) AND i.pages = pg_relation_size(index) / current_setting('block_size')::integer,
        i.node_pages * i.nodes_per_page = i.live_nodes + i.joining_nodes + i.dead_nodes + i.free_slots,
        CASE WHEN i.delta_pages = 0 OR i.delta_rows = 0 THEN i.live_nodes || ' nodes' ELSE i.delta_rows || ' in the delta' END
    FROM omendb_index_info(index) i
$$;

SELECT * FROM pg_temp.problems();
SELECT metric, dimensions, coded_dimensions, bits, joining_nodes, dead_nodes, delta_rows, format_version FROM omendb_index_info('checked_l2');
SELECT metric, dimensions, bits FROM omendb_index_info('checked_ip');
SELECT metric, dimensions, coded_dimensions < 2000 AS cold, live_nodes FROM omendb_index_info('checked_wide');
SELECT live_nodes, entries, pages, delta_rows FROM omendb_index_info('checked_none');
SELECT * FROM pg_temp.figures('checked_l2');
SELECT live_nodes FROM omendb_index_info('checked_part');
SELECT kernels = omendb_simd(), cached_bytes BETWEEN 1 AND 100000 AS cached FROM omendb_index_info('checked_l2');

-- rows inserted, changed and rolled back: in the delta, then merged
INSERT INTO checked SELECT i, i % 4, pg_temp.noise(i, 20), CASE WHEN i <= 2030 THEN pg_temp.noise(i, 2000) END FROM generate_series(2001, 2100) i;
INSERT INTO checked SELECT i, 1, pg_temp.noise(7, 20), NULL FROM generate_series(2101, 2130) i;
BEGIN;
INSERT INTO checked SELECT i, 1, pg_temp.noise(i, 20), NULL FROM generate_series(3001, 3040) i;
SELECT * FROM pg_temp.problems();
ROLLBACK;
UPDATE checked SET v = pg_temp.noise(-id, 20) WHERE id <= 40;
UPDATE checked SET kind = kind + 1 WHERE id BETWEEN 50 AND 60;
SELECT * FROM pg_temp.problems();
SELECT * FROM pg_temp.figures('checked_l2');
SELECT omendb_merge('checked_l2') > 0, omendb_merge('checked_wide'), omendb_merge('checked_expression') > 0;
SELECT * FROM pg_temp.problems();
SELECT size, nodes FROM pg_temp.figures('checked_l2');

-- rows deleted: dead in the index until vacuum
DELETE FROM checked WHERE id % 3 = 0;
SELECT * FROM pg_temp.problems();
VACUUM checked;
SELECT * FROM pg_temp.problems();
SELECT size, nodes FROM pg_temp.figures('checked_l2');
SELECT i.live_nodes = (SELECT count(DISTINCT v) FROM checked) AS nodes, i.dead_nodes, i.delta_rows FROM omendb_index_info('checked_l2') i;
-- their slots are taken again
INSERT INTO checked SELECT i, 0, pg_temp.noise(i, 20), pg_temp.noise(i, 2000) FROM generate_series(4001, 4040) i;
VACUUM checked;
SELECT * FROM pg_temp.problems();
REINDEX INDEX checked_l2;
SELECT * FROM pg_temp.problems();
TRUNCATE checked_unlogged;
SELECT * FROM pg_temp.problems();

-- an index whose expression or condition no longer gives what it gave: values and codes differ, rows are missing
CREATE TABLE lied (id integer, v vector(4));
INSERT INTO lied SELECT i, pg_temp.noise(i, 4) FROM generate_series(1, 50) i;
CREATE FUNCTION lie(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE SET search_path = public AS 'BEGIN RETURN v * v; END';
CREATE FUNCTION lie(id integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN id <= 40; END';
CREATE INDEX lied_value ON lied USING omendb ((lie(v)::vector(4)) vector_l2_ops);
CREATE INDEX lied_condition ON lied USING omendb (v vector_l2_ops) WHERE lie(id);
SELECT * FROM pg_temp.problems();
CREATE OR REPLACE FUNCTION lie(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE SET search_path = public AS 'BEGIN RETURN v + v; END';
CREATE OR REPLACE FUNCTION lie(id integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN id > 5; END';
SELECT index, invariant, count(*), count(block) AS with_block, min(substring(problem, '^heap row .* is not in the index$')) AS first FROM pg_temp.problems() GROUP BY 1, 2 ORDER BY 1, 2;
DROP TABLE lied;
DROP FUNCTION lie(vector), lie(integer);

-- expressions run as the table's owner
CREATE ROLE regress_checker;
GRANT CREATE ON SCHEMA public TO regress_checker;
CREATE FUNCTION whoami(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE NOTICE 'I am %', current_user; RETURN v; END $$;
SET ROLE regress_checker;
CREATE TABLE theirs (v vector(3));
INSERT INTO theirs VALUES ('[1,2,3]');
RESET ROLE;
SET client_min_messages = warning;
CREATE INDEX theirs_v ON theirs USING omendb ((whoami(v)::vector(3)) vector_l2_ops);
RESET client_min_messages;
SELECT * FROM omendb_check_index('theirs_v');

-- who may ask, and about what
SET ROLE regress_checker;
SELECT * FROM omendb_check_index('theirs_v');
SELECT * FROM omendb_check_index('checked_l2');
RESET ROLE;
DROP TABLE theirs;
DROP FUNCTION whoami(vector);
REVOKE CREATE ON SCHEMA public FROM regress_checker;
DROP ROLE regress_checker;
\set VERBOSITY sqlstate
SELECT * FROM omendb_check_index('checked');
SELECT * FROM omendb_check_index('checked_plain');
SELECT * FROM omendb_check_index(4294967295);
SELECT * FROM omendb_index_info('checked');
SELECT * FROM omendb_index_info('checked_plain');
\set VERBOSITY terse
SELECT * FROM omendb_check_index('checked_plain');
SELECT * FROM omendb_index_info('checked');
SELECT * FROM omendb_check_index(NULL);
SELECT omendb_check_index('checked_l2');
CREATE TABLE checked_parts (id integer, v vector(3)) PARTITION BY RANGE (id);
CREATE TABLE checked_first PARTITION OF checked_parts FOR VALUES FROM (0) TO (10);
INSERT INTO checked_parts VALUES (1, '[1,2,3]');
CREATE INDEX checked_parts_v ON checked_parts USING omendb (v);
SELECT * FROM omendb_check_index('checked_parts_v');
SELECT * FROM omendb_check_index('checked_first_v_idx');
-- an index that is not valid
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'checked_l2'::regclass;
SELECT * FROM omendb_check_index('checked_l2');
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'checked_l2'::regclass;
SELECT * FROM omendb_check_index('checked_l2');
-- in a transaction with one snapshot, read only, and behind a cursor
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT * FROM omendb_check_index('checked_l2');
SELECT * FROM omendb_check_index('checked_wide');
COMMIT;
DROP TABLE checked, checked_empty, checked_temp, checked_unlogged, checked_parts;
