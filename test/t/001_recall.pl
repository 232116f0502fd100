# Recall of the index on real words at default settings: built, half built and half inserted, built empty and
# all inserted, and after deletes and vacuum. The floors of
# LIMIT 10 and LIMIT 100 are one to two points below what was measured.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('recall');
words_of($node);
$node->safe_psql('postgres', 'CREATE TABLE asked AS SELECT v FROM words WHERE id % 100 = 7');
is($node->safe_psql('postgres', 'SELECT count(*) FROM words'), '10000', 'the words are loaded');

sub measure
{
	my ($operator, $name, $floor, $wide_floor) = @_;
	my ($recall, $wide) = recall_at_10_and_100($node, 'some_words', $operator, 'asked');
	cmp_ok($recall, '>=', $floor, "$operator, $name: recall of LIMIT 10 is $recall");
	cmp_ok($wide, '>=', $wide_floor, "$operator, $name: recall of LIMIT 100 is $wide");

	# LIMIT's rows come in the operator's order.
	my $disorder = $node->safe_psql('postgres', <<"SQL");
SET enable_seqscan = off;
SELECT count(*)
FROM asked, LATERAL (SELECT d < lag(d) OVER () AS wrong
	FROM (SELECT t.v $operator asked.v AS d FROM some_words t ORDER BY t.v $operator asked.v LIMIT 100) AS x) AS y
WHERE wrong;
SQL
	is($disorder, '0', "$operator, $name: LIMIT 100 in order");
	is( $node->safe_psql('postgres', "SELECT count(*) FROM omendb_check_index('some_words_v')"),
		'0', "$operator, $name: sound");
	return;
}

for my $class (['vector_cosine_ops', '<=>', 0.985, 0.975], ['vector_l2_ops', '<->', 0.985, 0.975], ['vector_ip_ops', '<#>', 0.975, 0.945])
{
	my ($name, $operator, @floors) = @$class;
	my $create = "CREATE INDEX some_words_v ON some_words USING omendb (v $name)";
	$node->safe_psql('postgres', "CREATE TABLE some_words AS SELECT id, v FROM words; $create");
	measure($operator, 'built', @floors);

	$node->safe_psql('postgres', <<"SQL");
SELECT setseed(0.5);
DELETE FROM some_words WHERE random() < 0.3;
VACUUM some_words;
SQL
	is(index_state($node, 'some_words_v', 'dead_nodes'), '0', "$operator: vacuum leaves no dead node");
	measure($operator, '30 % deleted and vacuumed', @floors);

	$node->safe_psql('postgres', <<"SQL");
DROP TABLE some_words;
CREATE TABLE some_words AS SELECT id, v FROM words WHERE id % 2 = 0;
$create;
INSERT INTO some_words SELECT id, v FROM words WHERE id % 2 = 1;
SQL
	measure($operator, 'half built and half inserted', @floors);
	$node->safe_psql('postgres', "SELECT omendb_merge('some_words_v')");
	is(index_state($node, 'some_words_v', 'delta_rows'), '0', "$operator: merged");
	measure($operator, 'half built and half merged', @floors);

	$node->safe_psql('postgres', <<"SQL");
DROP TABLE some_words;
CREATE TABLE some_words AS SELECT id, v FROM words LIMIT 0;
$create;
INSERT INTO some_words SELECT id, v FROM words ORDER BY hashint4(id);
SELECT omendb_merge('some_words_v');
SQL
	measure($operator, 'all inserted and merged', @floors);
	$node->safe_psql('postgres', 'DROP TABLE some_words');
}
$node->stop;
done_testing();
