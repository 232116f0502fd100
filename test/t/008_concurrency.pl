# Readers beside writers, mergers and vacuums: in every snapshot each index has exactly the rows of its table,
# LIMIT is filled and in order, and no error comes of pages that were freed or reused meanwhile.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

my $seconds = $ENV{OMENDB_SECONDS} // 25;
my $node = new_server('concurrency', conf => "omendb.delta_limit = 64kB\n");
create_tables($node);

# Twins of rows of wide and huge give back their cold records when they are merged.
my %work = (
	insert => <<'SQL',
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 40);
INSERT INTO points (v) SELECT v FROM points ORDER BY random() LIMIT 20;
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 2);
INSERT INTO wide (v) SELECT v FROM wide ORDER BY random() LIMIT 4;
INSERT INTO huge (v) SELECT v FROM huge ORDER BY random() LIMIT 2;
INSERT INTO huge (v) VALUES (random_vector(16000));
SQL
	change => <<'SQL',
UPDATE points SET v = some_vector(6) WHERE random() < 0.02;
UPDATE wide SET note = 1 WHERE random() < 0.1;
DELETE FROM points WHERE random() < 0.1;
DELETE FROM wide WHERE random() < 0.2;
DELETE FROM huge WHERE random() < 0.3;
SQL
	merge => "SELECT count(omendb_merge(index)) FROM omendb_indexes;\n",
	vacuum => <<'SQL',
VACUUM (INDEX_CLEANUP ON) points;
VACUUM (INDEX_CLEANUP ON) wide;
VACUUM (INDEX_CLEANUP ON) huge;
SQL
);
my $read = "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT problems(true);\nCOMMIT;\nSELECT 'compared';\n";
my $check = "SELECT index, c.* FROM omendb_indexes, omendb_check_index(index) AS c;\n";

my %sessions = map { $_ => start_psql($node, "SET application_name = 'work';\n" . $work{$_} x 2000) } keys %work;
my %readers = map { $_ => start_psql($node, "SET application_name = 'work';\n" . $read x 2000) } 1 .. 2;
$readers{check} = start_psql($node, "SET application_name = 'work';\n" . $check x 2000);
my $until = Time::HiRes::time() + $seconds;
while (Time::HiRes::time() < $until)
{
	for my $session (values %sessions, values %readers)
	{
		eval { $session->{run}->pump_nb };
	}
	Time::HiRes::sleep(0.2);
}
$node->safe_psql('postgres', "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'work'");
for my $name (sort keys %sessions)
{
	my ($out, $err) = finish_psql($sessions{$name});
	is(join("\n", grep { /ERROR|PANIC/ } split /\n/, $err), '', "$name: no error");
}
for my $name (sort keys %readers)
{
	my ($out, $err) = finish_psql($readers{$name});
	my $compared = () = $out =~ /^compared$/mg;
	my @wrong = grep { $_ ne 'compared' && $_ ne '' } split /\n/, $out;
	is(join("\n", grep { /ERROR|PANIC/ } split /\n/, $err), '', "reader $name: no error");
	is(join("\n", @wrong[ 0 .. ($#wrong < 5 ? $#wrong : 5) ]), '', "reader $name: every index as its table, $compared times");
	cmp_ok($compared, '>', 3, "reader $name: often enough") if $name ne 'check';
}
is_sound($node, 'sound at the end');
has_recall($node, 0.95);
$node->stop;
done_testing();
