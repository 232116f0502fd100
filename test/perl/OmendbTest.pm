# What the TAP tests share: servers with the extension, tables of random vectors, and the comparison of every
# index with its table.
package OmendbTest;

use strict;
use warnings;

use Exporter 'import';
use File::Temp 'tempfile';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

our @EXPORT = qw(new_server create_tables problems is_sound is_debug_build kill_backend drop_invalid
  wait_until_up start_psql finish_psql work_of start_work pump_work stop_work answers_of index_state words_of
  has_recall recall_at_10_and_100 memory_of team_memory_of);

# A running server with the extension; streaming => 1 for wal_level replica, without which a build logs nothing,
# archiving => 1, extra => [options of initdb], conf => settings. PostgreSQL::Test::Cluster switches
# restart_after_crash off; here it is on, for a killed backend is what users meet.
sub new_server
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(
		allows_streaming => $options{streaming} // 0,
		has_archiving => $options{archiving} // 0,
		extra => $options{extra} // []);
	$node->append_conf('postgresql.conf', <<"TEXT");
autovacuum = off
jit = off
restart_after_crash = on
max_connections = 20
shared_buffers = 32MB
max_wal_size = 512MB
synchronous_commit = off
log_checkpoints = off
log_statement = none
TEXT
	$node->append_conf('postgresql.conf', $options{conf}) if $options{conf};
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION omendb');
	return $node;
}

# The tables of the crash tests:
#   points  vector(6), with an index of each class; a third of its rows lie on a grid and so have twins
#   wide    vector(2048): own codes have a cold part
#   huge    vector(16000): the cold part spans pages
# and problems(), which compares all omendb indexes with their tables. It returns a line for each thing that
# is wrong and notes recall of LIMIT 10 in the table recall.
sub create_tables
{
	my ($node) = @_;
	$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION random_vector(dims int) RETURNS vector LANGUAGE sql VOLATILE AS
	$$ SELECT array_agg((random() * 2 - 1)::real)::vector FROM generate_series(1, dims) $$;
CREATE FUNCTION grid_vector(dims int) RETURNS vector LANGUAGE sql VOLATILE AS
	$$ SELECT array_agg(round(random() * 1.4 - 0.2)::real)::vector FROM generate_series(1, dims) $$;
CREATE FUNCTION some_vector(dims int) RETURNS vector LANGUAGE sql VOLATILE AS
	$$ SELECT CASE WHEN random() < 0.33 THEN grid_vector(dims) ELSE random_vector(dims) END $$;

CREATE TABLE points (id serial PRIMARY KEY, note int, v vector(6) NOT NULL);
CREATE TABLE wide (id serial PRIMARY KEY, note int, v vector(2048) NOT NULL);
CREATE TABLE huge (id serial PRIMARY KEY, note int, v vector(16000) NOT NULL);
ALTER TABLE wide ALTER v SET STORAGE EXTERNAL;
ALTER TABLE huge ALTER v SET STORAGE EXTERNAL;
INSERT INTO points (v) SELECT some_vector(6) FROM generate_series(1, 300);
INSERT INTO wide (v) SELECT random_vector(2048) FROM generate_series(1, 20);
INSERT INTO huge (v) SELECT random_vector(16000) FROM generate_series(1, 5);
CREATE INDEX points_l2 ON points USING omendb (v vector_l2_ops);
CREATE INDEX points_ip ON points USING omendb (v vector_ip_ops);
CREATE INDEX points_cosine ON points USING omendb (v vector_cosine_ops);
CREATE INDEX wide_l2 ON wide USING omendb (v vector_l2_ops);
CREATE INDEX huge_ip ON huge USING omendb (v vector_ip_ops);
CREATE TABLE recall (index text, hits bigint, wanted bigint);

-- Every valid omendb index, its table, operator and dimensions.
CREATE VIEW omendb_indexes AS
	SELECT i.indexrelid::regclass AS index, i.indrelid::regclass AS table_name,
		a.atttypmod AS dims, o.oprname AS operator
	FROM pg_index i
		JOIN pg_class c ON c.oid = i.indexrelid
		JOIN pg_am am ON am.oid = c.relam AND am.amname = 'omendb'
		JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = 1
		JOIN pg_opclass oc ON oc.oid = i.indclass[0]
		JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amopstrategy = 1
		JOIN pg_operator o ON o.oid = ao.amopopr
	WHERE i.indisvalid
	ORDER BY 1;

CREATE FUNCTION problems(compare_only boolean DEFAULT false) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	i record;
	query vector;
	all_rows text;
	top_rows text;
	plan text;
	truth int[];
	found int[];
	near float8[];
	exact float8[];
	hits bigint;
BEGIN
	FOR i IN SELECT * FROM omendb_indexes LOOP
		IF NOT compare_only THEN
			RETURN QUERY SELECT format('%s: block %s: %s: %s', i.index, block, invariant, problem)
				FROM omendb_check_index(i.index) LIMIT 5;
		END IF;
		query := random_vector(i.dims);
		all_rows := format('SELECT array_agg(id) FROM (SELECT id FROM %s ORDER BY v %s $1) AS x',
			i.table_name, i.operator);
		top_rows := format('SELECT array_agg(d) FROM (SELECT v %2$s $1 AS d FROM %1$s '
			'ORDER BY v %2$s $1 LIMIT 10) AS x', i.table_name, i.operator);

		PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true),
			set_config('enable_indexscan', 'on', true);
		FOR plan IN EXECUTE 'EXPLAIN (COSTS OFF) ' || replace(top_rows, '$1', quote_literal(query)) LOOP
			EXIT WHEN plan LIKE '%Index Scan using%';
		END LOOP;
		IF plan NOT LIKE '%Index Scan using ' || i.index || ' %' THEN
			RETURN NEXT format('%s is not used: %s', i.index, plan);
		END IF;
		EXECUTE all_rows INTO found USING query;
		EXECUTE top_rows INTO near USING query;

		PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'on', true),
			set_config('enable_indexscan', 'off', true);
		EXECUTE all_rows INTO truth USING query;
		EXECUTE top_rows INTO exact USING query;

		near := coalesce(near, '{}');
		exact := coalesce(exact, '{}');
		truth := ARRAY(SELECT unnest(truth) ORDER BY 1);
		found := ARRAY(SELECT unnest(found) ORDER BY 1);
		IF found IS DISTINCT FROM truth THEN
			RETURN NEXT format('%s: %s rows, its table %s; missing %s, too many %s', i.index,
				cardinality(found), cardinality(truth),
				ARRAY(SELECT unnest(truth) EXCEPT SELECT unnest(found) LIMIT 5),
				ARRAY(SELECT unnest(found) EXCEPT ALL SELECT unnest(truth) LIMIT 5));
		END IF;
		IF cardinality(near) IS DISTINCT FROM cardinality(exact) THEN
			RETURN NEXT format('%s: LIMIT 10 gave %s of %s rows', i.index,
				cardinality(near), cardinality(exact));
		ELSIF NOT compare_only AND near IS DISTINCT FROM ARRAY(SELECT unnest(near) ORDER BY 1) THEN
			-- To a reader's old snapshot most of an index may be invisible, and LIMIT 10 reads nearly all of it:
			-- there what the search finds late comes late, as the README's limits say.
			RETURN NEXT format('%s: LIMIT 10 out of order: %s, exact %s, %s rows in the table; index %s', i.index, near,
				exact, cardinality(truth), (SELECT row_to_json(x) FROM omendb_index_info(i.index) AS x));
		ELSIF near <> '{}' AND NOT pg_is_in_recovery() THEN
			SELECT count(*) INTO hits FROM unnest(near) AS d WHERE d <= exact[cardinality(exact)];
			INSERT INTO recall VALUES (i.index, hits, cardinality(exact));
		END IF;
	END LOOP;
END $$;
SQL
	return;
}

sub problems
{
	my ($node) = @_;
	return $node->safe_psql('postgres', 'SELECT problems()');
}

# One test: check and comparison find nothing wrong, in database postgres or another.
sub is_sound
{
	my ($node, $name, $database) = @_;
	my ($status, $out, $err) = $node->psql($database // 'postgres', 'SELECT problems()', timeout => 120);
	return is($status == 0 ? $out : "error: $err", '', $name);
}

# Builds with DEBUG=1 have failure points.
sub is_debug_build
{
	my ($node) = @_;
	my ($status) = $node->psql('postgres',
		"LOAD 'omendb'; SET omendb.failure_point = 'wal record'; SHOW omendb.failure_point");
	return $status == 0;
}

sub kill_backend
{
	my ($node, $pid) = @_;
	return kill('KILL', $pid);
}

# What is left of builds CONCURRENTLY that were cut short.
sub drop_invalid
{
	my ($node) = @_;
	for my $index (split /\n/,
		$node->safe_psql('postgres', 'SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid'))
	{
		$node->safe_psql('postgres', "DROP INDEX $index");
	}
	return;
}

# After a crash the postmaster recovers by itself; at first it may not have heard of it.
sub wait_until_up
{
	my ($node) = @_;
	Time::HiRes::sleep(0.2);
	for (1 .. 600)
	{
		my ($status, $out) = $node->psql('postgres', 'SELECT 1');
		return 1 if $status == 0;
		Time::HiRes::sleep(0.05);
	}
	die 'the server did not come back';
}

# A psql that runs a script in the background, in database postgres or another. finish_psql returns its output
# and errors.
sub start_psql
{
	my ($node, $script, $database) = @_;
	my ($handle, $file) = tempfile('script_XXXX', DIR => PostgreSQL::Test::Utils::tempdir());
	print $handle $script;
	close $handle;
	my %session = (out => '', err => '');
	$session{run} = IPC::Run::start(
		[
			'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database // 'postgres'), '-f', $file
		],
		'>', \$session{out}, '2>', \$session{err},
		IPC::Run::timeout(300 + ($ENV{OMENDB_SECONDS} // 0)));
	return \%session;
}

sub finish_psql
{
	my ($session) = @_;
	eval { $session->{run}->finish };
	return ($session->{out}, $session->{err});
}

# What sessions do over and over beside others: insert, change, merge, vacuum. Twins of rows of wide and huge
# give back their cold records when they are merged.
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
sub work_of { return map { $_ => $work{$_} } @_; }

# Sessions that repeat a script each, by name. Who waits beside them pumps their output.
sub start_work
{
	my ($node, %scripts) = @_;
	return map { $_ => start_psql($node, "SET application_name = 'work';\n" . $scripts{$_} x 2000) } sort keys %scripts;
}

sub pump_work
{
	my ($seconds, @sessions) = @_;
	my $until = Time::HiRes::time() + $seconds;
	while ((my $left = $until - Time::HiRes::time()) > 0)
	{
		for my $session (@sessions)
		{
			eval { $session->{run}->pump_nb };
		}
		Time::HiRes::sleep($left < 0.1 ? $left : 0.1);
	}
	return;
}

# Ends them: one test each, that they met no error till then but such as are {allowed}. Returns their outputs by name.
sub stop_work
{
	my ($node, $name, %sessions) = @_;
	my %outputs;
	# Again and again: one may have been about to connect.
	while (grep { $_->{run}->pumpable } values %sessions)
	{
		$node->safe_psql('postgres',
			"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'work'");
		pump_work(0.1, values %sessions);
	}
	for my $kind (sort keys %sessions)
	{
		my ($out, $err) = finish_psql($sessions{$kind});
		my $allowed = $sessions{$kind}{allowed} // qr/(?!)/;
		$outputs{$kind} = $out;
		is(join("\n", grep { /ERROR|PANIC/ && !/$allowed/ } split /\n/, $err), '', "$name: $kind met no error");
	}
	return %outputs;
}

# What each index answers to a few queries, the same at each call, and the rows that it has in all. Two servers
# with the same rows and pages give the same.
sub answers_of
{
	my ($node) = @_;
	return $node->safe_psql('postgres', <<'SQL');
SET enable_seqscan = off;
SET enable_sort = off;
SELECT setseed(0.25) \gset
SELECT format('SELECT %L, array_agg(id) FROM (SELECT id FROM %s ORDER BY v %s %L LIMIT 20) AS x', index,
		table_name, operator, random_vector(dims)) FROM omendb_indexes, generate_series(1, 4) \gexec
SELECT format('SELECT %L, count(*), sum(hashint4(id)::bigint) FROM (SELECT id FROM %s ORDER BY v %s %L OFFSET 0) AS x',
		index, table_name, operator, random_vector(dims)) FROM omendb_indexes \gexec
SQL
}

# One test: recall of all LIMIT 10 queries that problems() has asked.
sub has_recall
{
	my ($node, $floor) = @_;
	my $each = $node->safe_psql('postgres',
		"SELECT index, round(sum(hits) / sum(wanted), 4), count(*) FROM recall GROUP BY 1 ORDER BY 1");
	note("recall\n$each");
	my $recall = $node->safe_psql('postgres', 'SELECT round(sum(hits) / sum(wanted), 4) FROM recall');
	return cmp_ok($recall, '>=', $floor, "recall of LIMIT 10 throughout: $recall");
}

# kB of a process's own memory: what it has written to mappings that are not shared.
sub memory_of
{
	my ($pid) = @_;
	open(my $maps, '<', "/proc/$pid/smaps") or return;
	my ($private, $dirty, $memory) = (0, 0, 0);
	while (my $line = <$maps>)
	{
		$private = $1 eq 'p' if $line =~ /^[0-9a-f]+-[0-9a-f]+ ...(.) /;
		$dirty = $1 if $line =~ /^Private_Dirty:\s+(\d+)/;
		# A program file that was just copied has dirty pages too: those are the file's.
		$memory += $1 < $dirty ? $1 : $dirty if $private && $line =~ /^Anonymous:\s+(\d+)/;
	}
	return $memory > 0 ? $memory : undef;
}

# What the members of a build share, in kB: touched pages of the anonymous file that a process has mapped.
sub team_memory_of
{
	my ($pid) = @_;
	open(my $maps, '<', "/proc/$pid/smaps") or return 0;
	my ($ours, $memory) = (0, 0);
	while (my $line = <$maps>)
	{
		$ours = $line =~ /memfd:omendb/ if $line =~ /^[0-9a-f]+-[0-9a-f]+ /;
		$memory += $1 if $ours && $line =~ /^Rss:\s+(\d+)/;
	}
	return $memory;
}

# A field of omendb_index_info.
sub index_state
{
	my ($node, $index, $field) = @_;
	return $node->safe_psql('postgres', "SELECT $field FROM omendb_index_info('$index')");
}

# Loads the demo's 10,000 words into a table words (id, v vector(100)).
sub words_of
{
	my ($node) = @_;
	my $file = 'demo/words.tsv.gz';
	$node->safe_psql('postgres', 'CREATE TABLE words (id serial PRIMARY KEY, word text, v vector(100))');
	my $command = "\\copy words (word, v) FROM PROGRAM 'gzip -dc $file'";
	$node->safe_psql('postgres', $command);
	return;
}

# Recall at 10 and at 100 of a column's index against the exact answer, over queries from a table whose column
# has the same name.
sub recall_at_10_and_100
{
	my ($node, $table, $operator, $queries) = @_;
	my $hits = sub {
		my ($k) = @_;
		return "(SELECT count(*) FROM (SELECT t.v $operator exact.v AS d FROM $table t "
		  . "ORDER BY t.v $operator exact.v LIMIT $k) AS x WHERE x.d <= exact.nearest[$k])";
	};
	my $recalls = $node->safe_psql('postgres', <<"SQL");
BEGIN;
SET LOCAL enable_indexscan = off;
CREATE TEMP TABLE exact ON COMMIT DROP AS
	SELECT q.v, (SELECT array_agg(d) FROM (SELECT t.v $operator q.v AS d FROM $table t
		ORDER BY t.v $operator q.v LIMIT 100) AS x) AS nearest
	FROM $queries q;
SET LOCAL enable_indexscan = on;
SET LOCAL enable_seqscan = off;
SELECT round(avg(@{[ $hits->(10) ]}) / 10, 4), round(avg(@{[ $hits->(100) ]}) / 100, 4) FROM exact;
COMMIT;
SQL
	return split /\|/, $recalls;
}

1;
