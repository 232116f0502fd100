// One side of the comparison: an index access method, the table that its index stands on, and their names
// in the catalog. A side's table is either the user's own (in place) or a copy made for this run.
//
// pgvector and omendb both call their type "vector", so nothing here goes by search_path: the access
// method is looked up, its operator class for the metric's operator tells the type's OID, and every name in
// a statement carries its schema.
#pragma once

#include "args.h"
#include "connection.h"
#include "workspace.h"

#include <string>

namespace omendb::bench {

// What the base table of --table looks like; unused for files.
struct Source {
    std::string table; // qualified and quoted; empty: the data come from files
    std::string column, id;
    std::string id_type = "integer";
    std::string type_name = "vector"; // without schema: vector, halfvec, ...
    Oid type = 0;
    int dims = 0;
    std::string database;
};

struct Side {
    std::string label; // the access method's name; "hnsw (B)" when both sides use one
    SideArgs args;
    std::string database;
    bool in_place = false;

    std::string table;      // qualified and quoted
    std::string column;     // quoted
    std::string id;         // quoted
    std::string index;      // qualified and quoted
    std::string index_name; // quoted, as CREATE INDEX wants it
    bool index_existed = false;

    Oid type = 0;               // the vector type that the operator class takes
    std::string type_name;      // qualified and quoted
    std::string operator_name;  // OPERATOR(schema.<=>)
    std::string operator_class; // qualified and quoted

    // SELECT id FROM table ORDER BY column <op> $1 LIMIT k.
    std::string SearchSql(int k) const;
};

// Describes --table. Throws std::runtime_error when the table, a column or the vectors are missing.
Source DescribeSource(Connection &connection, const Args &args);

// Whether the side's index can stand on the source's own table: its access method has an operator class
// for that column's type in the connected database.
bool FitsInPlace(Connection &connection, const Source &source, const SideArgs &side, Metric metric);

// Makes database, schema and extension where they are missing, finds the names, creates the empty table of
// a copy. `letter` tells the two sides apart in the names of what is made.
Side PrepareSide(const Args &args, const SideArgs &side_args, const Source &source, bool in_place,
                 const std::string &letter, Workspace &workspace);

} // namespace omendb::bench
