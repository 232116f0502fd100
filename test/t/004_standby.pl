# A streaming standby answers as its primary does: while the primary inserts, merges, vacuums and builds, and
# after it has caught up; promoted, it goes on as a primary.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server('primary', streaming => 1, conf => "omendb.delta_limit = 64kB\n");
create_tables($primary);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = 60s\nhot_standby_feedback = on\n");
$standby->start;

sub same_answers
{
	my ($name) = @_;
	# Up to what was committed, which is not all written yet: synchronous_commit is off.
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	my $here = answers_of($primary);
	my $there = answers_of($standby);
	cmp_ok(length($here), '>', 1000, "$name: the primary answers");
	is($there, $here, "$name: the standby answers as the primary");
	# The merge right is a lock that a standby grants too.
	is_sound($standby, "$name: the standby's indexes are sound");
	return;
}
same_answers('built before the backup');

$primary->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 200);
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 10);
INSERT INTO huge (v) SELECT random_vector(16000) FROM generate_series(1, 3);
SQL
same_answers('inserted');
$primary->safe_psql('postgres', 'SELECT omendb_merge(index) FROM omendb_indexes');
same_answers('merged');
$primary->safe_psql('postgres', <<'SQL');
DELETE FROM points WHERE id % 3 = 0;
UPDATE points SET v = some_vector(6) WHERE id % 7 = 0;
DELETE FROM wide WHERE id % 3 = 0;
DELETE FROM huge WHERE id % 3 = 0;
VACUUM points;
VACUUM wide;
VACUUM huge;
SQL
same_answers('vacuumed');
$primary->safe_psql('postgres', <<'SQL');
REINDEX INDEX points_l2;
REINDEX INDEX CONCURRENTLY points_ip;
SET maintenance_work_mem = '1MB';
REINDEX INDEX points_cosine;
REINDEX TABLE wide;
CREATE TABLE later (id serial, note int, v vector(6));
CREATE INDEX later_l2 ON later USING omendb (v);
INSERT INTO later (v) SELECT some_vector(6) FROM generate_series(1, 200);
SQL
same_answers('rebuilt, and one built empty');

# Members of a build log the pages that they fill. Nothing but the log has them on the standby, and after a crash.
my $from = -s $primary->logfile;
$primary->safe_psql('postgres', <<'SQL');
SET log_min_messages = debug1;
SET omendb.background_merge = off;
ALTER TABLE points SET (parallel_workers = 2);
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 3000);
REINDEX INDEX points_l2;
REINDEX INDEX points_ip;
SELECT omendb_merge('points_cosine');
SQL
my $log = PostgreSQL::Test::Utils::slurp_file($primary->logfile);
like(substr($log, $from), qr/building index "points_l2" with [12] parallel workers/, 'built by several');
like(substr($log, $from), qr/merged \d+ rows into \d+ nodes of index "points_cosine" by building/, 'merged by building');
same_answers('built by several, and merged by building');
$primary->stop('immediate');
$primary->start;
is_sound($primary, 'and after a crash: sound');
same_answers('after a crash');
$primary->safe_psql('postgres', 'DELETE FROM points WHERE id % 10 > 1; VACUUM points');

# Under way: in each of the standby's snapshots every index has the rows of its table.
my $script = <<'SQL' x 25;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 60);
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 3);
UPDATE points SET v = some_vector(6) WHERE random() < 0.05;
DELETE FROM points WHERE random() < 0.1;
DELETE FROM wide WHERE random() < 0.1;
SELECT count(omendb_merge(index)) FROM omendb_indexes;
VACUUM (INDEX_CLEANUP ON) points;
VACUUM (INDEX_CLEANUP ON) wide;
SQL
my $writer = start_psql($primary, $script);
my @wrong;
my $compared = 0;
while ($writer->{run}->pumpable)
{
	my ($status, $out, $err) = $standby->psql('postgres',
		"BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT problems(true);\nCOMMIT;", timeout => 120);
	push @wrong, $out . $err if $out ne '' || $status != 0 && $err !~ /conflict with recovery/;
	++$compared;
	$writer->{run}->pump_nb;
	last if !grep { !defined $_->{RESULT} && $_->{PID} && kill(0, $_->{PID}) } @{ $writer->{run}{KIDS} };
}
my ($out, $err) = finish_psql($writer);
is($err, '', 'the primary wrote all the while');
is(join("\n", @wrong), '', "the standby was right $compared times meanwhile");
cmp_ok($compared, '>=', 5, 'and was asked often enough');
same_answers('after writing');

$primary->stop('immediate');
$standby->promote;
is_sound($standby, 'promoted: sound');
$standby->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 100);
SELECT omendb_merge('points_l2');
DELETE FROM points WHERE id % 2 = 0;
VACUUM points;
SQL
is_sound($standby, 'promoted: sound after insert, merge and vacuum');
$standby->stop;
done_testing();
