-- avg and sum, and the functions behind them.

-- What a statement returns, or the error it raises: SQLSTATE, message and detail.
\set ECHO none
\set values `echo "$PG_ABS_SRCDIR"`/test/regress/values.sql
\i :values
\set ECHO all

SELECT avg(v), sum(v) FROM unnest(ARRAY['[1,2,3]'::vector, '[3,5,7]']) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY['[1,2,3]'::vector, '[3,5,7]', NULL]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY[]::vector[]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY[NULL]::vector[]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY['[-0,1]'::vector]) v;
SELECT avg(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v;
SELECT sum(DISTINCT v), avg(DISTINCT v) FROM unnest(ARRAY['[1]'::vector, '[1]', '[3]']) v;
SELECT sum(v) FILTER (WHERE vector_dims(v) = 1) FROM unnest(ARRAY['[1]'::vector, '[1,2]']) v;

SELECT statement, pg_temp.outcome(statement)
FROM (VALUES
    (1, $$SELECT avg(v) FROM unnest(ARRAY['[1,2]'::vector, '[3]']) v$$),
    (2, $$SELECT sum(v) FROM unnest(ARRAY['[1,2]'::vector, '[3]']) v$$),
    (3, $$SELECT sum(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v$$),
    (4, $$SELECT vector_avg('{2,2,4,6}')$$),
    (5, $$SELECT vector_avg('{0}')$$),
    (6, $$SELECT vector_avg('{1}')$$),
    (7, $$SELECT vector_avg('{{2,2,4,6}}')$$),
    (8, $$SELECT vector_avg('{NULL,2,4,6}')$$),
    (9, $$SELECT vector_avg('{}')$$),
    (10, $$SELECT vector_avg('{1,NaN}')$$),
    (11, $$SELECT vector_avg('{1,1e300}')$$),
    (12, $$SELECT vector_avg(array_agg(n)) FROM generate_series(1, 16002) n$$),
    (13, $$SELECT vector_accum('{0}', '[1,2,3]')$$),
    (14, $$SELECT vector_accum('{0,0,0,0}', '[1,2,3]')$$),
    (15, $$SELECT vector_accum('{1,1,1,1}', '[1,2,3]')$$),
    (16, $$SELECT vector_accum('{{0}}', '[1,2,3]')$$),
    (17, $$SELECT vector_accum('{NULL}', '[1,2,3]')$$),
    (18, $$SELECT vector_accum('{}', '[1,2,3]')$$),
    (19, $$SELECT vector_accum('{0,0}', '[1,2,3]')$$),
    (20, $$SELECT vector_accum('{1,Infinity}', '[1]')$$),
    (21, $$SELECT vector_combine('{1,2}', '{3,4}')$$),
    (22, $$SELECT vector_combine('{1,2}', '{3,4,5}')$$),
    (23, $$SELECT vector_combine('{{1,2}}', '{3,4}')$$),
    (24, $$SELECT vector_combine('{1,2}', '{{3,4}}')$$),
    (25, $$SELECT vector_combine('{NULL,2}', '{3,4}')$$),
    (26, $$SELECT vector_combine('{1,2}', '{3,NULL}')$$),
    (27, $$SELECT vector_combine('{}', '{0}')$$),
    (28, $$SELECT vector_combine('{0}', '{}')$$),
    (29, $$SELECT vector_combine('{0}', '{0}')$$),
    (30, $$SELECT vector_combine('{0}', '{2,3}')$$),
    (31, $$SELECT vector_combine('{2,3}', '{0}')$$),
    (32, $$SELECT vector_combine('{1,1.7e308}', '{1,1.7e308}')$$),
    (33, $$SELECT vector_combine('{0}', (SELECT array_agg(n) FROM generate_series(1, 16002) n))$$),
    (34, $$SELECT vector_combine((SELECT array_agg(n) FROM generate_series(1, 16002) n), '{0}')$$)
) AS statements(n, statement) ORDER BY n;

-- Functions called directly leave their arguments as they were; the aggregates change their state in place.
CREATE TABLE vector_state (s double precision[], v vector, w vector);
INSERT INTO vector_state VALUES ('{1,10,20}', '[1,2]', '[3,4]');
SELECT vector_accum(s, v), vector_add(v, w), s, v, w FROM vector_state;
SELECT s, v, w FROM vector_state;
DROP TABLE vector_state;

-- groups, grouping sets, windows, and values stored out of line or with a short header
CREATE TABLE vector_groups (g integer, i integer, v vector);
INSERT INTO vector_groups
SELECT i % 3, i, array_fill(i, ARRAY[CASE WHEN i % 3 = 2 THEN 1000 ELSE 2 END])::vector
FROM generate_series(1, 300) AS i;
SELECT g, count(*), vector_dims(sum(v)) AS dims, subvector(sum(v), 1, 2) AS sum, subvector(avg(v), 1, 2) AS avg
FROM vector_groups GROUP BY g ORDER BY g;
SELECT g, i % 2 AS parity, sum(v), avg(v)
FROM vector_groups WHERE g < 2 GROUP BY GROUPING SETS ((g), (i % 2), ()) ORDER BY 1, 2;
SELECT i, sum(v) OVER (ORDER BY i), avg(v) OVER (ORDER BY i ROWS 1 PRECEDING),
    lag(sum_before) OVER (ORDER BY i) AS sum_of_row_before
FROM (SELECT i, v, sum(v) OVER (ORDER BY i) AS sum_before FROM vector_groups WHERE g = 0 AND i < 16) AS rows
ORDER BY i;
SELECT count(*), count(*) FILTER (WHERE v = copy) FROM (
    SELECT v, v::text::vector AS copy, sum(v) OVER (PARTITION BY g) FROM vector_groups) AS rows;
DROP TABLE vector_groups;

-- in parallel: partial sums, combined
CREATE TABLE vector_parallel (v vector(3));
INSERT INTO vector_parallel SELECT ARRAY[i, -i, 1]::vector FROM generate_series(1, 4000) AS i;
ANALYZE vector_parallel;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT avg(v), sum(v) FROM vector_parallel;
SELECT avg(v), sum(v) FROM vector_parallel;
SELECT avg(v), sum(v) FROM vector_parallel WHERE v = '[1,-1,1]';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
DROP TABLE vector_parallel;
