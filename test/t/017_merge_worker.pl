# The background worker that merges a delta past its limit: it starts by itself, merges all and leaves; gives way to
# DROP, TRUNCATE, REINDEX and ALTER; ends with the server, when cancelled and when killed; and where none can be had,
# inserting backends merge themselves.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

my $node = new_server('worker', conf => "omendb.delta_limit = 64kB\nmaintenance_work_mem = 64MB\n");
create_tables($node);

my $workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'omendb merge'";
my $more = 'INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 3000)';

# Waits until the query's answer is the expected one. Returns the last answer.
sub answer_becomes
{
	my ($query, $expected, $seconds) = @_;
	my $answer = '';
	for (1 .. ($seconds // 15) * 20)
	{
		$answer = $node->safe_psql('postgres', $query);
		last if $answer eq $expected;
		Time::HiRes::sleep(0.05);
	}
	return $answer;
}

# ---- it merges, and leaves
$node->safe_psql('postgres', $more);
my $left = "SELECT sum(delta_rows) FROM omendb_indexes, omendb_index_info(index) WHERE table_name = 'points'::regclass";
is(answer_becomes($left, '0'), '0', 'workers merge all that was inserted, with no statement to ask for it');
is( $node->safe_psql('postgres', "SELECT live_nodes > 2000 AND joining_nodes = 0 FROM omendb_index_info('points_l2')"),
	't', 'and the rows are in the graph');
is(answer_becomes($workers, '0', 20), '0', 'workers leave when there is nothing to do');
is_sound($node, 'sound after them');

# ---- who they are
$node->safe_psql('postgres', 'CREATE TABLE many (id serial PRIMARY KEY, v vector(64) NOT NULL); '
	  . 'CREATE INDEX many_v ON many USING omendb (v vector_l2_ops)');
# So many, so fast, that merging takes longer: a delta that does not fit memory is merged batch by batch.
$node->safe_psql('postgres',
	'CREATE TABLE source AS SELECT random_vector(64) AS v FROM generate_series(1, 12000)');
my $load = "SET maintenance_work_mem = '1MB'; INSERT INTO many (v) SELECT v + (SELECT random_vector(64)) FROM source";
my $merging = q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'omendb merge of many_v' }
  . q{AND query LIKE 'merging up to % rows into index "many_v"' AND state = 'active'};
$node->safe_psql('postgres', $load);
is(answer_becomes($merging, '1'), '1', 'a worker says what it merges');
is($node->safe_psql('postgres', $workers), '1', 'one worker an index');

# ---- whoever needs the index does not wait for a merge to end
for my $statement ("ALTER INDEX many_v SET (delta_limit = 128)", 'REINDEX INDEX many_v', 'TRUNCATE many')
{
	$node->safe_psql('postgres', $load) if $node->safe_psql('postgres', $merging) eq '0';
	is(answer_becomes($merging, '1'), '1', "a worker merges before $statement");
	my ($status, $out, $err) =
	  $node->psql('postgres', "SET lock_timeout = '5s'; $statement", timeout => 120);
	is($err, '', "$statement does not wait for it");
}
$node->safe_psql('postgres', $load);
is(answer_becomes($merging, '1'), '1', 'a worker merges before DROP TABLE');
my ($status, $out, $err) = $node->psql('postgres', "SET lock_timeout = '5s'; DROP TABLE many");
is($err, '', 'DROP TABLE does not wait for it');
is(answer_becomes($workers, '0', 20), '0', 'and the worker is gone');

# ---- ends of all kinds
$node->safe_psql('postgres', 'CREATE TABLE many (id serial PRIMARY KEY, v vector(64) NOT NULL); '
	  . 'CREATE INDEX many_v ON many USING omendb (v vector_l2_ops)');
my $pid_of = q{SELECT pid FROM pg_stat_activity WHERE application_name = 'omendb merge of many_v'};
for my $end ('pg_cancel_backend', 'pg_terminate_backend', 'kill')
{
	$node->safe_psql('postgres', $load) if $node->safe_psql('postgres', $merging) eq '0';
	is(answer_becomes($merging, '1'), '1', "a worker merges before $end");
	my $pid = $node->safe_psql('postgres', $pid_of);
	if ($end eq 'kill')
	{
		kill_backend($node, $pid);
		Time::HiRes::sleep(0.1);
		wait_until_up($node);
	}
	else
	{
		$node->safe_psql('postgres', "SELECT $end($pid)");
		is(answer_becomes("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid", '0', 10), '0', "$end ends it");
	}
	is_sound($node, "sound after $end");
	$node->safe_psql('postgres', 'INSERT INTO many (v) SELECT random_vector(64) FROM generate_series(1, 20)');
}
# One that is idle, too, leaves nothing behind that would keep the next from starting.
for my $end ('pg_cancel_backend', 'pg_terminate_backend')
{
	my $idle = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'omendb merge' AND state = 'idle' "
	  . "AND application_name = 'omendb merge of points_l2'";
	$node->safe_psql('postgres', $more);
	is(answer_becomes($idle, '1'), '1', "a worker idles before $end");
	$node->safe_psql('postgres', "SELECT $end(pid) FROM pg_stat_activity WHERE backend_type = 'omendb merge'");
	is(answer_becomes($workers, '0', 20), '0', "$end ends it");
	$node->safe_psql('postgres', $more);
	is(answer_becomes($left, '0'), '0', "after $end another merges");
}
# The rows of a transaction that has emptied the table: it merges itself.
$node->safe_psql('postgres', "BEGIN; TRUNCATE points; $more; COMMIT");
is($node->safe_psql('postgres', "SELECT live_nodes > 1000 FROM omendb_index_info('points_l2')"),
	't', 'after TRUNCATE in its transaction the backend merges');
$node->safe_psql('postgres', 'TRUNCATE many');
$node->safe_psql('postgres', $load);
is(answer_becomes($merging, '1'), '1', 'a worker merges before the server stops');
my $began = Time::HiRes::time();
$node->stop('fast');
cmp_ok(Time::HiRes::time() - $began, '<', 20, 'the server stops at once');
$node->start;
is_sound($node, 'sound after a restart');

# ---- the rows of a transaction that made its index itself
$node->safe_psql('postgres', <<'SQL');
BEGIN;
CREATE TABLE young (v vector(6));
CREATE INDEX young_v ON young USING omendb (v vector_l2_ops);
INSERT INTO young SELECT random_vector(6) FROM generate_series(1, 3000);
COMMIT;
SQL
is($node->safe_psql('postgres', "SELECT live_nodes > 0 FROM omendb_index_info('young_v')"),
	't', 'nobody else sees the index yet: the backend merges');
$node->safe_psql('postgres', 'DROP TABLE young');

# ---- nobody to be had
sub merges_itself
{
	my ($way) = @_;
	$node->restart;
	$node->safe_psql('postgres', 'TRUNCATE points');
	$node->safe_psql('postgres', $more);
	is($node->safe_psql('postgres', $workers), '0', "$way: no worker");
	is($node->safe_psql('postgres', "SELECT live_nodes > 1000 FROM omendb_index_info('points_l2')"),
		't', "$way: the inserting backend merges");
	is_sound($node, "$way: sound");
	return;
}
$node->append_conf('postgresql.conf', 'omendb.background_merge = off');
merges_itself('background_merge = off');
$node->append_conf('postgresql.conf', "omendb.background_merge = on\nmax_worker_processes = 0");
merges_itself('max_worker_processes = 0');
$node->stop;
done_testing();
