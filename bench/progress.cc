// The progress bar. One may be alive at a time; Say clears its line first.
#include "progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace omendb::bench {
namespace {

constexpr int kBarColumns = 28;
size_t columns_drawn = 0; // of the bar now on the terminal

void
ClearLine()
{
    if (columns_drawn > 0)
        fprintf(stderr, "\r%*s\r", static_cast<int>(columns_drawn), "");
    columns_drawn = 0;
}

std::string
Seconds(double seconds)
{
    char text[32];
    if (seconds < 60)
        snprintf(text, sizeof text, "%.0f s", seconds);
    else
        snprintf(text, sizeof text, "%.0f min %02.0f s", std::floor(seconds / 60),
                 std::fmod(seconds, 60));
    return text;
}

} // namespace

Progress::Progress(std::string title, double total)
    : title_(std::move(title)), total_(total), terminal_(isatty(2) != 0), start_(Clock::now()),
      last_(start_)
{
}

Progress::~Progress()
{
    ClearLine();
}

void
Progress::Update(double done, const std::string &note, double total)
{
    if (total > 0)
        total_ = total;
    Clock::time_point now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(terminal_ ? 100 : 10000))
        return;
    last_ = now;
    Draw(done, note);
}

void
Progress::Draw(double done, const std::string &note)
{
    double elapsed = std::chrono::duration<double>(last_ - start_).count();
    std::string line = title_ + "  ";
    if (total_ > 0) {
        double share = std::clamp(done / total_, 0.0, 1.0);
        int filled = static_cast<int>(share * kBarColumns);
        if (terminal_)
            line += '[' + std::string(filled, '#') + std::string(kBarColumns - filled, '.') + "] ";
        char percent[16];
        snprintf(percent, sizeof percent, "%3.0f %%  ", 100 * share);
        line += percent;
        line += Seconds(elapsed);
        if (share > 0.02 && share < 1)
            line += ", " + Seconds(elapsed / share - elapsed) + " left";
    } else {
        if (done > 0) {
            char count[32];
            snprintf(count, sizeof count, "%.0f  ", done);
            line += count;
        }
        line += Seconds(elapsed);
    }
    if (!note.empty())
        line += "  " + note;
    if (!terminal_) {
        fprintf(stderr, "%s\n", line.c_str());
        return;
    }
    ClearLine();
    fprintf(stderr, "%s", line.c_str());
    columns_drawn = line.size();
    fflush(stderr);
}

void
Say(const std::string &line)
{
    ClearLine();
    fprintf(stderr, "%s\n", line.c_str());
}

} // namespace omendb::bench
