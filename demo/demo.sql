-- What `make demo` shows. Reads the unpacked words from standard input.
\set QUIET on
\pset footer off
\pset pager off
\set ECHO queries

\echo '-- The 10,000 most frequent English words, each a vector of 100 dimensions'
CREATE EXTENSION omendb;
CREATE TABLE words (
    rank int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    word text NOT NULL UNIQUE,
    embedding vector(100) NOT NULL
);
\echo '\\copy words (word, embedding) FROM words.tsv'
\set ECHO none
\timing on
\copy words (word, embedding) FROM pstdin
\set ECHO queries
CREATE INDEX words_embedding ON words USING omendb (embedding vector_cosine_ops);
\timing off
VACUUM ANALYZE words;
SELECT pg_size_pretty(pg_relation_size('words')) AS "table",
       pg_size_pretty(pg_relation_size('words_embedding')) AS "index";

\echo '-- Which words are near? <=> is the cosine distance.'
SELECT w.word AS "the word",
       (SELECT string_agg(n.word, ' ' ORDER BY n.distance)
        FROM (SELECT word, embedding <=> w.embedding AS distance
              FROM words WHERE word <> w.word
              ORDER BY embedding <=> w.embedding LIMIT 10) n) AS "its ten nearest, nearest first"
FROM words w
WHERE word IN ('king', 'coffee', 'berlin', 'guitar', 'tuesday', 'database')
ORDER BY rank;

\echo '-- The distances of one, in order: they are exact, computed from the vectors in the table'
SELECT word, embedding <=> (SELECT embedding FROM words WHERE word = 'coffee') AS distance
FROM words
ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'coffee')
LIMIT 5;

\echo '-- Vectors add and subtract: king - man + woman'
SELECT word
FROM words
WHERE word NOT IN ('king', 'man', 'woman')
ORDER BY embedding <=> (SELECT k.embedding - m.embedding + w.embedding
                        FROM words k, words m, words w
                        WHERE k.word = 'king' AND m.word = 'man' AND w.word = 'woman')
LIMIT 3;

\echo '-- How PostgreSQL answers it'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF)
SELECT word FROM words
ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'coffee')
LIMIT 10;

\echo '-- Recall: of the ten truly nearest words, how many does the index find? (500 queries)'
\set ECHO none
CREATE TEMP TABLE asked AS SELECT rank, embedding FROM words WHERE rank % 20 = 0;
SET enable_indexscan = off;
CREATE TEMP TABLE exact AS
    SELECT a.rank, n.rank AS near
    FROM asked a, LATERAL (SELECT rank FROM words ORDER BY embedding <=> a.embedding LIMIT 11) n
    WHERE n.rank <> a.rank;
RESET enable_indexscan;
SET enable_seqscan = off;
CREATE TEMP TABLE found AS
    SELECT a.rank, n.rank AS near
    FROM asked a, LATERAL (SELECT rank FROM words ORDER BY embedding <=> a.embedding LIMIT 11) n
    WHERE n.rank <> a.rank;
RESET enable_seqscan;
SELECT round(100.0 * count(found) / count(*), 1) || ' %' AS "recall@10",
       current_setting('omendb.ef_search') AS "omendb.ef_search"
FROM exact LEFT JOIN found USING (rank, near);
