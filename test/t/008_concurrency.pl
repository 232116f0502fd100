# Readers beside writers, mergers and vacuums: in every snapshot each index has exactly the rows of its table,
# LIMIT is filled and in order, and no error comes of pages that were freed or reused meanwhile.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{OMENDB_SECONDS} // 25;
my $node = new_server('concurrency', conf => "omendb.delta_limit = 64kB\n");
create_tables($node);

my $read = "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT problems(true);\nCOMMIT;\nSELECT 'compared';\n";
my $check = "SELECT index, c.* FROM omendb_indexes, omendb_check_index(index) AS c;\n";

my %writers = start_work($node, work_of(qw(insert change merge vacuum)));
my %readers = start_work($node, 1 => $read, 2 => $read, check => $check);
pump_work($seconds, values %writers, values %readers);
my %outputs = stop_work($node, 'stopped', %writers, %readers);
for my $name (sort keys %readers)
{
	my $compared = () = $outputs{$name} =~ /^compared$/mg;
	my @wrong = grep { $_ ne 'compared' && $_ ne '' } split /\n/, $outputs{$name};
	is(join("\n", @wrong[ 0 .. ($#wrong < 5 ? $#wrong : 5) ]), '', "reader $name: every index as its table, $compared times");
	cmp_ok($compared, '>', 3, "reader $name: often enough") if $name ne 'check';
}
is_sound($node, 'sound at the end');
has_recall($node, 0.95);
$node->stop;
done_testing();
