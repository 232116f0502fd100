-- Distances of bit strings, and vectors turned into bits. Output is that of pgvector in the same queries, but for the
-- index at the end.

-- What a statement returns, or the error it raises: SQLSTATE, message and detail.
\set ECHO none
\set values `echo "$PG_ABS_SRCDIR"`/test/regress/values.sql
\i :values
\set ECHO all

SELECT statement, pg_temp.outcome('SELECT ' || statement)
FROM (VALUES
    (1, $$hamming_distance('111', '111')$$),
    (2, $$hamming_distance('111', '110')$$),
    (3, $$hamming_distance('111', '000')$$),
    (4, $$hamming_distance('10101010101010101010', '01010101010101010101')$$),
    (5, $$hamming_distance('', '')$$),
    (6, $$B'1011' <~> B'0010'$$),
    (7, $$'1011'::bit(4) <~> '0010'$$),
    (8, $$hamming_distance('111', '00')$$),
    (9, $$hamming_distance('111', '000'::varbit(4))$$),
    (10, $$hamming_distance('111', '0000'::varbit(4))$$),
    (11, $$B'1' <~> NULL$$),
    (12, $$jaccard_distance('1111', '1111')$$),
    (13, $$jaccard_distance('1111', '1110')$$),
    (14, $$jaccard_distance('1111', '1000')$$),
    (15, $$jaccard_distance('1111', '0000')$$),
    (16, $$jaccard_distance('0000', '0000')$$),
    (17, $$jaccard_distance('1100', '1000')$$),
    (18, $$jaccard_distance('10101010101010101010', '01010101010101010101')$$),
    (19, $$jaccard_distance('', '')$$),
    (20, $$B'1110' <%> B'0111'$$),
    (21, $$jaccard_distance('1111', '000')$$),
    (22, $$jaccard_distance('1111', '0000'::varbit(5))$$),
    (23, $$jaccard_distance('1111', '00000'::varbit(5))$$),
    (24, $$B'10' <%> '[1,2]'::vector$$)
) AS statements(n, statement) ORDER BY n;

-- Every length up to 300, and long ones, against counts in SQL.
SELECT setseed(0.25);
CREATE TABLE bit_pairs AS
SELECT n, string_agg((random() < 0.6)::integer::text, '')::varbit AS a, string_agg((random() < 0.4)::integer::text, '')::varbit AS b
FROM (SELECT generate_series(1, 300) AS n UNION ALL SELECT unnest(ARRAY[1536, 16000, 64000])) AS lengths,
    generate_series(1, n) AS i
GROUP BY n;
WITH counts AS (
    SELECT n, a::bit(64000) AS long_a, a, b, length(replace((a # b)::text, '0', '')) AS different,
        length(replace((a & b)::text, '0', ''))::float8 AS in_both,
        length(replace((a | b)::text, '0', ''))::float8 AS in_either
    FROM bit_pairs
)
SELECT count(*) AS lengths,
    count(*) FILTER (WHERE hamming_distance(a, b) <> different) AS hamming,
    count(*) FILTER (WHERE a <~> a <> 0) AS hamming_of_itself,
    count(*) FILTER (WHERE a <%> b <> CASE WHEN in_both = 0 THEN 1 ELSE 1 - in_both / in_either END) AS jaccard,
    count(*) FILTER (WHERE b <%> a <> a <%> b OR a <~> b <> b <~> a) AS asymmetric,
    count(*) FILTER (WHERE long_a <~> repeat('0', 64000)::bit(64000) <> length(replace(a::text, '0', ''))) AS padded
FROM counts;

-- bits of vectors
WITH numbers AS (
    SELECT n, i, ((i * 7 + n) % 11 - 5)::real AS x FROM generate_series(1, 200) AS n, generate_series(1, n) AS i
), rows AS (
    SELECT n, array_agg(x ORDER BY i)::vector AS v, string_agg((x > 0)::integer::text, '' ORDER BY i) AS bits
    FROM numbers GROUP BY n
)
SELECT count(*) AS lengths, count(*) FILTER (WHERE binary_quantize(v)::text <> bits) AS vector,
    count(*) FILTER (WHERE binary_quantize(v::halfvec)::text <> bits) AS halfvec,
    count(*) FILTER (WHERE binary_quantize(v) <~> binary_quantize(v * v) <>
        length(replace((binary_quantize(v) # binary_quantize(v * v))::text, '0', ''))) AS distance
FROM rows;
SELECT binary_quantize('[0,-0,1e-45,-1e-45,3e38,-3e38]'::vector), binary_quantize('[0,-0,6e-8,-6e-8,65504,-65504]'::halfvec);

-- The nearest by bits, then by the vectors themselves: no index, the same rows.
CREATE TABLE bit_rows (id integer, v vector(3));
INSERT INTO bit_rows VALUES (1, '[1,1,1]'), (2, '[1,-1,1]'), (3, '[-1,-1,-1]'), (4, '[2,2,2]'), (5, NULL);
SELECT id FROM bit_rows
ORDER BY binary_quantize(v)::bit(3) <~> binary_quantize('[1,2,3]'::vector), v <-> '[1,2,3]' LIMIT 4;
SELECT oprname, oprcode, oprcom <> 0 AS commutes, oprrest, oprjoin FROM pg_operator
WHERE oprleft = 'bit'::regtype AND oprname IN ('<~>', '<%>') ORDER BY oprname COLLATE "C";

DROP TABLE bit_pairs, bit_rows;
