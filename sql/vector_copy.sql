-- COPY in text and binary, and the binary format itself.

-- binary: int16 dimensions, int16 0, float4 each, in network byte order
SELECT vector_send('[1,2]');
SELECT vector_send('[-0,1e-45,3.4028235e38]');
SELECT length(vector_send(array_fill(1, ARRAY[16000])::vector));

-- What arrives when these bytes are sent as one field of type vector, or vector(2): a COPY file of one row.
CREATE TABLE vector_received (v vector);
CREATE TABLE vector_received_two (v vector(2));
\set ECHO none
\set values `echo "$PG_ABS_SRCDIR"`/test/regress/values.sql
\i :values
\set ECHO all
SELECT what, pg_temp.receive(field, 'vector_received') FROM (VALUES
    (1, 'right', '\x0002 0000 3f800000 c0000000'::bytea),
    (2, 'negative zero and the smallest number', '\x0002 0000 80000000 00000001'),
    (3, 'empty', '\x'),
    (4, 'half a header', '\x0002'),
    (5, 'a header alone', '\x0001 0000'),
    (6, 'one byte short', '\x0002 0000 3f800000 c00000'),
    (7, 'one value short', '\x0002 0000 3f800000'),
    (8, 'one byte more', '\x0001 0000 3f800000 00'),
    (9, 'one value more', '\x0001 0000 3f800000 3f800000'),
    (10, 'no dimension', '\x0000 0000'),
    (11, 'no dimension but a value', '\x0000 0000 3f800000'),
    (12, '16001 dimensions', '\x3e81 0000'),
    (13, '-1 dimensions', '\xffff 0000'),
    (14, '16000 dimensions, no value', '\x3e80 0000'),
    (15, 'unused not 0', '\x0001 0001 3f800000'),
    (16, 'unused not 0', '\x0001 ffff 3f800000'),
    (17, 'NaN', '\x0001 0000 7fc00000'),
    (18, 'a signalling NaN', '\x0002 0000 3f800000 ff800001'),
    (19, 'infinity', '\x0001 0000 7f800000'),
    (20, 'minus infinity', '\x0002 0000 3f800000 ff800000'),
    (21, 'the largest number', '\x0001 0000 7f7fffff')
) AS fields(n, what, field) ORDER BY n;
SELECT what, pg_temp.receive(field, 'vector_received_two') FROM (VALUES
    (1, 'two', '\x0002 0000 3f800000 c0000000'::bytea),
    (2, 'one', '\x0001 0000 3f800000'),
    (3, 'three', '\x0003 0000 3f800000 3f800000 3f800000')
) AS fields(n, what, field) ORDER BY n;
DROP TABLE vector_received, vector_received_two;

-- text
CREATE TABLE vector_copied (id integer, v vector(3));
COPY vector_copied FROM stdin;
1	[0,0,0]
2	[1,2,3]
3	[1,1,1]
4	\N
5	 [ 1.5 , -2e-3, 3 ] 
\.
COPY vector_copied FROM stdin WITH (FORMAT csv);
6,"[1,2,3]"
7,
\.
COPY vector_copied FROM stdin;
8	[1,2]
\.
COPY vector_copied FROM stdin;
8	[1,2,nan]
\.
COPY vector_copied FROM stdin;
8	[1,2,3
\.
COPY vector_copied FROM stdin;
8	
\.
COPY vector_copied TO stdout;
COPY vector_copied TO stdout WITH (FORMAT csv);

-- binary, out and in again: rows of every kind of storage
CREATE TABLE vector_out (id integer, v vector);
INSERT INTO vector_out SELECT id, v FROM vector_copied;
INSERT INTO vector_out
SELECT d, array_agg(sin(i * d))::vector
FROM unnest(ARRAY[29, 30, 31, 510, 2000, 16000]) AS d, generate_series(1, d) AS i GROUP BY d;
CREATE TABLE vector_in (LIKE vector_out);
SELECT pg_temp.copy_through('vector', 'binary');
SELECT count(*), count(a.v), count(*) FILTER (WHERE vector_send(a.v) <> vector_send(b.v)) AS different
FROM vector_out a FULL JOIN vector_in b USING (id);
SELECT pg_temp.copy_through('vector', 'text');
SELECT count(*), count(a.v), count(*) FILTER (WHERE vector_send(a.v) <> vector_send(b.v)) AS different
FROM vector_out a FULL JOIN vector_in b USING (id);
DROP TABLE vector_copied, vector_out, vector_in;
