// Removal of what the program made, each thing by itself: one that fails is reported and the others go on.
#include "workspace.h"

#include "connection.h"
#include "progress.h"

namespace omendb::bench {

Workspace::Workspace(std::string connection_string, bool keep)
    : connection_string_(std::move(connection_string)), keep_(keep)
{
}

void
Workspace::Made(const std::string &database, const std::string &what, const std::string &removal)
{
    things_.push_back({database, what, removal});
}

Workspace::~Workspace()
{
    for (size_t i = things_.size(); i-- > 0;) {
        const Thing &thing = things_[i];
        if (keep_) {
            Say("kept: " + thing.what + "  (in database " + thing.database + "; " + thing.removal +
                ")");
            continue;
        }
        try {
            Connection(connection_string_, thing.database).Execute(thing.removal);
        } catch (const SqlError &error) {
            Say("could not remove " + thing.what + " in database " + thing.database + ": " +
                error.what() + "\n  by hand: " + thing.removal);
        }
    }
}

} // namespace omendb::bench
