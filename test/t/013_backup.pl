# Copies of a running server, data checksums on. A base backup taken under inserts, changes, merges and vacuums is a
# server of its own; with the archive it comes up as the primary was at a restore point, or in the middle of a
# merge or a vacuum; a standby is promoted while the primary merges (OMENDB_ROUNDS=20 for as many). Each copy is sound
# and goes on.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server(
	'primary',
	streaming => 1,
	archiving => 1,
	extra => ['--data-checksums'],
	conf => "omendb.delta_limit = 64kB\n");
create_tables($primary);
is($primary->safe_psql('postgres', 'SHOW data_checksums'), 'on', 'data checksums are on');
# Rows that nobody changes, numbered by batch.
$primary->safe_psql('postgres', <<'SQL');
CREATE TABLE batches (id serial PRIMARY KEY, note int, v vector(6) NOT NULL);
CREATE INDEX batches_l2 ON batches USING omendb (v);
SQL

sub add_batch
{
	my ($number) = @_;
	$primary->safe_psql('postgres',
		"INSERT INTO batches (note, v) SELECT $number, some_vector(6) FROM generate_series(1, 500)");
	return;
}

# A server made of the backup: a standby (streaming), or as archive and settings say, or its own WAL alone.
sub copy_of_primary
{
	my ($name, %options) = @_;
	my $copy = PostgreSQL::Test::Cluster->new($name);
	$copy->init_from_backup(
		$primary, $options{backup} // 'base',
		has_streaming => $options{streaming} // 0,
		has_restoring => $options{target} ? 1 : 0,
		standby => 0);
	$copy->append_conf('postgresql.conf', "archive_mode = off\n");
	$copy->append_conf('postgresql.conf', "recovery_target_action = promote\n$options{target}\n") if $options{target};
	$copy->start;
	$copy->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'recovery does not end'
	  unless $options{streaming};
	return $copy;
}

# Tests: it is sound, goes on, and its pages have the right checksums.
sub goes_on
{
	my ($copy, $name) = @_;
	is_sound($copy, "$name: sound");
	$copy->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 100);
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 3);
SELECT omendb_merge(index) FROM omendb_indexes;
DELETE FROM points WHERE id % 3 = 0;
DELETE FROM wide WHERE id % 3 = 0;
VACUUM points;
VACUUM wide;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 100);
SQL
	is_sound($copy, "$name: sound after inserts, merges and vacuums");
	$copy->stop;
	command_ok([ 'pg_checksums', '--check', '-D', $copy->data_dir ], "$name: checksums");
	return;
}

# --- a base backup under work ---------------------------------------------------------------------

my %sessions = start_work($primary, work_of(qw(insert change merge vacuum)));
pump_work(1, values %sessions);
my $before = $primary->safe_psql('postgres', 'SELECT max(id) FROM points');
# Slowly, so that much happens between its first file and its last.
$primary->backup('base', backup_options => ['--max-rate=15M']);
my $written = $primary->safe_psql('postgres', 'SELECT max(id) FROM points') - $before;
cmp_ok($written, '>', 100, "$written rows of points were written during the backup");
goes_on(copy_of_primary('alone'), 'base backup');

# --- restore points -------------------------------------------------------------------------------

# One while the sessions go on, one when all is quiet.
add_batch(1);
$primary->safe_psql('postgres', "SELECT pg_create_restore_point('under work')");
add_batch(2);
pump_work(1, values %sessions);
my %outputs = stop_work($primary, 'primary', %sessions);
my $merges = () = $outputs{merge} =~ /^\d+$/mg;
cmp_ok($merges, '>', 0, "$merges rounds of merges meanwhile");
is_sound($primary, 'primary: sound');
add_batch(3);
# Answers change when rows go from the delta to the graph. Without a delta past its limit no worker does that.
$primary->safe_psql('postgres', 'SELECT omendb_merge(index) FROM omendb_indexes; '
	  . 'INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 50)');
my $answers = answers_of($primary);
$primary->safe_psql('postgres', "SELECT pg_create_restore_point('between')");
add_batch(4);
$primary->safe_psql('postgres', <<'SQL');
DELETE FROM batches WHERE note = 1;
DELETE FROM points WHERE id % 2 = 0;
SELECT omendb_merge(index) FROM omendb_indexes;
VACUUM batches;
VACUUM points;
REINDEX INDEX points_ip;
DROP INDEX points_cosine;
SQL

# --- places in the middle of a merge --------------------------------------------------------------

# What a statement writes to the log, from and to.
sub wal_of
{
	my ($statement) = @_;
	my $from = $primary->lsn('insert');
	$primary->safe_psql('postgres', $statement);
	return ($from, $primary->lsn('insert'));
}
# A worker that has merged stays for a while, and would merge what these statements are to merge.
$primary->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'omendb merge'")
  or die 'workers do not leave';
my %middle;
$primary->safe_psql('postgres', "SET omendb.delta_limit = '64MB'; "
	  . 'INSERT INTO points (v) SELECT random_vector(6) FROM generate_series(1, 2000)');
$middle{'a merge by building'} = [ wal_of("SELECT omendb_merge('points_l2')") ];
$primary->safe_psql('postgres', 'INSERT INTO points (v) SELECT random_vector(6) FROM generate_series(1, 50)');
$middle{'a merge row by row'} = [ wal_of("SELECT omendb_merge('points_l2')") ];
$primary->safe_psql('postgres', 'DELETE FROM points WHERE id % 5 = 0');
$primary->safe_psql('postgres', "SELECT omendb_merge('points_ip')");
$middle{'a vacuum'} = [ wal_of('VACUUM (INDEX_CLEANUP ON) points') ];

my $end = $primary->safe_psql('postgres', 'SELECT pg_walfile_name(pg_switch_wal())');
$primary->poll_query_until('postgres', "SELECT last_archived_wal >= '$end' FROM pg_stat_archiver")
  or die 'the log is not archived';

# Each batch's rows, by the table and by its index.
sub batches_of
{
	my ($node) = @_;
	return $node->safe_psql('postgres', <<'SQL');
SELECT note, count(*) FROM batches GROUP BY 1 ORDER BY 1;
SET enable_seqscan = off;
SET enable_sort = off;
SELECT string_agg(note || ':' || count, ' ') FROM (SELECT note, count(*) FROM
	(SELECT note FROM batches ORDER BY v <-> '[0,0,0,0,0,0]' OFFSET 0) AS x GROUP BY 1 ORDER BY 1) AS y;
SQL
}

my $copy = copy_of_primary('under_work', target => "recovery_target_name = 'under work'");
is(batches_of($copy), "1|500\n1:500", 'restored to a point under work: what was there before it, and no more');
goes_on($copy, 'restored to a point under work');
$copy = copy_of_primary('between', target => "recovery_target_name = 'between'");
is(batches_of($copy), "1|500\n2|500\n3|500\n1:500 2:500 3:500", 'restored between two batches: as it was');
is(answers_of($copy), $answers, 'restored between two batches: answers as the primary did');
goes_on($copy, 'restored between two batches');

for my $what (sort keys %middle)
{
	my ($from, $to) = @{ $middle{$what} };
	my $lsn = $primary->safe_psql('postgres', "SELECT '$from'::pg_lsn + ('$to'::pg_lsn - '$from'::pg_lsn) / 2");
	$copy = copy_of_primary($what =~ tr/ /_/r, target => "recovery_target_lsn = '$lsn'");
	my ($joining, $dead, $delta) = split /\|/,
	  $copy->safe_psql('postgres', 'SELECT sum(joining_nodes), sum(dead_nodes), sum(delta_rows) '
		  . "FROM (VALUES ('points_l2'::regclass), ('points_ip')) AS i, omendb_index_info(i.column1)");
	my $cut = $what eq 'a vacuum' ? $dead > 0 : $joining > 0 || $delta > 0;
	ok($cut, "restored to the middle of $what: $joining joining nodes, $dead dead ones, $delta rows in the delta");
	goes_on($copy, "restored to the middle of $what");
}

# --- promotion while the primary merges -----------------------------------------------------------

for my $round (1 .. $ENV{OMENDB_ROUNDS} // 1)
{
	$primary->safe_psql('postgres', 'DELETE FROM wide WHERE id % 2 = 0; DELETE FROM huge WHERE id % 2 = 0');
	$primary->backup("again$round");
	my $standby = copy_of_primary("standby$round", backup => "again$round", streaming => 1);
	%sessions = start_work($primary, work_of(qw(insert change merge vacuum)));
	pump_work(0.5 + rand(1), values %sessions);
	$standby->promote;
	$standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'promotion does not end';
	stop_work($primary, "promotion $round", %sessions);
	goes_on($standby, "promoted, $round");
}
is_sound($primary, 'primary: sound at the end');
$primary->stop;
command_ok([ 'pg_checksums', '--check', '-D', $primary->data_dir ], 'primary: checksums');
done_testing();
