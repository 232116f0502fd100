-- Sets that a build by partitions may stumble over, with more rows than a leaf holds, built by one process and then
-- by three. Clusters of a few hundred rows, values at the edge of float32: omendb_odd; each dimension on few rows
-- and builds short of memory: omendb_size.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
-- Makes a table of what `source` selects (id, v), builds an index for the metric of the operator, alone and then with
-- workers, and judges each: LIMIT 10 and 50 with a floor, and all rows for the first query.
CREATE FUNCTION pg_temp.try(source text, dims integer, operator text, queries vector[], floor float8)
RETURNS TABLE (alone text, together text) LANGUAGE plpgsql AS $$
DECLARE
    class text := CASE operator WHEN '<->' THEN 'l2' WHEN '<#>' THEN 'ip' ELSE 'cosine' END;
    results text[] := '{}';
    result text;
BEGIN
    EXECUTE format('CREATE TABLE hard (id integer, v vector(%s)) WITH (autovacuum_enabled = off)', dims);
    ALTER TABLE hard ALTER v SET STORAGE EXTERNAL;
    EXECUTE 'INSERT INTO hard ' || source;
    FOR step IN 1 .. 2 LOOP
        IF step = 1 THEN
            EXECUTE format('CREATE INDEX hard_v ON hard USING omendb (v vector_%s_ops)', class);
        ELSE
            ALTER TABLE hard SET (parallel_workers = 2);
            REINDEX INDEX hard_v;
        END IF;
        IF EXISTS (SELECT FROM hard) THEN
            result := concat_ws(', ', pg_temp.judge('hard', operator, queries, 10, floor),
                pg_temp.judge('hard', operator, queries, 50, floor), pg_temp.judge('hard', operator, queries[1:1], NULL, 1));
        ELSE
            result := (SELECT count(*) || ' rows' FROM pg_temp.nearest(true, 'hard', operator, queries[1], 10, 'true'));
        END IF;
        results := results || concat_ws(', ', result, (SELECT string_agg(c::text, ' ') FROM omendb_check_index('hard_v') c));
    END LOOP;
    alone := results[1];
    together := results[2];
    RETURN NEXT;
    DROP TABLE hard;
END
$$;
CREATE FUNCTION pg_temp.constant(value float8, dims integer) RETURNS vector LANGUAGE sql AS $$
    SELECT array_fill(value::real, ARRAY[dims])::vector
$$;
\set ECHO all

-- all rows identical; zero, which has no direction; all but one, which alone gives a scale
SELECT o, t.* FROM unnest('{<->,<#>,<=>}'::text[]) o,
    pg_temp.try('SELECT i, ''[1,2,3,4]'' FROM generate_series(1, 20000) i', 4, o, '{"[1,2,3,4]","[0,0,0,0]","[-9,1,0,0]"}', 1) t;
SELECT * FROM pg_temp.try('SELECT i, ''[0,0,0,0]'' FROM generate_series(1, 20000) i', 4, '<=>', '{"[1,2,3,4]","[0,0,0,0]"}', 1);
SELECT * FROM pg_temp.try('SELECT i, CASE i WHEN 777 THEN ''[5,0,0,7]'' ELSE ''[1,2,3,4]'' END::vector FROM generate_series(1, 20000) i',
    4, '<->', '{"[5,0,0,7]","[1,2,3,4]"}', 1);

-- a fifth of the rows in crowds of identical ones, 7 large or 80 small; asked at crowds and elsewhere
SELECT * FROM pg_temp.try('SELECT i, pg_temp.noise(CASE WHEN i % 5 = 0 THEN -(i % 7) - 1 ELSE i END, 8) FROM generate_series(1, 8000) i',
    8, '<->', pg_temp.queries(5, 8) || ARRAY(SELECT pg_temp.noise(-i, 8) FROM generate_series(1, 7) i), 0.95);
SELECT * FROM pg_temp.try('SELECT i, pg_temp.noise(CASE WHEN i % 5 = 0 THEN -(i / 100) - 1 ELSE i END, 8) FROM generate_series(1, 8000) i',
    8, '<=>', pg_temp.queries(5, 8) || ARRAY(SELECT pg_temp.noise(-10 * i, 8) FROM generate_series(1, 5) i), 0.95);
-- so many that parts are divided again
SELECT * FROM pg_temp.try('SELECT i, pg_temp.noise(CASE WHEN i % 5 = 0 THEN -(i / 100) - 1 ELSE i END, 6) FROM generate_series(1, 28000) i',
    6, '<->', pg_temp.queries(5, 6) || ARRAY(SELECT pg_temp.noise(-10 * i, 6) FROM generate_series(1, 5) i), 0.95);

-- three clusters far apart, one of them small. By L2, codes whose scale is the distance between clusters tell little within
-- them: order and completeness hold, recall is far from that of other sets.
SELECT o, floor, t.* FROM (VALUES ('<->', 0.4), ('<=>', 0.95)) f(o, floor),
    pg_temp.try('SELECT i, pg_temp.noise(i, 10) + pg_temp.constant(1000 * (CASE WHEN i <= 60 THEN 2 ELSE i % 2 END), 10) FROM generate_series(1, 8000) i',
    10, o, ARRAY(SELECT pg_temp.noise(-i, 10) + pg_temp.constant(1000 * (i % 3), 10) FROM generate_series(1, 12) i), floor) t;

-- sorted rows: by value, cluster after cluster, along a curve
SELECT * FROM pg_temp.try('SELECT i, pg_temp.noise(i, 8) FROM generate_series(1, 8000) i ORDER BY 2', 8, '<->', pg_temp.queries(10, 8), 0.95);
SELECT * FROM pg_temp.try('SELECT i, pg_temp.noise(i, 8) + pg_temp.constant(3, 8) * pg_temp.noise(-(i / 400), 8) FROM generate_series(1, 8000) i',
    8, '<=>', ARRAY(SELECT pg_temp.noise(-1000 - i, 8) + pg_temp.constant(3, 8) * pg_temp.noise(-i, 8) FROM generate_series(1, 10) i), 0.95);
SELECT * FROM pg_temp.try('SELECT i, ARRAY[i, 100 * sqrt(i), sin(i)]::vector FROM generate_series(1, 8000) i', 3, '<->',
    ARRAY(SELECT ARRAY[i * 700, 100 * sqrt(i * 700), 0]::vector FROM generate_series(1, 10) i), 0.95);

-- 2, 3 and 17 dimensions
SELECT dims, o, t.* FROM unnest('{2,3,17}'::integer[]) dims, unnest('{<->,<=>}'::text[]) o,
    pg_temp.try(format('SELECT i, pg_temp.noise(i, %s) FROM generate_series(1, 5000) i', dims), dims, o, pg_temp.queries(30, dims), 0.9) t;
SELECT * FROM pg_temp.try('SELECT i, pg_temp.noise(i, 17) FROM generate_series(1, 5000) i', 17, '<#>', pg_temp.queries(10, 17), 0.9);

-- 16,000 dimensions, rows more than a leaf holds
CREATE FUNCTION pg_temp.wide(seed integer) RETURNS vector LANGUAGE plpgsql AS $$
DECLARE
    v vector := pg_temp.noise(seed, 125);
BEGIN
    FOR i IN 1 .. 7 LOOP
        v := v || pg_temp.constant((-1) ^ i * i, vector_dims(v)) * v;
    END LOOP;
    RETURN v;
END
$$;
SELECT * FROM pg_temp.try('SELECT i, pg_temp.wide(i) FROM generate_series(1, 560) i', 16000, '<->', ARRAY(SELECT pg_temp.wide(-i) FROM generate_series(1, 3) i), 0.85);

-- every third row without a vector
SELECT o, t.* FROM unnest('{<->,<#>}'::text[]) o,
    pg_temp.try('SELECT i, CASE WHEN i % 3 > 0 THEN pg_temp.noise(i, 8) END FROM generate_series(1, 8000) i', 8, o, pg_temp.queries(10, 8), 0.95) t;

-- no, one, two and 33 rows, with workers too
SELECT rows, o, t.* FROM unnest('{0,1,2,33}'::integer[]) rows, unnest('{<->,<#>,<=>}'::text[]) o,
    pg_temp.try(format('SELECT i, pg_temp.noise(i, 5) FROM generate_series(1, %s) i', rows), 5, o, pg_temp.queries(3, 5), 1) t;
