// Catalog look-ups, and the databases, schemas and tables that a run needs.
#include "side.h"

#include "progress.h"

#include <unistd.h>

namespace omendb::bench {
namespace {

// The operator class of a method for the metric's operator. $1 method, $2 operator, $3 name of the type.
constexpr const char *kOperatorClassSql =
    "SELECT t.oid, format('%I.%I', tn.nspname, t.typname),"
    "       format('OPERATOR(%I.%s)', pn.nspname, o.oprname), format('%I.%I', cn.nspname, "
    "c.opcname)"
    "  FROM pg_am a JOIN pg_opclass c ON c.opcmethod = a.oid"
    "  JOIN pg_namespace cn ON cn.oid = c.opcnamespace"
    "  JOIN pg_amop ao ON ao.amopfamily = c.opcfamily AND ao.amoppurpose = 'o'"
    "       AND ao.amoplefttype = c.opcintype"
    "  JOIN pg_operator o ON o.oid = ao.amopopr JOIN pg_namespace pn ON pn.oid = o.oprnamespace"
    "  JOIN pg_type t ON t.oid = c.opcintype JOIN pg_namespace tn ON tn.oid = t.typnamespace"
    " WHERE a.amname = $1 AND o.oprname = $2 AND t.typname = $3";

// A usable index of the method on the column. $1 table, $2 column, $3 method, $4 operator class.
constexpr const char *kExistingIndexSql =
    "SELECT format('%I.%I', n.nspname, ic.relname)"
    "  FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_namespace n ON n.oid = "
    "ic.relnamespace"
    "  JOIN pg_am a ON a.oid = ic.relam"
    "  JOIN pg_attribute at ON at.attrelid = i.indrelid AND at.attnum = i.indkey[0]"
    "  JOIN pg_opclass oc ON oc.oid = i.indclass[0] JOIN pg_namespace cn ON cn.oid = "
    "oc.opcnamespace"
    " WHERE i.indrelid = $1::regclass AND quote_ident(at.attname) = $2 AND a.amname = $3"
    "   AND format('%I.%I', cn.nspname, oc.opcname) = $4"
    "   AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL LIMIT 1";

bool
HasMethod(Connection &connection, const std::string &method)
{
    return !connection.Scalar("SELECT 1 FROM pg_am WHERE amname = $1", {method}).empty();
}

// `workspace` null: made in a database of its own, it goes with that.
void
CreateExtension(Connection &connection, const SideArgs &args, Workspace *workspace)
{
    if (HasMethod(connection, args.method))
        return;
    std::string in_schema =
        args.schema.empty() ? "" : " SCHEMA " + connection.QuoteName(args.schema);
    std::string extension = connection.QuoteName(args.extension);
    try {
        connection.Execute("CREATE EXTENSION " + extension + in_schema + " CASCADE");
    } catch (const SqlError &error) {
        throw std::runtime_error("the extension " + args.extension +
                                 " cannot be created: " + error.what() +
                                 "\n  It must be installed in the server that is measured.");
    }
    if (workspace != nullptr)
        workspace->Made(connection.Database(), "extension " + args.extension,
                        "DROP EXTENSION " + extension);
    if (!HasMethod(connection, args.method))
        throw std::runtime_error("the extension " + args.extension + " brings no access method \"" +
                                 args.method + '"');
}

void
CreateSchema(Connection &connection, const std::string &schema, Workspace &workspace)
{
    if (!connection.Scalar("SELECT 1 FROM pg_namespace WHERE nspname = $1", {schema}).empty())
        return;
    std::string quoted = connection.QuoteName(schema);
    connection.Execute("CREATE SCHEMA " + quoted);
    workspace.Made(connection.Database(), "schema " + schema, "DROP SCHEMA " + quoted);
}

std::string
CreateDatabase(Connection &connection, const std::string &name, Workspace &workspace)
{
    std::string quoted = connection.QuoteName(name);
    try {
        connection.Execute("CREATE DATABASE " + quoted);
    } catch (const SqlError &error) {
        throw std::runtime_error(
            std::string("no database of its own for the run: ") + error.what() +
            "\n  Connect as a role with CREATEDB, or use --schema (--versus-schema).");
    }
    workspace.Made(connection.Database(), "database " + name,
                   "DROP DATABASE " + quoted + " WITH (FORCE)");
    return name;
}

void
FindOperatorClass(Connection &connection, const std::string &type_name, Metric metric, Side &side)
{
    Result found = connection.Execute(kOperatorClassSql,
                                      {side.args.method, MetricOperator(metric), type_name});
    if (found.rows() == 0)
        throw std::runtime_error("the access method \"" + side.args.method +
                                 "\" has no operator class for " + type_name + " with " +
                                 MetricOperator(metric));
    side.type = static_cast<Oid>(std::stoul(found.Value(0, 0)));
    side.type_name = found.Value(0, 1);
    side.operator_name = found.Value(0, 2);
    side.operator_class = found.Value(0, 3);
}

void
UseInPlace(Connection &connection, const Source &source, Side &side, const std::string &index_name)
{
    side.table = source.table;
    side.column = source.column;
    side.id = source.id;
    std::string schema = connection.Scalar(
        "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = $1::regclass",
        {source.table});
    std::string existing = connection.Scalar(
        kExistingIndexSql, {side.table, side.column, side.args.method, side.operator_class});
    if (!existing.empty() && side.args.with.empty()) {
        side.index = existing;
        side.index_existed = true;
        Say(side.label + ": using the existing index " + existing);
        return;
    }
    side.index_name = connection.QuoteName(index_name);
    side.index = connection.QuoteName(schema) + "." + side.index_name;
}

} // namespace

std::string
Side::SearchSql(int k) const
{
    return "SELECT " + id + " FROM " + table + " ORDER BY " + column + " " + operator_name +
           " $1 LIMIT " + std::to_string(k);
}

Source
DescribeSource(Connection &connection, const Args &args)
{
    Source source;
    source.database = connection.Database();
    source.table = connection.Scalar("SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c"
                                     " JOIN pg_namespace n ON n.oid = c.relnamespace"
                                     " WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'm')",
                                     {args.table});
    if (source.table.empty())
        throw std::runtime_error("no table or materialized view \"" + args.table +
                                 "\" in database " + source.database);
    Result id = connection.Execute(
        "SELECT quote_ident(attname), format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = $1::regclass AND attname = $2 AND attnum > 0 AND NOT attisdropped",
        {source.table, args.id});
    Result column = connection.Execute(
        "SELECT quote_ident(a.attname), t.typname, t.oid, a.atttypmod FROM pg_attribute a"
        " JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE a.attrelid = $1::regclass AND a.attname = $2 AND a.attnum > 0 AND NOT "
        "a.attisdropped",
        {source.table, args.column});
    if (id.rows() == 0)
        throw std::runtime_error(args.table + " has no column \"" + args.id +
                                 "\" (--id names another)");
    if (column.rows() == 0)
        throw std::runtime_error(args.table + " has no column \"" + args.column + '"');
    source.id = id.Value(0, 0);
    source.id_type = id.Value(0, 1);
    source.column = column.Value(0, 0);
    source.type_name = column.Value(0, 1);
    source.type = static_cast<Oid>(std::stoul(column.Value(0, 2)));
    source.dims = std::stoi(column.Value(0, 3));
    return source;
}

bool
FitsInPlace(Connection &connection, const Source &source, const SideArgs &side, Metric metric)
{
    Result found = connection.Execute(kOperatorClassSql,
                                      {side.method, MetricOperator(metric), source.type_name});
    for (int row = 0; row < found.rows(); row++) {
        if (found.Value(row, 0) == std::to_string(source.type))
            return true;
    }
    return false;
}

Side
PrepareSide(const Args &args, const SideArgs &side_args, const Source &source, bool in_place,
            const std::string &letter, Workspace &workspace)
{
    Side side;
    side.label = side_args.method;
    side.args = side_args;
    side.in_place = in_place;
    Connection connected(args.connection, "");
    std::string name = "omendb_bench_" + std::to_string(getpid()) + "_" + letter;
    bool own_database = !in_place && side_args.schema.empty();
    side.database =
        own_database ? CreateDatabase(connected, name, workspace) : connected.Database();

    Connection connection(args.connection, side.database);
    std::string schema = side_args.schema.empty() ? "public" : side_args.schema;
    if (!in_place && !side_args.schema.empty())
        CreateSchema(connection, schema, workspace);
    CreateExtension(connection, side_args, own_database ? nullptr : &workspace);
    FindOperatorClass(connection, source.type_name, args.metric, side);
    if (in_place) {
        UseInPlace(connection, source, side, name + "_index");
        return side;
    }
    side.table = connection.QuoteName(schema) + "." + connection.QuoteName(name);
    side.column = "v";
    side.id = "id";
    side.index_name = connection.QuoteName(name + "_index");
    side.index = connection.QuoteName(schema) + "." + side.index_name;
    connection.Execute("CREATE TABLE " + side.table + " (id " + source.id_type + " NOT NULL, v " +
                       side.type_name + "(" + std::to_string(source.dims) + "))");
    if (!own_database)
        workspace.Made(side.database, "table " + name, "DROP TABLE " + side.table);
    return side;
}

} // namespace omendb::bench
