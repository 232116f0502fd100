-- What the tests of the types share; a test includes this file, all lives in pg_temp.

-- What a statement returns, or its error with SQLSTATE and detail.
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
    detail text;
BEGIN
    EXECUTE statement INTO result;
    RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN 'ERROR ' || SQLSTATE || ': ' || left(SQLERRM, 120) || coalesce(' / ' || nullif(detail, ''), '');
END
$$;

-- What arrives in `target`, a table of one column v, when these bytes are sent as one field: a COPY file of one row.
CREATE FUNCTION pg_temp.receive(field bytea, target text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file bytea := 'PGCOPY\012\377\015\012\000'::bytea || int4send(0) || int4send(0) || int2send(1::int2) ||
        int4send(length(field)) || field || int2send((-1)::int2);
    octal text := '';
    result text;
BEGIN
    FOR i IN 0 .. length(file) - 1 LOOP
        octal := octal || '\' || (get_byte(file, i) / 64) || (get_byte(file, i) / 8 % 8) || (get_byte(file, i) % 8);
    END LOOP;
    EXECUTE format('COPY %I FROM PROGRAM %L WITH (FORMAT binary)', target, 'printf ''' || octal || '''');
    EXECUTE format('SELECT v FROM %I', target) INTO result;
    EXECUTE format('TRUNCATE %I', target);
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN 'ERROR ' || SQLSTATE || ': ' || SQLERRM;
END
$$;

-- Copies table <type>_out into table <type>_in by way of a file.
CREATE FUNCTION pg_temp.copy_through(type text, format text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/omendb_' || type;
BEGIN
    EXECUTE format('TRUNCATE %I', type || '_in');
    EXECUTE format('COPY %I TO %L WITH (FORMAT %s)', type || '_out', file, format);
    EXECUTE format('COPY %I FROM %L WITH (FORMAT %s)', type || '_in', file, format);
    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'cat >/dev/null; rm -f ' || quote_literal(file));
END
$$;
