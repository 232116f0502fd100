-- Nearest rows by cosine distance; zero vectors, whose distance to everything is NaN.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all

-- lengths from 1e-6 to 1e6 do not matter
CREATE TABLE cosine (id integer PRIMARY KEY, category integer, v vector(48)) WITH (autovacuum_enabled = off);
INSERT INTO cosine SELECT i, i % 100, pg_temp.noise(i, 48) * array_fill(10 ^ (i % 13 - 6), ARRAY[48])::vector
    FROM generate_series(1, 2500) i;
CREATE INDEX cosine_v ON cosine USING omendb (v vector_cosine_ops);
ANALYZE cosine;
SELECT metric, dimensions FROM omendb_index_info('cosine_v');

SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(20, 48), 10, 0.9);
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(3, 48), 500, 0.9);
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(2, 48), NULL, 1);
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(10, 48), 10, 0.9, 'category = 7');
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(2, 48), 26, 1, 'category = 7');
SELECT pg_temp.judge('cosine', '<=>', array_agg(q * array_fill(factor, ARRAY[48])::vector), 10, 0.9)
    FROM unnest(pg_temp.queries(4, 48)) q, unnest('{1e-18, 1e-6, 1e6, 1e18}'::real[]) factor;
SELECT pg_temp.judge('cosine', '<=>', array_agg(v), 1, 1) FROM cosine WHERE id % 50 = 0;

-- rows in one direction: one distance, whatever their lengths
INSERT INTO cosine SELECT 10000 + i, i, pg_temp.noise(77, 48) * array_fill(2 ^ (i - 50), ARRAY[48])::vector
    FROM generate_series(1, 100) i;
SELECT pg_temp.judge('cosine', '<=>', ARRAY[pg_temp.noise(77, 48)], 101, 1);
SELECT omendb_merge('cosine_v');
SELECT pg_temp.judge('cosine', '<=>', ARRAY[pg_temp.noise(77, 48)], 101, 1);
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(2, 48), NULL, 1);

-- a zero vector as query: all distances are NaN, every row is found
SELECT pg_temp.judge('cosine', '<=>', ARRAY[array_fill(0, ARRAY[48])::vector], 10, 1);
SELECT pg_temp.judge('cosine', '<=>', ARRAY[array_fill(0, ARRAY[48])::vector], NULL, 1);

-- zero vectors as rows: in the delta, in the graph, in a new index; found when all is read, and last in order
INSERT INTO cosine SELECT 20000 + i, i, array_fill(0, ARRAY[48]) FROM generate_series(1, 60) i;
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(2, 48), 10, 0.9);
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(2, 48), NULL, 1);
SELECT omendb_merge('cosine_v');
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(2, 48), 10, 0.9);
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(2, 48), NULL, 1);
SELECT pg_temp.judge('cosine', '<=>', ARRAY[array_fill(0, ARRAY[48])::vector], NULL, 1);
REINDEX INDEX cosine_v;
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(20, 48), 10, 0.9);
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(2, 48), NULL, 1);
SELECT pg_temp.judge('cosine', '<=>', pg_temp.queries(2, 48), NULL, 1, 'id > 20000');
SELECT pg_temp.judge('cosine', '<=>', ARRAY[array_fill(0, ARRAY[48])::vector], NULL, 1);
SELECT * FROM omendb_check_index('cosine_v');

-- a table of zero vectors and of nothing else
CREATE TABLE cosine_zeros AS SELECT i AS id, array_fill(0, ARRAY[3])::vector(3) AS v FROM generate_series(1, 200) i;
CREATE INDEX cosine_zeros_v ON cosine_zeros USING omendb (v vector_cosine_ops);
SELECT pg_temp.judge('cosine_zeros', '<=>', '{"[1,2,3]","[0,0,0]","[-1,0,0]"}', NULL, 1);
SELECT pg_temp.judge('cosine_zeros', '<=>', '{"[1,2,3]","[0,0,0]","[-1,0,0]"}', 5, 1);
INSERT INTO cosine_zeros VALUES (1001, '[1,0,0]'), (1002, '[-1,0,0]'), (1003, '[0,0,0]');
SELECT pg_temp.judge('cosine_zeros', '<=>', '{"[1,2,3]","[0,0,0]","[-1,0,0]"}', 2, 1);
SELECT omendb_merge('cosine_zeros_v');
SELECT pg_temp.judge('cosine_zeros', '<=>', '{"[1,2,3]","[0,0,0]","[-1,0,0]"}', 2, 1);
SELECT pg_temp.judge('cosine_zeros', '<=>', '{"[1,2,3]","[0,0,0]","[-1,0,0]"}', NULL, 1);
SELECT * FROM omendb_check_index('cosine_zeros_v');

-- opposite, orthogonal and equal directions: distances 0, 1 and 2 in order
CREATE TABLE cosine_axes (id integer, v vector(2));
INSERT INTO cosine_axes VALUES (1, '[1,0]'), (2, '[0,5]'), (3, '[-7,0]'), (4, '[3,3]'), (5, '[-1e-20,0]'), (6, '[0,-1e20]'), (7, NULL);
CREATE INDEX cosine_axes_v ON cosine_axes USING omendb (v vector_cosine_ops);
SET enable_seqscan = off;
SELECT round((v <=> '[2,0]')::numeric, 3) AS distance, array_agg(id ORDER BY id)
    FROM (SELECT * FROM cosine_axes ORDER BY v <=> '[2,0]' LIMIT 100) n GROUP BY 1 ORDER BY 1;
SELECT pg_temp.judge('cosine_axes', '<=>', '{"[1,0]","[0,1]","[-3,4]"}', 6, 1);
RESET enable_seqscan;

SELECT * FROM omendb_check_index('cosine_axes_v');
DROP TABLE cosine, cosine_zeros, cosine_axes;
