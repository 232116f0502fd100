# Transactions that end otherwise than by COMMIT, and statements that do not end: indexes made anew where the log is
# left out (wal_level minimal), prepared transactions over merges, vacuums and crashes, subtransactions undone, two
# databases at once, statements cancelled and sessions ended at random moments, and memory and temporary files at
# their least. After each every index has exactly the rows of its table.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

# Rounds of cancelled statements; twice as many sessions are ended.
my $rounds = $ENV{OMENDB_ROUNDS} // 2;
my $node = new_server('transactions', conf => "omendb.delta_limit = 64kB\nmax_prepared_transactions = 10\nsynchronous_commit = on\n");
create_tables($node);

sub crash
{
	$node->stop('immediate');
	$node->start;
	return;
}

sub count_of
{
	my ($condition) = @_;
	return $node->safe_psql('postgres', <<"SQL");
SET enable_seqscan = off;
SET enable_sort = off;
SELECT count(*) FROM (SELECT note FROM points ORDER BY v <-> '[0,0,0,0,0,0]' OFFSET 0) AS x WHERE $condition;
SQL
}

# --- files that are new in their transaction ------------------------------------------------------

is($node->safe_psql('postgres', 'SHOW wal_level'), 'minimal', 'new files are not logged');
my $fresh = <<'SQL';
BEGIN;
DROP TABLE IF EXISTS fresh;
CREATE TABLE fresh (id serial PRIMARY KEY, note int, v vector(6));
INSERT INTO fresh (v) SELECT some_vector(6) FROM generate_series(1, 100);
CREATE INDEX fresh_l2 ON fresh USING omendb (v);
INSERT INTO fresh (v) SELECT some_vector(6) FROM generate_series(1, 200);
SELECT omendb_merge('fresh_l2');
INSERT INTO fresh (v) SELECT some_vector(6) FROM generate_series(1, 20);
SQL
my %new_files = (
	'a table' => "$fresh COMMIT;",
	'a table, prepared' => "$fresh PREPARE TRANSACTION 'fresh';",
	'truncated, a second time undone' => <<'SQL',
BEGIN;
TRUNCATE points;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 150);
SAVEPOINT s;
TRUNCATE points;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 10);
ROLLBACK TO s;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 150);
SELECT omendb_merge('points_l2');
COMMIT;
SQL
	'reindexed, a second undone' => <<'SQL',
BEGIN;
REINDEX INDEX points_l2;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 50);
SAVEPOINT s;
REINDEX INDEX points_ip;
REINDEX INDEX points_l2;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 50);
ROLLBACK TO s;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 50);
COMMIT;
SQL
	'reindexed, undone' => <<'SQL',
BEGIN;
REINDEX TABLE wide;
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 5);
ROLLBACK;
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 5);
SQL
);
# Small files are logged at commit, large ones flushed.
for my $threshold ('2MB', '0')
{
	for my $what (sort keys %new_files)
	{
		$node->safe_psql('postgres', "SET wal_skip_threshold = '$threshold';\n$new_files{$what}");
		crash();
		$node->safe_psql('postgres', "COMMIT PREPARED 'fresh'") if $what =~ /prepared/;
		is_sound($node, "$what, wal_skip_threshold $threshold: sound after a crash");
	}
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM fresh'), '320', 'with all rows');
$node->append_conf('postgresql.conf', 'wal_level = replica');
$node->restart;

# --- prepared transactions ------------------------------------------------------------------------

for my $round (1 .. 3)
{
	$node->safe_psql('postgres', <<'SQL');
UPDATE points SET note = 0;
INSERT INTO points (note, v) SELECT 0, some_vector(6) FROM generate_series(1, 100);
BEGIN;
INSERT INTO points (note, v) SELECT 1, some_vector(6) FROM generate_series(1, 200);
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 5);
PREPARE TRANSACTION 'rows kept';
BEGIN;
INSERT INTO points (note, v) SELECT 2, some_vector(6) FROM generate_series(1, 200);
-- Twins of rows that stay.
INSERT INTO points (note, v) SELECT 2, v FROM points WHERE note = 0 LIMIT 20;
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 5);
PREPARE TRANSACTION 'rows undone';
BEGIN;
DELETE FROM points WHERE id % 10 = 1;
UPDATE points SET v = some_vector(6), note = 3 WHERE id % 10 = 2;
PREPARE TRANSACTION 'changes kept';
BEGIN;
DELETE FROM points WHERE id % 10 = 3;
UPDATE points SET v = some_vector(6), note = 4 WHERE id % 10 = 4;
PREPARE TRANSACTION 'changes undone';
SQL
	my $changed = $node->safe_psql('postgres', 'SELECT count(*) FROM points WHERE id % 10 = 2');
	my $stay = $node->safe_psql('postgres', 'SELECT count(*) FROM points WHERE id % 10 <> 1');
	# In another order each round: merged, swept and recovered while nobody knows how they end.
	my @steps = (
		[ 'merge', sub { $node->safe_psql('postgres', 'SELECT omendb_merge(index) FROM omendb_indexes') } ],
		# To truncate the table it would wait for the prepared ones.
		[ 'vacuum', sub { $node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) points, wide') } ],
		[ 'crash', \&crash ]);
	push @steps, splice(@steps, 0, $round % 3);
	push @steps, $steps[0];
	my $name = join(', ', map { $_->[0] } @steps);
	$_->[1]->() for @steps;
	is_sound($node, "prepared, $name: sound");
	is(count_of('note > 0'), '0', "prepared, $name: nothing to be seen of them");
	$node->safe_psql('postgres', <<'SQL');
COMMIT PREPARED 'rows kept';
ROLLBACK PREPARED 'rows undone';
ROLLBACK PREPARED 'changes undone';
COMMIT PREPARED 'changes kept';
SQL
	is_sound($node, "prepared, $name, ended: sound");
	is(join(' ', map { count_of("note = $_") } 0 .. 4), join(' ', $stay - $changed, 200, 0, $changed, 0),
		"prepared, $name, ended: every row that was kept, and no other");
	$steps[ $round % 3 ][1]->();
	is_sound($node, "prepared, $name, ended, $steps[$round % 3][0]: sound");
	$node->safe_psql('postgres', 'DELETE FROM points WHERE id < (SELECT max(id) FROM points) - 1000');
}

# --- subtransactions ------------------------------------------------------------------------------

# More than the 64 that a backend shows to others, nested, with merges and searches in those that are undone.
my ($status, $out, $err) = $node->psql('postgres', <<'SQL');
UPDATE points SET note = 0;
DO $$
DECLARE
	kept int := 0;
	nearest float8;
	mine vector;
BEGIN
	FOR i IN 1 .. 300 LOOP
		BEGIN
			mine := random_vector(6);
			INSERT INTO points (note, v) VALUES (5, mine), (5, grid_vector(6));
			BEGIN
				INSERT INTO points (note, v) VALUES (6, some_vector(6));
				UPDATE points SET v = some_vector(6) WHERE id % 100 = i % 100;
				IF i % 40 = 0 THEN
					PERFORM omendb_merge(index) FROM omendb_indexes;
				END IF;
				RAISE 'inner';
			EXCEPTION WHEN raise_exception THEN
			END;
			SELECT v <-> mine INTO nearest FROM points ORDER BY v <-> mine LIMIT 1;
			IF nearest IS DISTINCT FROM 0 THEN
				RAISE invalid_parameter_value USING MESSAGE = format('own row is not found, but one at %s', nearest);
			END IF;
			IF i % 3 = 0 THEN
				RAISE 'outer';
			END IF;
			kept := kept + 2;
		EXCEPTION WHEN raise_exception THEN
		END;
	END LOOP;
	IF kept <> 400 THEN
		RAISE 'kept %', kept;
	END IF;
END $$;
SQL
is($err, '', 'subtransactions undone, in a loop');
is(count_of('note = 5') . ' ' . count_of('note = 6'), '400 0', 'what they inserted is gone, and the rest is there');
is_sound($node, 'subtransactions: sound');

# Savepoints; a cursor that outlives them; indexes made and undone between, and problems() in the same session.
my $script = "BEGIN;\nDECLARE c CURSOR FOR SELECT id FROM points ORDER BY v <-> '[0,0,0,0,0,0]';\nFETCH 5 FROM c;\n";
for my $i (1 .. 100)
{
	$script .= "SAVEPOINT a$i;\nINSERT INTO points (note, v) SELECT 7, some_vector(6) FROM generate_series(1, 5);\n";
	$script .= "SELECT omendb_merge('points_l2');\n" if $i % 10 == 0;
	$script .= "ROLLBACK TO a$i;\n" if $i % 2 == 0;
	$script .= "RELEASE a$i;\n" if $i % 3 == 0;
}
$script .= <<'SQL';
\echo all the rest
FETCH ALL FROM c;
\echo end
CLOSE c;
SAVEPOINT indexes;
CREATE INDEX another ON wide USING omendb (v vector_cosine_ops);
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 20);
SELECT problems();
REINDEX TABLE points;
ROLLBACK TO indexes;
SELECT problems();
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 20);
SELECT problems();
ROLLBACK TO a98;
SELECT problems();
COMMIT;
SELECT problems();
SQL
my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM points');
($out, $err) = finish_psql(start_psql($node, $script));
is($err, '', 'savepoints, made and undone');
my ($fetched, $wrong) = $out =~ /all the rest\n(.*)end\n(.*)/s;
is($fetched =~ tr/\n//, $rows - 5, "a cursor goes on over savepoints and merges");
is($wrong, '', 'and in the same session every index is right after each');
# a1, a3 to a97; a98 was undone, and what came after it with it.
is(count_of('note = 7'), 5 * 49, 'half of the savepoints were kept');
is_sound($node, 'savepoints: sound');

# --- two databases --------------------------------------------------------------------------------

# The copy's indexes have the same numbers.
$node->safe_psql('postgres', 'CREATE DATABASE two TEMPLATE postgres');
is_sound($node, 'a copied database: sound', 'two');
for my $end ('crash', 'no crash')
{
	my %work = work_of(qw(insert merge vacuum));
	my %sessions = start_work($node, %work);
	$sessions{"$_ in two"} = start_psql($node, "SET application_name = 'work';\n" . $work{$_} x 2000, 'two') for sort keys %work;
	pump_work(1.5, values %sessions);
	crash() if $end eq 'crash';
	stop_work($node, "two databases, $end", %sessions);
	for my $database ('postgres', 'two')
	{
		$node->safe_psql($database, 'DELETE FROM points WHERE id % 3 = 0; DELETE FROM wide WHERE id % 3 > 0; DELETE FROM huge WHERE id % 9 > 0');
	}
	for my $database ('postgres', 'two')
	{
		is_sound($node, "two databases, $end: $database is sound", $database);
		$node->safe_psql($database, 'VACUUM');
		is_sound($node, "two databases, $end, vacuum: $database is sound", $database);
	}
}
$node->safe_psql('postgres', 'DROP DATABASE two');

# --- statements cancelled, sessions ended ---------------------------------------------------------

my @statements = (
	'INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 200)',
	'INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 1200)',
	'INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 5)',
	'INSERT INTO huge (v) VALUES (random_vector(16000))',
	'UPDATE points SET v = some_vector(6) WHERE random() < 0.05',
	'DELETE FROM points WHERE random() < 0.5',
	'DELETE FROM wide WHERE random() < 0.3',
	'SELECT omendb_merge(index) FROM omendb_indexes',
	"SELECT omendb_merge('points_l2')",
	'VACUUM (INDEX_CLEANUP ON) points',
	'VACUUM (INDEX_CLEANUP ON) wide',
	'SELECT problems(true)',
	'BEGIN; INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 100); SAVEPOINT s; '
	  . "SELECT omendb_merge('points_ip'); ROLLBACK TO s; COMMIT");

sub victim
{
	my ($count, @more) = @_;
	my @choice = (@statements, @more);
	my $text = "\\set ON_ERROR_STOP off\nSET application_name = 'victim';\n";
	for (1 .. $count)
	{
		$text .= 'SET statement_timeout = ' . (rand() < 0.3 ? 1 + int(rand(30)) : 0) . ";\n";
		$text .= $choice[ rand @choice ] . ";\n";
	}
	# The session itself is as good as a new one.
	return start_psql($node, $text
		  . "SET application_name = 'spared';\nROLLBACK;\nSET statement_timeout = 0;\nSELECT 'ended', problems(true);\nSELECT 'ended';\n");
}

# What is wrong in a victim's output. Savepoints and commits fail where their transaction did.
my %ends;
sub wrong_of
{
	my ($session) = @_;
	my ($said, $errors) = finish_psql($session);
	++$ends{$1} while $errors =~ /(statement timeout|user request|terminating background worker "parallel worker"|terminating connection)/g;
	return join("\n", grep { /PANIC|ERROR/ && !/statement timeout|user request|terminating background worker "parallel worker"|transaction is aborted|savepoint "s" does not exist/ }
		  split(/\n/, $errors), grep { /missing|LIMIT|not used|^ended\|./ } split(/\n/, $said));
}

my $cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim' ORDER BY random() LIMIT 1";
for my $round (1 .. $rounds)
{
	my @victims = map { victim(40) } 1 .. 2;
	while (grep { $_->{run}->pumpable } @victims)
	{
		pump_work(rand(0.06), @victims);
		$node->safe_psql('postgres', $cancel);
	}
	is(join('', map { wrong_of($_) } @victims), '', "cancelled, round $round: the sessions went on");
	is_sound($node, "cancelled, round $round: sound");
}
for my $round (1 .. 2 * $rounds)
{
	my $session = victim(200, 'REINDEX INDEX CONCURRENTLY points_ip', 'REINDEX INDEX points_cosine', 'VACUUM FULL wide');
	pump_work(0.1 + rand(0.4), $session);
	while ($session->{run}->pumpable)
	{
		$node->safe_psql('postgres', $cancel =~ s/cancel/terminate/r);
		pump_work(0.1, $session);
	}
	is(wrong_of($session), '', "ended, round $round: nothing else is wrong");
	drop_invalid($node);
	is_sound($node, "ended, round $round: sound");
	$node->safe_psql('postgres', 'DELETE FROM points WHERE id < (SELECT max(id) FROM points) - 1000');
}
for my $how ('statement timeout', 'user request', 'terminating connection')
{
	cmp_ok($ends{$how} // 0, '>=', 4, "$how: " . ($ends{$how} // 0));
}

# --- little memory --------------------------------------------------------------------------------

$node->safe_psql('postgres', <<'SQL');
ALTER SYSTEM SET work_mem = '64kB';
ALTER SYSTEM SET maintenance_work_mem = '1MB';
SELECT pg_reload_conf();
SQL
$node->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 2000);
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 20);
SELECT omendb_merge(index) FROM omendb_indexes;
DELETE FROM points WHERE id % 3 = 0;
DELETE FROM wide WHERE id % 3 = 0;
VACUUM points;
VACUUM wide;
REINDEX INDEX points_l2;
SQL
is_sound($node, 'sound with memory at its least');
my $all = "SET enable_seqscan = off;\nSET enable_sort = off;\nSET omendb.ef_search = 10;\n"
  . "SELECT count(*) FROM (SELECT id FROM points ORDER BY v <-> '[1,0,1,0,1,0]' OFFSET 0) AS x";
$rows = $node->safe_psql('postgres', 'SELECT count(*) FROM points');
($status, $out, $err) = $node->psql('postgres', "SET temp_file_limit = 0;\n$all", on_error_stop => 0);
like($err, qr/temporary file size exceeds "?temp_file_limit/, 'temp_file_limit ends a scan that sorts all rows');
is($node->safe_psql('postgres', "SET temp_file_limit = 0;\n" . $all =~ s/ OFFSET 0/ LIMIT 10/r), '10', 'but not LIMIT 10');
$node->safe_psql('postgres', <<'SQL');
SET temp_file_limit = 0;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 1000);
SELECT omendb_merge(index) FROM omendb_indexes;
DELETE FROM points WHERE id % 5 = 0;
VACUUM points;
SQL
is_sound($node, 'sound after merge and vacuum without temporary files');
has_recall($node, 0.95);
ok(!$node->log_contains(qr/PANIC|TRAP|was terminated by signal/), 'no process ended otherwise than asked');
$node->stop;
done_testing();
