-- Indexes on halfvec, and on expressions that are halfvec: built, inserted into, merged, vacuumed; and their limits.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all
CREATE TABLE halves (id integer PRIMARY KEY, half halfvec(40)) WITH (autovacuum_enabled = off);
INSERT INTO halves SELECT i, CASE WHEN i % 50 > 0 THEN pg_temp.noise(i, 40)::halfvec END FROM generate_series(1, 2500) i;
CREATE INDEX halves_l2 ON halves USING omendb (half);
CREATE INDEX halves_ip ON halves USING omendb (half halfvec_ip_ops);
CREATE INDEX halves_cosine ON halves USING omendb (half halfvec_cosine_ops);
ANALYZE halves;
SELECT indexrelid::regclass, metric, dimensions, live_nodes FROM pg_index, omendb_index_info(indexrelid)
    WHERE indrelid = 'halves'::regclass AND NOT indisunique ORDER BY 1;
SELECT count(*) FROM pg_temp.plan('SELECT id FROM halves ORDER BY half <-> (SELECT half FROM halves WHERE id = 7) LIMIT 10') line
    WHERE line ~ 'Index Scan using halves_l2';

CREATE FUNCTION pg_temp.judge_halves() RETURNS TABLE (operator text, ten text, hundred text, whole text) LANGUAGE sql AS $$
    SELECT o, pg_temp.judge('halves', o, pg_temp.queries(10, 40), 10, 0.9, of => 'half'),
        pg_temp.judge('halves', o, pg_temp.queries(2, 40), 100, 0.9, of => 'half'),
        pg_temp.judge('halves', o, pg_temp.queries(2, 40), NULL, 1, of => 'half')
    FROM unnest('{<->, <#>, <=>}'::text[]) o
$$;
SELECT * FROM pg_temp.judge_halves();

-- in the delta, one by one and many at once
INSERT INTO halves SELECT i, pg_temp.noise(i, 40)::halfvec FROM generate_series(3001, 3100) i;
INSERT INTO halves VALUES (3101, NULL);
INSERT INTO halves VALUES (3102, pg_temp.noise(3102, 40)::halfvec);
UPDATE halves SET half = pg_temp.noise(id + 5000, 40)::halfvec WHERE id % 10 = 3;
SELECT * FROM pg_temp.judge_halves();
-- merged row by row, and by building
SELECT omendb_merge('halves_l2') = omendb_merge('halves_ip') AS same;
INSERT INTO halves SELECT i, pg_temp.noise(i, 40)::halfvec FROM generate_series(4001, 6000) i;
SELECT omendb_merge('halves_l2');
SELECT omendb_merge('halves_cosine') > 2000 AS more;
SELECT * FROM pg_temp.judge_halves();
DELETE FROM halves WHERE id % 3 = 0;
VACUUM halves;
SELECT * FROM pg_temp.judge_halves();
SELECT problem.* FROM pg_index, omendb_check_index(indexrelid) problem WHERE indrelid = 'halves'::regclass AND NOT indisunique;
REINDEX TABLE halves;
SELECT * FROM pg_temp.judge_halves();

-- what differs from the index in dimensions, and what has none
INSERT INTO halves VALUES (7001, '[1,2,3]');
SELECT id FROM halves ORDER BY half <-> '[1,2,3]' LIMIT 1;
CREATE INDEX ON halves USING omendb ((half::halfvec));
CREATE INDEX ON halves USING omendb (half vector_l2_ops);
CREATE INDEX ON halves USING omendb (half halfvec_ops);
DROP TABLE halves;

-- the largest and the smallest numbers, zero, and equal rows
CREATE TABLE extremes (id serial PRIMARY KEY, half halfvec(3)) WITH (autovacuum_enabled = off);
INSERT INTO extremes (half) SELECT ARRAY[x, y, z]::halfvec
    FROM unnest('{-65504, -1, -6e-8, 0, 6e-8, 6.1e-5, 1.5, 65504}'::real[]) x,
         unnest('{-65504, -1, -6e-8, 0, 6e-8, 6.1e-5, 1.5, 65504}'::real[]) y,
         unnest('{-65504, -1, -6e-8, 0, 6e-8, 6.1e-5, 1.5, 65504}'::real[]) z;
INSERT INTO extremes (half) SELECT half FROM extremes WHERE id % 9 = 0;
CREATE INDEX extremes_l2 ON extremes USING omendb (half);
CREATE INDEX extremes_ip ON extremes USING omendb (half halfvec_ip_ops);
CREATE INDEX extremes_cosine ON extremes USING omendb (half halfvec_cosine_ops);
INSERT INTO extremes (half) SELECT half FROM extremes WHERE id % 7 = 0;
SELECT o, pg_temp.judge('extremes', o, queries, 10, 0.9, of => 'half'), pg_temp.judge('extremes', o, queries, NULL, 1, of => 'half')
    FROM unnest('{<->, <#>, <=>}'::text[]) o,
    (VALUES ('{"[1,2,3]","[0,0,0]","[65504,-65504,65504]","[6e-8,0,0]","[0,0,-1]"}'::vector[])) x(queries);
SELECT problem.* FROM pg_index, omendb_check_index(indexrelid) problem WHERE indrelid = 'extremes'::regclass AND NOT indisunique;
DROP TABLE extremes;

-- as many dimensions as there can be
CREATE TABLE widest (id integer PRIMARY KEY, half halfvec(16000));
INSERT INTO widest SELECT i, pg_temp.noise(i, 16000)::halfvec FROM generate_series(1, 12) i;
CREATE INDEX widest_l2 ON widest USING omendb (half);
INSERT INTO widest SELECT i, pg_temp.noise(i, 16000)::halfvec FROM generate_series(13, 16) i;
SELECT pg_temp.judge('widest', '<->', pg_temp.queries(2, 16000), 5, 1, of => 'half');
SELECT * FROM omendb_check_index('widest_l2');
DROP TABLE widest;

-- expressions: a vector column indexed as halfvec, in part, and where a condition holds
CREATE TABLE items (id integer PRIMARY KEY, category integer, v vector(40)) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT i, i % 4, pg_temp.noise(i, 40) FROM generate_series(1, 2500) i;
CREATE INDEX items_half ON items USING omendb ((v::halfvec(40)) halfvec_cosine_ops);
CREATE INDEX items_part ON items USING omendb ((subvector(v, 1, 12)::halfvec(12)) halfvec_ip_ops) WHERE category = 2;
ANALYZE items;
SELECT count(*) FROM pg_temp.plan('SELECT id FROM items ORDER BY v::halfvec(40) <=> (SELECT v FROM items WHERE id = 7)::halfvec(40) LIMIT 10') line
    WHERE line ~ 'Index Scan using items_half';
SELECT pg_temp.judge('items', '<=>', pg_temp.queries(10, 40), 10, 0.9, of => 'v::halfvec(40)');
SELECT pg_temp.judge('items', '<#>', pg_temp.queries(10, 12), 10, 0.9, 'category = 2', 'subvector(v, 1, 12)::halfvec(12)');
INSERT INTO items SELECT i, i % 4, pg_temp.noise(i, 40) FROM generate_series(2501, 2600) i;
SELECT pg_temp.judge('items', '<=>', pg_temp.queries(10, 40), 10, 0.9, of => 'v::halfvec(40)');
SELECT pg_temp.judge('items', '<#>', pg_temp.queries(10, 12), 10, 0.9, 'category = 2', 'subvector(v, 1, 12)::halfvec(12)');
-- the nearest by halfvec, ordered by the whole value
SELECT count(*) FROM (SELECT id FROM (SELECT id, v FROM items ORDER BY v::halfvec(40) <=> pg_temp.noise(99, 40)::halfvec(40) LIMIT 40) x
    ORDER BY v <=> pg_temp.noise(99, 40) LIMIT 10) y;
INSERT INTO items VALUES (9001, 0, array_fill(1e6, ARRAY[40])); -- too large for halfvec
SELECT * FROM omendb_check_index('items_half');
SELECT * FROM omendb_check_index('items_part');
DROP TABLE items;
