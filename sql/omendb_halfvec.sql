-- The type halfvec: input and output, rounding, functions, operators, casts, aggregates, order. Output is that of
-- pgvector in the same queries, but for the list of operators (<> estimates with neqsel) and the index at the end.

-- What a statement returns, or the error it raises: SQLSTATE, message and detail.
\set ECHO none
\set values `echo "$PG_ABS_SRCDIR"`/test/regress/values.sql
\i :values
\set ECHO all

-- what is accepted, and what it reads back as

SELECT literal, pg_temp.outcome(format('SELECT %L::halfvec', literal))
FROM (VALUES
    (1, '[1,2,3]'),
    (2, '[-1.,.5,+.25,+1]'),
    (3, ' [ 1,  2 ,    3  ] '),
    (4, '[1.23456,0.1,0.33333333333333]'),
    (5, '[0,-0,0.0,-0.0,0e5]'),
    (6, '[1e0,1E1,1e+2,1e-3,1.5e-4]'),
    (7, '[0x10,0x1p3,-0x1.8p1]'),
    (8, '[65504,-65504,65519,65519.996]'),
    (9, '[6.103515625e-05,6.1e-05,5.9604645e-08,-5.9604645e-08]'),
    (10, '[2.9802322e-08,2.9802326e-08,3e-08,1e-8,-1e-8,1e-46]'),
    (11, '[2049,2050,2051,2053,4098,4100,4102]')
) AS literals(n, literal) ORDER BY n;
SELECT E'\t[\n1\r,\x0B2\f]\n'::halfvec;

-- what is refused

SELECT literal, pg_temp.outcome(format('SELECT %L::halfvec', literal))
FROM (VALUES
    (1, ''),
    (2, '1,2'),
    (3, '{1,2}'),
    (4, '['),
    (5, '[,'),
    (6, '[]'),
    (7, '[ ]'),
    (8, '[1'),
    (9, '[1,'),
    (10, '[1,]'),
    (11, '[1,2]9'),
    (12, '[1,2]]'),
    (13, '[1a]'),
    (14, '[1 2]'),
    (15, '[1,,3]'),
    (16, '[hello]'),
    (17, '[NaN,1]'),
    (18, '[1,-nan]'),
    (19, '[Infinity]'),
    (20, '[1,-inf]'),
    (21, '[65520]'),
    (22, '[1, -65520 ]'),
    (23, '[1e5,1]'),
    (24, '[4e38]'),
    (25, '[1e400]'),
    (26, '[65520,x]'),
    (27, '[x,65520]')
) AS literals(n, literal) ORDER BY n;
SELECT '[1,2'::halfvec;

-- 1 to 16,000 dimensions

SELECT vector_dims(('[' || repeat('1,', 15999) || '1]')::halfvec);
SELECT pg_temp.outcome(format('SELECT %L::halfvec', '[' || repeat('1,', 16000) || '1]'));

-- type modifier

SELECT statement, pg_temp.outcome(statement)
FROM (VALUES
    (1, $$SELECT '[1,2,3]'::halfvec(3)$$),
    (2, $$SELECT '[1,2,3]'::halfvec(2)$$),
    (3, $$SELECT '[1,2,3]'::halfvec(3, 2)$$),
    (4, $$SELECT '[1,2,3]'::halfvec('a')$$),
    (5, $$SELECT '[1,2,3]'::halfvec(0)$$),
    (6, $$SELECT '[1,2,3]'::halfvec(16000)$$),
    (7, $$SELECT '[1,2,3]'::halfvec(16001)$$),
    (8, $$SELECT '{"[1,2,3]"}'::halfvec(2)[]$$)
) AS statements(n, statement) ORDER BY n;

CREATE TABLE halfvec_typed (v halfvec(3));
INSERT INTO halfvec_typed VALUES ('[1,2,3]'), (NULL);
INSERT INTO halfvec_typed VALUES ('[1,2]');
INSERT INTO halfvec_typed SELECT '[1,2,3,4]'::halfvec;
INSERT INTO halfvec_typed SELECT '[1,2,3.0001]'::vector;
INSERT INTO halfvec_typed SELECT '[1,2]'::vector;
SELECT v FROM halfvec_typed ORDER BY v;
SELECT format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'halfvec_typed'::regclass AND attname = 'v';
DROP TABLE halfvec_typed;

-- Every finite half: read from its decimal value, sent, written and read again, widened to vector and back.

WITH halves AS (
    SELECT sign, exponent, mantissa,
        decode('00010000' || lpad(to_hex((sign << 15) | (exponent << 10) | mantissa), 4, '0'), 'hex') AS sent,
        (1 - 2 * sign) * CASE WHEN exponent = 0 THEN mantissa * 2.0::float8 ^ -24
            ELSE (1024 + mantissa) * 2.0::float8 ^ (exponent - 25) END AS value
    FROM generate_series(0, 1) AS sign, generate_series(0, 30) AS exponent, generate_series(0, 1023) AS mantissa
), vectors AS (
    SELECT sent, ('[' || CASE WHEN sign = 1 AND value = 0 THEN '-0' ELSE value::text END || ']')::halfvec AS v
    FROM halves
)
SELECT count(*) AS tried, count(*) FILTER (WHERE halfvec_send(v) <> sent) AS read_wrongly,
    count(*) FILTER (WHERE halfvec_send(v::text::halfvec) <> sent) AS written_wrongly,
    count(*) FILTER (WHERE halfvec_send(v::vector::halfvec) <> sent) AS widened_wrongly,
    count(*) FILTER (WHERE halfvec_send(v::real[]::halfvec) <> sent) AS through_arrays_wrongly
FROM vectors;
SELECT halfvec_send('[1,2,-0]');

-- Numbers of random size and length: to the nearest float4, and from there to the nearest half, ties to even. round()
-- of float8 does the same.

SELECT setseed(0.5);
WITH numbers AS (
    SELECT CASE WHEN random() < 0.5 THEN '-' ELSE '' END ||
        (random() * 10 ^ (random() * 4.8))::bigint || '.' || left(lpad((random() * 1e18)::bigint::text, 18, '0'),
            1 + (random() * 17)::integer) ||
        CASE WHEN random() < 0.7 THEN '' ELSE 'e-' || (random() * 12)::integer END AS number
    FROM generate_series(1, 20000)
), ties AS ( -- exactly between two halves
    SELECT number FROM numbers UNION ALL
    SELECT ((2 * i + 1) * 2.0::float8 ^ e)::text FROM generate_series(1024, 2047, 7) AS i, generate_series(-25, 4) AS e
), sizes AS (
    SELECT number, number::real::float8 AS x, abs(number::real::float8) AS size FROM ties
), places AS (
    SELECT number, x, 2.0::float8 ^ (greatest(floor(log(2.0, size::numeric) + 1e-15), -14) - 10) AS place
    FROM sizes WHERE size BETWEEN 1e-9 AND 65519
)
SELECT count(*) > 15000 AS enough,
    count(*) FILTER (WHERE (('[' || number || ',1,0.5,0.25,0.125,0.75]')::halfvec::real[])[1] <>
        (round(x / place) * place)::real) AS different
FROM places;

-- Stored out of line, or with a header of one byte, or compressed: the same value.

CREATE TABLE halfvec_stored (id integer, v halfvec);
INSERT INTO halfvec_stored
SELECT d, array_agg(i % 7)::real[]::halfvec
FROM unnest(ARRAY[1, 58, 60, 62, 1000, 1020, 4000, 16000]) AS d, generate_series(1, d) AS i GROUP BY d;
SELECT attstorage FROM pg_attribute WHERE attrelid = 'halfvec_stored'::regclass AND attname = 'v';
SELECT id, vector_dims(v) = id AS dims, pg_column_size(v) AS bytes, inner_product(v, v) AS squares,
    v = v::text::halfvec AS same, v <-> v AS distance
FROM halfvec_stored ORDER BY id;
ALTER TABLE halfvec_stored ALTER v SET STORAGE EXTENDED;
UPDATE halfvec_stored SET v = v || '[1]' WHERE id < 16000;
UPDATE halfvec_stored SET v = subvector(v, 1, id);
SELECT id, vector_dims(v) = id AS dims, pg_column_size(v) < 2 * id + 8 AS smaller, v = v::text::halfvec AS same
FROM halfvec_stored ORDER BY id;
SELECT v::halfvec(4000) FROM halfvec_stored WHERE id = 1000;
DROP TABLE halfvec_stored;

-- COPY BINARY: out and in again; then bytes that another client might send

CREATE TABLE halfvec_out (id integer, v halfvec);
INSERT INTO halfvec_out VALUES (0, NULL), (1, '[1,-2,65504]');
INSERT INTO halfvec_out
SELECT d, array_agg(sin(i * d))::halfvec
FROM unnest(ARRAY[7, 29, 62, 1020, 16000]) AS d, generate_series(1, d) AS i GROUP BY d;
CREATE TABLE halfvec_in (LIKE halfvec_out);
SELECT pg_temp.copy_through('halfvec', 'binary');
SELECT count(*), count(a.v), count(*) FILTER (WHERE halfvec_send(a.v) <> halfvec_send(b.v)) AS different
FROM halfvec_out a FULL JOIN halfvec_in b USING (id);
DROP TABLE halfvec_in, halfvec_out;

-- What arrives when these bytes are sent as one field of type halfvec, or halfvec(2): a COPY file of one row.
CREATE TABLE halfvec_received (v halfvec);
CREATE TABLE halfvec_received_two (v halfvec(2));
SELECT what, pg_temp.receive(field, 'halfvec_received') FROM (VALUES
    (1, 'right', '\x0002 0000 3c00 c000'::bytea),
    (2, 'negative zero, the smallest and the largest number', '\x0003 0000 8000 0001 7bff'),
    (3, 'one byte short', '\x0002 0000 3c00 c0'),
    (4, 'one value short', '\x0002 0000 3c00'),
    (5, 'one value more', '\x0001 0000 3c00 c000'),
    (6, 'no dimension', '\x0000 0000'),
    (7, '16001 dimensions', '\x3e81 0000'),
    (8, '-1 dimensions', '\xffff 0000'),
    (9, 'unused not 0', '\x0001 0001 3c00'),
    (10, 'NaN', '\x0002 0000 3c00 7e00'),
    (11, 'a signalling NaN', '\x0002 0000 3c00 fc01'),
    (12, 'infinity', '\x0002 0000 3c00 7c00'),
    (13, 'minus infinity', '\x0001 0000 fc00')
) AS fields(n, what, field) ORDER BY n;
SELECT what, pg_temp.receive(field, 'halfvec_received_two') FROM (VALUES
    (1, 'two', '\x0002 0000 3c00 c000'::bytea),
    (2, 'three', '\x0003 0000 3c00 c000 c000')
) AS fields(n, what, field) ORDER BY n;
DROP TABLE halfvec_received, halfvec_received_two;

-- distances

SELECT statement, pg_temp.outcome('SELECT ' || statement)
FROM (VALUES
    (1, $$l2_distance('[0,0]'::halfvec, '[3,4]')$$),
    (2, $$'[0,0]'::halfvec <-> '[0,1]'$$),
    (3, $$halfvec_l2_squared_distance('[0,0]', '[3,4]')$$),
    (4, $$inner_product('[1,2]'::halfvec, '[3,4]')$$),
    (5, $$'[1,2]'::halfvec <#> '[3,4]'$$),
    (6, $$halfvec_negative_inner_product('[1,2]', '[-3,-4]')$$),
    (7, $$inner_product('[65504]'::halfvec, '[65504]')$$),
    (8, $$cosine_distance('[1,2]'::halfvec, '[2,4]')$$),
    (9, $$cosine_distance('[1,1]'::halfvec, '[1,1]')$$),
    (10, $$'[1,0]'::halfvec <=> '[0,2]'$$),
    (11, $$cosine_distance('[1,1]'::halfvec, '[-1,-1]')$$),
    (12, $$cosine_distance('[1,2]'::halfvec, '[0,0]')$$),
    (13, $$cosine_distance('[65504,65504]'::halfvec, '[65504,65504]')$$),
    (14, $$round(cosine_distance('[1,1]'::halfvec, '[1.1,1.1]')::numeric, 5)$$),
    (15, $$l1_distance('[0,0]'::halfvec, '[3,4]')$$),
    (16, $$'[1,2,3,4,5,6,7,8,9]'::halfvec <+> '[0,3,2,5,4,7,6,9,8]'$$),
    (17, $$halfvec_spherical_distance('[1,0]', '[0,1]')$$),
    (18, $$halfvec_spherical_distance('[2,0]', '[2,0]')$$),
    (19, $$'[1,2]'::vector <-> '[1,2.0001]'::halfvec$$), -- the distance of halfvecs
    (20, $$'[1,2]'::halfvec <=> '[1,2]'::vector$$),
    (21, $$l2_distance('[1,2]'::halfvec, '[3]')$$),
    (22, $$inner_product('[1,2]'::halfvec, '[3]')$$),
    (23, $$cosine_distance('[1,2]'::halfvec, '[3]')$$),
    (24, $$l1_distance('[1,2]'::halfvec, '[3]')$$),
    (25, $$halfvec_l2_squared_distance('[1]', '[3,4]')$$),
    (26, $$halfvec_negative_inner_product('[1]', '[3,4]')$$),
    (27, $$halfvec_spherical_distance('[1]', '[3,4]')$$),
    (28, $$'[1]'::halfvec <-> NULL$$)
) AS statements(n, statement) ORDER BY n;

-- Every length up to 130 and the longest, with whole numbers, whose sums are exact: against SQL.
WITH lengths AS (
    SELECT n FROM generate_series(1, 130) AS n UNION ALL SELECT 1000 UNION ALL SELECT 16000
), numbers AS (
    SELECT n, i, (i * 7 + n) % 11 - 5 AS a, (i * 5 + n * 3) % 13 - 6 AS b FROM lengths, generate_series(1, n) AS i
), sums AS (
    SELECT n, array_agg(a ORDER BY i)::halfvec AS a, array_agg(b ORDER BY i)::halfvec AS b,
        sum((a - b) ^ 2) AS squares, sum(a * b) AS dot, sum(abs(a - b)) AS absolute,
        sum(a * a)::float8 AS norm_a, sum(b * b)::float8 AS norm_b
    FROM numbers GROUP BY n
)
SELECT count(*) AS lengths,
    count(*) FILTER (WHERE halfvec_l2_squared_distance(a, b) <> squares) AS l2_squared,
    count(*) FILTER (WHERE a <-> b <> sqrt(squares)) AS l2,
    count(*) FILTER (WHERE inner_product(a, b) <> dot) AS ip,
    count(*) FILTER (WHERE a <#> b <> -dot) AS negative_ip,
    count(*) FILTER (WHERE a <+> b <> absolute) AS l1,
    count(*) FILTER (WHERE norm_a * norm_b > 0 AND abs((a <=> b) - (1 - dot / sqrt(norm_a * norm_b))) > 1e-15) AS cosine,
    count(*) FILTER (WHERE l2_norm(a) <> sqrt(norm_a)) AS norm,
    count(*) FILTER (WHERE (a + b)::vector <> a::vector + b::vector) AS sum,
    count(*) FILTER (WHERE (a * b)::vector <> a::vector * b::vector) AS product
FROM sums;

-- arithmetic, norms, parts, bits

SELECT statement, pg_temp.outcome('SELECT ' || statement)
FROM (VALUES
    (1, $$'[1,2,3]'::halfvec + '[4,5,6]'$$),
    (2, $$'[1,2,3]'::halfvec - '[4,5,6]'$$),
    (3, $$'[1,2,3]'::halfvec * '[4,5,6]'$$),
    (4, $$'[1,2,3]'::halfvec || '[4,5]'$$),
    (5, $$'[2048,2050]'::halfvec + '[1,1]'$$), -- ties to even
    (6, $$'[65504]'::halfvec + '[15]'$$),
    (7, $$'[65504]'::halfvec + '[16]'$$),
    (8, $$'[1,-65504]'::halfvec - '[1,65504]'$$),
    (9, $$'[256]'::halfvec * '[256]'$$),
    (10, $$'[1,1e-4]'::halfvec * '[1,1e-4]'$$),
    (11, $$'[1,1e-4]'::halfvec * '[1,1e-5]'$$),
    (12, $$'[0,1e-7]'::halfvec * '[1e-7,0]'$$),
    (13, $$'[1,2]'::halfvec + '[3]'$$),
    (14, $$'[1,2]'::halfvec - '[3]'$$),
    (15, $$'[1,2]'::halfvec * '[3]'$$),
    (16, $$array_fill(0, ARRAY[16000])::halfvec || '[1]'$$),
    (17, $$vector_dims(array_fill(0, ARRAY[8000])::halfvec || array_fill(1, ARRAY[8000])::halfvec)$$),
    (18, $$'[1,2]'::halfvec + '[3,4]'::vector$$),
    (19, $$vector_dims('[1,2,3]'::halfvec)$$),
    (20, $$l2_norm('[3,4]'::halfvec)$$),
    (21, $$l2_norm('[0,0]'::halfvec)$$),
    (22, $$l2_norm('[65504]'::halfvec)$$),
    (23, $$l2_normalize('[3,4]'::halfvec)$$),
    (24, $$l2_normalize('[0,0.1]'::halfvec)$$),
    (25, $$l2_normalize('[0,0]'::halfvec)$$),
    (26, $$l2_normalize('[65504]'::halfvec)$$),
    (27, $$l2_normalize('[6e-8,0]'::halfvec)$$),
    (28, $$binary_quantize('[1,0,-1]'::halfvec)$$),
    (29, $$binary_quantize('[0,0.1,-0.2,-0.3,0.4,0.5,0.6,-0.7,0.8,-0.9,1,-0,6e-8,-6e-8]'::halfvec)$$),
    (30, $$length(binary_quantize(array_fill(1, ARRAY[16000])::halfvec))$$)
) AS statements(n, statement) ORDER BY n;

SELECT start, count, pg_temp.outcome(format($$SELECT subvector('[1,2,3,4,5]'::halfvec, %s, %s)$$, start, count))
FROM (VALUES
    (1, 3), (3, 2), (-1, 3), (3, 9), (1, 0), (3, -1), (-1, 2), (6, 1), (2147483647, 10), (3, 2147483647),
    (-2147483644, 2147483647)
) AS parts(start, count);

-- casts

SELECT statement, pg_temp.outcome('SELECT ' || statement)
FROM (VALUES
    (1, $$ARRAY[1,2,3]::halfvec$$),
    (2, $$ARRAY[1.0,2.5,0.1]::halfvec$$),
    (3, $$'{1,2,0.1}'::real[]::halfvec(3)$$),
    (4, $$'{1,2,0.1}'::double precision[]::halfvec$$),
    (5, $$'{1e-8,-1e-8,1e-46}'::double precision[]::halfvec$$),
    (6, $$'{1,2,3}'::real[]::halfvec(2)$$),
    (7, $$'{NULL}'::real[]::halfvec$$),
    (8, $$'{NaN}'::real[]::halfvec$$),
    (9, $$'{1,Infinity}'::real[]::halfvec$$),
    (10, $$'{}'::real[]::halfvec$$),
    (11, $$'{{1}}'::real[]::halfvec$$),
    (12, $$'{65519,65520,-65520}'::real[]::halfvec$$),
    (13, $$'{1,-65520.5}'::double precision[]::halfvec$$),
    (14, $$'{4e38}'::double precision[]::halfvec$$),
    (15, $$'{65536}'::integer[]::halfvec$$),
    (16, $$'{1e39}'::numeric[]::halfvec$$),
    (17, $$'{123456}'::numeric[]::halfvec$$),
    (18, $$array_fill(1, ARRAY[16001])::halfvec$$),
    (19, $$'[1,2,0.1]'::halfvec::real[]$$),
    (20, $$'[1,2,0.1]'::halfvec::vector$$),
    (21, $$'[1,2,0.1]'::halfvec::vector(2)$$),
    (22, $$'[1,2,0.1]'::vector::halfvec$$),
    (23, $$'[1,2,0.1]'::vector::halfvec(3)$$),
    (24, $$'[1,2,0.1]'::vector::halfvec(2)$$),
    (25, $$'[1,65520]'::vector::halfvec$$),
    (26, $$'[1,-1e38,65520]'::vector::halfvec$$),
    (27, $$'[1e-8,-1e-8]'::vector::halfvec$$),
    (28, $$'[1]'::halfvec::integer[]$$),
    (29, $$'[1]'::text::halfvec$$)
) AS statements(n, statement) ORDER BY n;
SELECT ARRAY[1,2,3] = ARRAY[1,2,3];

-- aggregates

SELECT avg(v), sum(v) FROM unnest(ARRAY['[1,2,3]'::halfvec, '[3,5,7]']) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY['[1,2,3]'::halfvec, '[3,5,7]', NULL]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY[]::halfvec[]) v;
SELECT avg(v) FROM unnest(ARRAY['[65504]'::halfvec, '[65504]']) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY['[-0,1]'::halfvec]) v;
SELECT sum(v) FROM unnest(ARRAY['[2048]'::halfvec, '[1]', '[1]', '[1]']) v; -- rounded row by row
SELECT statement, pg_temp.outcome(statement)
FROM (VALUES
    (1, $$SELECT avg(v) FROM unnest(ARRAY['[1,2]'::halfvec, '[3]']) v$$),
    (2, $$SELECT sum(v) FROM unnest(ARRAY['[1,2]'::halfvec, '[3]']) v$$),
    (3, $$SELECT sum(v) FROM unnest(ARRAY['[65504]'::halfvec, '[65504]']) v$$),
    (4, $$SELECT halfvec_avg('{2,2,4,6}')$$),
    (5, $$SELECT halfvec_avg('{0}')$$),
    (6, $$SELECT halfvec_avg('{1}')$$),
    (7, $$SELECT halfvec_avg('{{2,2,4,6}}')$$),
    (8, $$SELECT halfvec_avg('{NULL,2}')$$),
    (9, $$SELECT halfvec_avg('{}')$$),
    (10, $$SELECT halfvec_avg('{1,NaN,1e9}')$$),
    (11, $$SELECT halfvec_avg('{1,1e9,NaN}')$$),
    (12, $$SELECT halfvec_avg('{1,1e300}')$$),
    (13, $$SELECT halfvec_avg(array_agg(n)) FROM generate_series(1, 16002) n$$),
    (14, $$SELECT halfvec_accum('{0}', '[1,2,3]')$$),
    (15, $$SELECT halfvec_accum('{1,1,1,1}', '[1,2,3]')$$),
    (16, $$SELECT halfvec_accum('{{0}}', '[1]')$$),
    (17, $$SELECT halfvec_accum('{0,0}', '[1,2,3]')$$),
    (18, $$SELECT halfvec_accum('{1,Infinity}', '[1]')$$),
    (19, $$SELECT halfvec_combine('{1,2}', '{3,4}')$$),
    (20, $$SELECT halfvec_combine('{{1,2}}', '{3,4}')$$),
    (21, $$SELECT halfvec_combine('{1,2}', '{3,4,5}')$$)
) AS statements(n, statement) ORDER BY n;

-- Functions called directly leave their arguments as they were; the aggregates change their state in place.
CREATE TABLE halfvec_groups (g integer, i integer, v halfvec);
INSERT INTO halfvec_groups
SELECT i % 3, i, array_fill(i, ARRAY[CASE WHEN i % 3 = 2 THEN 2000 ELSE 2 END])::halfvec FROM generate_series(1, 60) AS i;
SELECT g, vector_dims(sum(v)) AS dims, subvector(sum(v), 1, 2) AS sum, subvector(avg(v), 1, 2) AS avg
FROM halfvec_groups GROUP BY g ORDER BY g;
SELECT i, sum(v) OVER (ORDER BY i), avg(v) OVER (ORDER BY i ROWS 1 PRECEDING)
FROM halfvec_groups WHERE g = 0 AND i < 16 ORDER BY i;
SELECT halfvec_add(v, v), v FROM halfvec_groups WHERE i = 1;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT sum(v), avg(v) FROM halfvec_groups WHERE g = 1;
RESET ALL;
DROP TABLE halfvec_groups;

-- order, and the btree class

SELECT statement, pg_temp.outcome('SELECT ' || statement)
FROM (VALUES
    (1, $$'[1,2,3]'::halfvec < '[1,2,3]'$$), (2, $$'[1,2,3]'::halfvec < '[1,2]'$$), (3, $$'[1,2]'::halfvec < '[1,2,3]'$$),
    (4, $$'[1,2]'::halfvec <= '[1,2]'$$), (5, $$'[1,2]'::halfvec = '[1,2]'$$), (6, $$'[1,2]'::halfvec = '[1,2,3]'$$),
    (7, $$'[1,2]'::halfvec <> '[1,2]'$$), (8, $$'[0]'::halfvec = '[-0]'$$), (9, $$'[-1]'::halfvec > '[-2]'$$),
    (10, $$'[6e-8]'::halfvec > '[-0]'$$), (11, $$'[-6e-8]'::halfvec >= '[0]'$$),
    (12, $$halfvec_cmp('[1,2,3]', '[1,2,3]')$$), (13, $$halfvec_cmp('[1,2,3]', '[0,0,0]')$$),
    (14, $$halfvec_cmp('[0,0,0]', '[1,2,3]')$$), (15, $$halfvec_cmp('[1,2]', '[1,2,3]')$$),
    (16, $$halfvec_cmp('[1,3]', '[1,2,3]')$$), (17, $$halfvec_cmp('[-0,1]', '[0,-1]')$$),
    (18, $$'[1,2]'::halfvec = '[1,2]'::vector$$)
) AS statements(n, statement) ORDER BY n;

CREATE TABLE halfvec_sorted (v halfvec);
INSERT INTO halfvec_sorted VALUES ('[0,0]'), ('[1,2]'), ('[1]'), ('[-1,2]'), ('[1,2,-3]'), (NULL), ('[-0,0]'), ('[65504]');
CREATE INDEX ON halfvec_sorted (v);
SELECT v FROM halfvec_sorted ORDER BY v, v::text;
SET enable_seqscan = off;
SELECT v FROM halfvec_sorted WHERE v > '[0,0]' AND v <= '[1,2]' ORDER BY v;
SELECT v, count(*) FROM halfvec_sorted GROUP BY v ORDER BY v LIMIT 3;
RESET enable_seqscan;

SELECT format_type(castsource, NULL) AS source, format_type(casttarget, NULL) AS target, castcontext
FROM pg_cast WHERE 'halfvec'::regtype IN (castsource, casttarget) ORDER BY 1, 2;
SELECT oprname, oprcode, oprcom::regoper <> 0 AS commutes, oprnegate::regoper <> 0 AS negates, oprrest, oprjoin
FROM pg_operator WHERE oprleft = 'halfvec'::regtype ORDER BY oprname COLLATE "C";

-- an index of the access method: not without dimensions, nor of a class for vectors (omendb_halfvec_index tests the others)
SELECT pg_temp.outcome('CREATE INDEX ON halfvec_sorted USING omendb (v)');
SELECT pg_temp.outcome('CREATE INDEX ON halfvec_sorted USING omendb (v vector_l2_ops)');
DROP TABLE halfvec_sorted;
