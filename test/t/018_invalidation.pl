# What a session keeps of an index is gone whenever the catalog says that the index has changed, and that may be learned
# wherever a value that lies out of line is read: in the middle of an insert or a scan. Another session changes the
# indexes all the while. (No VACUUM: its snapshots keep no row of pg_class from being pruned, and of so many changes it
# may fail in the server itself to find one.)
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('invalidation', conf => "omendb.background_merge = off\n");
create_tables($node);
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE source (id serial PRIMARY KEY, v vector(700));
INSERT INTO source (v) SELECT random_vector(700) FROM generate_series(1, 400);
CREATE TABLE changing (id serial PRIMARY KEY, note int, v vector(700));
INSERT INTO changing (v) SELECT v FROM source;
CREATE INDEX changing_l2 ON changing USING omendb (v);
CREATE INDEX changing_l1 ON changing USING omendb (v vector_l1_ops);
CREATE INDEX changing_half ON changing USING omendb ((v::halfvec(700)) halfvec_cosine_ops);
SQL
my %sessions = start_work(
	$node,
	alter => join('', map { my $limit = $_; map { "ALTER INDEX changing_$_ SET (delta_limit = $limit);\n" } qw(l2 l1 half) } 1000, 2000),
	insert => <<'SQL',
INSERT INTO changing (v) SELECT v FROM source;
SELECT count(omendb_merge(index)) FROM omendb_indexes WHERE table_name = 'changing'::regclass;
DELETE FROM changing WHERE random() < 0.4;
SQL
	search => <<'SQL');
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT id FROM changing ORDER BY v <+> (SELECT v FROM source WHERE id = 7) LIMIT 300) AS x;
SELECT count(*) FROM (SELECT id FROM changing ORDER BY v <-> (SELECT v FROM source WHERE id = 8) LIMIT 300) AS x;
SELECT count(*) FROM (SELECT id FROM changing ORDER BY v::halfvec(700) <=> (SELECT v FROM source WHERE id = 9)::halfvec(700) LIMIT 300) AS x;
SQL
pump_work($ENV{OMENDB_SECONDS} // 10, values %sessions);
my %outputs = stop_work($node, 'changed all the while', %sessions);
my @found = $outputs{search} =~ /^(\d+)$/mg;
cmp_ok(scalar(@found), '>', 10, scalar(@found) . ' searches');
is(scalar(grep { $_ != 300 } @found), 0, 'each filled its LIMIT');
is($node->safe_psql('postgres', "SELECT count(*) FROM omendb_indexes, omendb_check_index(index)"),
	0, 'the indexes are sound');
$node->stop;
done_testing();
