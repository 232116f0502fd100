# Damaged pages of every kind, written into the file of a stopped server: each statement that meets one ends
# with an error that names index and block (XX002), the server survives, and REINDEX mends. Offsets are those
# of src/page/README.md.
use strict;
use warnings;

use lib 'test/perl';
use OmendbTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant {
	PAGE => 8192, BODY => 24, TRAILER => 8176,
	META => 1, MEAN => 2, ENTRY => 3, NODE => 4, DELTA => 5, TIDS => 6, COLD => 7, FREE => 8,
};
my @kind_names = ('', qw(meta mean entry node delta tids cold free));

# Without a worker, which may come back for the few rows that are to be in the delta when the server stops.
my $node = new_server('damage', conf => "omendb.background_merge = off\n");
$node->append_conf('postgresql.conf', "statement_timeout = 10s\n");
$node->reload;
create_tables($node);
$node->safe_psql('postgres', 'DROP INDEX points_ip, points_cosine, huge_ip; DROP TABLE huge');

# Fills the table so that pages of every kind are there; returns the index's file.
sub renew
{
	my ($index, $table) = @_;
	my $dims = $table eq 'wide' ? 2048 : 6;
	$node->safe_psql('postgres', <<"SQL");
TRUNCATE $table;
INSERT INTO $table (v) SELECT random_vector($dims) FROM generate_series(1, @{[ $dims == 6 ? 400 : 30 ]});
INSERT INTO $table (v) SELECT v FROM (SELECT v FROM $table LIMIT 1) AS x, generate_series(1, 40);
REINDEX TABLE $table;
INSERT INTO $table (v) SELECT random_vector($dims) FROM generate_series(1, @{[ $dims == 6 ? 100 : 4 ]});
DELETE FROM $table WHERE id % 10 = 0;
SQL
	return $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('$index')");
}

sub read_pages
{
	my ($file) = @_;
	my $bytes = slurp_file($file);
	return map { substr($bytes, $_ * PAGE, PAGE) } 0 .. length($bytes) / PAGE - 1;
}

sub write_pages
{
	my ($file, @pages) = @_;
	open(my $handle, '+<:raw', $file) or die "$file: $!";
	print $handle @pages;
	close($handle) or die $!;
	return;
}

sub kind_of { return unpack('C', substr($_[0], TRAILER + 12, 1)); }

sub blocks_of
{
	my ($kind, @pages) = @_;
	return grep { kind_of($pages[$_]) == $kind } 0 .. $#pages;
}

# Runs what users and autovacuum run. Returns what each said, and whether any complained.
sub use_index
{
	my ($index, $table) = @_;
	my $dims = $table eq 'wide' ? 2048 : 6;
	my %said;
	my %statements = (
		limit => "SET enable_seqscan = off; SELECT count(*) FROM (SELECT id FROM $table ORDER BY v <-> (SELECT random_vector($dims)) LIMIT 10) AS x",
		all => "SET enable_seqscan = off; SET enable_sort = off; SELECT count(*) FROM (SELECT id FROM $table ORDER BY v <-> (SELECT random_vector($dims)) OFFSET 0) AS x",
		null => "SET enable_seqscan = off; SELECT count(*) FROM (SELECT id FROM $table ORDER BY v <-> NULL::vector LIMIT 50) AS x",
		insert => "INSERT INTO $table (v) SELECT random_vector($dims) FROM generate_series(1, 10); INSERT INTO $table (v) SELECT v FROM $table ORDER BY id LIMIT 3",
		vacuum => "VACUUM (INDEX_CLEANUP ON) $table",
		merge => "SELECT omendb_merge('$index')",
		info => "SELECT omendb_index_info('$index')",
		check => "SELECT * FROM omendb_check_index('$index')",
	);
	for my $name (qw(limit all null insert check vacuum merge info))
	{
		my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$statements{$name}",
			timeout => 60, on_error_stop => 1);
		$said{$name} = $status != 0 ? $err : $name eq 'check' ? $out : '';
	}
	return \%said;
}

my $restarts = 0;
# Damages blocks of one kind and tries everything. $change gets a page and returns it changed.
sub damage
{
	my ($name, $kind, $change, %expect) = @_;
	my $table = $expect{table} // 'points';
	my $index = "${table}_l2";
	my $file = renew($index, $table);
	$node->stop;
	my @pages = read_pages($file);
	my @blocks = blocks_of($kind, @pages);
	ok(@blocks > 0, "$name: there are $kind_names[$kind] pages") or return $node->start;
	@blocks = ($blocks[0]) if $expect{one};
	$pages[$_] = $change->($pages[$_], $_, scalar @pages) for @blocks;
	write_pages($file, @pages);
	$node->start;

	my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
	my $said = use_index($index, $table);
	my $state = $expect{state} // 'XX002';
	my @met = grep { $said->{$_} ne '' } sort keys %$said;
	my @unclear;
	for my $statement (@met)
	{
		next if $statement eq 'check' && $said->{check} !~ /ERROR/;
		my $clear = $state eq 'XX002' ? qr/XX002: index "$index" is damaged at block \d+: / : qr/$state: index "$index"/;
		# PostgreSQL itself refuses a page whose header is garbage.
		next if $expect{one} && $said->{$statement} =~ /XX001: invalid page in block \d+ of relation/;
		push @unclear, "$statement: $said->{$statement}" if $said->{$statement} !~ $clear
			|| $said->{$statement} !~ /HINT:  Please REINDEX it/;
	}
	is(join("\n", @unclear), '', "$name: errors are clear (@met)");
	my @missing = grep { $said->{$_} eq '' } @{ $expect{met} // ['check'] };
	is("@missing", '', "$name: met by those who must");
	is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, "$name: the server lives");
	$node->safe_psql('postgres', "REINDEX TABLE $table");
	is_sound($node, "$name: REINDEX mends");
	return;
}

sub put { my ($page, $at, $bytes) = @_; substr($page, $at, length $bytes) = $bytes; return $page; }

# ---- the meta page
my @all = qw(limit all null insert check vacuum merge info);
damage('meta magic', META, sub { put($_[0], BODY, 'what') }, met => [qw(limit all insert check vacuum merge info)]);
damage('unknown format version', META, sub { put($_[0], BODY + 4, pack('V', 77)) },
	met => [qw(limit all insert check vacuum merge)], state => '0A000');
damage('meta page zeroed', META, sub { "\0" x PAGE }, met => [grep { $_ ne 'null' } @all]);
damage('meta dimensions', META, sub { put($_[0], BODY + 12, pack('V', 7000)) }, met => ['limit', 'insert']);
damage('meta degree', META, sub { put($_[0], BODY + 24, pack('V', 60000)) }, met => ['limit', 'insert']);
damage('meta slots per page', META, sub { put($_[0], BODY + 28, pack('V', 0)) }, met => ['limit', 'insert']);
damage('meta entry link', META, sub { put($_[0], BODY + 44, pack('V', 0x7FFFFFF0)) }, met => ['limit', 'check']);
damage('meta node room link', META, sub { put($_[0], BODY + 48, pack('V', 1)) }, met => ['merge', 'check']);
damage('meta room links to itself', META, sub { put($_[0], BODY + 48, pack('V3', 0, 0, 0)) }, met => ['merge', 'check']);
damage('meta delta heads', META, sub { my $page = $_[0]; $page = put($page, BODY + 128 + 24 * $_, pack('VV', 900000, 900000)) for 0 .. 7; $page },
	met => [qw(limit insert merge check)]);

# ---- every kind: zeroed, another kind, no page id
for my $kind (MEAN, ENTRY, NODE, DELTA, TIDS, COLD)
{
	my @table = $kind == COLD ? (table => 'wide') : ();
	my @readers = $kind == NODE || $kind == ENTRY ? (met => ['limit', 'check']) : ();
	damage("$kind_names[$kind] pages zeroed", $kind, sub { "\0" x PAGE }, @table, @readers);
	damage("$kind_names[$kind] pages with kind free", $kind, sub { put($_[0], TRAILER + 12, pack('C', FREE)) }, @table, @readers);
	damage("$kind_names[$kind] pages with kind 99", $kind, sub { put($_[0], TRAILER + 12, pack('C', 99)) }, @table, @readers);
	damage("$kind_names[$kind] pages with another page id", $kind, sub { put($_[0], TRAILER + 14, 'xy') }, @table, @readers);
	damage("one $kind_names[$kind] page of garbage", $kind, sub { join '', map { chr(rand 256) } 1 .. PAGE }, @table, one => 1);
	damage("$kind_names[$kind] pages with a link beyond the file", $kind, sub { put($_[0], TRAILER + 8, pack('V', $_[2] + 1000)) },
		@table, $kind == TIDS || $kind == NODE || $kind == COLD ? () : @readers) if $kind != COLD;
}

# ---- nodes: slots of 56 + coded + ... bytes; geometry from the index itself
my ($coded, $degree, $slots) = split /\|/, $node->safe_psql('postgres',
	"SELECT coded_dimensions, degree, nodes_per_page FROM omendb_index_info('points_l2')");
my $bits = index_state($node, 'points_l2', 'bits');
my $slot_bytes = 56 + $coded + 8 * int(($degree * 9 + 7) / 8) + $degree * $coded / 8 * $bits;

sub each_slot
{
	my ($at, $bytes) = @_;
	return sub {
		my ($page) = @_;
		$page = put($page, BODY + $_ * $slot_bytes + $at, $bytes) for 0 .. $slots - 1;
		return $page;
	};
}
damage('node degree too large', NODE, each_slot(4, pack('v', 0xFFFF)), met => [qw(limit all check vacuum merge)]);
damage('node state unknown', NODE, each_slot(0, pack('C', 200)));
damage('node with too many TIDs', NODE, each_slot(3, pack('C', 255)), met => ['check', 'vacuum']);
damage('node neighbours beyond the file', NODE, each_slot(56 + $coded, pack('V', 0xFFFFFFF0) x 20), met => [qw(limit check merge)]);
damage('node neighbours a little beyond the file', NODE,
	sub { each_slot(56 + $coded, pack('V', ($_[2] + 3) * $slots) x 20)->(@_) }, met => [qw(limit check)]);
damage('node neighbours in pages of another kind', NODE, each_slot(56 + $coded, pack('V', 0) x 20), met => [qw(limit check)]);
damage('node segment beyond the file', NODE, each_slot(36, pack('V', 0x7FFFFFF0)), met => ['check', 'vacuum']);
damage('node segment is its own page', NODE, sub { each_slot(36, pack('V', $_[1]))->(@_) }, met => ['check', 'vacuum']);
damage('node segment is the meta page', NODE, each_slot(36, pack('V', 0)), met => ['check', 'vacuum']);
damage('node segment slot too large', NODE, each_slot(40, pack('v', 0xFFFF)), met => ['check']);
damage('node codes not numbers', NODE, each_slot(16, pack('V4', (0x7FC00000) x 4)));

# ---- the other kinds
damage('entry count too large', ENTRY, sub { put($_[0], BODY, pack('v', 0xFFFF)) }, met => [qw(limit check)]);
damage('entries beyond the file', ENTRY, sub { put($_[0], BODY + 8, pack('V', 0xFFFFFFF0) x 8) }, met => [qw(limit check)]);
damage('delta used too large', DELTA, sub { put($_[0], BODY + 8, pack('v', 0xFFFF)) }, met => [qw(limit all check merge)]);
damage('delta item state unknown', DELTA, sub { put($_[0], BODY + 16 + 6, pack('C', 9)) });
damage('delta item merging into no node', DELTA,
	sub { put($_[0], BODY + 16 + 6, pack('CCV', 2, 0, 0xFFFFFFF0)) }, met => [qw(check merge)]);
damage('segment count too large', TIDS, sub {
	my $page = $_[0];
	$page = put($page, BODY + $_ * 136 + 15, pack('C', 255)) for 0 .. 50;
	return $page;
}, met => [qw(check vacuum)]);
damage('segment links beyond the file', TIDS, sub {
	my $page = $_[0];
	$page = put($page, BODY + $_ * 136 + 8, pack('Vv', 0x7FFFFFF0, 0xFFFF)) for 0 .. 50;
	return $page;
}, met => [qw(check vacuum)]);
damage('cold slot too large', DELTA, sub { put($_[0], BODY + 16 + 16, pack('v', 0xFFFF)) }, table => 'wide', met => ['check', 'limit']);
damage('cold link beyond the file', DELTA, sub { put($_[0], BODY + 16 + 12, pack('Vv', 0x7FFFFFF0, 99)) },
	table => 'wide', met => ['check']);

# ---- the file itself
for my $what ('truncated', 'empty')
{
	my $file = renew('points_l2', 'points');
	$node->stop;
	truncate($file, $what eq 'empty' ? 0 : 3 * PAGE) or die $!;
	$node->start;
	my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
	my $said = use_index('points_l2', 'points');
	isnt($said->{$_}, '', "file $what: $_ says so") for qw(limit check vacuum);
	is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, "file $what: the server lives");
	$node->safe_psql('postgres', 'REINDEX TABLE points');
	is_sound($node, "file $what: REINDEX mends");
}

# ---- anything: random bytes in random places
my $fuzz = $ENV{OMENDB_FUZZ} // 15;
my $seed = $ENV{OMENDB_SEED} // time;
srand($seed);
note("OMENDB_SEED=$seed");
for my $round (1 .. $fuzz)
{
	my $table = $round % 3 == 0 ? 'wide' : 'points';
	my $file = renew("${table}_l2", $table);
	$node->stop;
	my @pages = read_pages($file);
	for my $block (0 .. $#pages)
	{
		next if rand() < 0.5;
		for (1 .. 1 + int(rand(40)))
		{
			# Half of it where the small numbers are.
			my $at = rand() < 0.5 ? BODY + int(rand(64)) : rand() < 0.1 ? TRAILER + int(rand(16)) : BODY + int(rand(TRAILER - BODY));
			$pages[$block] = put($pages[$block], $at, chr(rand() < 0.3 ? 255 : int(rand(256))));
		}
	}
	write_pages($file, @pages);
	$node->start;
	my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
	my $said = use_index("${table}_l2", $table);
	my $alive = $node->psql('postgres', 'SELECT 1') == 0;
	ok($alive && $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()') eq $started
		&& !grep { /server closed|canceling statement|invalid memory alloc/ } values %$said, "random damage $round: the server lives")
		or diag(join("\n", map { "$_: " . substr($said->{$_}, 0, 300) } sort keys %$said));
	wait_until_up($node) if !$alive;
	$node->safe_psql('postgres', "REINDEX TABLE $table");
	is_sound($node, "random damage $round: REINDEX mends");
}
ok(!$node->log_contains(qr/PANIC|TRAP|was terminated by signal/), 'no process was ended by a signal');
$node->stop;
done_testing();
