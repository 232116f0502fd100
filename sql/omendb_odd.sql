-- Values at the edge of what float32 can hold. No row may be lost, in whatever way it is found, and no order
-- be wrong ("index returned tuples in wrong order" is an error of the executor).
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
-- Makes a table of the query's vectors, with an index built on half of it and the other half inserted, and
-- judges each metric: before the merge, after it, and after a REINDEX.
CREATE FUNCTION pg_temp.judge_odd(vectors vector[], queries vector[], floor float8 DEFAULT 0)
RETURNS TABLE (metric text, inserted text, merged text, rebuilt text) LANGUAGE plpgsql AS $$
DECLARE
    dims integer := vector_dims(vectors[1]);
    results text[];
    class text;
    operator text;
BEGIN
    FOREACH metric IN ARRAY '{l2,ip,cosine}'::text[] LOOP
        operator := CASE metric WHEN 'l2' THEN '<->' WHEN 'ip' THEN '<#>' ELSE '<=>' END;
        EXECUTE format('CREATE TABLE odd (id integer, v vector(%s)) WITH (autovacuum_enabled = off)', dims);
        INSERT INTO odd SELECT i, v FROM unnest(vectors) WITH ORDINALITY u(v, i) WHERE i % 2 = 0;
        EXECUTE format('CREATE INDEX odd_v ON odd USING omendb (v vector_%s_ops)', metric);
        INSERT INTO odd SELECT i, v FROM unnest(vectors) WITH ORDINALITY u(v, i) WHERE i % 2 = 1;
        results := '{}';
        FOR step IN 1 .. 3 LOOP
            IF step = 2 THEN
                PERFORM omendb_merge('odd_v');
            ELSIF step = 3 THEN
                REINDEX INDEX odd_v;
            END IF;
            results := results || concat_ws(', ', pg_temp.judge('odd', operator, queries, NULL, 1),
                pg_temp.judge('odd', operator, queries, 10, floor),
                (SELECT string_agg(c::text, ' ') FROM omendb_check_index('odd_v') c));
        END LOOP;
        inserted := results[1];
        merged := results[2];
        rebuilt := results[3];
        RETURN NEXT;
        DROP TABLE odd;
    END LOOP;
END
$$;
-- Vectors of noise times a factor that depends on the row.
CREATE FUNCTION pg_temp.scaled(factors float8[], count integer, dims integer) RETURNS vector[] LANGUAGE sql AS $$
    SELECT array_agg((SELECT array_agg((x * factors[1 + i % cardinality(factors)])::real) FROM unnest(pg_temp.noise(i, dims)::real[]) x)::vector)
    FROM generate_series(1, count) i
$$;
CREATE FUNCTION pg_temp.constant(value float8, dims integer) RETURNS vector LANGUAGE sql AS $$
    SELECT array_fill(value::real, ARRAY[dims])::vector
$$;
\set ECHO all

-- as a measure: ordinary values
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{1}', 600, 10), pg_temp.queries(5, 10), 0.9);
-- huge
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{1e17}', 300, 10), pg_temp.scaled('{1e17,1,1e-20}', 6, 10), 0.9);
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{1e20}', 300, 10), pg_temp.scaled('{1e20,1,1e-20}', 6, 10));
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{1e30}', 300, 10), pg_temp.scaled('{1e30,1}', 4, 10));
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{3.4e38}', 300, 10), pg_temp.scaled('{3.4e38,1,1e-38}', 6, 10));
SELECT * FROM pg_temp.judge_odd(ARRAY(SELECT pg_temp.constant(CASE WHEN i % 2 = 0 THEN 3e38 ELSE -3e38 END, 5) FROM generate_series(1, 40) i),
    ARRAY[pg_temp.constant(3e38, 5), pg_temp.constant(0, 5), pg_temp.constant(-1, 5)]);
-- tiny: 1e-38 is the smallest normal value, 1e-45 the smallest of all
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{1e-15}', 300, 10), pg_temp.scaled('{1e-15,1}', 4, 10), 0.9);
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{1e-30}', 300, 10), pg_temp.scaled('{1e-30,1,1e30}', 6, 10), 0.9);
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{1e-38}', 300, 10), pg_temp.scaled('{1e-38,1,1e38}', 6, 10));
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{1e-40}', 300, 10), pg_temp.scaled('{1e-40,1}', 4, 10));
SELECT * FROM pg_temp.judge_odd(ARRAY[pg_temp.constant(1e-45, 4), pg_temp.constant(-1e-45, 4), pg_temp.constant(0, 4), pg_temp.constant(1e-45, 4)],
    ARRAY[pg_temp.constant(1e-45, 4), pg_temp.constant(0, 4), pg_temp.constant(1, 4)]);
-- magnitudes mixed, between rows and within them
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{1e-40,1e-20,1e-3,1,1e3,1e18,1e20,1e38}', 400, 10), pg_temp.scaled('{1e-40,1e-20,1,1e20,1e38}', 5, 10));
SELECT * FROM pg_temp.judge_odd(pg_temp.scaled('{1,1,1,1,1,1,1,1,1,1e6}', 400, 10), pg_temp.scaled('{1,1e6}', 4, 10));
SELECT * FROM pg_temp.judge_odd(
    ARRAY(SELECT (pg_temp.noise(i, 6)::real[] || ARRAY[1e30, 1e-30, i * 1e10, i * 1e-10]::real[])::vector FROM generate_series(1, 300) i),
    ARRAY(SELECT (pg_temp.noise(i, 6)::real[] || ARRAY[1e30, 1e-30, i * 1e10, i * 1e-10]::real[])::vector FROM generate_series(1, 6, 2) i), 0.9);
-- far from the origin
SELECT * FROM pg_temp.judge_odd(ARRAY(SELECT v + pg_temp.constant(1e6, 10) FROM unnest(pg_temp.scaled('{1}', 400, 10)) v),
    ARRAY(SELECT v + pg_temp.constant(1e6, 10) FROM unnest(pg_temp.queries(5, 10)) v), 0.9);
SELECT * FROM pg_temp.judge_odd(ARRAY(SELECT v + pg_temp.constant(1e15, 10) FROM unnest(pg_temp.scaled('{1e9}', 400, 10)) v),
    ARRAY(SELECT v + pg_temp.constant(1e15, 10) FROM unnest(pg_temp.queries(3, 10)) v) || pg_temp.queries(2, 10));
-- clusters far apart, of different sizes, the build seeing each, or only one and the inserts the others
SELECT * FROM pg_temp.judge_odd(ARRAY(SELECT pg_temp.noise(i, 10) + pg_temp.constant(1000 * (i % 5) ^ 3, 10) FROM generate_series(1, 500) i),
    ARRAY(SELECT pg_temp.noise(-i, 10) + pg_temp.constant(1000 * (i % 5) ^ 3, 10) FROM generate_series(1, 5) i), 0.9);
SELECT * FROM pg_temp.judge_odd(ARRAY(SELECT pg_temp.noise(i, 10) + pg_temp.constant(10000 * (i % 2), 10) FROM generate_series(1, 500) i),
    ARRAY(SELECT pg_temp.noise(-i, 10) + pg_temp.constant(10000 * (i % 2), 10) FROM generate_series(1, 4) i));
-- two points; a line; whole numbers with many ties; one dimension that matters
SELECT * FROM pg_temp.judge_odd(ARRAY(SELECT pg_temp.constant(1 + i % 2, 10) FROM generate_series(1, 400) i), ARRAY[pg_temp.constant(1, 10), pg_temp.constant(0.5, 10), pg_temp.constant(0, 10)]);
SELECT * FROM pg_temp.judge_odd(ARRAY(SELECT pg_temp.constant(i, 10) FROM generate_series(1, 600) i), ARRAY[pg_temp.constant(300, 10), pg_temp.constant(-9, 10)], 0.9);
SELECT * FROM pg_temp.judge_odd(ARRAY(SELECT pg_temp.constant(i, 10) FROM generate_series(1, 600) i), ARRAY[pg_temp.constant(1e5, 10)]);
SELECT * FROM pg_temp.judge_odd(ARRAY(SELECT ARRAY[i % 3, i % 5, i % 7, i % 2]::vector FROM generate_series(1, 600) i), '{"[1,1,1,1]","[0,0,0,0]","[-1,2,3,0]"}');
SELECT * FROM pg_temp.judge_odd(ARRAY(SELECT (array_fill(0::real, ARRAY[70]) || ARRAY[i]::real[])::vector FROM generate_series(1, 300) i),
    ARRAY[(array_fill(0::real, ARRAY[70]) || ARRAY[55.5]::real[])::vector, pg_temp.noise(1, 71), pg_temp.constant(0, 71)]);
