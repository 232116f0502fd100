// What the program makes on the server, and its removal. Every database, schema, extension, table and
// index that is created is noted here at once with the statement that removes it; the destructor runs
// these, newest first, after success, error or Ctrl-C alike. Nothing that existed before is ever noted.
#pragma once

#include <string>
#include <vector>

namespace omendb::bench {

class Workspace {
public:
    // `keep`: at the end, say what stays instead of removing it.
    Workspace(std::string connection_string, bool keep);
    ~Workspace();
    Workspace(const Workspace &) = delete;
    Workspace &operator=(const Workspace &) = delete;

    // `what` was made in `database`; `removal` removes it.
    void Made(const std::string &database, const std::string &what, const std::string &removal);

private:
    struct Thing {
        std::string database, what, removal;
    };
    std::string connection_string_;
    bool keep_;
    std::vector<Thing> things_;
};

} // namespace omendb::bench
