-- Distances, arithmetic, norms and parts.

-- What a statement returns, or the error it raises: SQLSTATE, message and detail.
\set ECHO none
\set values `echo "$PG_ABS_SRCDIR"`/test/regress/values.sql
\i :values
\set ECHO all

-- distances

SELECT l2_distance('[0,0]'::vector, '[3,4]');
SELECT l2_distance('[0,0]'::vector, '[0,1]');
SELECT l2_distance('[1,1,1,1,1,1,1,1,1]'::vector, '[1,1,1,1,1,1,1,4,5]');
SELECT '[0,0]'::vector <-> '[3,4]';
SELECT vector_l2_squared_distance('[0,0]', '[3,4]');

SELECT inner_product('[1,2]'::vector, '[3,4]');
SELECT inner_product('[1,1,1,1,1,1,1,1,1]'::vector, '[1,2,3,4,5,6,7,8,9]');
SELECT '[1,2]'::vector <#> '[3,4]';
SELECT vector_negative_inner_product('[1,2]', '[-3,-4]');

SELECT cosine_distance('[1,2]'::vector, '[2,4]');
SELECT cosine_distance('[1,1]'::vector, '[1,1]');
SELECT cosine_distance('[1,0]'::vector, '[0,2]');
SELECT cosine_distance('[1,1]'::vector, '[-1,-1]');
SELECT round(cosine_distance('[1,1]'::vector, '[1.1,1.1]')::numeric, 5);
SELECT round(cosine_distance('[1,1]'::vector, '[-1.1,-1.1]')::numeric, 5);
SELECT cosine_distance('[1,2,3,4,5,6,7,8,9]'::vector, '[1,2,3,4,5,6,7,8,9]');
SELECT cosine_distance('[1,2,3,4,5,6,7,8,9]'::vector, '[-1,-2,-3,-4,-5,-6,-7,-8,-9]');
SELECT '[1,2]'::vector <=> '[2,4]';

SELECT l1_distance('[0,0]'::vector, '[3,4]');
SELECT l1_distance('[0,0]'::vector, '[0,1]');
SELECT l1_distance('[1,2,3,4,5,6,7,8,9]'::vector, '[1,2,3,4,5,6,7,8,9]');
SELECT l1_distance('[1,2,3,4,5,6,7,8,9]'::vector, '[0,3,2,5,4,7,6,9,8]');
SELECT '[0,0]'::vector <+> '[3,4]';

SELECT vector_spherical_distance('[1,0]', '[1,0]');
SELECT vector_spherical_distance('[1,0]', '[0,1]');
SELECT vector_spherical_distance('[1,0]', '[-1,0]');
SELECT vector_spherical_distance('[2,0]', '[2,0]'); -- unit vectors are asked for; kept in range

-- a zero vector has no direction; sums that overflow are infinite, and no error
SELECT cosine_distance('[1,2]'::vector, '[0,0]');
SELECT cosine_distance('[0]'::vector, '[0]');
SELECT cosine_distance('[3e38]'::vector, '[3e38]');
SELECT l2_distance('[3e38]'::vector, '[-3e38]');
SELECT vector_l2_squared_distance('[3e38]', '[-3e38]');
SELECT inner_product('[3e38]'::vector, '[3e38]');
SELECT '[3e38]'::vector <#> '[3e38]';
SELECT l1_distance('[3e38]'::vector, '[-3e38]');

-- sums that underflow are 0
SELECT l2_distance('[1e-30]'::vector, '[0]');
SELECT inner_product('[1e-30]'::vector, '[1e-30]');

-- Every length up to 130 and the longest, with whole numbers, whose sums are exact: against SQL.
WITH lengths AS (
    SELECT n FROM generate_series(1, 130) AS n UNION ALL SELECT 1000 UNION ALL SELECT 16000
), numbers AS (
    SELECT n, i, (i * 7 + n) % 11 - 5 AS a, (i * 5 + n * 3) % 13 - 6 AS b FROM lengths, generate_series(1, n) AS i
), sums AS (
    SELECT n, array_agg(a ORDER BY i)::vector AS a, array_agg(b ORDER BY i)::vector AS b,
        sum((a - b) ^ 2) AS squares, sum(a * b) AS dot, sum(abs(a - b)) AS absolute,
        sum(a * a)::float8 AS norm_a, sum(b * b)::float8 AS norm_b
    FROM numbers GROUP BY n
)
SELECT count(*) AS lengths,
    count(*) FILTER (WHERE vector_l2_squared_distance(a, b) <> squares) AS l2_squared,
    count(*) FILTER (WHERE a <-> b <> sqrt(squares)) AS l2,
    count(*) FILTER (WHERE inner_product(a, b) <> dot) AS ip,
    count(*) FILTER (WHERE a <#> b <> -dot) AS negative_ip,
    count(*) FILTER (WHERE a <+> b <> absolute) AS l1,
    count(*) FILTER (WHERE norm_a * norm_b > 0 AND abs((a <=> b) - (1 - dot / sqrt(norm_a * norm_b))) > 1e-15) AS cosine,
    count(*) FILTER (WHERE norm_a * norm_b = 0 AND a <=> b <> 'NaN') AS cosine_of_zero,
    count(*) FILTER (WHERE vector_norm(a) <> sqrt(norm_a)) AS norm
FROM sums;

-- arithmetic

SELECT '[1,2,3]'::vector + '[4,5,6]';
SELECT '[1,2,3]'::vector - '[4,5,6]';
SELECT '[1,2,3]'::vector * '[4,5,6]';
SELECT '[1,0]'::vector * '[0,1e-30]'; -- 0, and no underflow
SELECT '[-3e38]'::vector + '[3e38]';
SELECT '[1,2,3]'::vector || '[4,5]';
SELECT vector_dims(array_fill(0, ARRAY[8000])::vector || array_fill(1, ARRAY[8000])::vector);

SELECT statement, pg_temp.outcome(statement)
FROM (VALUES
    (1, $$SELECT '[3e38]'::vector + '[3e38]'$$),
    (2, $$SELECT '[0,0,0,0,0,-3e38]'::vector + '[0,0,0,0,0,-3e38]'$$),
    (3, $$SELECT '[-3e38]'::vector - '[3e38]'$$),
    (4, $$SELECT '[1e37]'::vector * '[1e37]'$$),
    (5, $$SELECT '[1e-37]'::vector * '[1e-37]'$$),
    (6, $$SELECT '[1,1e-37]'::vector * '[1,-1e-37]'$$),
    (7, $$SELECT array_fill(0, ARRAY[16000])::vector || '[1]'$$),
    (8, $$SELECT '[1,2]'::vector + '[3]'$$),
    (9, $$SELECT '[1,2]'::vector - '[3]'$$),
    (10, $$SELECT '[1,2]'::vector * '[3]'$$),
    (11, $$SELECT l2_distance('[1,2]'::vector, '[3]')$$),
    (12, $$SELECT inner_product('[1,2]'::vector, '[3]')$$),
    (13, $$SELECT cosine_distance('[1,2]'::vector, '[3]')$$),
    (14, $$SELECT l1_distance('[1,2]'::vector, '[3]')$$),
    (15, $$SELECT vector_l2_squared_distance('[1]', '[3,4]')$$),
    (16, $$SELECT vector_negative_inner_product('[1]', '[3,4]')$$),
    (17, $$SELECT vector_spherical_distance('[1]', '[3,4]')$$),
    (18, $$SELECT '[1]'::vector <-> NULL$$)
) AS statements(n, statement) ORDER BY n;

-- dimensions and norms

SELECT vector_dims('[1,2,3]'::vector);
SELECT vector_norm('[3,4]');
SELECT vector_norm('[0,1]');
SELECT vector_norm('[0,0]');
SELECT vector_norm('[2]');
SELECT vector_norm('[3e37,4e37]')::real;
SELECT round((vector_norm('[3e-37,4e-37]') * 1e37)::numeric, 5);
SELECT round(vector_norm('[1,1]')::numeric, 5);

SELECT l2_normalize('[3,4]'::vector);
SELECT l2_normalize('[3,0]'::vector);
SELECT l2_normalize('[0,0.1]'::vector);
SELECT l2_normalize('[0,0]'::vector);
SELECT l2_normalize('[3e38]'::vector);
SELECT l2_normalize('[-1e-45]'::vector);

-- bits

SELECT binary_quantize('[1,0,-1]'::vector);
SELECT binary_quantize('[0,0.1,-0.2,-0.3,0.4,0.5,0.6,-0.7,0.8,-0.9,1]'::vector);
SELECT binary_quantize('[1,2,3,-4,5,6,-7,8,1,-2,-3,4,5,-6,7,8,-1,2,3]'::vector);
SELECT length(binary_quantize(array_fill(1, ARRAY[16000])::vector));
SELECT pg_typeof(binary_quantize('[1]'::vector));

-- subvector(v, start, count), as substring() does it

SELECT start, count, pg_temp.outcome(format($$SELECT subvector('[1,2,3,4,5]'::vector, %s, %s)$$, start, count))
FROM (VALUES
    (1, 3), (3, 2), (-1, 3), (3, 9), (1, 5), (5, 1), (0, 2), (1, 0), (3, -1), (-1, 2), (6, 1), (0, 1),
    (2147483647, 10), (3, 2147483647), (2147483647, 2147483647), (-2147483644, 2147483647),
    (-2147483647, 2147483647), (1, -2147483647)
) AS parts(start, count);
