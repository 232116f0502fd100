# A backend's own memory: after searching, while a scan is read to its end, and during a build.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

plan skip_all => 'needs /proc/PID/smaps' unless -r '/proc/self/smaps';
my $node = new_server('memory');

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE t (id serial, v vector(16));
INSERT INTO t (v)
	SELECT array_agg(random()::real)::vector FROM generate_series(0, 16 * 100000 - 1) AS i GROUP BY i / 16;
CREATE TABLE asked AS SELECT id, v FROM t LIMIT 300;
SET maintenance_work_mem = '256MB';
CREATE INDEX t_v ON t USING omendb (v vector_l2_ops);
VACUUM ANALYZE t;
VACUUM ANALYZE asked;
SQL
my $info = $node->safe_psql('postgres', "SELECT live_nodes, size_bytes FROM omendb_index_info('t_v')");
is((split /\|/, $info)[0], '100000', "index of 100,000 rows ($info)");

# One session orders 300 small sets by sorting, another by searching; the smallest of three sessions counts,
# for cache rebuilds add to any.
sub session_memory
{
	my ($settings) = @_;
	my $least;
	for (1 .. 3)
	{
		my $session = $node->background_psql('postgres');
		my $pid = $session->query_safe('SELECT pg_backend_pid()');
		$session->query_safe($settings);
		$session->query_safe(
			'SELECT count(*) FROM asked, LATERAL (SELECT t.id FROM t WHERE t.id < 1000000 '
			  . 'ORDER BY t.v <-> asked.v LIMIT 10) AS x WHERE asked.id <= ' . ($settings =~ /indexscan/ ? 3 : 300));
		my $memory = memory_of($pid);
		$least = $memory if !defined $least || $memory < $least;
		$session->quit;
	}
	return $least;
}
my $sorting = session_memory('SET enable_indexscan = off');
my $searching = session_memory('SET enable_seqscan = off');
my $more = $searching - $sorting;
cmp_ok($more, '<=', 1200, "300 searches: $searching kB, sequential scans: $sorting kB, $more kB more");

# What a scan read to its last row holds, over what its session held before. With so little work_mem the search
# stops early, and the rest comes sorted from a sweep over all nodes.
sub full_scan_memory
{
	my ($table, $rows) = @_;
	my $settings = "SET enable_seqscan = off; SET enable_sort = off; SET work_mem = '256kB'";
	my $query = "SELECT id FROM $table ORDER BY v <-> '[" . join(',', (0.5) x 16) . "]'";
	my $plan = $node->safe_psql('postgres', "$settings; EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) $query");
	like($plan, qr/^Index Scan using ${table}_v .* rows=$rows(\.00)? .*temp read=\d+ written=\d+/s,
		"$table: an index scan that sorts in files");

	my $session = $node->background_psql('postgres');
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_safe($settings);
	$session->query_safe("$query LIMIT 1");
	my $before = memory_of($pid);
	my $all_but_one = $rows - 1;
	$session->query_safe("BEGIN; DECLARE c CURSOR FOR $query; MOVE FORWARD $all_but_one IN c");
	my $memory = memory_of($pid) - $before;
	like($session->query_safe('FETCH ALL IN c'), qr/^\d+$/, "$table: read but for one row");
	$session->quit;
	return $memory;
}
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE few AS SELECT * FROM t LIMIT 20000;
CREATE INDEX few_v ON few USING omendb (v vector_l2_ops);
VACUUM ANALYZE few;
SQL
my ($of_few, $of_all) = (full_scan_memory('few', 20000), full_scan_memory('t', 100000));
cmp_ok($of_all, '<=', 2048, "a full scan of 100,000 rows holds $of_all kB with work_mem 256 kB");
cmp_ok($of_all - $of_few, '<=', 1024, "and little more than one of 20,000: $of_few kB");

# Own memory of a statement that builds, sampled while it runs.
sub build_memory
{
	my ($limit, $statement) = @_;
	my $build = start_psql($node, <<"SQL");
SET application_name = 'build';
SET maintenance_work_mem = '$limit';
SET client_min_messages = 'warning';
SELECT pg_sleep(0.2);
$statement;
SELECT pg_sleep(0.1);
SQL
	my $builder;
	for (1 .. 200)
	{
		$builder = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE application_name = 'build'");
		last if $builder ne '';
		Time::HiRes::sleep(0.02);
	}
	my $most = 0;
	while (1)
	{
		my $memory = memory_of($builder);
		last if !defined $memory;
		$most = $memory if $memory > $most;
		Time::HiRes::sleep(0.02);
		$build->{run}->pump_nb;
	}
	my ($out, $err) = finish_psql($build);
	is($err, '', "$statement with maintenance_work_mem $limit");
	return $most;
}
for my $limit (64, 4)
{
	$node->safe_psql('postgres', 'DROP INDEX IF EXISTS t_v, few_v');
	my $most = build_memory("${limit}MB", 'CREATE INDEX few_v ON few USING omendb (v vector_l2_ops)');
	cmp_ok($most - $sorting, '<=', $limit * 1024 * 1.1 + 2048, "build with $limit MB used at most $most kB");
}
is($node->safe_psql('postgres', "SELECT count(*) FROM omendb_check_index('few_v')"), '0', 'sound');

# Leader and workers, and what they share: in memory, and over a file.
$node->safe_psql('postgres', 'ALTER TABLE t SET (parallel_workers = 2)');
for my $limit (256, 64, 16)
{
	my $build = start_psql($node, <<"SQL");
SET application_name = 'team';
SET client_min_messages = 'warning';
SET maintenance_work_mem = '${limit}MB';
DROP INDEX IF EXISTS t_v;
CREATE INDEX t_v ON t USING omendb (v vector_l2_ops);
SQL
	my ($most, $shared, $members) = (0, 0, 0);
	while (1)
	{
		my @pids = split /\n/, $node->safe_psql('postgres',
			q{SELECT pid FROM pg_stat_activity WHERE application_name = 'team' ORDER BY backend_type});
		last if !@pids && $most > 0;
		my $team = @pids ? team_memory_of($pids[0]) : 0;
		my $memory = $team;
		$memory += memory_of($_) // 0 for @pids;
		$most = $memory if $memory > $most;
		$shared = $team if $team > $shared;
		$members = @pids if @pids > $members;
		$build->{run}->pump_nb;
	}
	my ($out, $err) = finish_psql($build);
	is($err, '', "$limit MB for a team");
	cmp_ok($members, '>', 1, "$limit MB: several members");
	cmp_ok($shared, '>', 1024, "$limit MB: they share $shared kB");
	cmp_ok($most, '<=', $limit * 1024 * 1.1 + 32 * 1024, "$limit MB: leader and workers used at most $most kB");
}
is($node->safe_psql('postgres', "SELECT count(*) FROM omendb_check_index('t_v')"), '0', 'sound');

# A large delta is merged by building, if there is memory for it.
$node->safe_psql('postgres', 'ALTER INDEX few_v SET (delta_limit = 1048576); INSERT INTO few SELECT * FROM t WHERE id > 85000');
for my $limit (16, 64)
{
	my $from = -s $node->logfile;
	my $most = build_memory("${limit}MB", "SET log_min_messages = debug1; SELECT omendb_merge('few_v')");
	cmp_ok($most - $sorting, '<=', $limit * 1024 * 1.1 + 2048, "a merge with $limit MB used at most $most kB");
	my $by_building = substr(PostgreSQL::Test::Utils::slurp_file($node->logfile), $from) =~ /merged \d+ rows into \d+ nodes of index "few_v" by building/;
	is($by_building, $limit == 64 ? 1 : '', 'by building, or row by row');
	$node->safe_psql('postgres', 'INSERT INTO few SELECT * FROM t WHERE id BETWEEN 70000 AND 80000');
}
is($node->safe_psql('postgres', "SELECT count(*) FROM omendb_check_index('few_v')"), '0', 'sound');
$node->stop;
done_testing();
