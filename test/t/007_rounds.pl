# Rounds of random inserts, updates, deletes, merges, vacuums, rebuilds and kills. The tables themselves are
# the model: after each round every index holds exactly the rows of its table, LIMIT's rows come in exact
# order, and omendb_check_index finds nothing. OMENDB_ROUNDS=1000 for the long run, OMENDB_SEED to repeat one.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

my $rounds = $ENV{OMENDB_ROUNDS} // 60;
my $seed = $ENV{OMENDB_SEED} // time;
srand($seed);
note("OMENDB_SEED=$seed");
my $node = new_server('rounds', streaming => 1, conf => "omendb.delta_limit = 64kB\n");
create_tables($node);
$node->safe_psql('postgres', 'CREATE TABLE gone (v vector(6))');

sub one_of { return $_[ rand @_ ]; }
sub table { return one_of(qw(points points points wide huge)); }
sub dims { return { points => 6, wide => 2048, huge => 16000 }->{ $_[0] }; }
sub most { return { points => 40, wide => 4, huge => 2 }->{ $_[0] }; }

sub new_rows
{
	my ($table) = @_;
	my $dims = dims($table);
	my $n = 1 + int(rand(most($table)));
	return one_of(
		"INSERT INTO $table (v) SELECT random_vector($dims) FROM generate_series(1, $n)",
		"INSERT INTO $table (v) SELECT some_vector($dims) FROM generate_series(1, $n)",
		# Twins: of a row there, of the same row again and again, of rows that were deleted.
		"INSERT INTO $table (v) SELECT v FROM $table ORDER BY random() LIMIT $n",
		"INSERT INTO $table (v) SELECT a.v FROM (SELECT v FROM $table ORDER BY id LIMIT 1) AS a, generate_series(1, $n)",
		$table eq 'points' ? 'INSERT INTO points (v) SELECT v FROM gone ORDER BY random() LIMIT 20'
		: "INSERT INTO $table (v) SELECT random_vector($dims)");
}

sub some_change
{
	my $table = table();
	my $dims = dims($table);
	my $share = sprintf('%.3f', one_of(0.01, 0.05, 0.3));
	return one_of(
		new_rows($table),
		new_rows($table),
		new_rows('points'),
		"UPDATE $table SET v = some_vector($dims) WHERE random() < $share",
		"UPDATE $table SET note = coalesce(note, 0) + 1 WHERE random() < $share",
		'WITH d AS (DELETE FROM points WHERE random() < ' . $share . ' RETURNING v) INSERT INTO gone SELECT v FROM d',
		"DELETE FROM $table WHERE random() < $share",
		'DELETE FROM points WHERE v IN (SELECT v FROM points GROUP BY v HAVING count(*) > 3 LIMIT 2)',
		'BEGIN; ' . new_rows($table) . '; ROLLBACK',
		'BEGIN; ' . new_rows($table) . '; SAVEPOINT s; ' . new_rows('points') . '; ROLLBACK TO s; COMMIT',
		'SELECT omendb_merge(index) FROM omendb_indexes WHERE random() < 0.4',
		'SELECT omendb_merge(index) FROM omendb_indexes',
		"VACUUM (INDEX_CLEANUP ON) $table",
		'VACUUM (INDEX_CLEANUP ON) points');
}

sub some_rebuild
{
	return one_of('REINDEX INDEX points_l2', 'REINDEX INDEX CONCURRENTLY points_cosine', 'REINDEX TABLE wide',
		'VACUUM FULL points', 'TRUNCATE points; INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 50)',
		'DELETE FROM points; VACUUM points',
		"SET maintenance_work_mem = '1MB'; REINDEX INDEX points_ip");
}

# What must not come from any statement.
my %happened;
sub run
{
	my ($script) = @_;
	my ($status, $out, $err) = $node->psql('postgres', $script, on_error_stop => 0, timeout => 120);
	return join('', grep { /ERROR|FATAL|PANIC|server closed/ && !/statement timeout|transaction is aborted|savepoint "s" does not exist/ } split /^/, $err);
}

my $failed = 0;
for my $round (1 .. $rounds)
{
	my @script = map { some_change() } 1 .. 1 + int(rand(8));
	push @script, some_rebuild() if rand() < 0.05;
	my $wrong = '';
	my $end = 'quiet';
	if (rand() < 0.25)
	{
		$end = one_of('backend killed', 'backend killed', 'server stopped at once');
		my @sessions = map {
			start_psql($node, join(";\n", map { some_change() } 1 .. 200) . ";\n")
		} 1 .. 2;
		run(join(";\n", @script) . ';') if rand() < 0.5;
		Time::HiRes::sleep(0.05 + rand(0.4));
		my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
			  . 'AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1');
		if ($end eq 'backend killed' && $pid ne '')
		{
			kill('KILL', $pid);
			Time::HiRes::sleep(0.1);
			wait_until_up($node);
		}
		else
		{
			$node->stop('immediate');
			$node->start;
		}
		for my $session (@sessions)
		{
			my ($out, $err) = finish_psql($session);
			$wrong .= join("\n", grep { /ERROR|PANIC/ && !/deadlock/ } split /\n/, $err);
		}
		drop_invalid($node);
	}
	elsif (rand() < 0.2)
	{
		$end = 'statements cancelled';
		$wrong = run('SET statement_timeout = ' . (1 + int(rand(30))) . ";\n" . join(";\n", @script) . ';');
	}
	else
	{
		$wrong = run(join(";\n", @script) . ';');
	}
	++$happened{$end};
	my ($status, $out, $err) = $node->psql('postgres', 'SELECT problems()', timeout => 120);
	$wrong .= $out . ($status != 0 ? "error: $err" : '');
	if ($wrong ne '')
	{
		++$failed;
		diag("round $round ($end): $wrong\n  after: " . join("\n  ", @script));
		last if $failed >= 5;
	}

	# The tables stay small enough for many rounds.
	$node->safe_psql('postgres', <<'SQL');
DELETE FROM points WHERE id < (SELECT max(id) FROM points) - 1200;
DELETE FROM wide WHERE id < (SELECT max(id) FROM wide) - 50;
DELETE FROM huge WHERE id < (SELECT max(id) FROM huge) - 12;
SQL
	diag("$round rounds, $failed failed") if $round % 100 == 0;
}
has_recall($node, 0.95);
is($failed, 0, "$rounds rounds: " . join(', ', map { "$happened{$_} $_" } sort keys %happened));
ok(!$node->log_contains(qr/PANIC|TRAP|was terminated by signal (6|7|8|11)/), 'nothing but the kills ended a process');
$node->stop;
done_testing();
