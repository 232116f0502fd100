// Progress of a long step, on stderr: a bar redrawn in place on a terminal, else a line every ten seconds.
#pragma once

#include <chrono>
#include <string>

namespace omendb::bench {

class Progress {
public:
    // `total` 0: unknown, only the count is shown.
    Progress(std::string title, double total);
    ~Progress();
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    // Cheap: draws at most ten times a second. `note` is shown behind the bar. A `total` of 0 keeps the old.
    void Update(double done, const std::string &note = "", double total = 0);

private:
    using Clock = std::chrono::steady_clock;
    void Draw(double done, const std::string &note);

    std::string title_;
    double total_;
    bool terminal_;
    Clock::time_point start_, last_;
};

// A line on stderr that does not collide with a bar being drawn.
void Say(const std::string &line);

} // namespace omendb::bench
