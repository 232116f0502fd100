-- Comparison: by values from the first on, then by dimensions; and the btree class.

SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, vector_cmp(a, b)
FROM (VALUES
    ('[1,2,3]'::vector, '[1,2,3]'::vector),
    ('[1,2,3]', '[1,2]'),
    ('[1,2]', '[1,2,3]'),
    ('[1,2,3]', '[0,0,0]'),
    ('[0,0,0]', '[1,2,3]'),
    ('[1,2]', '[2,3,4]'),
    ('[2,3]', '[1,2,3]'),
    ('[0]', '[-0]'),
    ('[-3e38]', '[1e-45]')
) AS pairs(a, b);
SELECT vector_cmp('[1,2,3]', '[1,2,3]');
SELECT '[1,2,3]'::vector != '[1,2]';

-- index, unique index, grouping
CREATE TABLE vector_btree (v vector);
INSERT INTO vector_btree VALUES ('[0,0,0]'), ('[1,2,3]'), ('[1,1,1]'), ('[1,2]'), (NULL), ('[-1]');
CREATE INDEX vector_btree_v ON vector_btree (v);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT v FROM vector_btree WHERE v = '[1,2,3]';
SELECT v FROM vector_btree WHERE v = '[1,2,3]';
SELECT v FROM vector_btree WHERE v < '[1,2]' ORDER BY v;
SELECT v FROM vector_btree WHERE v >= '[1,2]' ORDER BY v DESC;
SELECT v FROM vector_btree ORDER BY v;
SELECT v FROM vector_btree ORDER BY v DESC;
RESET enable_seqscan;
INSERT INTO vector_btree VALUES ('[1,1,1]'), ('[0,-0,0]');
SELECT v, count(*) FROM vector_btree GROUP BY v ORDER BY v;
SELECT count(DISTINCT v) FROM vector_btree;
SELECT '[1]'::vector UNION SELECT '[1]'::vector;
SELECT '[1]'::vector IN ('[2]', '[1]'), '[1]'::vector BETWEEN '[0]' AND '[1,5]';
CREATE UNIQUE INDEX vector_btree_unique ON vector_btree (v);
DELETE FROM vector_btree WHERE v = '[1,1,1]' OR v = '[0,0,0]';
CREATE UNIQUE INDEX vector_btree_unique ON vector_btree (v);
INSERT INTO vector_btree VALUES ('[1,2]');
DROP TABLE vector_btree;

-- sorting values that are stored out of line
CREATE TABLE vector_long (id integer, v vector);
INSERT INTO vector_long SELECT i, (array_fill(0, ARRAY[999]) || (i * 37) % 101)::vector FROM generate_series(1, 100) AS i;
SELECT count(*), bool_and(last <= next) AS sorted FROM (
    SELECT subvector(v, 1000, 1) AS last, lead(subvector(v, 1000, 1)) OVER (ORDER BY v) AS next FROM vector_long) AS rows;
DROP TABLE vector_long;

-- how many rows a comparison is thought to leave
CREATE TABLE vector_estimates (v vector(2));
INSERT INTO vector_estimates SELECT ARRAY[i % 10, 0]::vector FROM generate_series(1, 1000) AS i;
ANALYZE vector_estimates;
CREATE FUNCTION pg_temp.estimated_rows(statement text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || statement INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;
SELECT pg_temp.estimated_rows($$SELECT * FROM vector_estimates WHERE v = '[3,0]'$$) AS equal,
    pg_temp.estimated_rows($$SELECT * FROM vector_estimates WHERE v <> '[3,0]'$$) AS not_equal;
DROP TABLE vector_estimates;

SELECT amopstrategy, amopopr::regoperator
FROM pg_opclass JOIN pg_amop ON amopfamily = opcfamily
    JOIN pg_am ON pg_am.oid = opcmethod
WHERE opcname = 'vector_ops' AND amname = 'btree' ORDER BY 1;
