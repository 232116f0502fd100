-- Indexes on bits, for Hamming and Jaccard distance: built, inserted into, merged, vacuumed; and their limits.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all
-- as many ones as a row's number says, so that the two distances order differently
CREATE FUNCTION pg_temp.bits_of(seed integer) RETURNS bit(96) LANGUAGE sql IMMUTABLE AS $$
    SELECT binary_quantize(pg_temp.noise(seed, 96) - array_fill(0.8 - seed % 17 / 10.0, ARRAY[96])::vector)::bit(96)
$$;
-- a search goes by angle, by which few of the nearest 50 are of the nearest 10 by Jaccard distance then
SET omendb.ef_search = 400;
CREATE TABLE flags (id integer PRIMARY KEY, bits bit(96)) WITH (autovacuum_enabled = off);
INSERT INTO flags SELECT i, CASE WHEN i % 50 > 0 THEN pg_temp.bits_of(i) END FROM generate_series(1, 2500) i;
CREATE INDEX flags_hamming ON flags USING omendb (bits);
CREATE INDEX flags_jaccard ON flags USING omendb (bits bit_jaccard_ops);
ANALYZE flags;
SELECT indexrelid::regclass, metric, dimensions, live_nodes FROM pg_index, omendb_index_info(indexrelid)
    WHERE indrelid = 'flags'::regclass AND NOT indisunique ORDER BY 1;
SELECT count(*) FROM pg_temp.plan('SELECT id FROM flags ORDER BY bits <~> (SELECT bits FROM flags WHERE id = 7) LIMIT 10') line
    WHERE line ~ 'Index Scan using flags_hamming';

CREATE FUNCTION pg_temp.judge_flags() RETURNS TABLE (operator text, ten text, hundred text, whole text) LANGUAGE sql AS $$
    SELECT o, pg_temp.judge('flags', o, queries, 10, 0.9, of => 'bits'), pg_temp.judge('flags', o, queries[1:2], 100, 0.9, of => 'bits'),
        pg_temp.judge('flags', o, queries[2:3], NULL, 1, of => 'bits')
    FROM unnest('{<~>, <%>}'::text[]) o,
        (SELECT array_agg(q - array_fill(0.1 * n, ARRAY[96])::vector) FROM unnest(pg_temp.queries(8, 96)) WITH ORDINALITY x(q, n)) y(queries)
$$;
SELECT * FROM pg_temp.judge_flags();

-- in the delta, one by one and many at once
INSERT INTO flags SELECT i, pg_temp.bits_of(i) FROM generate_series(3001, 3100) i;
INSERT INTO flags VALUES (3101, NULL);
INSERT INTO flags VALUES (3102, pg_temp.bits_of(3102)), (3103, repeat('0', 96)::bit(96)), (3104, repeat('1', 96)::bit(96));
UPDATE flags SET bits = pg_temp.bits_of(id + 5000) WHERE id % 10 = 3;
SELECT * FROM pg_temp.judge_flags();
-- merged row by row, and by building
SELECT omendb_merge('flags_hamming') = omendb_merge('flags_jaccard') AS same;
INSERT INTO flags SELECT i, pg_temp.bits_of(i) FROM generate_series(4001, 6000) i;
SELECT omendb_merge('flags_hamming'), omendb_merge('flags_jaccard');
SELECT * FROM pg_temp.judge_flags();
DELETE FROM flags WHERE id % 3 = 0;
VACUUM flags;
SELECT * FROM pg_temp.judge_flags();
SELECT problem.* FROM pg_index, omendb_check_index(indexrelid) problem WHERE indrelid = 'flags'::regclass AND NOT indisunique;
REINDEX TABLE flags;
SELECT * FROM pg_temp.judge_flags();

-- no bit set: to Jaccard distance, everything is 1 away from it, itself too
SELECT count(*), min(d), max(d) FROM (SELECT bits <%> repeat('0', 96)::bit(96) AS d FROM flags ORDER BY 1 LIMIT 20) x;
SELECT pg_temp.judge('flags', o, ARRAY[array_fill(0, ARRAY[96])::vector], 20, 1, of => 'bits') FROM unnest('{<~>, <%>}'::text[]) o;
SELECT pg_temp.judge('flags', o, ARRAY[array_fill(0, ARRAY[96])::vector], NULL, 1, of => 'bits') FROM unnest('{<~>, <%>}'::text[]) o;

-- what cannot be asked, inserted or indexed
SELECT id FROM flags ORDER BY bits <~> B'101' LIMIT 1;
INSERT INTO flags VALUES (7001, B'101');
CREATE INDEX ON flags USING omendb (bits vector_l2_ops);
CREATE INDEX ON flags USING omendb ((bits::varbit(96)) bit_hamming_ops);
CREATE TABLE long_flags (bits bit(64001));
CREATE INDEX ON long_flags USING omendb (bits);
DROP TABLE flags, long_flags;

-- one bit, and as many as there can be
CREATE TABLE one (id serial PRIMARY KEY, bits bit) WITH (autovacuum_enabled = off);
INSERT INTO one (bits) SELECT (i % 3 = 0)::integer::bit FROM generate_series(1, 300) i;
CREATE INDEX one_hamming ON one USING omendb (bits);
CREATE INDEX one_jaccard ON one USING omendb (bits bit_jaccard_ops);
SELECT pg_temp.judge('one', o, '{[1],[0]}', 150, 1, of => 'bits'), pg_temp.judge('one', o, '{[1],[0]}', NULL, 1, of => 'bits')
    FROM unnest('{<~>, <%>}'::text[]) o;
SELECT problem.* FROM pg_index, omendb_check_index(indexrelid) problem WHERE indrelid = 'one'::regclass AND NOT indisunique;
DROP TABLE one;
CREATE TABLE widest (id integer PRIMARY KEY, bits bit(16000));
INSERT INTO widest SELECT i, binary_quantize(pg_temp.noise(i, 16000))::bit(16000) FROM generate_series(1, 12) i;
CREATE INDEX widest_hamming ON widest USING omendb (bits);
CREATE INDEX widest_jaccard ON widest USING omendb (bits bit_jaccard_ops);
INSERT INTO widest SELECT i, binary_quantize(pg_temp.noise(i, 16000))::bit(16000) FROM generate_series(13, 16) i;
SELECT pg_temp.judge('widest', o, pg_temp.queries(2, 16000), 5, 1, of => 'bits') FROM unnest('{<~>, <%>}'::text[]) o;
SELECT problem.* FROM pg_index, omendb_check_index(indexrelid) problem WHERE indrelid = 'widest'::regclass AND NOT indisunique;
DROP TABLE widest;

CREATE TABLE longest (id integer PRIMARY KEY, bits bit(64000)) WITH (autovacuum_enabled = off);
INSERT INTO longest SELECT i, (binary_quantize(pg_temp.noise(i % 7, 16000))::bit(16000) || binary_quantize(pg_temp.noise(i % 5, 16000)) ||
    binary_quantize(pg_temp.noise(i, 16000))::bit(16000) || repeat('0', 16000)::bit(16000))::bit(64000) FROM generate_series(1, 40) i;
CREATE INDEX longest_hamming ON longest USING omendb (bits);
CREATE INDEX longest_jaccard ON longest USING omendb (bits bit_jaccard_ops);
INSERT INTO longest VALUES (101, repeat('0', 64000)::bit(64000)), (102, repeat('1', 64000)::bit(64000));
SET enable_seqscan = off;
SET enable_sort = off;
SELECT array_agg(id) FROM (SELECT id FROM longest ORDER BY bits <~> (SELECT bits FROM longest WHERE id = 36) LIMIT 3) x;
SELECT array_agg(id) FROM (SELECT id FROM longest ORDER BY bits <%> (SELECT bits FROM longest WHERE id = 36) LIMIT 3) x;
SELECT count(*) FROM (SELECT id FROM longest ORDER BY bits <%> repeat('0', 64000)::bit(64000)) x;
RESET enable_seqscan;
RESET enable_sort;
SELECT array_agg(id) FROM (SELECT id FROM longest ORDER BY (bits <~> (SELECT bits FROM longest WHERE id = 36)) + 0 LIMIT 3) x;
SELECT array_agg(id) FROM (SELECT id FROM longest ORDER BY (bits <%> (SELECT bits FROM longest WHERE id = 36)) + 0 LIMIT 3) x;
SELECT problem.* FROM pg_index, omendb_check_index(indexrelid) problem WHERE indrelid = 'longest'::regclass AND NOT indisunique;
DROP TABLE longest;

-- a vector's signs, and the nearest by them ordered by the whole value
CREATE TABLE items (id integer PRIMARY KEY, v vector(64)) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT i, pg_temp.noise(i, 64) FROM generate_series(1, 2500) i;
CREATE INDEX items_signs ON items USING omendb ((binary_quantize(v)::bit(64)) bit_hamming_ops);
ANALYZE items;
INSERT INTO items SELECT i, pg_temp.noise(i, 64) FROM generate_series(2501, 2600) i;
RESET omendb.ef_search;
SELECT pg_temp.judge('items', '<~>', pg_temp.queries(10, 64), 10, 0.9, of => 'binary_quantize(v)::bit(64) /* bits */');
SELECT id FROM (SELECT id, v FROM items ORDER BY binary_quantize(v)::bit(64) <~> binary_quantize(pg_temp.noise(99, 64))::bit(64) LIMIT 100) x
    ORDER BY v <=> pg_temp.noise(99, 64) LIMIT 1;
SELECT count(*) FROM pg_temp.plan('SELECT id FROM items
    ORDER BY binary_quantize(v)::bit(64) <~> binary_quantize((SELECT v FROM items WHERE id = 99))::bit(64) LIMIT 10') line
    WHERE line ~ 'Index Scan using items_signs';
SELECT * FROM omendb_check_index('items_signs');
DROP TABLE items;
