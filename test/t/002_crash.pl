# kill -9 at random moments of inserts, updates, deletes, merges, vacuums and builds by several sessions: of
# one backend, so that the postmaster recovers, and of the whole server. After each the indexes are sound and
# answer as their tables do; then statements cancelled at random moments.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

my $crashes = $ENV{OMENDB_CRASHES} // 16;
my $node = new_server('crash', streaming => 1, conf => "omendb.delta_limit = 64kB\n");
create_tables($node);

# One session each; statement after statement until the server goes.
my %work = (
	insert => sub {
		my $n = 1 + int(rand(40));
		return ("INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, $n);",
			'INSERT INTO points (v) SELECT v FROM points ORDER BY random() LIMIT 5;',
			'INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 3);',
			'INSERT INTO huge (v) VALUES (random_vector(16000));');
	},
	change => sub {
		return ('UPDATE points SET v = some_vector(6) WHERE random() < 0.02;',
			'UPDATE points SET note = 1 WHERE random() < 0.02;',
			'DELETE FROM points WHERE random() < 0.05;',
			'BEGIN; INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 20); ROLLBACK;',
			'DELETE FROM wide WHERE random() < 0.1;', 'DELETE FROM huge WHERE random() < 0.2;');
	},
	merge => sub {
		return map { "SELECT omendb_merge('$_');" } qw(points_l2 points_ip points_cosine wide_l2 huge_ip);
	},
	vacuum => sub { return map { "VACUUM (INDEX_CLEANUP ON) $_;" } qw(points wide huge points) },
	build => sub {
		return ('REINDEX INDEX points_l2;', 'REINDEX INDEX CONCURRENTLY points_ip;', 'REINDEX TABLE wide;');
	},
);

sub start_sessions
{
	my (@kinds) = @_;
	my @sessions;
	for my $kind (@kinds)
	{
		my $script = "SET application_name = '$kind';\n";
		$script .= join("\n", $work{$kind}->()) . "\n" for 1 .. 60;
		push @sessions, start_psql($node, $script);
	}
	return @sessions;
}

# Errors that a session may meet when the server goes, or another session builds.
my $expected = qr/server closed the connection|terminating connection|connection to server|shutting down
	|deadlock detected|in recovery mode|due to concurrent|could not open relation with OID|cache lookup failed
	|administrator command|crash of another server process|not yet accepting|starting up/x;

sub finish_sessions
{
	my (@sessions) = @_;
	my @unexpected;
	for my $session (@sessions)
	{
		my ($out, $err) = finish_psql($session);
		push @unexpected, grep { /ERROR|FATAL|PANIC/ && $_ !~ $expected } split /\n/, $err;
	}
	return join("\n", @unexpected);
}

my @mixes = (
	[qw(insert insert merge)],
	[qw(insert change vacuum)],
	[qw(insert change merge vacuum)],
	[qw(insert change build vacuum)],
);
for my $crash (1 .. $crashes)
{
	my @kinds = @{ $mixes[ $crash % @mixes ] };
	my @sessions = start_sessions(@kinds);
	Time::HiRes::sleep(0.1 + rand(0.9));
	my $what;
	if ($crash % 3 == 0)
	{
		$node->stop('immediate');
		$node->start;
		$what = 'server stopped at once';
	}
	else
	{
		my $victim = $kinds[ rand @kinds ];
		my $pid = $node->safe_psql('postgres',
			"SELECT pid FROM pg_stat_activity WHERE application_name = '$victim' LIMIT 1");
		$what = "$victim killed";
		if ($pid eq '')
		{
			$node->stop('immediate');
			$node->start;
		}
		else
		{
			kill('KILL', $pid);
			Time::HiRes::sleep(0.1);
			wait_until_up($node);
		}
	}
	$what = "crash $crash during @kinds, $what";
	is(finish_sessions(@sessions), '', "$what: no other error");
	drop_invalid($node);
	is_sound($node, "$what: sound");
	$node->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 30);
DELETE FROM points WHERE id < (SELECT max(id) FROM points) - 1500;
DELETE FROM wide WHERE id < (SELECT max(id) FROM wide) - 60;
DELETE FROM huge WHERE id < (SELECT max(id) FROM huge) - 20;
VACUUM points;
VACUUM wide;
VACUUM huge;
SQL
	is_sound($node, "$what: sound after further writes and vacuum");
}

# Statements that are cancelled at a random moment.
my $cancelled = 0;
for my $round (1 .. 12)
{
	$node->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 300);
DELETE FROM points WHERE random() < 0.2;
SQL
	for my $statement ('VACUUM (INDEX_CLEANUP ON) points', "SELECT omendb_merge('points_l2')",
		'REINDEX INDEX points_cosine', 'INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 300)')
	{
		my $limit = 1 + int(rand(40));
		my ($status, $out, $err) =
		  $node->psql('postgres', "SET statement_timeout = $limit;\n$statement");
		++$cancelled if $status != 0;
		like($err, qr/statement timeout/, "$statement: cancelled") if $status != 0;
	}
	is_sound($node, "round $round of cancelled statements: sound");
}
cmp_ok($cancelled, '>', 5, "$cancelled statements were cancelled");
$node->safe_psql('postgres', 'VACUUM points');
is_sound($node, 'sound after vacuum');
my $written = $node->safe_psql('postgres', 'SELECT max(id) FROM points');
cmp_ok($written, '>', 200 * $crashes, "$written rows written between the crashes");
has_recall($node, 0.95);
ok(!$node->log_contains(qr/PANIC|TRAP|was terminated by signal (6|7|8|11)/), 'nothing but the kills ended a process');
$node->stop;
done_testing();
