# Rows that come and go: 20 rounds of a tenth deleted, as many inserted, and VACUUM leave indexes as large as before and
# as good as new ones. Then what else touches an index from outside: ANALYZE, which does nothing to it, VACUUM FULL,
# CLUSTER, TRUNCATE, and autovacuum, which merges what was inserted and removes what was deleted.
# OMENDB_ROUNDS=200 OMENDB_ROWS=9000 for more.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = $ENV{OMENDB_ROUNDS} // 20;
my $rows = $ENV{OMENDB_ROWS} // 3000;
my $tenth = int($rows / 10);
# No worker merges: what merges here is VACUUM.
my $node = new_server('churn', streaming => 1, conf => "omendb.delta_limit = 64MB\n");
create_tables($node);
words_of($node);
# The words that are asked for are not in the table; the others take turns.
$node->safe_psql('postgres', <<"SQL");
DROP TABLE huge;
CREATE TABLE asked AS SELECT v FROM words WHERE id % 100 = 0;
CREATE TABLE some_words (id serial PRIMARY KEY, word int, note int, v vector(100));
INSERT INTO some_words (word, v) SELECT id, v FROM words WHERE id % 100 <> 0 ORDER BY random() LIMIT $rows;
CREATE INDEX some_words_v ON some_words USING omendb (v vector_cosine_ops);
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 1200);
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 80);
VACUUM points;
VACUUM wide;
SQL
my @indexes = qw(some_words_v points_l2 points_ip points_cosine wide_l2);

sub sizes
{
	return map { $_ => $node->safe_psql('postgres', "SELECT pg_relation_size('$_')") } @indexes;
}

# --- rounds ---------------------------------------------------------------------------------------

my ($new_10, $new_100) = recall_at_10_and_100($node, 'some_words', '<=>', 'asked');
my %first = sizes();
my %half;
for my $round (1 .. $rounds)
{
	$node->safe_psql('postgres', <<"SQL");
DELETE FROM some_words WHERE id IN (SELECT id FROM some_words ORDER BY random() LIMIT $tenth);
INSERT INTO some_words (word, v) SELECT id, v FROM words
	WHERE id % 100 <> 0 AND NOT EXISTS (SELECT FROM some_words s WHERE s.word = words.id) ORDER BY random() LIMIT $tenth;
VACUUM some_words;
DELETE FROM points WHERE id IN (SELECT id FROM points ORDER BY random() LIMIT 150);
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 150);
VACUUM points;
DELETE FROM wide WHERE id IN (SELECT id FROM wide ORDER BY random() LIMIT 10);
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 10);
VACUUM wide;
SQL
	%half = sizes() if $round == int($rounds / 2);
	is_sound($node, "round $round: sound") if $round % 5 == 0;
}
my %last = sizes();
for my $index (@indexes)
{
	my ($live, $dead, $joining, $delta) = split /\|/,
	  index_state($node, $index, 'live_nodes, dead_nodes, joining_nodes, delta_rows');
	is("$dead $joining $delta", '0 0 0', "$index: nothing is left to do for its $live nodes");
	# A page or two more is 2 % of the smallest.
	cmp_ok($last{$index}, '<=', 1.03 * $half{$index},
		"$index: first $first{$index} bytes, after half of $rounds rounds $half{$index}, after all $last{$index}");
}
my ($recall_10, $recall_100) = recall_at_10_and_100($node, 'some_words', '<=>', 'asked');
$node->safe_psql('postgres', 'REINDEX INDEX some_words_v');
my ($rebuilt_10, $rebuilt_100) = recall_at_10_and_100($node, 'some_words', '<=>', 'asked');
cmp_ok($recall_10, '>=', $rebuilt_10 - 0.01, "recall of LIMIT 10: new $new_10, now $recall_10, rebuilt $rebuilt_10");
cmp_ok($recall_100, '>=', $rebuilt_100 - 0.01,
	"recall of LIMIT 100: new $new_100, now $recall_100, rebuilt $rebuilt_100");
my %rebuilt = sizes();
cmp_ok($last{some_words_v}, '<=', 1.1 * $rebuilt{some_words_v},
	"size after the rounds against a new index: $last{some_words_v} and $rebuilt{some_words_v} bytes");

# --- between the two halves of a vacuum -----------------------------------------------------------

# Dead nodes are still linked, and most of all; searches go past them. Slowed down so that there is time to ask.
$node->safe_psql('postgres', "CREATE TABLE removed AS SELECT * FROM some_words WHERE id % 10 <> 0;\n"
	  . 'DELETE FROM some_words WHERE id % 10 <> 0');
my $live = $node->safe_psql('postgres', 'SELECT count(*) FROM some_words');
my $vacuum = start_psql($node, "SET application_name = 'work';\nSET vacuum_cost_delay = '20ms';\nVACUUM some_words;\n");
ok($node->poll_query_until('postgres', "SELECT live_nodes <= $live FROM omendb_index_info('some_words_v')"), 'rows are removed');
my ($between_10, $between_100) = recall_at_10_and_100($node, 'some_words', '<=>', 'asked');
cmp_ok(index_state($node, 'some_words_v', 'dead_nodes'), '>', 5 * $live, 'their nodes stand');
cmp_ok($between_10, '>=', 0.98, "recall of LIMIT 10 meanwhile: $between_10");
cmp_ok($between_100, '>=', 0.98, "recall of LIMIT 100 meanwhile: $between_100");
stop_work($node, 'vacuum ended', vacuum => $vacuum);
is_sound($node, 'sound after half a vacuum');
$node->safe_psql('postgres', 'VACUUM some_words');
is(index_state($node, 'some_words_v', 'dead_nodes'), '0', 'the next ends it');
$node->safe_psql('postgres', 'INSERT INTO some_words SELECT * FROM removed; VACUUM some_words');

# --- ANALYZE --------------------------------------------------------------------------------------

# How many WAL records touch the index while the statement runs.
sub records_of
{
	my ($index, $statement) = @_;
	my $from = $node->lsn('insert');
	$node->safe_psql('postgres', "SET synchronous_commit = on;\n$statement");
	# VACUUM need not wait for its log to reach disk; a dropped table does.
	$node->safe_psql('postgres', 'SET synchronous_commit = on; CREATE TABLE flushed (); DROP TABLE flushed');
	my $to = $node->lsn('flush');
	my $file = $node->safe_psql('postgres',
		"SELECT '1663/' || d.oid || '/' || pg_relation_filenode('$index') FROM pg_database d WHERE datname = current_database()");
	my ($out, $err) = run_command(
		[ 'pg_waldump', '-p', $node->data_dir . '/pg_wal', '-s', $from, '-e', $to, '-R', $file ]);
	is($err, '', "$statement: the log can be read");
	return scalar(() = $out =~ /^rmgr:/mg);
}

$node->safe_psql('postgres', <<'SQL');
INSERT INTO some_words (v) SELECT v FROM asked LIMIT 50;
DELETE FROM some_words WHERE id IN (SELECT id FROM some_words ORDER BY random() LIMIT 100);
SQL
my $state = index_state($node, 'some_words_v', 'live_nodes, dead_nodes, joining_nodes, free_slots, entries, '
	  . 'delta_rows, node_pages, delta_pages, pages, size_bytes');
is(index_state($node, 'some_words_v', 'delta_rows'), '50', 'rows wait in the delta');
is(records_of('some_words_v', 'ANALYZE some_words'), 0, 'ANALYZE writes nothing to the index');
is(index_state($node, 'some_words_v', 'live_nodes, dead_nodes, joining_nodes, free_slots, entries, '
	  . 'delta_rows, node_pages, delta_pages, pages, size_bytes'), $state, 'ANALYZE changes nothing in it');
cmp_ok(records_of('some_words_v', 'VACUUM (INDEX_CLEANUP ON) some_words'), '>', 50, 'VACUUM does');
is(index_state($node, 'some_words_v', 'delta_rows'), '0', 'and merges');
is_sound($node, 'sound after ANALYZE and VACUUM');

# --- what makes a table anew ----------------------------------------------------------------------

for my $statement ('VACUUM FULL points', 'VACUUM FULL wide', 'CLUSTER points USING points_pkey', 'CLUSTER wide USING wide_pkey')
{
	$node->safe_psql('postgres', <<"SQL");
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 100);
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 5);
DELETE FROM points WHERE id % 4 = 0;
DELETE FROM wide WHERE id % 4 = 0;
$statement;
SQL
	is_sound($node, "sound after $statement");
	my $index = $statement =~ /points/ ? 'points_l2' : 'wide_l2';
	is(index_state($node, $index, 'delta_rows + dead_nodes + free_slots < nodes_per_page'), 't', 'its index is new');
}
my ($status, $out, $err) = $node->psql('postgres', 'CLUSTER points USING points_l2');
like($err, qr/cannot cluster on index "points_l2"/, 'no table lies in the order of an omendb index');
$node->safe_psql('postgres', 'TRUNCATE points');
is_sound($node, 'sound after TRUNCATE');
is(index_state($node, 'points_l2', 'live_nodes + delta_rows'), '0', 'nothing is left');
$node->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 500);
BEGIN;
TRUNCATE points;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 50);
SELECT omendb_merge('points_l2');
ROLLBACK;
SQL
is($node->safe_psql('postgres', 'SELECT count(*) FROM points'), '500', 'TRUNCATE undone');
is_sound($node, 'sound after TRUNCATE undone');

# --- autovacuum -----------------------------------------------------------------------------------

$node->safe_psql('postgres', "INSERT INTO some_words (v) SELECT v FROM words ORDER BY random() LIMIT 300");
is(index_state($node, 'some_words_v', 'delta_rows'), '300', 'rows wait in the delta');
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE some_words SET (autovacuum_vacuum_insert_threshold = 200, autovacuum_vacuum_insert_scale_factor = 0,
	autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
ALTER SYSTEM SET autovacuum_naptime = '1s';
ALTER SYSTEM SET autovacuum = on;
SELECT pg_reload_conf();
SQL
ok($node->poll_query_until('postgres', "SELECT delta_rows = 0 FROM omendb_index_info('some_words_v')"),
	'autovacuum merges what was inserted');
my $count = $node->safe_psql('postgres', 'SELECT count(*) FROM some_words');
$node->safe_psql('postgres', 'DELETE FROM some_words WHERE id IN (SELECT id FROM some_words ORDER BY random() LIMIT 500)');
# Some words are in twice: nodes are fewer than rows.
ok( $node->poll_query_until('postgres', "SELECT live_nodes <= $count - 500 AND dead_nodes = 0 FROM omendb_index_info('some_words_v')"),
	'autovacuum removes what was deleted');
ok($node->poll_query_until('postgres',
		"SELECT autovacuum_count >= 2 AND vacuum_count > 0 FROM pg_stat_all_tables WHERE relname = 'some_words'"),
	'and counts itself');
is_sound($node, 'sound after autovacuum');
has_recall($node, 0.95);
$node->stop;
done_testing();
