-- Indexes on sparsevec: searched in a projection, ranked by the operator's own values.
\set ECHO none
\set judge `echo "$PG_ABS_SRCDIR"`/test/regress/judge.sql
\i :judge
\set ECHO all
-- texts of some forty of a million words: a topic's and some of their own
CREATE FUNCTION pg_temp.words_of(seed integer) RETURNS sparsevec LANGUAGE sql IMMUTABLE AS $$
    SELECT ('{' || string_agg(word || ':' || weight, ',' ORDER BY word) || '}/1000000')::sparsevec FROM
        (SELECT word, 1 + max(seed * k % 7) / 4.0 AS weight FROM generate_series(1, 40) k,
            LATERAL (SELECT 1 + CASE WHEN (k * 31 + seed * 17) % 5 > 1 THEN (seed % 60 * 7919 + k * 104729) % 1000000
                ELSE (abs(hashint4(seed * 40 + k)) % 1000000) END AS word) w GROUP BY word) x
$$;
CREATE TABLE texts (id integer PRIMARY KEY, category integer, v sparsevec(1000000)) WITH (autovacuum_enabled = off);
INSERT INTO texts SELECT i, i % 100, CASE WHEN i % 50 > 0 THEN pg_temp.words_of(i) END FROM generate_series(1, 2500) i;
CREATE INDEX texts_l2 ON texts USING omendb (v);
CREATE INDEX texts_ip ON texts USING omendb (v sparsevec_ip_ops);
CREATE INDEX texts_cosine ON texts USING omendb (v sparsevec_cosine_ops);
CREATE INDEX texts_l1 ON texts USING omendb (v sparsevec_l1_ops);
ANALYZE texts;
SELECT indexrelid::regclass, metric, dimensions, live_nodes FROM pg_index, omendb_index_info(indexrelid)
    WHERE indrelid = 'texts'::regclass AND NOT indisunique ORDER BY 1;
SELECT count(*) FROM pg_temp.plan('SELECT id FROM texts ORDER BY v <=> (SELECT v FROM texts WHERE id = 7) LIMIT 10') line
    WHERE line ~ 'Index Scan using texts_cosine';

-- judge() asks with vectors: query [n] stands for the words of a text that is not in the table
CREATE FUNCTION pg_temp.judge_texts() RETURNS TABLE (operator text, ten text, hundred text, whole text, filtered text) LANGUAGE sql AS $$
    SELECT o, pg_temp.judge('texts', o, queries, 10, 0.9, of => 'v /* texts */'),
        pg_temp.judge('texts', o, queries[1:2], 100, 0.8, of => 'v /* texts */'),
        pg_temp.judge('texts', o, queries[1:2], NULL, 1, of => 'v /* texts */'),
        pg_temp.judge('texts', o, queries[1:2], 5, 0.9, 'category = 20', 'v /* texts */')
    FROM unnest('{<->, <#>, <=>, <+>}'::text[]) o,
        (SELECT array_agg(format('[%s]', 100000 + i * 7)::vector) FROM generate_series(1, 10) i) x(queries)
$$;
SELECT * FROM pg_temp.judge_texts();
INSERT INTO texts SELECT i, i % 100, pg_temp.words_of(i) FROM generate_series(3001, 3300) i;
INSERT INTO texts VALUES (3301, 1, '{}/1000000'), (3302, 1, '{1000000:1e-30}/1000000'), (3303, 1, '{1:3e38,2:3e38}/1000000');
SELECT * FROM pg_temp.judge_texts();
SELECT omendb_merge(indexrelid) FROM pg_index WHERE indrelid = 'texts'::regclass AND NOT indisunique;
SELECT * FROM pg_temp.judge_texts();
DELETE FROM texts WHERE id % 10 > 0;
SELECT * FROM pg_temp.judge_texts();
VACUUM texts;
SELECT * FROM pg_temp.judge_texts();
SELECT problem.* FROM pg_index, omendb_check_index(indexrelid) problem WHERE indrelid = 'texts'::regclass AND NOT indisunique;
REINDEX TABLE texts;
SELECT * FROM pg_temp.judge_texts();

-- zero queries and rows
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT id FROM texts ORDER BY v <=> '{}/1000000') x;
SELECT id FROM texts ORDER BY v <-> '{}/1000000' LIMIT 1;
SELECT count(*) FROM (SELECT id FROM texts ORDER BY v <#> '{}/1000000') x;
INSERT INTO texts VALUES (5001, 1, '{}/1000000');
SELECT id FROM texts ORDER BY v <-> '{}/1000000' LIMIT 1;
SELECT count(*) FROM (SELECT id FROM texts ORDER BY v <=> pg_temp.words_of(7)) x;
RESET enable_seqscan;

-- what cannot be asked, inserted or indexed
SELECT id FROM texts ORDER BY v <-> '{1:1}/5' LIMIT 1;
INSERT INTO texts VALUES (7001, 1, '{1:1}/5');
CREATE INDEX ON texts USING omendb ((v::sparsevec));
CREATE INDEX ON texts USING omendb (v vector_l2_ops);
DROP TABLE texts;

-- few dimensions, which are not projected; as many elements as there can be
CREATE TABLE few (id integer PRIMARY KEY, v sparsevec(20)) WITH (autovacuum_enabled = off);
INSERT INTO few SELECT i, pg_temp.noise(i, 20)::sparsevec FROM generate_series(1, 1000) i;
CREATE INDEX few_v ON few USING omendb (v);
SELECT metric, dimensions FROM omendb_index_info('few_v');
SELECT pg_temp.judge('few', '<->', pg_temp.queries(10, 20), 10, 0.9, of => 'v /* sparse */'),
    pg_temp.judge('few', '<->', pg_temp.queries(2, 20), NULL, 1, of => 'v /* sparse */');
SELECT * FROM omendb_check_index('few_v');
CREATE TABLE many (id integer PRIMARY KEY, v sparsevec(16000)) WITH (autovacuum_enabled = off);
INSERT INTO many SELECT i, pg_temp.noise(i, 16000)::sparsevec FROM generate_series(1, 12) i;
CREATE INDEX many_v ON many USING omendb (v sparsevec_cosine_ops);
INSERT INTO many SELECT i, pg_temp.noise(i, 16000)::sparsevec FROM generate_series(13, 16) i;
SELECT pg_temp.judge('many', '<=>', pg_temp.queries(2, 16000), 5, 1, of => 'v /* sparse */');
SELECT * FROM omendb_check_index('many_v');
DROP TABLE few, many;
