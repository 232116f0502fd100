# Every failure point of a build with DEBUG=1, as an error and as a kill -9 just after the point's WAL record
# reached disk: nothing is lost, the index is sound at once, and merge and vacuum finish what was begun.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

# No worker takes rows that a session is to merge.
my $node = new_server('failure', conf => "omendb.background_merge = off\n");
if (!is_debug_build($node))
{
	$node->stop;
	plan skip_all => 'failure points need a build with DEBUG=1';
}
create_tables($node);
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION omendb_failure_points() RETURNS text AS '$libdir/omendb' LANGUAGE c;
CREATE TABLE fresh (id serial PRIMARY KEY, note int, v vector(6) NOT NULL);
CREATE INDEX fresh_l2 ON fresh USING omendb (v vector_l2_ops);
SQL

# Statements that between them reach every point. Twins of one vector fill a node's inline TIDs, then chains
# of segments; rows deleted while in the delta, in nodes and in chains; entries die; cold records come and go.
my $exercise = <<'SQL';
TRUNCATE fresh;
INSERT INTO fresh (v) SELECT random_vector(6) FROM generate_series(1, 3);
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 300);
INSERT INTO points (v, note) SELECT '[0.1,0.2,0.3,0.4,0.5,0.6]', 7 FROM generate_series(1, 70);
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 12);
INSERT INTO wide (v) SELECT v FROM wide ORDER BY id LIMIT 2;
INSERT INTO huge (v) SELECT random_vector(16000) FROM generate_series(1, 2);
INSERT INTO huge (v) SELECT v FROM huge ORDER BY id LIMIT 1;
SELECT omendb_merge(index) FROM omendb_indexes;
INSERT INTO points (v, note) SELECT random_vector(6), 8 FROM generate_series(1, 20);
DELETE FROM points WHERE note = 8 AND id % 2 = 0 OR note = 7 AND id % 8 < 7 OR note IS NULL AND random() < 0.4;
DELETE FROM wide WHERE random() < 0.4;
DELETE FROM huge WHERE random() < 0.4;
VACUUM points;
VACUUM wide;
VACUUM huge;
UPDATE points SET v = '[0.1,0.2,0.3,0.4,0.5,0.6]' WHERE note = 8;
DELETE FROM points WHERE note = 7;
VACUUM points;
INSERT INTO points (v) SELECT v FROM points ORDER BY id LIMIT 20;
SELECT omendb_merge('points_l2');
REINDEX INDEX fresh_l2;
SQL

# Runs the exercise to the point, again when random rows missed it. Returns whether it was reached.
sub fail_at
{
	for (1 .. 5)
	{
		return 1 if try_to_fail_at(@_);
	}
	return 0;
}

sub try_to_fail_at
{
	my ($point, $action, $after) = @_;
	my ($status, $out, $err) = $node->psql('postgres',
		"SET omendb.failure_point = '$point'; SET omendb.failure_action = '$action'; "
		  . "SET omendb.failure_after = $after;\n$exercise",
		on_error_stop => 1, timeout => 120);
	if ($action eq 'kill')
	{
		wait_until_up($node);
		return $status == 2;
	}
	return $err =~ /failure point "\Q$point\E" reached/;
}

sub finish_and_check
{
	my ($what) = @_;
	is_sound($node, "$what: sound after it");
	$node->safe_psql('postgres', <<'SQL');
SELECT omendb_merge(index) FROM omendb_indexes WHERE random() < 0.5;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 10);
VACUUM points;
VACUUM wide;
VACUUM huge;
VACUUM fresh;
SQL
	is_sound($node, "$what: sound after merge and vacuum");
	$node->safe_psql('postgres', <<'SQL');
DELETE FROM points WHERE id < (SELECT max(id) FROM points) - 400;
DELETE FROM wide WHERE id < (SELECT max(id) FROM wide) - 20;
DELETE FROM huge WHERE id < (SELECT max(id) FROM huge) - 6;
SQL
	return;
}

my @points = split /\n/, $node->safe_psql('postgres', 'SELECT omendb_failure_points()');
cmp_ok(scalar @points, '>', 20, 'failure points are known');
my $faults = 0;
for my $point (@points)
{
	for my $action ('error', 'kill')
	{
		# The second time and later ones are met in the middle of a statement's work.
		my @times = $point =~ /^(edge|repair|join|vacuum)/ ? (1, 1 + int(rand(6))) : (1);
		for my $after (@times)
		{
			my $what = "$point, $action, time $after";
			ok(fail_at($point, $action, $after) || $after > 1, "$what: reached");
			++$faults;
			finish_and_check($what);
		}
	}
}


# An error after each record of a merge and of a vacuum. After an unfinished vacuum, vectors that died come
# back: their nodes are dead, linked or not, and may not come alive half linked.
sub exhaust
{
	my ($statement, $between) = @_;
	$node->safe_psql('postgres', <<'SQL');
DELETE FROM points;
VACUUM points;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 90);
VACUUM points;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 50);
INSERT INTO points (v) SELECT v FROM points LIMIT 12;
TRUNCATE gone;
INSERT INTO gone SELECT v FROM points WHERE id % 3 = 0;
DELETE FROM points WHERE id % 3 = 0;
SQL
	my $records = 0;
	my @wrong;
	for (my $after = 1; $after < 2000; ++$after)
	{
		my ($status, $out, $err) = $node->psql('postgres',
			"SET omendb.failure_point = 'wal record'; SET omendb.failure_after = $after;\n$statement");
		last if $status == 0;
		++$records;
		push @wrong, "after $after: ", problems($node) if $records % ($between ? 3 : 7) == 0;
		next unless $between;
		$node->safe_psql('postgres', $between);
		push @wrong, "between, after $after: ", problems($node);
	}
	@wrong = () unless grep { $_ ne '' && !/after \d+: $/ } @wrong;
	cmp_ok($records, '>', 5, "$statement: an error after each record ($records)");
	is(join(' ', @wrong), '', "$statement: sound after them");
	is_sound($node, "$statement: sound at the end");
	$faults += $records;
	return;
}
$node->safe_psql('postgres', 'CREATE TABLE gone (v vector(6))');
exhaust("SELECT omendb_merge('points_l2')");
exhaust('VACUUM points');
exhaust('VACUUM points', <<'SQL');
INSERT INTO points (v) SELECT v FROM gone ORDER BY random() LIMIT 2;
DELETE FROM points WHERE id = (SELECT min(id) FROM points);
SELECT omendb_merge(index) FROM omendb_indexes WHERE table_name = 'points'::regclass;
SQL
# A merge of many rows, which is a build: begun each time with as many new ones, and twins of old and new.
exhaust("SELECT omendb_merge('points_l2')", <<'SQL');
DELETE FROM points WHERE id < (SELECT max(id) FROM points) - 60;
VACUUM points;
INSERT INTO points (v) SELECT random_vector(6) FROM generate_series(1, 66);
INSERT INTO points (v) SELECT v FROM points ORDER BY random() LIMIT 8;
SQL
# A merge empties a delta page that an insert has found full, before the insert puts a new page behind it.
$node->safe_psql('postgres', 'DELETE FROM points; VACUUM points; SELECT omendb_merge(index) FROM omendb_indexes');
my $insert = start_psql($node, <<'SQL');
SET omendb.failure_point = 'insert: delta page found full';
SET omendb.failure_action = 'pause';
SET omendb.failure_after = 4;
INSERT INTO points (v) SELECT random_vector(6) FROM generate_series(1, 2000);
SQL
my ($merge_status, $merge_out, $merge_err) = (0, '', '');
for (1 .. 40)
{
	($merge_status, $merge_out, $merge_err) = $node->psql('postgres',
		"SET statement_timeout = '20s'; SELECT omendb_merge(index) FROM omendb_indexes WHERE table_name = 'points'::regclass");
	last if $merge_status != 0;
	Time::HiRes::sleep(0.05);
}
is($merge_err, '', 'merges beside an insert that waits before it adds a delta page');
my ($insert_out, $insert_err) = finish_psql($insert);
is($insert_err, '', 'and the insert');
is_sound($node, 'sound after them');

# Large merges by building, cut off while they write lists, then completed: lists that are full take anchors, both of
# edges that they hold already and of new ones.
my $cuts = 0;
for my $round (1 .. $ENV{OMENDB_ROUNDS} // 6)
{
	my $script = <<'SQL';
TRUNCATE points;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 1200);
REINDEX TABLE points;
SET omendb.delta_limit = '64MB';
INSERT INTO points (v) SELECT random_vector(6) FROM generate_series(1, 2000);
SET omendb.failure_point = 'bulk merge: lists written';
SET omendb.failure_action = 'error';
SQL
	for my $index ('points_l2', 'points_ip', 'points_cosine')
	{
		$script .= 'SET omendb.failure_after = ' . (80 + int(rand(240))) . ";\nSELECT omendb_merge('$index');\n";
	}
	my ($status, $out, $err) = $node->psql('postgres', $script, on_error_stop => 0);
	my $cut = () = $err =~ /failure point "bulk merge: lists written" reached/g;
	$faults += $cut;
	$cuts += $cut;
	$node->safe_psql('postgres', 'INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 100); '
		  . 'SELECT omendb_merge(index) FROM omendb_indexes');
	is_sound($node, "large merges, round $round: completed and sound");
}
cmp_ok($cuts, '>', 0, "$cuts large merges were cut off");

# The same cut off after any of their records, by an error or kill -9; what was begun may be cut off again while it is
# completed or taken back.
my ($cut_anywhere, $cut_again) = (0, 0);
for my $round (1 .. $ENV{OMENDB_ROUNDS} // 12)
{
	my ($index) = (qw(points_l2 points_ip points_cosine wide_l2))[$round % 4];
	my $action = $round % 3 == 0 ? 'kill' : 'error';
	my ($table, $dims, $old, $new) = $index eq 'wide_l2' ? ('wide', 2048, 60, 80) : ('points', 6, 900, 900);
	$node->safe_psql('postgres', <<"SQL");
TRUNCATE $table;
INSERT INTO $table (v) SELECT random_vector($dims) FROM generate_series(1, $old);
REINDEX TABLE $table;
DELETE FROM $table WHERE id % 20 = 0;
VACUUM $table;
SET omendb.delta_limit = '64MB';
INSERT INTO $table (v) SELECT random_vector($dims) FROM generate_series(1, $new);
INSERT INTO $table (v) SELECT v FROM $table ORDER BY random() LIMIT $new / 10;
SQL
	my $records = $index eq 'wide_l2' ? 300 : 700;
	for my $again (0, 1)
	{
		my ($status, $out, $err) = $node->psql('postgres',
			"SET omendb.failure_point = 'wal record'; SET omendb.failure_action = '$action'; "
			  . 'SET omendb.failure_after = ' . (1 + int(rand($again ? $records / 3 : $records)))
			  . "; SELECT omendb_merge('$index')");
		wait_until_up($node) if $action eq 'kill';
		last if $status == 0;
		++($again ? $cut_again : $cut_anywhere);
		++$faults;
		is_sound($node, "merge into $index, round $round, cut off by $action" . ($again ? ' again' : ''));
	}
	$node->safe_psql('postgres', "SELECT omendb_merge('$index')");
	is_sound($node, "merge into $index, round $round: completed");
}
cmp_ok($cut_anywhere, '>', 0, "$cut_anywhere merges were cut off, $cut_again of them twice");

note("$faults faults");
has_recall($node, 0.95);
$node->stop;
done_testing();
