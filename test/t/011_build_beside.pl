# A build and those beside it: writers go on, or wait and go on after; another session sees how far it is; when it is
# cancelled, in whatever phase, it ends within a second; when it fails no file is left.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

# More rows make phases longer: OMENDB_ROWS=1000000 shows whether each is interrupted throughout.
my $rows = $ENV{OMENDB_ROWS} // 30000;
my $memory = int(64 + $rows / 400) . 'MB';

my $node = new_server('beside', streaming => 1, conf => <<"TEXT");
max_worker_processes = 12
max_parallel_maintenance_workers = 2
maintenance_work_mem = $memory
log_min_messages = debug1
TEXT
create_tables($node);
$node->safe_psql('postgres', <<'SQL');
DROP TABLE points, wide, huge;

-- Files that belong to no relation.
CREATE FUNCTION stray_files() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT 'base/' || f FROM pg_database, pg_ls_dir('base/' || pg_database.oid) AS f
	WHERE datname = current_database() AND f ~ '^\d' AND NOT EXISTS (
		SELECT FROM pg_class WHERE pg_relation_filenode(oid) = substring(f FROM '^\d+')::oid)
	UNION ALL SELECT 'base/pgsql_tmp/' || name FROM pg_ls_tmpdir()
$$;
SQL

# One test: nothing but the indexes that it should have left. The files of a dropped relation go at a checkpoint.
sub left_nothing
{
	my ($name) = @_;
	my $left = $node->safe_psql('postgres', <<'SQL');
CHECKPOINT;
SELECT stray_files();
SELECT 'invalid: ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid OR NOT indisready;
SELECT 'a worker' FROM pg_stat_activity WHERE backend_type = 'parallel worker';
SQL
	return is($left, '', "$name: no file, invalid index or worker is left");
}

# --- beside writers -------------------------------------------------------------------------------

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE crowd (id serial PRIMARY KEY, note int, v vector(16) NOT NULL) WITH (fillfactor = 80);
INSERT INTO crowd (note, v) SELECT 0, some_vector(16) FROM generate_series(1, 15000);
CREATE SEQUENCE rounds;
CREATE TABLE stop ();
-- Writers keep to rows of their own. Updates are of vectors, which breaks HOT chains, and of what lies beside them.
CREATE PROCEDURE keep_writing(writer int) LANGUAGE plpgsql AS $$
DECLARE
	mine vector;
	nearest float8;
	ids int[];
BEGIN
	WHILE NOT EXISTS (SELECT FROM stop) LOOP
		mine := random_vector(16);
		INSERT INTO crowd (note, v) VALUES (writer, mine), (writer, grid_vector(16)), (writer, some_vector(16));
		ids := ARRAY(SELECT 3 * (random() * 5000)::int + writer FROM generate_series(1, 9));
		UPDATE crowd SET v = some_vector(16) WHERE id = ANY(ids[1:3]);
		UPDATE crowd SET note = note + 1 WHERE id = ANY(ids[4:6]);
		DELETE FROM crowd WHERE id = ANY(ids[7:9]);
		SELECT v <-> mine INTO nearest FROM crowd ORDER BY v <-> mine LIMIT 1;
		IF nearest IS DISTINCT FROM 0 THEN
			RAISE 'own row is not found, but one at %', nearest;
		END IF;
		IF random() < 0.1 THEN
			ROLLBACK;
		ELSE
			COMMIT;
		END IF;
		PERFORM nextval('rounds'), pg_sleep(0.005);
	END LOOP;
END
$$;
SQL

sub rounds
{
	return $node->safe_psql('postgres', 'SELECT last_value FROM rounds');
}

sub writers_go_on
{
	my ($name) = @_;
	my $from = rounds();
	return ok($node->poll_query_until('postgres', "SELECT last_value > $from + 20 FROM rounds"),
		"$name: the writers go on after it");
}

# Runs statements, one of which builds an index, while others write. Returns what they printed, and how many rounds the
# others wrote.
sub build_beside_writers
{
	my ($name, $workers, $sql) = @_;
	$node->safe_psql('postgres', "ALTER TABLE crowd SET (parallel_workers = $workers)");
	my ($log, $before) = (-s $node->logfile, rounds());
	my ($status, $out, $err) = $node->psql('postgres', $sql, timeout => 60);
	my $meanwhile = rounds() - $before;
	is($status, 0, $name) or diag($err);
	my $built = () = substr(slurp_file($node->logfile), $log) =~ /building index "[^"]+" with [1-9]\d* parallel workers/g;
	is($built, $workers > 0 ? 1 : 0, "$name: " . ($workers > 0 ? 'by several' : 'alone'));
	return ($out, $meanwhile);
}

# No row changes while all are compared.
sub is_sound_now
{
	my ($name) = @_;
	my ($status, $out, $err) = $node->psql('postgres',
		"BEGIN; LOCK TABLE crowd IN SHARE MODE; SELECT problems(); COMMIT", timeout => 120);
	return is($status == 0 ? $out : "error: $err", '', "$name: finds every row");
}

my @writers = map { start_psql($node, "CALL keep_writing($_);\n") } 0 .. 2;
ok($node->poll_query_until('postgres', 'SELECT last_value > 30 FROM rounds'), 'three sessions write');
for my $case (
	[ 0, 'CREATE INDEX CONCURRENTLY crowd_l2 ON crowd USING omendb (v vector_l2_ops)' ],
	[ 2, 'REINDEX INDEX CONCURRENTLY crowd_l2' ],
	[ 2, 'CREATE INDEX CONCURRENTLY crowd_cosine ON crowd USING omendb (v vector_cosine_ops)' ],
	[ 0, 'REINDEX INDEX CONCURRENTLY crowd_cosine' ])
{
	my ($workers, $sql) = @$case;
	my $name = "$sql, $workers workers";
	my (undef, $meanwhile) = build_beside_writers($name, $workers, $sql);
	cmp_ok($meanwhile, '>=', 5, "$name: the writers went on, $meanwhile rounds");
	writers_go_on($name);
	is_sound_now($name);
}
$node->safe_psql('postgres', 'DROP INDEX CONCURRENTLY crowd_l2');
for my $case (
	[ 2, 'CREATE INDEX crowd_l2 ON crowd USING omendb (v vector_l2_ops)' ],
	[ 0, 'REINDEX INDEX crowd_l2' ])
{
	my ($workers, $sql) = @$case;
	my $name = "$sql, $workers workers";
	my ($out) = build_beside_writers($name, $workers, <<"SQL");
BEGIN;
LOCK TABLE crowd IN SHARE MODE;
SELECT last_value FROM rounds;
$sql;
SELECT last_value FROM rounds;
SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'crowd'::regclass;
COMMIT;
SQL
	my ($before, $after, $waiting) = split /\n/, $out;
	cmp_ok($after - $before, '<=', 3, "$name: no writer went on");
	is($waiting, 3, "$name: all wait");
	writers_go_on($name);
	is_sound_now($name);
}
$node->safe_psql('postgres', 'INSERT INTO stop DEFAULT VALUES');
for my $writer (@writers)
{
	my ($out, $err) = finish_psql($writer);
	is($err, '', 'a writer: no error');
}
$node->safe_psql('postgres', 'VACUUM crowd');
is_sound($node, 'all rows are found after a vacuum');
has_recall($node, 0.9);
left_nothing('beside writers');

# --- progress -------------------------------------------------------------------------------------

my @phases = ('sampling the table', 'loading rows', 'linking: leaves', 'linking: pruning', 'linking: reverse edges',
	'linking: filling up', 'linking: reachability', 'writing pages');

$node->safe_psql('postgres', <<"SQL");
DROP TABLE crowd;
CREATE TABLE many (id serial PRIMARY KEY, v vector(32));
INSERT INTO many (v)
	SELECT array_agg(random()::real)::vector FROM generate_series(0, 32 * $rows - 1) AS i GROUP BY i / 32;
SQL
$node->safe_psql('postgres', <<'SQL');
VACUUM ANALYZE many;

-- The last watcher's results.
CREATE TABLE seen (number serial, line text);
-- What there is to see of the next build of an index on `many`, each different state once. No snapshot is kept, for
-- building concurrently waits for all that are older.
CREATE PROCEDURE watch_build() LANGUAGE plpgsql AS $$
DECLARE
	now text;
	last text;
	met boolean;
	give_up timestamptz := clock_timestamp() + interval '60 seconds';
BEGIN
	LOOP
		SELECT concat_ws('|', phase, blocks_done, blocks_total, tuples_done, tuples_total) INTO now
			FROM pg_stat_progress_create_index WHERE relid = 'many'::regclass;
		met := FOUND;
		EXIT WHEN NOT met AND last IS NOT NULL OR clock_timestamp() > give_up;
		IF met AND now IS DISTINCT FROM last THEN
			INSERT INTO seen (line) VALUES (concat_ws('|', extract(epoch FROM clock_timestamp()), now));
			last := now;
		END IF;
		PERFORM pg_sleep(0.0005);
		COMMIT;
	END LOOP;
END
$$;
-- Cancels the next build of an index on `many` so many seconds after it came to a phase. Sees the phase that it was in and
-- the milliseconds until its session was ready for another statement; nothing if the phase was not met.
CREATE PROCEDURE cancel_build(wanted text, seconds float8) LANGUAGE plpgsql AS $$
DECLARE
	builder int;
	was_met boolean := false;
	met text;
	cancelled timestamptz;
	give_up timestamptz := clock_timestamp() + interval '60 seconds';
BEGIN
	LOOP
		COMMIT;
		SELECT pid, phase INTO builder, met FROM pg_stat_progress_create_index WHERE relid = 'many'::regclass;
		EXIT WHEN met LIKE '%' || wanted;
		IF met IS NULL AND was_met OR clock_timestamp() > give_up THEN
			RETURN;
		END IF;
		was_met := met IS NOT NULL;
		PERFORM pg_sleep(0.0005);
	END LOOP;
	PERFORM pg_sleep(seconds);
	COMMIT;
	SELECT phase INTO met FROM pg_stat_progress_create_index WHERE pid = builder;
	cancelled := clock_timestamp();
	PERFORM pg_cancel_backend(builder);
	LOOP
		COMMIT;
		EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = builder AND state = 'active');
		PERFORM pg_sleep(0.0005);
	END LOOP;
	INSERT INTO seen (line) VALUES (concat_ws('|', met, round(1000 * extract(epoch FROM clock_timestamp() - cancelled))));
END
$$;
SQL

# Runs a statement while another session calls one of these procedures. Returns what that saw, and the statement's errors.
sub run_beside
{
	my ($call, $sql) = @_;
	$node->safe_psql('postgres', 'TRUNCATE seen');
	my $session = start_psql($node, "CALL $call;\n");
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'CALL %'")
	  or die 'nobody watches';
	my (undef, undef, $err) = $node->psql('postgres', $sql, timeout => 120);
	my (undef, $trouble) = finish_psql($session);
	die "$call: $trouble" if $trouble ne '';
	return ($node->safe_psql('postgres', 'SELECT line FROM seen ORDER BY number'), $err);
}

my %create = (
	alone => 'SET max_parallel_maintenance_workers = 0; CREATE INDEX many_v ON many USING omendb (v vector_l2_ops)',
	several => 'CREATE INDEX many_v ON many USING omendb (v vector_l2_ops)',
	concurrently => 'CREATE INDEX CONCURRENTLY many_v ON many USING omendb (v vector_l2_ops)',
	anew => 'REINDEX INDEX many_v',
	anew_concurrently => 'REINDEX INDEX CONCURRENTLY many_v',
	little => "SET maintenance_work_mem = '12MB'; CREATE INDEX many_v ON many USING omendb (v vector_l2_ops) WHERE id <= 16000");
$node->safe_psql('postgres', 'ALTER TABLE many SET (parallel_workers = 2)');
my $table_blocks = $node->safe_psql('postgres', q{SELECT pg_relation_size('many') / 8192});
my %seconds;    # of each phase

# Tests what was to be seen of a build: phases in their order, and none is left out; counts that grow up to their totals.
sub follows_build
{
	my ($kind, @expected) = @_;
	my %met;
	my @wrong;
	# A watcher that gets no CPU may miss a short phase.
	for my $try (1 .. 5)
	{
		my ($seen) = run_beside('watch_build()', $create{$kind});
		$node->safe_psql('postgres', 'DROP INDEX many_v');
		my ($place, $since, %before) = (-1, 0);
		my %tuples;
		my %blocks;
		for my $line (split /\n/, $seen)
		{
			my ($time, $phase, $blocks, $all_blocks, $tuples, $all_tuples) = split /\|/, $line;
			next if $phase !~ s/^building index: // || $phase eq 'initializing';
			$seconds{$kind}{ $expected[$place] } = $time - $since if $place >= 0;
			if ($place < 0 || $phase ne $expected[$place])
			{
				$since = $time;
				my ($next) = grep { $expected[$_] eq $phase } 0 .. $#expected;
				push @wrong, "$phase after " . ($place < 0 ? 'nothing' : $expected[$place])
				  if !defined $next || $next <= $place;
				$place = $next // $place;
				%before = (blocks => 0, tuples => 0);
			}
			$met{$phase} = 1;
			# PostgreSQL says that all blocks are done while it scans the first one.
			$blocks = 0 if $before{blocks} == 0 && $blocks == $all_blocks;
			push @wrong, "$phase: $blocks blocks of $all_blocks, after $before{blocks}"
			  if $blocks > $all_blocks || $blocks < $before{blocks};
			push @wrong, "$phase: $tuples tuples of $all_tuples, after $before{tuples}"
			  if $tuples > $all_tuples || $tuples < $before{tuples};
			%before = (blocks => $blocks, tuples => $tuples);
			$blocks{$phase} = [ $blocks, $all_blocks ];
			$tuples{$phase} = [ $tuples, $all_tuples ];
		}
		note("$kind: $_->[0] blocks of $_->[1]") for grep { defined } $blocks{'loading rows'};
		# The last that is seen of a phase may be short of its end.
		push @wrong, "loading rows: $blocks{'loading rows'}[1] blocks of $table_blocks"
		  if $blocks{'loading rows'} && $blocks{'loading rows'}[1] != $table_blocks;
		for my $phase (grep { /^linking|^writing/ } keys %tuples)
		{
			push @wrong, "$phase: of no tuples" if $tuples{$phase}[1] == 0;
		}
		last if @wrong || keys %met == @expected;
	}
	is(join("\n", @wrong), '', "$kind: phases come in order, counts grow up to their totals");
	is_deeply([ grep { !$met{$_} } @expected ], [], "$kind: each phase is seen");
	note(join ', ', map { sprintf '%s %.0f ms', $_, 1000 * ($seconds{$kind}{$_} // 0) } @expected);
	return;
}
follows_build('alone', @phases);
follows_build('several', @phases);
follows_build('concurrently', @phases);
# Over a temporary file, edges are told of as soon as they are pruned.
my @little = grep { $_ ne 'linking: reverse edges' } @phases;
follows_build('little', @little);
left_nothing('after builds');

# --- cancelled ------------------------------------------------------------------------------------

my %slowest = (ms => 0);

# One test: which indexes are invalid, of those that only were to be built concurrently; DROP removes them.
sub drops_invalid
{
	my ($expected, $name) = @_;
	my $invalid = $node->safe_psql('postgres', 'SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid');
	$node->safe_psql('postgres', "DROP INDEX $_") for split /\n/, $invalid;
	return is($invalid, $expected, "$name: " . ($expected eq '' ? 'no index' : "$expected is there, and invalid"));
}

# Tests: a build that is cancelled in a phase, so far into it, ends within a second.
sub cancels_build
{
	my ($kind, $phase, $part) = @_;
	for my $try (1 .. 5)
	{
		my $after = $part * ($seconds{$kind}{$phase} // 0);
		my ($seen, $err) = run_beside("cancel_build('$phase', $after)", $create{$kind});
		if ($err !~ /canceling statement due to user request/)
		{
			note("$kind, $phase: not met");
			$node->safe_psql('postgres', 'DROP INDEX IF EXISTS many_v') if $kind !~ /^anew/;
			$part /= 2;
			next;
		}
		my ($met, $ms) = $seen =~ /^(.*)\|(\d+)$/;
		%slowest = (ms => $ms, phase => $met) if $ms > $slowest{ms};
		cmp_ok($ms, '<=', 1000, "$kind, cancelled in $met: ended after $ms ms");
		drops_invalid({ concurrently => 'many_v', anew_concurrently => 'many_v_ccnew' }->{$kind} // '',
			"$kind, cancelled in $met");
		return left_nothing("$kind, cancelled in $met");
	}
	return fail("$kind: $phase is met");
}
for my $phase (@phases)
{
	cancels_build('alone', $phase, 0);
	cancels_build('alone', $phase, 0.2 + rand(0.7));
	cancels_build('several', $phase, rand(0.9));
}
cancels_build('little', $_, rand(0.9)) for @little;
cancels_build('concurrently', 'linking: leaves', 0.5);
cancels_build('concurrently', 'index validation: scanning index', 0);
cancels_build('concurrently', 'index validation: scanning table', 0);
note("the slowest: $slowest{phase}, $slowest{ms} ms");


# Building anew leaves the index as it was.
$node->safe_psql('postgres', $create{several});
cancels_build('anew_concurrently', $_, 0) for 'linking: pruning', 'index validation: scanning index';
cancels_build('anew', 'writing pages', 0);
is($node->safe_psql('postgres', q{SELECT count(*) FROM omendb_check_index('many_v')}), 0, 'the index is what it was');
$node->safe_psql('postgres', 'DROP INDEX many_v');

# A session goes on after its build was cancelled, and holds nothing of it.
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query_safe('SELECT pg_backend_pid()');
$node->safe_psql('postgres', 'TRUNCATE seen');
my $canceller = start_psql($node, "CALL cancel_build('linking: leaves', 0);\n");
$node->poll_query_until('postgres',
	q{SELECT count(*) = 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'CALL %'});
$session->query($create{several});
like($session->{stderr}, qr/canceling statement/, 'a build is cancelled');
finish_psql($canceller);
SKIP:
{
	skip 'needs /proc/PID/fd', 1 unless -r "/proc/$pid/fd";
	my @held = grep { /memfd|pgsql_tmp/ } map { readlink($_) // '' } glob("/proc/$pid/fd/*");
	is("@held", '', 'its session holds no memory or file of it');
}
$session->{stderr} = '';
$session->query_safe($create{several});
is($session->query_safe(q{SELECT count(*) FROM omendb_check_index('many_v')}), 0, 'and builds the index then');
$session->query_safe('DROP INDEX many_v');
$session->quit;

# --- failed ---------------------------------------------------------------------------------------

my $last_row = $rows - 10;
$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION unless_last(v vector, id int) RETURNS vector IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql AS
	\$\$ BEGIN IF id = $last_row THEN RAISE 'row % is no good', id; END IF; RETURN v; END \$\$;
SQL
for my $kind ('alone', 'several', 'concurrently', 'little')
{
	(my $sql = $create{$kind}) =~ s/\(v vector_l2_ops\).*/((unless_last(v, id)::vector(32)) vector_l2_ops)/;
	my (undef, undef, $err) = $node->psql('postgres', $sql, timeout => 60);
	like($err, qr/row $last_row is no good/, "$kind: an error at a late row ends the build");
	drops_invalid($kind eq 'concurrently' ? 'many_v' : '', "$kind, failed");
	left_nothing("$kind, failed");
}
SKIP:
{
	skip 'needs a build with DEBUG=1', 4 unless is_debug_build($node);
	for my $kind ('alone', 'several')
	{
		my (undef, undef, $err) = $node->psql('postgres',
			"LOAD 'omendb'; SET omendb.failure_point = 'build: pages logged'; SET omendb.failure_action = 'error'; $create{$kind}");
		like($err, qr/failure point/, "$kind: an error when all pages are written");
		left_nothing("$kind, failed with all pages written");
	}
}

$node->stop;
done_testing();
