# All at once, on eight connections: pgbench reads and writes while others vacuum, merge, rebuild concurrently, and
# drop and create an index. What a reader finds is complete, nobody meets an error but those that come with
# dropping what another uses, and neither readers nor writers wait for a lock of an index but while DROP, REINDEX
# or CREATE INDEX hold it. OMENDB_SECONDS=600 for more.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{OMENDB_SECONDS} // 20;
plan skip_all => 'needs pgbench' if system('pgbench --version >/dev/null 2>&1') != 0;
my $node = new_server('mix', streaming => 1, conf => "omendb.delta_limit = 64kB\ndeadlock_timeout = 100ms\n");
create_tables($node);
$node->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 1500);
VACUUM points;

-- What readers and writers were seen to wait for, and which of it nobody may.
CREATE TABLE seen (who text, event text);
CREATE TABLE waited (who text, what text);
CREATE PROCEDURE watch() LANGUAGE plpgsql AS $$
BEGIN
	LOOP
		INSERT INTO seen SELECT application_name, wait_event_type || ' ' || wait_event
			FROM pg_stat_activity WHERE application_name IN ('reader', 'writer') AND state = 'active';
		WITH locks AS MATERIALIZED (SELECT * FROM pg_locks)
		INSERT INTO waited SELECT a.application_name,
				format('%s %s on %s', l.locktype, l.mode, coalesce(l.relation::regclass::text, 'none'))
			FROM locks AS l JOIN pg_stat_activity AS a USING (pid)
			WHERE NOT l.granted AND a.application_name IN ('reader', 'writer')
				-- DROP and REINDEX, and those who wait for them, come before whoever comes after them; writers
				-- also wait for builds and for each other, be it for a row or to make a file larger.
				AND NOT (l.locktype = 'relation' AND EXISTS (
					SELECT FROM locks AS o WHERE o.locktype = 'relation' AND o.relation = l.relation AND o.pid <> l.pid
						AND (o.mode = 'AccessExclusiveLock' OR a.application_name = 'writer' AND o.mode = 'ShareLock')))
				AND NOT (a.application_name = 'writer' AND l.locktype IN ('transactionid', 'tuple', 'extend'));
		COMMIT;
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
SQL

# --- who does what --------------------------------------------------------------------------------

my %scripts;
# A LIMIT that is not filled is a division by zero.
$scripts{read} = join '', map {
	"SELECT 1 / (count(*) = 10)::int FROM (SELECT id FROM points ORDER BY v $_ (SELECT some_vector(6)) LIMIT 10) AS x;\n"
} ('<->', '<#>', '<=>');
$scripts{insert} = <<'SQL';
INSERT INTO points (v) VALUES (some_vector(6)), (grid_vector(6));
\set now random(1, 10)
\if :now = 1
INSERT INTO wide (v) VALUES (random_vector(2048));
\endif
SQL
$scripts{update} = <<'SQL';
\set back random(0, 1200)
UPDATE points SET v = some_vector(6) WHERE id = (SELECT max(id) FROM points) - :back;
UPDATE points SET note = :back WHERE id = (SELECT max(id) FROM points) - :back / 2;
SQL
$scripts{delete} = <<'SQL';
\set back random(0, 1400)
DELETE FROM points WHERE id = (SELECT max(id) FROM points) - :back;
SQL

sub start_pgbench
{
	my ($who, $rate, %weights) = @_;
	my @files;
	for my $script (sort keys %weights)
	{
		my $file = PostgreSQL::Test::Utils::tempdir() . "/$script.sql";
		PostgreSQL::Test::Utils::append_to_file($file, $scripts{$script});
		push @files, '-f', "$file\@$weights{$script}";
	}
	# A deadlock with REINDEX CONCURRENTLY may choose either side.
	my %bench = (out => '', err => '');
	$bench{run} = IPC::Run::start(
		[
			'pgbench', '-n', '-M', 'prepared', '-c', 2, '-T', $seconds, '--max-tries=100', @$rate, @files,
			$node->connstr('postgres') . " application_name=$who options='-c enable_seqscan=off -c enable_sort=off'"
		],
		'>', \$bench{out}, '2>', \$bench{err}, IPC::Run::timeout(300 + $seconds));
	return \%bench;
}

my $gone = qr/deadlock detected|lock timeout|could not open relation with OID|index .* does not exist|relation .* does not exist|relation "another" already exists/;
my $go_on = "\\set ON_ERROR_STOP off\n";
my %sessions = start_work(
	$node,
	vacuum => $go_on . <<'SQL',
VACUUM (INDEX_CLEANUP ON) points;
DELETE FROM points WHERE id < (SELECT max(id) FROM points) - 1500;
DELETE FROM wide WHERE id < (SELECT max(id) FROM wide) - 40;
VACUUM (INDEX_CLEANUP ON) wide;
SQL
	merge => "${go_on}SELECT count(omendb_merge(index)) FROM omendb_indexes;\n",
	reindex => $go_on . <<'SQL',
REINDEX INDEX CONCURRENTLY points_ip;
REINDEX INDEX CONCURRENTLY points_l2;
SELECT pg_sleep(0.3);
REINDEX TABLE CONCURRENTLY wide;
REINDEX INDEX points_cosine;
SELECT pg_sleep(0.3);
SQL
	create => $go_on . <<'SQL',
-- All who come later wait with one who waits to drop.
SET lock_timeout = '50ms';
DROP INDEX IF EXISTS another;
RESET lock_timeout;
CREATE INDEX another ON points USING omendb (v vector_l2_ops);
SELECT pg_sleep(0.3);
DROP INDEX CONCURRENTLY another;
CREATE INDEX CONCURRENTLY another ON points USING omendb (v vector_cosine_ops);
SELECT pg_sleep(0.1);
SQL
	# Beside the eight: one compares in snapshots, one watches.
	compare => "${go_on}BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT problems(true);\nCOMMIT;\nSELECT 'compared';\n",
	watch => "CALL watch();\n");
$_->{allowed} = $gone for values %sessions;
# Writers that never pause write more than one VACUUM after another can take away.
my %benches = (
	reader => start_pgbench('reader', [], read => 1),
	writer => start_pgbench('writer', ['--rate=400'], insert => 4, update => 2, delete => 3));
pump_work(0.5, values %sessions, values %benches) while grep { $_->{run}->pumpable } values %benches;

# --- what came of it ------------------------------------------------------------------------------

for my $who (sort keys %benches)
{
	my ($out, $err) = finish_psql($benches{$who});
	is($benches{$who}{run}->full_result(0), 0, "$who: pgbench went on till the end");
	is(join("\n", grep { /ERROR|aborted/ } split /\n/, $err), '', "$who: no error");
	my ($done) = $out =~ /transactions actually processed: (\d+)/;
	my ($retried) = $out =~ /transactions retried: (\d+)/;
	cmp_ok($done // 0, '>', 5 * $seconds, "$who: " . ($done // 0) . ' transactions, ' . ($retried // 0) . ' of them retried');
}
my %outputs = stop_work($node, 'stopped', %sessions);
for my $kind (sort keys %sessions)
{
	my %errors;
	++$errors{$1} while $sessions{$kind}{err} =~ /ERROR:\s+(.*)/g;
	note("$kind: $errors{$_} x $_") for sort keys %errors;
}
my $compared = () = $outputs{compare} =~ /^compared$/mg;
# An index that is dropped or replaced after the snapshot was taken is not used.
my @wrong = grep { $_ !~ /^compared$| is not used: |^$/ } split /\n/, $outputs{compare};
is(join("\n", @wrong[ 0 .. ($#wrong < 5 ? $#wrong : 5) ]), '', "every index as its table, $compared times");
cmp_ok($compared, '>', $seconds / 4, 'compared often enough');
my $merges = () = $outputs{merge} =~ /^\d+$/mg;
cmp_ok($merges, '>', 3, "$merges rounds of merges");
note("indexes\n", $node->safe_psql('postgres',
	'SELECT index, live_nodes, dead_nodes, delta_rows, size_bytes FROM omendb_indexes AS i, omendb_index_info(i.index)'));

note('waits', "\n", $node->safe_psql('postgres', 'SELECT who, coalesce(event, $$none$$), count(*) FROM seen GROUP BY 1, 2 ORDER BY 1, 3 DESC'));
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM seen'), '>', 20 * $seconds, 'watched closely');
is($node->safe_psql('postgres', 'SELECT who, what, count(*) FROM waited GROUP BY 1, 2 ORDER BY 1, 2'),
	'', 'nobody waited for a lock but those of DROP, REINDEX and CREATE INDEX');

# It would answer for points_l2 or points_cosine.
$node->safe_psql('postgres', 'DROP INDEX IF EXISTS another');
drop_invalid($node);
is_sound($node, 'sound at the end');
$node->safe_psql('postgres', 'VACUUM');
is_sound($node, 'sound after vacuum');
has_recall($node, 0.95);
ok(!$node->log_contains(qr/PANIC|TRAP|was terminated by signal/), 'no process ended otherwise than asked');
$node->stop;
done_testing();
