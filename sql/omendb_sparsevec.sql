-- The type sparsevec: input and output, functions, operators, casts, order. Output is that of pgvector in the same
-- queries, but for the list of operators (<> estimates with neqsel) and the index at the end.

-- What a statement returns, or the error it raises: SQLSTATE, message and detail.
\set ECHO none
\set values `echo "$PG_ABS_SRCDIR"`/test/regress/values.sql
\i :values
\set ECHO all

-- what is accepted, and what it reads back as

SELECT literal, pg_temp.outcome(format('SELECT %L::sparsevec', literal))
FROM (VALUES
    (1, '{1:1.5,3:2}/5'),
    (2, '{}/3'),
    (3, ' { 1 : 1.5 ,  3:2 , 5 : -3 } / 5 '),
    (4, '{ } / 7'),
    (5, '{3:3,1:1,2:2}/3'), -- any order
    (6, '{5:5,4:4,3:3,2:2,1:1}/9'),
    (7, '{1:0,2:-0,3:0e9,4:1}/4'), -- zeros are left out,
    (8, '{9:0,-1:0,1:1}/2'), -- whatever their index
    (9, '{1:0,1:0,1:2}/2'),
    (10, '{1:1.23456789,2:0x10,3:.5,4:1.}/4'),
    (11, '{+1:+1,2:-1}/+4'),
    (12, '{0000000000000000001:1}/00000000000000000000004'),
    (13, '{1000000000:1}/1000000000'),
    (14, '{1:3.4028235e38,2:-3.4028235e38,3:1e-45,4:1.5e-38}/4'),
    (15, '{1:16777217,2:0.1}/2')
) AS literals(n, literal) ORDER BY n;
SELECT E'\t{\n1\r:\x0B2\f}\n/\t3\r'::sparsevec;

-- what is refused

SELECT literal, pg_temp.outcome(format('SELECT %L::sparsevec', literal))
FROM (VALUES
    (1, ''),
    (2, ' '),
    (3, '[1,2,3]'),
    (4, '1:1'),
    (5, '{'),
    (6, '{ '),
    (7, '{}'),
    (8, '{}/'),
    (9, '{}/a'),
    (10, '{}/1.5'),
    (11, '{}/1 1'),
    (12, '{}1'),
    (13, '{1'),
    (14, '{1:'),
    (15, '{1:1'),
    (16, '{1:1,'),
    (17, '{1:1}'),
    (18, '{1:1,}/2'),
    (19, '{,}/2'),
    (20, '{,1:1}/2'),
    (21, '{1:1,,2:2}/2'),
    (22, '{1}/2'),
    (23, '{:1}/2'),
    (24, '{1:}/2'),
    (25, '{a:1}/2'),
    (26, '{1:a}/2'),
    (27, '{1:1a}/2'),
    (28, '{1.5:1}/2'),
    (29, '{0x1:1}/2'),
    (30, '{1:1 2:2}/2'),
    (31, '{1;1}/2'),
    (32, '{1:1}/2}'),
    (33, '{1:1}//2'),
    (34, '{{1:1}}/2'),
    (35, '{--1:1}/2')
) AS literals(n, literal) ORDER BY n;
SELECT literal, pg_temp.outcome(format('SELECT %L::sparsevec', literal))
FROM (VALUES
    (1, '{1:NaN}/2'),
    (2, '{1:Infinity}/2'),
    (3, '{1:-inf}/2'),
    (4, '{1:4e38}/2'),
    (5, '{1:-4e38}/2'),
    (6, '{1:1e400}/2'),
    (7, '{1:1e-46}/2'), -- too small is an error here
    (8, '{1:-1e-46}/2'),
    (9, '{1: 1e-400 }/2'),
    (10, '{}/0'),
    (11, '{}/-1'),
    (12, '{}/1000000001'),
    (13, '{}/2147483648'),
    (14, '{}/9223372036854775808'),
    (15, '{}/-9223372036854775809'),
    (16, '{0:1}/2'),
    (17, '{3:1}/2'),
    (18, '{-1:1}/2'),
    (19, '{2147483647:1}/2'),
    (20, '{2147483648:1}/2'),
    (21, '{-2147483648:1}/2'),
    (22, '{-2147483649:1}/2'),
    (23, '{9223372036854775808:1}/2'),
    (24, '{1:1,1:2}/2'),
    (25, '{2:1,1:1,2:1}/2'),
    (26, '{3:1,1:1,1:1}/2'),
    (27, '{1:4e38,x}/2'),
    (28, '{1:1,x:4e38}/2')
) AS literals(n, literal) ORDER BY n;
SELECT '{1:1'::sparsevec;

-- 16,000 elements

SELECT l2_norm(('{' || string_agg(i || ':1', ',') || '}/20000')::sparsevec) FROM generate_series(1, 16000) AS i;
SELECT pg_temp.outcome(format('SELECT %L::sparsevec', '{' || string_agg(i || ':1', ',') || '}/20000'))
FROM generate_series(1, 16001) AS i;
SELECT pg_temp.outcome(format('SELECT %L::sparsevec', repeat(',', 16000)));
SELECT left(('{' || string_agg(i || ':' || i, ',' ORDER BY i DESC) || '}/16000')::sparsevec::text, 30)
FROM generate_series(1, 16000) AS i;

-- type modifier

SELECT statement, pg_temp.outcome(statement)
FROM (VALUES
    (1, $$SELECT '{1:1}/3'::sparsevec(3)$$),
    (2, $$SELECT '{1:1}/3'::sparsevec(2)$$),
    (3, $$SELECT '{1:1}/3'::sparsevec(3, 2)$$),
    (4, $$SELECT '{1:1}/3'::sparsevec('a')$$),
    (5, $$SELECT '{1:1}/3'::sparsevec(0)$$),
    (6, $$SELECT '{1:1}/1000000000'::sparsevec(1000000000)$$),
    (7, $$SELECT '{1:1}/3'::sparsevec(1000000001)$$),
    (8, $$SELECT '{"{1:1}/3"}'::sparsevec(2)[]$$)
) AS statements(n, statement) ORDER BY n;

CREATE TABLE sparsevec_typed (v sparsevec(3));
INSERT INTO sparsevec_typed VALUES ('{1:1}/3'), (NULL), ('{}/3');
INSERT INTO sparsevec_typed VALUES ('{1:1}/4');
INSERT INTO sparsevec_typed SELECT '[0,0,2]'::vector;
INSERT INTO sparsevec_typed SELECT '[0,0,2]'::halfvec;
INSERT INTO sparsevec_typed SELECT '[0,2]'::vector;
INSERT INTO sparsevec_typed VALUES (ARRAY[0,5,0]);
SELECT v FROM sparsevec_typed ORDER BY v;
SELECT format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'sparsevec_typed'::regclass AND attname = 'v';
DROP TABLE sparsevec_typed;

-- Stored out of line, or with a header of one byte, or compressed: the same value.

CREATE TABLE sparsevec_stored (id integer, v sparsevec);
INSERT INTO sparsevec_stored
SELECT d, ('{' || string_agg(i * 3 || ':' || i % 7 + 1, ',') || '}/50000')::sparsevec
FROM unnest(ARRAY[1, 13, 14, 15, 250, 260, 2000, 16000]) AS d, generate_series(1, d) AS i GROUP BY d;
SELECT attstorage FROM pg_attribute WHERE attrelid = 'sparsevec_stored'::regclass AND attname = 'v';
SELECT id, pg_column_size(v) AS bytes, inner_product(v, v) AS squares, v = v::text::sparsevec AS same, v <-> v AS distance
FROM sparsevec_stored ORDER BY id;
ALTER TABLE sparsevec_stored ALTER v SET STORAGE EXTENDED;
UPDATE sparsevec_stored SET v = v::text::sparsevec;
SELECT id, pg_column_size(v) < 8 * id + 16 AS smaller, v = v::text::sparsevec AS same FROM sparsevec_stored ORDER BY id;
SELECT id, v::sparsevec(50000) = v AS same FROM sparsevec_stored WHERE id IN (1, 2000);
SELECT v::sparsevec(2000) FROM sparsevec_stored WHERE id = 2000;
DROP TABLE sparsevec_stored;

-- COPY: out and in again, and bytes that another client might send

SELECT sparsevec_send('{1:1.5}/3'), sparsevec_send('{}/1000000000'), sparsevec_send('{2:-1,5:1e-45}/5');
CREATE TABLE sparsevec_out (id integer, v sparsevec);
INSERT INTO sparsevec_out VALUES (0, NULL), (1, '{}/5');
INSERT INTO sparsevec_out
SELECT d, ('{' || string_agg(i * 5 || ':' || sin(i * d), ',') || '}/1000000')::sparsevec
FROM unnest(ARRAY[7, 14, 260, 16000]) AS d, generate_series(1, d) AS i GROUP BY d;
CREATE TABLE sparsevec_in (LIKE sparsevec_out);
SELECT pg_temp.copy_through('sparsevec', 'binary');
SELECT count(*), count(a.v), count(*) FILTER (WHERE sparsevec_send(a.v) <> sparsevec_send(b.v)) AS different
FROM sparsevec_out a FULL JOIN sparsevec_in b USING (id);
SELECT pg_temp.copy_through('sparsevec', 'text');
SELECT count(*), count(a.v), count(*) FILTER (WHERE sparsevec_send(a.v) <> sparsevec_send(b.v)) AS different
FROM sparsevec_out a FULL JOIN sparsevec_in b USING (id);
DROP TABLE sparsevec_in, sparsevec_out;

-- What arrives when these bytes are sent as one field of type sparsevec, or sparsevec(3): a COPY file of one row.
CREATE TABLE sparsevec_received (v sparsevec);
CREATE TABLE sparsevec_received_three (v sparsevec(3));
SELECT what, pg_temp.receive(field, 'sparsevec_received') FROM (VALUES
    (1, 'right', '\x00000003 00000002 00000000 00000000 00000002 3fc00000 c0000000'::bytea),
    (2, 'no element', '\x00000003 00000000 00000000'),
    (3, 'no dimension', '\x00000000 00000000 00000000'),
    (4, '-1 dimensions', '\xffffffff 00000000 00000000'),
    (5, '1000000001 dimensions', '\x3b9aca01 00000000 00000000'),
    (6, '-1 elements', '\x00000003 ffffffff 00000000'),
    (7, '16001 elements', '\x00010000 00003e81 00000000'),
    (8, 'more elements than dimensions', '\x00000001 00000002 00000000'),
    (9, 'unused not 0', '\x00000003 00000000 00000001'),
    (10, 'half a header', '\x00000003 0000'),
    (11, 'one value short', '\x00000003 00000001 00000000 00000000'),
    (12, 'one value more', '\x00000003 00000000 00000000 00000000'),
    (13, 'index -1', '\x00000003 00000001 00000000 ffffffff 3fc00000'),
    (14, 'index as the dimensions', '\x00000003 00000001 00000000 00000003 3fc00000'),
    (15, 'descending', '\x00000003 00000002 00000000 00000002 00000000 3fc00000 c0000000'),
    (16, 'twice', '\x00000003 00000002 00000000 00000001 00000001 3fc00000 c0000000'),
    (17, 'zero', '\x00000003 00000001 00000000 00000000 00000000'),
    (18, 'minus zero', '\x00000003 00000001 00000000 00000000 80000000'),
    (19, 'NaN', '\x00000003 00000001 00000000 00000000 7fc00000'),
    (20, 'infinity', '\x00000003 00000001 00000000 00000000 ff800000'),
    (21, 'the smallest number', '\x00000003 00000001 00000000 00000000 00000001')
) AS fields(n, what, field) ORDER BY n;
SELECT what, pg_temp.receive(field, 'sparsevec_received_three') FROM (VALUES
    (1, 'three', '\x00000003 00000000 00000000'::bytea),
    (2, 'two', '\x00000002 00000000 00000000')
) AS fields(n, what, field) ORDER BY n;
DROP TABLE sparsevec_received, sparsevec_received_three;

-- distances, norm, normalization

SELECT statement, pg_temp.outcome('SELECT ' || statement)
FROM (VALUES
    (1, $$l2_distance('{}/2'::sparsevec, '{1:3,2:4}/2')$$),
    (2, $$'{1:3}/2'::sparsevec <-> '{2:4}/2'$$),
    (3, $$'{1:3,2:4}/2'::sparsevec <-> '{1:3,2:4}/2'$$),
    (4, $$'{2:4,5:1}/5'::sparsevec <-> '{1:3,2:4}/5'$$),
    (5, $$sparsevec_l2_squared_distance('{}/2', '{1:3,2:4}/2')$$),
    (6, $$'{1:3e38}/1'::sparsevec <-> '{1:-3e38}/1'$$),
    (7, $$inner_product('{1:1,2:2}/2'::sparsevec, '{1:2,2:4}/2')$$),
    (8, $$inner_product('{1:1,3:2}/3'::sparsevec, '{2:2}/3')$$),
    (9, $$inner_product('{1:3e38}/1'::sparsevec, '{1:3e38}/1')$$),
    (10, $$inner_product('{1:3e38,2:1}/2'::sparsevec, '{2:3e38}/2') > 0$$),
    (11, $$'{1:1,2:2}/2'::sparsevec <#> '{1:3,2:4}/2'$$),
    (12, $$sparsevec_negative_inner_product('{1:1}/2', '{2:1}/2')$$),
    (13, $$cosine_distance('{1:1,2:2}/2'::sparsevec, '{1:2,2:4}/2')$$),
    (14, $$cosine_distance('{1:1}/2'::sparsevec, '{2:2}/2')$$),
    (15, $$cosine_distance('{1:1,2:1}/2'::sparsevec, '{1:-1,2:-1}/2')$$),
    (16, $$cosine_distance('{1:1}/2'::sparsevec, '{}/2')$$),
    (17, $$cosine_distance('{}/2'::sparsevec, '{}/2')$$),
    (18, $$cosine_distance('{1:3e38}/1'::sparsevec, '{1:3e38}/1')$$),
    (19, $$'{1:1,2:2}/2'::sparsevec <=> '{1:2,2:4}/2'$$),
    (20, $$l1_distance('{}/2'::sparsevec, '{1:3,2:4}/2')$$),
    (21, $$'{1:3,3:1}/3'::sparsevec <+> '{1:1,2:4}/3'$$),
    (22, $$'{1:3}/2'::sparsevec <-> '[0,4]'::vector$$), -- the distance of sparsevecs
    (23, $$'[0,4]'::halfvec <+> '{1:3}/2'::sparsevec$$),
    (24, $$l2_norm('{1:3,2:4}/2'::sparsevec)$$),
    (25, $$l2_norm('{}/2'::sparsevec)$$),
    (26, $$l2_norm('{1:3e37,2:4e37}/2'::sparsevec)::real$$),
    (27, $$l2_normalize('{1:3,2:4}/2'::sparsevec)$$),
    (28, $$l2_normalize('{5:3}/9'::sparsevec)$$),
    (29, $$l2_normalize('{}/2'::sparsevec)$$),
    (30, $$l2_normalize('{1:3e38}/1'::sparsevec)$$),
    (31, $$l2_normalize('{1:3e38,2:1e-37,3:1}/3'::sparsevec)$$), -- what becomes zero is left out
    (32, $$l2_normalize('{1:1e-45}/1'::sparsevec)$$),
    (33, $$l2_distance('{1:1}/2'::sparsevec, '{1:1}/3')$$),
    (34, $$inner_product('{1:1}/2'::sparsevec, '{1:1}/3')$$),
    (35, $$cosine_distance('{1:1}/2'::sparsevec, '{1:1}/3')$$),
    (36, $$l1_distance('{1:1}/2'::sparsevec, '{1:1}/3')$$),
    (37, $$sparsevec_l2_squared_distance('{1:1}/2', '{1:1}/3')$$),
    (38, $$sparsevec_negative_inner_product('{1:1}/2', '{1:1}/3')$$),
    (39, $$'{1:1}/2'::sparsevec <-> NULL$$),
    (40, $$vector_dims('{1:1}/2'::sparsevec)$$)
) AS statements(n, statement) ORDER BY n;

-- Lists of every pair of lengths, whole numbers, whose sums are exact: as the dense vectors.
WITH lengths AS (
    SELECT a, b, 40 + (a * b) % 60 AS dim FROM generate_series(0, 40) AS a, generate_series(0, 40) AS b
), vectors AS (
    SELECT a, b, (SELECT array_agg(CASE WHEN (i * 7 + b) % 40 < a THEN (i * 5 + b) % 9 - 4 ELSE 0 END) FROM generate_series(1, dim) AS i)::vector AS x,
        (SELECT array_agg(CASE WHEN (i * 11 + a) % 40 < b THEN (i * 3 + a) % 7 - 3 ELSE 0 END) FROM generate_series(1, dim) AS i)::vector AS y
    FROM lengths
), both_kinds AS (
    SELECT x, y, x::sparsevec AS s, y::sparsevec AS t FROM vectors
)
SELECT count(*) AS pairs,
    count(*) FILTER (WHERE sparsevec_l2_squared_distance(s, t) <> vector_l2_squared_distance(x, y)) AS l2_squared,
    count(*) FILTER (WHERE s <-> t <> x <-> y) AS l2, count(*) FILTER (WHERE s <#> t <> x <#> y) AS ip,
    count(*) FILTER (WHERE s <=> t <> x <=> y) AS cosine, count(*) FILTER (WHERE s <+> t <> x <+> y) AS l1,
    count(*) FILTER (WHERE l2_norm(s) <> vector_norm(x)) AS norm,
    count(*) FILTER (WHERE sparsevec_cmp(s, t) <> vector_cmp(x, y)) AS order,
    count(*) FILTER (WHERE s::vector <> x OR s::halfvec <> x::halfvec OR x::halfvec::sparsevec <> s) AS casts,
    count(*) FILTER (WHERE l2_normalize(s)::vector <> l2_normalize(x)) AS normalized
FROM both_kinds;

-- casts

SELECT statement, pg_temp.outcome('SELECT ' || statement)
FROM (VALUES
    (1, $$ARRAY[1,0,2,0,3,0]::sparsevec$$),
    (2, $$ARRAY[1.5,0.0,2.5]::sparsevec$$),
    (3, $$'{1,0,-0,0.1}'::real[]::sparsevec(4)$$),
    (4, $$'{0,0.1,1e-46}'::double precision[]::sparsevec$$),
    (5, $$'{1,0}'::real[]::sparsevec(3)$$),
    (6, $$'{NULL}'::real[]::sparsevec$$),
    (7, $$'{NaN}'::real[]::sparsevec$$),
    (8, $$'{0,Infinity}'::real[]::sparsevec$$),
    (9, $$'{4e38}'::double precision[]::sparsevec$$),
    (10, $$'{1e39}'::numeric[]::sparsevec$$),
    (11, $$'{}'::real[]::sparsevec$$),
    (12, $$'{{1}}'::real[]::sparsevec$$),
    (13, $$array_fill(1, ARRAY[16001])::sparsevec$$),
    (14, $$array_fill(1, ARRAY[16001])::sparsevec(5)$$),
    (15, $$array_fill(0, ARRAY[100000])::sparsevec$$),
    (16, $$l2_norm((array_fill(0, ARRAY[100000]) || array_fill(1, ARRAY[10000]))::sparsevec)$$),
    (17, $$'[0,1.5,-0,3.5,0]'::vector::sparsevec$$),
    (18, $$'[0,1.5,0]'::vector::sparsevec(3)$$),
    (19, $$'[0,1.5,0]'::vector::sparsevec(4)$$),
    (20, $$'[0,0.1,-0]'::halfvec::sparsevec$$),
    (21, $$'[0,0.1,0]'::halfvec::sparsevec(4)$$),
    (22, $$'{2:1.5,4:3.5}/5'::sparsevec::vector$$),
    (23, $$'{2:1.5,4:3.5}/5'::sparsevec::vector(5)$$),
    (24, $$'{2:1.5,4:3.5}/5'::sparsevec::vector(4)$$),
    (25, $$'{}/16001'::sparsevec::vector$$),
    (26, $$'{2:0.1,4:3.5}/5'::sparsevec::halfvec$$),
    (27, $$'{2:0.1,4:3.5}/5'::sparsevec::halfvec(4)$$),
    (28, $$'{}/16001'::sparsevec::halfvec$$),
    (29, $$'{1:65520}/1'::sparsevec::halfvec$$),
    (30, $$'{1:1e-8,2:-1e-8}/2'::sparsevec::halfvec$$),
    (31, $$vector_dims('{16000:1}/16000'::sparsevec::vector)$$),
    (32, $$'{1:1}/1'::sparsevec::real[]$$),
    (33, $$array_fill(1, ARRAY[16000])::vector::sparsevec <-> array_fill(1, ARRAY[16000])::halfvec::sparsevec$$),
    (34, $$'{1:1}/1'::text::sparsevec$$)
) AS statements(n, statement) ORDER BY n;
SELECT ARRAY[1,2,3] = ARRAY[1,2,3];

-- order, and the btree class

SELECT statement, pg_temp.outcome('SELECT ' || statement)
FROM (VALUES
    (1, $$'{1:1,2:2,3:3}/3'::sparsevec < '{1:1,2:2,3:3}/3'$$), (2, $$'{1:1,2:2,3:3}/3'::sparsevec < '{1:1,2:2}/2'$$),
    (3, $$'{1:1}/2'::sparsevec <= '{1:1}/2'$$), (4, $$'{1:1}/2'::sparsevec = '{1:1}/3'$$),
    (5, $$'{1:1}/2'::sparsevec <> '{1:2}/2'$$), (6, $$'{1:-1}/2'::sparsevec < '{}/2'$$),
    (7, $$'{2:-1}/2'::sparsevec > '{}/2'$$), (8, $$'{2:1}/2'::sparsevec >= '{1:1}/2'$$),
    (9, $$sparsevec_cmp('{1:1}/3', '{1:1}/3')$$), (10, $$sparsevec_cmp('{1:1}/3', '{2:1}/3')$$),
    (11, $$sparsevec_cmp('{1:-1}/3', '{2:1}/3')$$), (12, $$sparsevec_cmp('{2:1}/3', '{1:-1}/3')$$),
    (13, $$sparsevec_cmp('{3:1}/3', '{}/2')$$), (14, $$sparsevec_cmp('{3:-1}/3', '{}/2')$$),
    (15, $$sparsevec_cmp('{}/2', '{3:-1}/3')$$), (16, $$sparsevec_cmp('{2:-1}/3', '{}/2')$$),
    (17, $$sparsevec_cmp('{}/2', '{2:-1}/3')$$), (18, $$sparsevec_cmp('{}/2', '{2:1}/3')$$),
    (19, $$sparsevec_cmp('{}/2', '{}/3')$$), (20, $$sparsevec_cmp('{1:2}/2', '{1:1,2:5}/2')$$),
    (21, $$'{2:4}/2'::sparsevec = '[0,4]'::vector$$)
) AS statements(n, statement) ORDER BY n;

CREATE TABLE sparsevec_sorted (v sparsevec);
INSERT INTO sparsevec_sorted VALUES ('{}/2'), ('{1:1,2:2}/2'), ('{1:1}/1'), ('{1:-1,2:2}/2'), ('{1:1,2:2,3:-3}/3'), (NULL),
    ('{}/2'), ('{}/1000000000');
CREATE INDEX ON sparsevec_sorted (v);
SELECT v FROM sparsevec_sorted ORDER BY v;
SET enable_seqscan = off;
SELECT v FROM sparsevec_sorted WHERE v > '{}/2' AND v <= '{1:1,2:2}/2' ORDER BY v;
SELECT v, count(*) FROM sparsevec_sorted GROUP BY v ORDER BY v LIMIT 3;
RESET enable_seqscan;

SELECT format_type(castsource, NULL) AS source, format_type(casttarget, NULL) AS target, castcontext
FROM pg_cast WHERE 'sparsevec'::regtype IN (castsource, casttarget) ORDER BY 1, 2;
SELECT oprname, oprcode, oprcom::regoper <> 0 AS commutes, oprnegate::regoper <> 0 AS negates, oprrest, oprjoin
FROM pg_operator WHERE oprleft = 'sparsevec'::regtype ORDER BY oprname COLLATE "C";

-- an index of the access method: not without dimensions
SELECT pg_temp.outcome('CREATE INDEX ON sparsevec_sorted USING omendb (v)');
DROP TABLE sparsevec_sorted;
