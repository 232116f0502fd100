# A disk that is full: files may not grow past a limit (RLIMIT_FSIZE, put upon the running server's processes).
# Builds, inserts, merges and vacuums end with an error, and once there is room everything goes on.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'needs prlimit of util-linux' if system('prlimit --version >/dev/null 2>&1') != 0;

# WAL files have to stay below the limit too.
my $node = new_server('full', extra => ['--wal-segsize=1'], conf => "max_wal_size = 64MB\nomendb.delta_limit = 64kB\n");
create_tables($node);
my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];

# The limit holds for backends started from now on.
sub limit_files
{
	my ($bytes) = @_;
	system('prlimit', '--pid', $postmaster, "--fsize=$bytes:") == 0 or die 'prlimit failed';
	return;
}

# Index points_l2 grows first: the table's rows are small.
my $limit = 2 * 1024 * 1024;
limit_files($limit);
my $refused = 0;
for my $round (1 .. 60)
{
	my ($status, $out, $err) = $node->psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 100);
SQL
	if ($status != 0)
	{
		++$refused;
		like($err, qr/could not (extend|write)|File too large/, "insert $round: refused");
		last if $refused == 4;
	}
}
is($refused, 4, 'inserts are refused once there is no room');
is_sound($node, 'sound after refused inserts');
for my $statement ("SELECT omendb_merge('points_l2')", 'REINDEX INDEX points_l2', 'REINDEX TABLE points',
	'VACUUM (INDEX_CLEANUP ON) points', 'CREATE INDEX another ON points USING omendb (v)')
{
	my ($status, $out, $err) = $node->psql('postgres', $statement);
	note("$statement: " . ($status == 0 ? 'done' : $err));
	$node->psql('postgres', 'DROP INDEX IF EXISTS another');
	is_sound($node, "sound after $statement");
}
$node->safe_psql('postgres', 'DELETE FROM points WHERE id % 2 = 0');
my ($status, $out, $err) = $node->psql('postgres', 'VACUUM (INDEX_CLEANUP ON) points');
note("vacuum: $err");
is_sound($node, 'sound after vacuum');

# A crash with the disk full.
$node->psql('postgres', 'INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 3000)');
$node->stop('immediate');
$node->start;
is_sound($node, 'there is room: sound');
$node->safe_psql('postgres', <<'SQL');
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 300);
SELECT omendb_merge('points_l2');
VACUUM points;
SQL
is_sound($node, 'there is room: sound after insert, merge and vacuum');
$node->stop;
done_testing();
