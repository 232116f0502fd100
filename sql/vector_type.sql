-- The type: text input and output, type modifier, how it is stored.

-- What a statement returns, or the error it raises: SQLSTATE, message and detail.
\set ECHO none
\set values `echo "$PG_ABS_SRCDIR"`/test/regress/values.sql
\i :values
\set ECHO all

-- what is accepted, and what it reads back as

SELECT '[1,2,3]'::vector;
SELECT literal, pg_temp.outcome(format('SELECT %L::vector', literal))
FROM (VALUES
    (1, '[1,2,3]'),
    (2, '[-1,-2,-3]'),
    (3, '[1.,2.,3.]'),
    (4, '[.5,-.5,+.5,+1]'),
    (5, ' [ 1,  2 ,    3  ] '),
    (7, '[1.23456]'),
    (8, '[0,-0,0.0,-0.0,0e5,0e99999999999]'),
    (9, '[1e0,1E0,1e+0,1e-0,1e01]'),
    (10, '[1.5e38,-1.5e+38,1.5e-38,-1.5e-38]'),
    (11, '[00000000000000000000001,1.00000000000000000000000]'),
    (12, '[0x10,0x1p3,-0x1.8p1]'),
    (13, '[123456789,1234567890,12345678901234567890123456789]'),
    (14, '[0.000000000000000000000000000000000000012345678]'),
    (15, '[3.4028235e38,-3.4028235e38,3.40282351e38]'),
    (16, '[1.1754944e-38,1e-45,-1e-45,1.4e-45,7e-46,7.1e-46]'),
    (17, '[1e-46,-1e-46,1e-99999999999]')
) AS literals(n, literal) ORDER BY n;

SELECT E'\t[\n1\r,\x0B2\f]\n'::vector;

-- Rounding: to the nearest float4, ties to even, from any number of digits. 16777217 lies half way
-- between two float4 values, 1.000000059604644775390625 as well.
SELECT literal, pg_temp.outcome(format('SELECT %L::vector', literal))
FROM (VALUES
    (1, '[16777216,16777217,16777218,16777219,16777220]'),
    (2, '[16777217.0000000000000000000000000000000000000000000001]'),
    (3, '[16777216.9999999999999999999999999999999999999999999999]'),
    (4, '[1.000000059604644775390624,1.000000059604644775390625,1.000000059604644775390626]'),
    (5, '[1.00000017881393432617187499,1.00000017881393432617187500,1.00000017881393432617187501]'),
    (6, '[0.1,0.10000000149011612,0.100000001490116119384765625]'),
    (7, '[340282356779733661637539395458142568447.9999]')
) AS literals(n, literal) ORDER BY n;

-- what is refused

SELECT literal, pg_temp.outcome(format('SELECT %L::vector', literal))
FROM (VALUES
    (1, ''),
    (2, ' '),
    (3, '1,2,3'),
    (4, '{1,2,3}'),
    (5, '['),
    (6, '[ '),
    (7, '[,'),
    (8, '[]'),
    (9, '[ ]'),
    (10, '[,]'),
    (11, '[1'),
    (12, '[1,'),
    (13, '[1,]'),
    (14, '[1,2,3'),
    (15, '[1,2,3]9'),
    (16, '[1,2,3] x'),
    (17, '[1,2,3]]'),
    (18, '[[1,2,3]]'),
    (19, '[1a]'),
    (20, '[1e]'),
    (21, '[1e+]'),
    (22, '[1 2]'),
    (23, '[1,,3]'),
    (24, '[1, ,3]'),
    (25, '[1;2]'),
    (26, '[.]'),
    (27, '[-]'),
    (28, '[--1]'),
    (29, '[- 1]'),
    (30, '[1..2]'),
    (31, '[0x]'),
    (32, '[hello,1]'),
    (33, '[1,null]'),
    (34, '[１]')
) AS literals(n, literal) ORDER BY n;

SELECT literal, pg_temp.outcome(format('SELECT %L::vector', literal))
FROM (VALUES
    (1, '[NaN,1]'),
    (2, '[1,-nan]'),
    (3, '[nan(1)]'),
    (4, '[Infinity,1]'),
    (5, '[1,-Infinity]'),
    (6, '[inf]'),
    (7, '[4e38,1]'),
    (8, '[1,-4e38]'),
    (9, '[340282356779733661637539395458142568448]'),
    (10, '[1e400]'),
    (11, '[1e99999999999]'),
    (12, '[0x1p128]')
) AS literals(n, literal) ORDER BY n;

-- an error shows the literal
SELECT '[1,2'::vector;
SELECT '[4e38]'::vector;

-- 1 to 16,000 dimensions

SELECT vector_dims(('[' || repeat('1,', 15999) || '1]')::vector);
SELECT pg_temp.outcome(format('SELECT %L::vector', '[' || repeat('1,', 16000) || '1]'));
SELECT pg_temp.outcome(format('SELECT %L::vector', '[' || repeat('1,', 16000) || 'x'));
SELECT pg_temp.outcome(format('SELECT %L::vector', '[' || repeat('1,', 15999) || 'x'));

-- type modifier

SELECT '[1,2,3]'::vector(3);
SELECT statement, pg_temp.outcome(statement)
FROM (VALUES
    (1, $$SELECT '[1,2,3]'::vector(2)$$),
    (2, $$SELECT '[1,2,3]'::vector(4)$$),
    (3, $$SELECT '[1,2,3]'::vector(3, 2)$$),
    (4, $$SELECT '[1,2,3]'::vector('a')$$),
    (5, $$SELECT '[1,2,3]'::vector(0)$$),
    (6, $$SELECT '[1,2,3]'::vector(-1)$$),
    (7, $$SELECT '[1,2,3]'::vector(16000)$$),
    (8, $$SELECT '[1,2,3]'::vector(16001)$$),
    (9, $$SELECT '{"[1,2,3]"}'::vector(2)[]$$),
    (10, $$SELECT '{"[1,2,3]"}'::vector(3)[]$$)
) AS statements(n, statement) ORDER BY n;
SELECT '[1,2,3]'::vector(2);

CREATE TABLE vector_typed (v vector(3));
INSERT INTO vector_typed VALUES ('[1,2,3]'), (NULL);
INSERT INTO vector_typed VALUES ('[1,2]');
INSERT INTO vector_typed SELECT '[1,2,3,4]'::vector;
UPDATE vector_typed SET v = v || '[4]';
SELECT v FROM vector_typed ORDER BY v;
SELECT format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'vector_typed'::regclass AND attname = 'v';
ALTER TABLE vector_typed ALTER v TYPE vector;
INSERT INTO vector_typed VALUES ('[1,2]');
ALTER TABLE vector_typed ALTER v TYPE vector(3);
DROP TABLE vector_typed;

SELECT unnest('{"[1,2,3]", "[4,5,6]"}'::vector[]);

-- Values come back bit for bit, through text and through binary: every finite float4 with one of
-- these mantissas.

WITH bits AS (
    SELECT ((sign << 31) | (exponent << 23) | mantissa) AS bits
    FROM generate_series(0, 1) AS sign, generate_series(0, 254) AS exponent,
        unnest(ARRAY[0, 1, 2, 3, 4194303, 4194304, 5592405, 8388606, 8388607]) AS mantissa
), sent AS (
    SELECT bits, decode('00010000' || lpad(to_hex(bits::bigint & 4294967295), 8, '0'), 'hex') AS sent FROM bits
), floats AS (
    SELECT bits, sent, CASE WHEN bits < 0 THEN -1 ELSE 1 END AS sign, bits & 2147483647 AS magnitude FROM sent
), texts AS (
    -- float8 holds every float4, and prints it so that it reads back.
    SELECT sent, sign * CASE WHEN magnitude >> 23 = 0 THEN (magnitude & 8388607) * 2.0::float8 ^ -149
        ELSE ((magnitude & 8388607) + 8388608) * 2.0::float8 ^ ((magnitude >> 23) - 150) END AS value
    FROM floats
), vectors AS (
    -- The sign of -0 is lost in the arithmetic above.
    SELECT sent, CASE WHEN value = 0 THEN NULL ELSE ('[' || value || ']')::vector END AS v FROM texts
)
SELECT count(*) - count(v) AS left_out, count(v) AS tried,
    count(*) FILTER (WHERE vector_send(v) <> sent) AS read_wrongly,
    count(*) FILTER (WHERE vector_send(v::text::vector) <> sent) AS written_wrongly
FROM vectors;
SELECT vector_send('[0,-0]');

-- Numbers of random length and size against PostgreSQL's own float4 input.

SELECT setseed(0.5);
WITH numbers AS (
    SELECT CASE WHEN random() < 0.5 THEN '-' ELSE '' END ||
        CASE WHEN random() < 0.5 THEN '0' ELSE (random() * 10 ^ (random() * 17))::bigint::text END || '.' ||
        left(lpad((random() * 1e18)::bigint::text, 18, '0') || lpad((random() * 1e18)::bigint::text, 18, '0'),
            1 + (random() * 35)::integer) ||
        CASE WHEN random() < 0.5 THEN '' ELSE 'e' || (random() * 60 - 40)::integer END AS number
    FROM generate_series(1, 20000)
), parsed AS (
    SELECT number, (('[' || number || ',' || number || ',1,0.5,0.25,0.125]')::vector)::real[] AS v
    FROM numbers WHERE abs(number::float8) BETWEEN 1.2e-38 AND 3.4e38
)
SELECT count(*) > 15000 AS enough, count(*) FILTER (WHERE v[1] <> number::real OR v[2] <> number::real) AS different
FROM parsed;

-- Stored out of line without compression, or with a header of one byte, or compressed: the same value.

CREATE TABLE vector_stored (id integer, v vector);
INSERT INTO vector_stored
SELECT d, array_agg(i % 7)::real[]::vector
FROM unnest(ARRAY[1, 29, 30, 31, 500, 510, 2000, 16000]) AS d, generate_series(1, d) AS i GROUP BY d;
SELECT attstorage FROM pg_attribute WHERE attrelid = 'vector_stored'::regclass AND attname = 'v';
SELECT id, vector_dims(v) = id AS dims, pg_column_size(v) AS bytes, inner_product(v, v) AS squares,
    v = v::text::vector AS same
FROM vector_stored ORDER BY id;
ALTER TABLE vector_stored ALTER v SET STORAGE EXTENDED;
UPDATE vector_stored SET v = v || '[1]' WHERE id < 16000;
UPDATE vector_stored SET v = subvector(v, 1, id);
SELECT id, vector_dims(v) = id AS dims, pg_column_size(v) < 4 * id + 8 AS smaller, inner_product(v, v) AS squares,
    v = v::text::vector AS same
FROM vector_stored ORDER BY id;
SELECT id, v::vector(2000) = v AS same FROM vector_stored WHERE id = 2000;
SELECT v::vector(2000) FROM vector_stored WHERE id = 500;
DROP TABLE vector_stored;

-- the extension says of each of its objects what it is
SELECT pg_describe_object(classid, objid, 0) AS without_comment
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'omendb')
    AND obj_description(objid, classid::regclass::name) IS NULL
    AND classid IN ('pg_type'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass,
        'pg_opclass'::regclass)
    AND objid NOT IN ('vector[]'::regtype, 'halfvec[]'::regtype, 'sparsevec[]'::regtype)
ORDER BY 1;
