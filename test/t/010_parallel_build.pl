# Builds with parallel workers: as good as without, whatever the table; and a worker that fails, is ended or
# killed, a build that is cancelled leave nothing behind.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

my $node = new_server('parallel', streaming => 1, conf => <<'TEXT');
max_worker_processes = 12
max_parallel_workers = 8
max_parallel_maintenance_workers = 3
maintenance_work_mem = 64MB
log_min_messages = debug1
TEXT

# Runs a statement; one test: so many builds, or merges, of it had workers.
sub count_in_parallel
{
	my ($message, $sql, $count, $name) = @_;
	my $from = -s $node->logfile;
	my ($status, $out, $err) = $node->psql('postgres', $sql);
	is($status, 0, $name) or diag($err);
	my $log = substr(PostgreSQL::Test::Utils::slurp_file($node->logfile), $from);
	my $seen = () = $log =~ /$message with [1-9]\d* parallel workers/g;
	return is($seen, $count, "$name: $count by several");
}

sub builds_in_parallel
{
	return count_in_parallel('building index "[^"]+"', @_);
}

sub merges_in_parallel
{
	return count_in_parallel('merging', @_);
}

words_of($node);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE queries AS SELECT id, v FROM words WHERE id % 50 = 0;
CREATE INDEX words_alone ON words USING omendb (v vector_cosine_ops);
SQL
my @alone = recall_at_10_and_100($node, 'words', '<=>', 'queries');
$node->safe_psql('postgres', 'DROP INDEX words_alone; ALTER TABLE words SET (parallel_workers = 3)');

builds_in_parallel('CREATE INDEX words_cosine ON words USING omendb (v vector_cosine_ops)', 1, 'words');
my @together = recall_at_10_and_100($node, 'words', '<=>', 'queries');
note("recall at 10 and 100 alone @alone, together @together");
cmp_ok($together[0], '>=', $alone[0] - 0.01, 'recall at 10 is that of a build by one process');
cmp_ok($together[1], '>=', $alone[1] - 0.01, 'recall at 100 too');
is($node->safe_psql('postgres', q{SELECT count(*) FROM omendb_check_index('words_cosine')}),
	0, 'the check finds nothing');

# All classes, twins, codes with a cold part, an empty table.
create_tables($node);
$node->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 2500);
INSERT INTO points (v) SELECT '[1,1,1,0,0,0]' FROM generate_series(1, 200);
DELETE FROM points WHERE id % 10 = 0;
ALTER TABLE points SET (parallel_workers = 2);
ALTER TABLE wide SET (parallel_workers = 2);
ALTER TABLE huge SET (parallel_workers = 2);
CREATE TABLE nothing (id serial, note int, v vector(3)) WITH (parallel_workers = 2);
SQL
builds_in_parallel('REINDEX TABLE points', 3, 'each class');
builds_in_parallel('REINDEX TABLE wide; REINDEX TABLE huge', 2, 'cold parts');
builds_in_parallel('CREATE INDEX nothing_l2 ON nothing USING omendb (v vector_l2_ops)', 0, 'no row');
builds_in_parallel('REINDEX INDEX CONCURRENTLY points_l2', 1, 'concurrently');
is_sound($node, 'all are sound');
$node->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 300);
DELETE FROM points WHERE id % 7 = 0;
VACUUM points;
INSERT INTO nothing (v) SELECT random_vector(3) FROM generate_series(1, 50);
SELECT omendb_merge('nothing_l2');
SQL
is_sound($node, 'and go on as any other');

# NULLs, a condition, an expression.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE mixed (id serial PRIMARY KEY, note int, v vector(6)) WITH (parallel_workers = 2);
INSERT INTO mixed (note, v)
	SELECT i % 4, CASE WHEN i % 3 > 0 THEN some_vector(6) END FROM generate_series(1, 3000) AS i;
SQL
builds_in_parallel(<<'SQL', 7, 'conditions, expressions, other types');
CREATE INDEX mixed_some ON mixed USING omendb (v vector_l2_ops) WHERE note = 1;
CREATE INDEX mixed_part ON mixed USING omendb ((subvector(v, 1, 3)::vector(3)) vector_l2_ops);
CREATE INDEX mixed_half ON mixed USING omendb ((v::halfvec(6)) halfvec_cosine_ops);
CREATE INDEX mixed_hamming ON mixed USING omendb ((binary_quantize(v)::bit(6)) bit_hamming_ops);
CREATE INDEX mixed_sparse ON mixed USING omendb ((v::sparsevec(6)) sparsevec_cosine_ops);
CREATE INDEX mixed_l1 ON mixed USING omendb ((v::sparsevec(6)) sparsevec_l1_ops);
CREATE INDEX mixed_jaccard ON mixed USING omendb ((binary_quantize(v)::bit(6)) bit_jaccard_ops);
SQL
for my $case (
	[ 'v', '<->', '[0,1,0,1,0,1]', 'note = 1', 'mixed_some' ],
	[ 'subvector(v, 1, 3)::vector(3)', '<->', '[0,1,0]', 'true', 'mixed_part' ],
	[ 'v::halfvec(6)', '<=>', '[0,1,0,1,0,1]', 'true', 'mixed_half' ],
	[ 'v::sparsevec(6)', '<=>', '{2:1,4:1,6:1}/6', 'true', 'mixed_sparse' ],
	[ 'v::sparsevec(6)', '<+>', '{2:1,4:1,6:1}/6', 'true', 'mixed_l1' ],
	[ 'binary_quantize(v)::bit(6)', '<~>', '010101', 'true', 'mixed_hamming' ],
	[ 'binary_quantize(v)::bit(6)', '<%>', '010101', 'true', 'mixed_jaccard' ])
{
	my ($value, $operator, $query, $condition, $index) = @$case;
	my $sql = "SELECT count(*), sum(id) FROM (SELECT id FROM mixed WHERE $condition AND v IS NOT NULL "
	  . "ORDER BY $value $operator '$query') AS x";
	my $by_index = $node->safe_psql('postgres', "SET enable_seqscan = off; SET enable_sort = off; $sql");
	my $by_table = $node->safe_psql('postgres', "SET enable_indexscan = off; $sql");
	is($by_index, $by_table, "$index has the rows that it should");
	is($node->safe_psql('postgres', "SELECT count(*) FROM omendb_check_index('$index')"),
		0, "$index is sound");
}

# An error in whoever meets the row.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION shorter(v vector, id int) RETURNS vector IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql AS
	$$ BEGIN IF id = 2000 THEN RAISE 'row % is no good', id; END IF; RETURN v; END $$;
SQL
for my $try (1 .. 3)
{
	my (undef, undef, $err) = $node->psql('postgres',
		'CREATE INDEX mixed_bad ON mixed USING omendb ((shorter(v, id)::vector(6)) vector_l2_ops)');
	like($err, qr/row 2000 is no good/, "an error in a member reaches the user ($try)");
}
is($node->safe_psql('postgres', q{SELECT to_regclass('mixed_bad') IS NULL}), 't', 'no index is left');

# Enough rows to be met in the middle.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE many (id serial, v vector(100)) WITH (parallel_workers = 2);
INSERT INTO many (v) SELECT v + (random_vector(100) * array_fill(0.1, ARRAY[100])::vector)
	FROM words, generate_series(1, 6);
SQL
my $build = "SET maintenance_work_mem = '256MB';\n"
  . "CREATE INDEX many_cosine ON many USING omendb (v vector_cosine_ops);\n";

# Starts a build, or something else, waits for its workers, does something about it; returns what the session said.
sub meet_build
{
	my ($what, $statement) = @_;
	my $session = start_psql($node, $statement // $build);
	my $pids = '';
	for (1 .. 400)
	{
		$pids = $node->safe_psql('postgres',
			q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker'});
		last if $pids ne '';
		Time::HiRes::sleep(0.01);
	}
	isnt($pids, '', 'workers are at work');
	Time::HiRes::sleep(rand(0.4));
	$what->((split /\n/, $pids)[0]);
	my (undef, $said) = finish_psql($session);
	return $said;
}

my $leader = q{SELECT pid FROM pg_stat_activity WHERE query ~ '^(CREATE INDEX|SELECT omendb_merge)' AND backend_type = 'client backend'};
for my $try (1 .. 3)
{
	my $said = meet_build(sub {
		$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM ($leader) AS x");
	});
	like($said, qr/canceling statement due to user request/, "cancelled ($try)");
	$said = meet_build(sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend($_[0])") });
	like($said, qr/terminating (?:connection|background worker|parallel worker)/,
		"a worker is ended ($try)");
	my $left = 1;
	for (1 .. 100)
	{
		$left = $node->safe_psql('postgres',
			q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'});
		last if $left == 0;
		Time::HiRes::sleep(0.05);
	}
	is($left, 0, 'no worker is left');
}
for my $try (1 .. 2)
{
	meet_build(sub { kill_backend($node, $_[0]) });
	wait_until_up($node);
	is($node->safe_psql('postgres', q{SELECT count(*) FROM omendb_check_index('words_cosine')}),
		0, "after a killed worker other indexes are sound ($try)");
}
is($node->safe_psql('postgres', q{SELECT to_regclass('many_cosine') IS NULL}), 't', 'no index was made');
builds_in_parallel($build, 1, 'after all that');
is($node->safe_psql('postgres', q{SELECT count(*) FROM omendb_check_index('many_cosine')}),
	0, 'the index is sound');
$node->safe_psql('postgres', 'CREATE TABLE few AS SELECT id, v FROM many WHERE id % 600 = 0');
my @many = recall_at_10_and_100($node, 'many', '<=>', 'few');
note("recall of many at 10 and 100: @many");
cmp_ok($many[0], '>=', 0.97, 'and finds its rows');

# Merges by building: called, cut off, by VACUUM and by the background worker.
my $more = <<'SQL';
SET omendb.background_merge = off;
SET omendb.delta_limit = '1GB';
INSERT INTO many (v) SELECT v + (random_vector(100) * array_fill(0.1, ARRAY[100])::vector)
	FROM words, generate_series(1, 2);
SQL
my $merge = "SET maintenance_work_mem = '256MB';\nSELECT omendb_merge('many_cosine');\n";
$node->safe_psql('postgres', $more);
for my $try (1 .. 2)
{
	like(meet_build(sub {
		$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM ($leader) AS x");
	}, $merge), qr/canceling statement due to user request/, "a merge is cancelled ($try)");
	like(meet_build(sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend($_[0])") }, $merge),
		qr/terminating (?:connection|background worker|parallel worker)/, "its worker is ended ($try)");
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM omendb_check_index('many_cosine')}),
	0, 'the index is sound after them');
merges_in_parallel($merge, 1, 'a merge');
is($node->safe_psql('postgres', q{SELECT count(*) FROM omendb_check_index('many_cosine')}),
	0, 'the index is sound after it');
$node->safe_psql('postgres', $more);
merges_in_parallel("SET maintenance_work_mem = '256MB'; VACUUM many", 1, 'VACUUM');
my $from = -s $node->logfile;
$node->safe_psql('postgres', "SET maintenance_work_mem = '256MB'; " . ($more =~ s/^SET.*\n//gmr));
$node->poll_query_until('postgres', q{SELECT delta_rows = 0 FROM omendb_index_info('many_cosine')})
  or die 'the worker does not merge';
like(substr(PostgreSQL::Test::Utils::slurp_file($node->logfile), $from),
	qr/merging with [1-9]\d* parallel workers/, 'the background worker merges with others');
is($node->safe_psql('postgres', q{SELECT count(*) FROM omendb_check_index('many_cosine')}),
	0, 'the index is sound after all');
@many = recall_at_10_and_100($node, 'many', '<=>', 'few');
note("recall of many at 10 and 100, half of it merged: @many");
cmp_ok($many[0], '>=', 0.97, 'and finds its rows');

$node->stop;
done_testing();
