-- Indexes on tables of no, one and few rows, on vectors of 1 to 16,000 dimensions, and with little memory.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
-- Makes a table of `rows` vectors, indexes it for the metric of the operator, adds `more` rows, merges, and
-- judges before and after; then deletes a third and judges again.
CREATE FUNCTION pg_temp.try(dims integer, rows integer, more integer, operator text, floor float8 DEFAULT 0.9)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    class text := CASE operator WHEN '<->' THEN 'vector_l2_ops' WHEN '<#>' THEN 'vector_ip_ops' ELSE 'vector_cosine_ops' END;
    queries vector[] := pg_temp.queries(CASE WHEN dims > 1000 THEN 1 ELSE 4 END, dims);
    results text[] := '{}';
    problem record;
BEGIN
    EXECUTE format('CREATE TABLE sized (id integer, v vector(%s)) WITH (autovacuum_enabled = off)', dims);
    INSERT INTO sized SELECT i, pg_temp.noise(i, dims) FROM generate_series(1, rows) i;
    EXECUTE format('CREATE INDEX sized_v ON sized USING omendb (v %s)', class);
    FOR step IN 1 .. 4 LOOP
        IF step = 2 THEN
            INSERT INTO sized SELECT i, pg_temp.noise(i, dims) FROM generate_series(rows + 1, rows + more) i;
        ELSIF step = 3 THEN
            results := results || format('%s merged', omendb_merge('sized_v'));
        ELSIF step = 4 THEN
            DELETE FROM sized WHERE id % 3 = 1;
        END IF;
        IF EXISTS (SELECT 1 FROM sized) THEN
            results := results || pg_temp.judge('sized', operator, queries, 10, floor)
                || pg_temp.judge('sized', operator, queries[1:1], NULL, 1);
        END IF;
        FOR problem IN SELECT * FROM omendb_check_index('sized_v') LOOP
            results := results || problem::text;
        END LOOP;
    END LOOP;
    DROP TABLE sized;
    RETURN array_to_string(results, ' ');
END
$$;
\set ECHO all

-- few rows
SELECT o, rows, pg_temp.try(3, rows, 1, o) FROM unnest('{<->,<#>,<=>}'::text[]) o, unnest('{0,1,2,33}'::integer[]) rows;
SELECT rows, pg_temp.try(7, rows, rows, '<->') FROM unnest('{1,2,5,31,32,33,64,65}'::integer[]) rows;

-- dimensions
SELECT dims, pg_temp.try(dims, 300, 100, '<->') FROM unnest('{1,2,3,17,64,65,100}'::integer[]) dims;
SELECT dims, pg_temp.try(dims, 300, 100, '<=>') FROM unnest('{2,3,17,64,100}'::integer[]) dims;
SELECT dims, pg_temp.try(dims, 300, 100, '<#>', 0.6) FROM unnest('{1,2,17,63,64,65}'::integer[]) dims;
SELECT dims, pg_temp.try(dims, 60, 20, '<->') FROM unnest('{768,1536,2000}'::integer[]) dims;
SELECT dims, pg_temp.try(dims, 20, 10, '<=>') FROM unnest('{3072,8000}'::integer[]) dims;
SELECT o, pg_temp.try(16000, 6, 3, o) FROM unnest('{<->,<#>,<=>}'::text[]) o;

-- cosine in one dimension: two directions
CREATE TABLE line (id integer, v vector(1));
INSERT INTO line SELECT i, ARRAY[i - 500] FROM generate_series(1, 1000) i;
CREATE INDEX line_v ON line USING omendb (v vector_cosine_ops);
SELECT pg_temp.judge('line', '<=>', '{[3],[-3],[0]}', 400, 1), pg_temp.judge('line', '<=>', '{[3],[-3],[0]}', NULL, 1);
SELECT live_nodes FROM omendb_index_info('line_v');
SELECT * FROM omendb_check_index('line_v');
DROP TABLE line;

-- a table that does not fit into maintenance_work_mem: built over a temporary file
CREATE TABLE large WITH (autovacuum_enabled = off) AS SELECT i AS id, pg_temp.noise(i, 24)::vector(24) AS v FROM generate_series(1, 6000) i;
SET maintenance_work_mem = '1MB';
CREATE INDEX large_v ON large USING omendb (v);
RESET maintenance_work_mem;
SELECT live_nodes, delta_rows FROM omendb_index_info('large_v');
SELECT pg_temp.judge('large', '<->', pg_temp.queries(10, 24), 10, 0.85), pg_temp.judge('large', '<->', pg_temp.queries(1, 24), NULL, 1);
SELECT * FROM omendb_check_index('large_v');
-- sorted rows, wide ones, NULLs and empty pages between them
TRUNCATE large;
INSERT INTO large SELECT i, CASE WHEN i % 5 <> 0 THEN array_fill(i, ARRAY[24])::vector END FROM generate_series(1, 4000) i;
DELETE FROM large WHERE id BETWEEN 1000 AND 2000;
VACUUM large;
REINDEX TABLE large;
SELECT pg_temp.judge('large', '<->', ARRAY(SELECT array_fill(i, ARRAY[24])::vector FROM unnest('{500,5000}'::integer[]) i), 10, 0.9);
SELECT pg_temp.judge('large', '<->', ARRAY[array_fill(500, ARRAY[24])::vector], NULL, 1);
SELECT * FROM omendb_check_index('large_v');
DROP TABLE large;
