-- Nearest rows by inner product: the largest product first.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all

-- norms between 0 and 3: a row with a large norm is near to many queries
CREATE TABLE ip (id integer PRIMARY KEY, category integer, v vector(24)) WITH (autovacuum_enabled = off);
INSERT INTO ip SELECT i, i % 100, pg_temp.noise(i, 24) * array_fill(i % 31 / 10.0, ARRAY[24])::vector
    FROM generate_series(1, 3000) i;
CREATE INDEX ip_v ON ip USING omendb (v vector_ip_ops);
ANALYZE ip;
SELECT metric, dimensions FROM omendb_index_info('ip_v');

SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(20, 24), 10, 0.75);
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(3, 24), 500, 0.75);
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(2, 24), NULL, 1);
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(10, 24), 10, 0.75, 'category = 7');
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(2, 24), 31, 1, 'category = 7');
-- the length of a query changes nothing but the distances
SELECT pg_temp.judge('ip', '<#>', array_agg(q * array_fill(factor, ARRAY[24])::vector), 10, 0.75)
    FROM unnest(pg_temp.queries(4, 24)) q, unnest('{1e-30, 1e-6, 1e6, 1e30}'::real[]) factor;

-- the operators of other classes do not use this index
SET enable_seqscan = off;
SELECT pg_temp.plan($$SELECT id FROM ip ORDER BY v <#> array_fill(1, ARRAY[24])::vector LIMIT 5$$);
SELECT pg_temp.plan($$SELECT id FROM ip ORDER BY v <-> array_fill(1, ARRAY[24])::vector LIMIT 5$$);
SELECT pg_temp.plan($$SELECT id FROM ip ORDER BY v <=> array_fill(1, ARRAY[24])::vector LIMIT 5$$);
RESET enable_seqscan;

-- a query of zeros: every product is 0, every row is found
SELECT pg_temp.judge('ip', '<#>', ARRAY[array_fill(0, ARRAY[24])::vector], 10, 1);
SELECT pg_temp.judge('ip', '<#>', ARRAY[array_fill(0, ARRAY[24])::vector], NULL, 1);
-- rows of zeros lie in the middle of the order
INSERT INTO ip SELECT i, i % 100, array_fill(0, ARRAY[24]) FROM generate_series(4001, 4050) i;
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(2, 24), NULL, 1);
SELECT omendb_merge('ip_v');
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(2, 24), NULL, 1);

-- an index that saw only zeros, until the other rows came
CREATE TABLE ip_late (id integer, v vector(24)) WITH (autovacuum_enabled = off);
CREATE INDEX ip_late_v ON ip_late USING omendb (v vector_ip_ops);
INSERT INTO ip_late SELECT -i, array_fill(0, ARRAY[24]) FROM generate_series(1, 20) i;
SELECT pg_temp.judge('ip_late', '<#>', pg_temp.queries(2, 24), NULL, 1);
SELECT omendb_merge('ip_late_v');
SELECT pg_temp.judge('ip_late', '<#>', pg_temp.queries(2, 24), NULL, 1);
INSERT INTO ip_late SELECT i, l2_normalize(pg_temp.noise(i, 24)) FROM generate_series(1, 2000) i;
VACUUM ip_late;
SELECT pg_temp.judge('ip_late', '<#>', pg_temp.queries(20, 24), 10, 0.9);
SELECT pg_temp.judge('ip_late', '<#>', pg_temp.queries(2, 24), NULL, 1);
DROP TABLE ip_late;

-- rows longer than any that the build saw: exact in the delta; once merged they are far from all others until
-- a REINDEX, and found when more is read
INSERT INTO ip SELECT i, i % 100, pg_temp.noise(i, 24) * array_fill(i - 5000, ARRAY[24])::vector
    FROM generate_series(5001, 5030) i;
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(20, 24), 10, 0.9);
SELECT omendb_merge('ip_v');
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(20, 24), 10, 0);
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(2, 24), NULL, 1);
INSERT INTO ip VALUES (6001, 1, (array_fill(3e38::real, ARRAY[24]))), (6002, 1, (array_fill(-3e38::real, ARRAY[24])));
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(5, 24), NULL, 1);
SELECT omendb_merge('ip_v');
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(20, 24), 10, 0);
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(2, 24), NULL, 1);
REINDEX INDEX ip_v;
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(20, 24), 10, 0.75);
SELECT pg_temp.judge('ip', '<#>', pg_temp.queries(2, 24), NULL, 1);

-- NULL queries among others
SET enable_seqscan = off;
SELECT q.id, count(n.id), count(n.distance) FROM (VALUES (1, pg_temp.noise(1, 24)), (2, NULL), (3, pg_temp.noise(3, 24))) q(id, v),
    LATERAL (SELECT id, ip.v <#> q.v AS distance FROM ip ORDER BY ip.v <#> q.v LIMIT 20) n GROUP BY q.id ORDER BY q.id;
RESET enable_seqscan;

SELECT * FROM omendb_check_index('ip_v');
DROP TABLE ip;
