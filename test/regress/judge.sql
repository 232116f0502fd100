-- What the tests of the index share: made-up vectors, and the comparison of what an index returns with what
-- reading and sorting the whole table returns. A test includes this file; all lives in pg_temp.

-- What a test does not merge stays in the delta: no worker merges meanwhile.
SET omendb.delta_limit = '1GB';

-- A vector like no other: its values, in -1..1, look random but follow from the seed.
CREATE FUNCTION pg_temp.noise(seed integer, dims integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(2 * (s - floor(s)) - 1)::vector
    FROM generate_series(1, dims) d, LATERAL (SELECT sin(seed * 12.9898 + d * 78.233) * 43758.5453 AS s) x
$$;

-- Queries, as many as asked for, that are rows of no table here.
CREATE FUNCTION pg_temp.queries(count integer, dims integer) RETURNS vector[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(pg_temp.noise(1000000 + i, dims)) FROM generate_series(1, count) i
$$;

-- A query's plan, but for what PostgreSQL 18 says of disabled nodes.
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line !~ 'Disabled: ' THEN
            RETURN NEXT line;
        END IF;
    END LOOP;
END
$$;

-- The rows of `source` nearest to the query, by the index or by reading and sorting all rows. `of`: the column or
-- expression that is indexed; a halfvec if its text says half, and bits (1 where the query is above 0) if it says bits,
-- a sparsevec if it says sparse; for texts, what words_of(), which a test defines, makes of the query's number.
CREATE FUNCTION pg_temp.nearest(by_index boolean, source text, operator text, query vector, rows integer, filter text,
    of text DEFAULT 'v')
RETURNS TABLE (id integer, distance float8) LANGUAGE plpgsql AS $$
DECLARE
    sql text := format('SELECT id, %1$s FROM %2$s WHERE %3$s ORDER BY %1$s LIMIT %4$L', format('(%s) %s %s', of, operator,
        CASE WHEN of ~ 'bits' THEN 'binary_quantize($1)' WHEN of ~ 'half' THEN '$1::halfvec' WHEN of ~ 'sparse' THEN '$1::sparsevec'
        WHEN of ~ 'texts' THEN 'pg_temp.words_of(($1::real[])[1]::integer)' ELSE '$1' END), source, filter, rows);
    line text;
    plan text := '';
BEGIN
    PERFORM set_config('enable_seqscan', (NOT by_index)::text, true), set_config('enable_sort', (NOT by_index)::text, true),
        set_config('enable_bitmapscan', (NOT by_index)::text, true), set_config('enable_indexscan', by_index::text, true);
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || sql USING query LOOP
        plan := plan || line || E'\n';
    END LOOP;
    IF by_index AND plan !~ 'Index Scan using .*Order By' OR NOT by_index AND plan ~ 'Order By' THEN
        RAISE EXCEPTION 'unexpected plan: %', plan;
    END IF;
    RETURN QUERY EXECUTE sql USING query;
END
$$;

-- Whether an index gives, for each query, as many rows as there are up to `rows` (NULL: all rows that have a
-- vector), none twice, in order, and enough of the nearest ones. A read to the end is not in order: rows that
-- the search found too late are its last.
CREATE FUNCTION pg_temp.judge(source text, operator text, queries vector[], rows integer, floor float8, filter text DEFAULT 'true',
    of text DEFAULT 'v')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    query vector;
    ids integer[];
    found float8[];
    exact float8[];
    hits bigint := 0;
    wanted bigint := 0;
BEGIN
    FOREACH query IN ARRAY queries LOOP
        SELECT array_agg(id), array_agg(distance) INTO ids, found FROM pg_temp.nearest(true, source, operator, query, rows, filter, of);
        SELECT array_agg(distance) INTO exact FROM pg_temp.nearest(false, source, operator, query, rows,
            format('%s AND (%s) IS NOT NULL', filter, of), of);
        IF cardinality(found) IS DISTINCT FROM cardinality(exact) THEN
            RETURN format('%s rows, not %s', cardinality(found), cardinality(exact));
        ELSIF cardinality(ids) > (SELECT count(DISTINCT i) FROM unnest(ids) i) THEN
            RETURN 'a row comes twice';
        ELSIF cardinality(found) = rows AND found <> ARRAY(SELECT d FROM unnest(found) d ORDER BY d) THEN
            RETURN 'out of order';
        END IF;
        wanted := wanted + cardinality(exact);
        hits := hits + (SELECT count(*) FROM unnest(found) d WHERE d <= exact[cardinality(exact)]);
    END LOOP;
    RETURN CASE WHEN hits >= floor * wanted THEN 'ok' ELSE format('recall %s', round(hits / wanted::numeric, 3)) END;
END
$$;
