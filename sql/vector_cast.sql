-- Casts from and to arrays.

-- What a statement returns, or the error it raises: SQLSTATE, message and detail.
\set ECHO none
\set values `echo "$PG_ABS_SRCDIR"`/test/regress/values.sql
\i :values
\set ECHO all

SELECT ARRAY[1,2,3]::vector;
SELECT ARRAY[1.0,2.5,3.0]::vector;
SELECT ARRAY[1,2,3]::real[]::vector;
SELECT ARRAY[1,2,3]::double precision[]::vector;
SELECT ARRAY[1,2,3]::numeric[]::vector;
SELECT '{1,2,3}'::real[]::vector(3);
SELECT '[0:2]={1,2,3}'::real[]::vector;
SELECT '[1,2,3]'::vector::real[];
SELECT array_dims('[1,2,3]'::vector::real[]);

-- rounded to the nearest float4
SELECT ARRAY[16777217, 2147483647, -2147483648]::vector;
SELECT '{0.1,1e-46,-1e-46}'::double precision[]::vector;
SELECT '{0.1,16777217.0000000001,-0.5}'::numeric[]::vector;

-- real[] and back, bit for bit
SELECT '{0,-0,1e-45,-3.4028235e38,0.1}'::real[]::vector::real[];
SELECT vector_send('{0,-0}'::real[]::vector);

SELECT statement, pg_temp.outcome(statement)
FROM (VALUES
    (1, $$SELECT '{1,2,3}'::real[]::vector(2)$$),
    (2, $$SELECT '{1,2,3}'::double precision[]::vector(4)$$),
    (3, $$SELECT '{NULL}'::real[]::vector$$),
    (4, $$SELECT '{1,NULL}'::integer[]::vector$$),
    (5, $$SELECT '{NaN}'::real[]::vector$$),
    (6, $$SELECT '{1,Infinity}'::real[]::vector$$),
    (7, $$SELECT '{-Infinity}'::double precision[]::vector$$),
    (8, $$SELECT '{4e38,-4e38}'::double precision[]::vector$$),
    (9, $$SELECT '{NaN}'::numeric[]::vector$$),
    (10, $$SELECT '{1e39}'::numeric[]::vector$$),
    (11, $$SELECT '{}'::real[]::vector$$),
    (12, $$SELECT '{}'::numeric[]::vector$$),
    (13, $$SELECT '{{1}}'::real[]::vector$$),
    (14, $$SELECT '{{1,2},{3,4}}'::integer[]::vector$$),
    (15, $$SELECT array_fill(1, ARRAY[16001])::vector$$),
    (16, $$SELECT array_to_vector(array_fill(1::real, ARRAY[16001]), 16001, false)$$),
    (17, $$SELECT vector_dims(array_fill(1, ARRAY[16000])::vector(16000))$$),
    (18, $$SELECT vector_dims(array_fill(1, ARRAY[16000])::numeric[]::vector)$$),
    (19, $$SELECT '[1]'::vector::integer[]$$),
    (20, $$SELECT '1'::text::vector$$),
    (21, $$SELECT '[1]'::text::vector$$)
) AS statements(n, statement) ORDER BY n;

-- an array may have had nulls
SELECT (ARRAY[1,NULL,3]::real[])[3:3]::vector;
SELECT array_remove(ARRAY[1,NULL,3]::real[], NULL)::vector;

-- An assignment takes an array, an expression does not: ARRAY = ARRAY keeps its meaning.
CREATE TABLE vector_cast (v vector(2), a real[]);
INSERT INTO vector_cast VALUES (ARRAY[1,2], '[3,4]'::vector);
INSERT INTO vector_cast VALUES (ARRAY[1,2,3], NULL);
SELECT v, a FROM vector_cast;
SELECT pg_temp.outcome('SELECT v <-> ARRAY[1,2]::real[] FROM vector_cast');
SELECT v <-> ARRAY[1,2]::real[]::vector AS distance FROM vector_cast;
DROP TABLE vector_cast;
SELECT ARRAY[1,2,3] = ARRAY[1,2,3];
SELECT pg_temp.outcome($$SELECT array_length('[1,2,3]'::vector, 1)$$);

SELECT format_type(castsource, NULL) AS source, format_type(casttarget, NULL) AS target, castcontext
FROM pg_cast WHERE 'vector'::regtype IN (castsource, casttarget) ORDER BY 1, 2;
