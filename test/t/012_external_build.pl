# Builds whose rows do not fit into maintenance_work_mem: over a temporary file, alone and by several, as good as
# in memory; what fails or is cancelled leaves no file.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('external', streaming => 1, conf => <<'TEXT');
max_worker_processes = 12
max_parallel_workers = 8
max_parallel_maintenance_workers = 2
log_temp_files = 0
log_min_messages = debug1
TEXT

sub log_since
{
	my ($from) = @_;
	return substr(PostgreSQL::Test::Utils::slurp_file($node->logfile), $from);
}

# Runs a statement with little memory. Tests: it succeeds, over a file, and by several or alone.
sub build
{
	my ($workers, $sql, $name) = @_;
	my $from = -s $node->logfile;
	my ($status, $out, $err) = $node->psql('postgres',
		"SET maintenance_work_mem = '2MB'; SET max_parallel_maintenance_workers = $workers; $sql");
	is($status, 0, $name) or diag($err);
	unlike($err, qr/NOTICE/, "$name: no row is left to be merged");
	my $log = log_since($from);
	like($log, qr/temporary file: path "[^"]*pgsql_tmp[^"]*", size [1-9]/, "$name: over a file");
	my $several = () = $log =~ /building index "[^"]+" with [1-9]\d* parallel workers/g;
	return $workers > 0 ? cmp_ok($several, '>', 0, "$name: by several") : is($several, 0, "$name: alone");
}

sub left_nothing
{
	my ($name) = @_;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'), '0', "$name: no temporary file is left");
	return is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname = 'failing'}), '0',
		"$name: no index either");
}

words_of($node);
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE words SET (parallel_workers = 2);
CREATE TABLE queries AS SELECT id, v FROM words WHERE id % 50 = 0;
SQL
for my $class (['vector_cosine_ops', '<=>'], ['vector_l2_ops', '<->'], ['vector_ip_ops', '<#>'])
{
	my ($name, $operator) = @$class;
	my $create = "CREATE INDEX words_v ON words USING omendb (v $name)";
	$node->safe_psql('postgres', "SET maintenance_work_mem = '64MB'; $create");
	my @memory = recall_at_10_and_100($node, 'words', $operator, 'queries');
	for my $workers (0, 2)
	{
		$node->safe_psql('postgres', 'DROP INDEX words_v');
		build($workers, $create, "$operator, $workers workers");
		my @recall = recall_at_10_and_100($node, 'words', $operator, 'queries');
		cmp_ok($recall[0], '>=', $memory[0] - 0.01, "$operator: recall of LIMIT 10 is $recall[0], in memory $memory[0]");
		cmp_ok($recall[1], '>=', $memory[1] - 0.01, "$operator: of LIMIT 100 $recall[1], in memory $memory[1]");
		is($node->safe_psql('postgres', q{SELECT count(*) FROM omendb_check_index('words_v')}), '0', 'sound');
	}
	$node->safe_psql('postgres', 'DROP INDEX words_v');
}

# Twins, cold parts, and cold parts that span pages; then these go on as any other index.
create_tables($node);
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE points SET (parallel_workers = 2);
ALTER TABLE wide SET (parallel_workers = 2);
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 6000);
INSERT INTO points (v) SELECT p.v FROM points AS p, generate_series(1, 100) WHERE p.id = 77;
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 700);
INSERT INTO huge (v) SELECT random_vector(16000) FROM generate_series(1, 80);
ANALYZE;
SQL
for my $workers (0, 2)
{
	build($workers, 'REINDEX TABLE points', "twins, $workers workers");
	build($workers, 'REINDEX TABLE wide', "cold parts, $workers workers");
	is_sound($node, "$workers workers: all");
}
build(0, 'REINDEX TABLE huge', 'cold parts that span pages');
build(2, 'REINDEX INDEX CONCURRENTLY points_cosine', 'concurrently');
$node->safe_psql('postgres', <<'SQL');
UPDATE points SET v = some_vector(6) WHERE id % 9 = 0;
DELETE FROM points WHERE id % 7 = 0;
SELECT omendb_merge('points_l2');
VACUUM points;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 300);
SQL
is_sound($node, 'changed after');

# More rows than the estimate promised: the table is read twice. And none where many were promised.
$node->safe_psql('postgres', q{UPDATE pg_class SET reltuples = 10 WHERE relname = 'points'});
build($_, 'REINDEX INDEX points_ip', "an estimate too low, $_ workers") for 0, 2;
is_sound($node, 'after estimates that were too low');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE nothing (id serial, v vector(3)) WITH (parallel_workers = 2);
INSERT INTO nothing (v) SELECT NULL FROM generate_series(1, 20000);
ANALYZE nothing;
SQL
for my $workers (0, 2)
{
	is($node->psql('postgres', "SET maintenance_work_mem = '1MB'; SET max_parallel_maintenance_workers = $workers; "
		. 'DROP INDEX IF EXISTS nothing_v; CREATE INDEX nothing_v ON nothing USING omendb (v vector_l2_ops)'),
		0, "no vector, $workers workers");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM omendb_check_index('nothing_v')}), '0', 'sound');
}

# Failures.
for my $workers (0, 2)
{
	my $little = "SET maintenance_work_mem = '2MB'; SET max_parallel_maintenance_workers = $workers; ";
	my $create = 'CREATE INDEX failing ON words USING omendb (v vector_cosine_ops)';
	my ($status, $out, $err) = $node->psql('postgres', "$little SET temp_file_limit = '2MB'; $create");
	like($err, qr/temporary file size exceeds "?temp_file_limit/, "a file too large, $workers workers");
	left_nothing("a file too large, $workers workers");

	($status, $out, $err) = $node->psql('postgres', <<"SQL");
CREATE OR REPLACE FUNCTION picky(v vector, id int) RETURNS vector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
	\$\$ BEGIN IF id = 9000 THEN RAISE 'row % is no good', id; END IF; RETURN v; END \$\$;
$little CREATE INDEX failing ON words USING omendb ((picky(v, id)::vector(100)) vector_cosine_ops);
SQL
	like($err, qr/row 9000 is no good/, "an error while loading, $workers workers");
	left_nothing("an error while loading, $workers workers");

	my $cancelled = 0;
	for my $time (map { 30 * $_ } 1 .. 12)
	{
		($status, $out, $err) = $node->psql('postgres', "$little SET statement_timeout = $time; $create");
		$cancelled += $err =~ /canceling statement due to statement timeout/;
		$node->safe_psql('postgres', 'DROP INDEX IF EXISTS failing');
	}
	cmp_ok($cancelled, '>=', 3, "cancelled $cancelled times, $workers workers");
	left_nothing("cancelled, $workers workers");
}
ok(!$node->log_contains(qr/PANIC|TRAP|was terminated by signal/), 'no process ended by a signal');
$node->stop;
done_testing();
