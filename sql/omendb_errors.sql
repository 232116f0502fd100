-- What cannot be indexed, set, asked or merged, and what is said about it.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all
CREATE TABLE wrong (id integer PRIMARY KEY, note text, flags varbit, v vector(3), w vector(3), free vector, a real[]);
INSERT INTO wrong VALUES (1, 'one', B'101', '[1,2,3]', '[3,2,1]', '[1,2]', '{1,2,3}');

-- columns
CREATE INDEX ON wrong USING omendb (free);
CREATE INDEX ON wrong USING omendb ((v || w));
CREATE INDEX ON wrong USING omendb (id);
CREATE INDEX ON wrong USING omendb (flags);
CREATE INDEX ON wrong USING omendb (note);
CREATE INDEX ON wrong USING omendb (a);
CREATE INDEX ON wrong USING omendb (id vector_l2_ops);
CREATE INDEX ON wrong USING omendb (flags vector_l2_ops);
CREATE INDEX ON wrong USING omendb (v halfvec_l1_ops);
CREATE INDEX ON wrong USING omendb (v vector_ops);
CREATE INDEX ON wrong USING btree (v vector_l2_ops);
CREATE INDEX ON wrong USING omendb (v, w);
CREATE INDEX ON wrong USING omendb (v, id);
CREATE INDEX ON wrong USING omendb (v) INCLUDE (id);
CREATE UNIQUE INDEX ON wrong USING omendb (v);
CREATE INDEX ON wrong USING omendb (v ASC);
CREATE INDEX ON wrong USING omendb (v DESC);
CREATE INDEX ON wrong USING omendb (v NULLS FIRST);
-- wording differs between server versions
\set VERBOSITY sqlstate
ALTER TABLE wrong ADD EXCLUDE USING omendb (v WITH =);
ALTER TABLE wrong ADD EXCLUDE USING omendb (v WITH <->);
\set VERBOSITY default
-- an array goes through its cast
CREATE INDEX ON wrong USING omendb ((a::vector(3)));
DROP INDEX wrong_a_idx;

-- storage parameters
CREATE INDEX ON wrong USING omendb (v) WITH (lists = 100);
CREATE INDEX ON wrong USING omendb (v) WITH (fillfactor = 90);
CREATE INDEX ON wrong USING omendb (v) WITH (bits = 5);
CREATE INDEX ON wrong USING omendb (v) WITH (bits = -1);
CREATE INDEX ON wrong USING omendb (v) WITH (bits = many);
CREATE INDEX ON wrong USING omendb (v) WITH (delta_limit = -1);
CREATE INDEX ON wrong USING omendb (v) WITH (delta_limit = 1048577);
CREATE INDEX wrong_v ON wrong USING omendb (v) WITH (bits = 0, delta_limit = 0);
ALTER INDEX wrong_v SET (delta_limit = 1048577);
ALTER INDEX wrong_v SET (delta_limit = 128);
SELECT reloptions FROM pg_class WHERE relname = 'wrong_v';
ALTER INDEX wrong_v RESET (delta_limit, bits);
SELECT reloptions FROM pg_class WHERE relname = 'wrong_v';
CLUSTER wrong USING wrong_v;

-- settings
SET omendb.ef_search = 9;
SET omendb.ef_search = 10001;
SET omendb.ef_search = 'wide';
RESET omendb.delta_limit;
SHOW omendb.delta_limit;
\set VERBOSITY sqlstate
SET omendb.delta_limit = 63;
SET omendb.delta_limit = '2GB';
\set VERBOSITY default
SET omendb.delta_limit = '1MB';
SHOW omendb.delta_limit;
SHOW omendb.simd;
SET omendb.simd = 'best';
SET omendb.simd = 'baseline';
SELECT omendb_simd();
RESET omendb.simd;

-- rows of other dimensions
INSERT INTO wrong (id, v) VALUES (2, '[1,2]');
UPDATE wrong SET v = '[1,2,3,4]';
CREATE INDEX wrong_free ON wrong USING omendb ((free::vector(2)));
INSERT INTO wrong (id, free) VALUES (3, '[1,2,3]');
DROP INDEX wrong_free;
INSERT INTO wrong (id, free) VALUES (3, '[1,2,3]');
CREATE INDEX wrong_free ON wrong USING omendb ((free::vector(2)));
CREATE INDEX wrong_free ON wrong USING omendb ((free::vector(2))) WHERE vector_dims(free) = 2;
-- a failed statement leaves nothing of its rows behind
INSERT INTO wrong (id, v) SELECT i, CASE WHEN i < 60 THEN ARRAY[i, i, i] ELSE ARRAY[i] END::vector FROM generate_series(11, 60) i;
SET enable_seqscan = off;
SELECT id FROM wrong ORDER BY v <-> '[1,2,3]' LIMIT 5;

-- queries of other dimensions: the operator's words
SELECT id FROM wrong ORDER BY v <-> '[1,2]' LIMIT 5;
SELECT id FROM wrong ORDER BY v <-> '[1,2,3,4]' LIMIT 5;
RESET enable_seqscan;
SELECT '[1,2,3]'::vector <-> '[1,2]';
SELECT id FROM wrong ORDER BY v <-> '[]' LIMIT 5;
SELECT id FROM wrong ORDER BY v <-> '[1,NaN,3]' LIMIT 5;
SELECT id FROM wrong ORDER BY v <-> 'near' LIMIT 5;

-- what the index does not serve is planned without it
SET enable_seqscan = off;
SELECT pg_temp.plan($$SELECT id FROM wrong ORDER BY v <-> '[1,2,3]' DESC LIMIT 5$$);
SELECT pg_temp.plan($$SELECT id FROM wrong ORDER BY v <=> '[1,2,3]' LIMIT 5$$);
SELECT pg_temp.plan($$SELECT id FROM wrong ORDER BY v <+> '[1,2,3]' LIMIT 5$$);
SELECT pg_temp.plan($$SELECT id FROM wrong ORDER BY (v <-> '[1,2,3]') + 1 LIMIT 5$$);
SELECT pg_temp.plan($$SELECT id FROM wrong ORDER BY v LIMIT 5$$);
SELECT pg_temp.plan($$SELECT id FROM wrong WHERE v = '[1,2,3]'$$);
SELECT pg_temp.plan($$SELECT id FROM wrong WHERE v <-> '[1,2,3]' < 1$$);
SELECT pg_temp.plan($$SELECT count(*) FROM wrong$$);
SELECT pg_temp.plan($$SELECT v FROM wrong ORDER BY v <-> w LIMIT 5$$);
-- what it does serve: the query on either side, a query with other casts, no LIMIT
SELECT pg_temp.plan($$SELECT id FROM wrong ORDER BY '[1,2,3]' <-> v LIMIT 5$$);
SELECT pg_temp.plan($$SELECT id FROM wrong ORDER BY v <-> ARRAY[1,2,3]::vector LIMIT 5$$);
SELECT pg_temp.plan($$SELECT v FROM wrong ORDER BY v <-> '[1,2,3]'$$);
RESET enable_seqscan;
-- without an order there is no scan, whatever else is disabled
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT count(*) FROM wrong WHERE v IS NOT NULL;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- functions about an index
CREATE VIEW wrong_view AS SELECT 1;
SELECT omendb_merge('wrong');
SELECT omendb_merge('wrong_view');
SELECT omendb_merge('wrong_pkey');
SELECT omendb_merge('nothing');
SELECT omendb_merge(0);
SELECT omendb_merge(NULL);
SELECT * FROM omendb_index_info('wrong');
SELECT * FROM omendb_index_info('wrong_pkey');
SELECT * FROM omendb_check_index('wrong');
SELECT * FROM omendb_check_index('wrong_pkey');
CREATE TABLE wrong_parted (v vector(2)) PARTITION BY RANGE (v);
CREATE INDEX wrong_parted_v ON wrong_parted USING omendb (v);
SELECT omendb_merge('wrong_parted_v');
SELECT * FROM omendb_index_info('wrong_parted_v');
SELECT * FROM omendb_check_index('wrong_parted_v');
CREATE ROLE regress_omendb_reader;
GRANT SELECT ON wrong TO regress_omendb_reader;
SET ROLE regress_omendb_reader;
SELECT omendb_merge('wrong_v');
SELECT * FROM omendb_check_index('wrong_v');
SELECT id FROM wrong ORDER BY v <-> '[1,2,3]' LIMIT 1;
RESET ROLE;
-- row security: the index finds only what the policy lets through
ALTER TABLE wrong ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON wrong TO regress_omendb_reader USING (id > 100);
INSERT INTO wrong (id, v) SELECT i, ARRAY[i, 0, 0] FROM generate_series(90, 110) i;
SET ROLE regress_omendb_reader;
SET enable_seqscan = off;
SELECT id FROM wrong ORDER BY v <-> '[1,2,3]' LIMIT 3;
RESET enable_seqscan;
RESET ROLE;

SELECT * FROM omendb_check_index('wrong_v');
DROP TABLE wrong, wrong_parted;
DROP VIEW wrong_view;
DROP ROLE regress_omendb_reader;
