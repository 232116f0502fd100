// SVG by hand. Recall is drawn on a scale of -log(1 - recall): the steps that cost a search about the same
// are 0.9, 0.99, 0.999, and a linear scale would press them into the last corner.
#include "plot.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace omendb::bench {
namespace {

constexpr double kWidth = 760, kHeight = 480, kLeft = 80, kRight = 24, kTop = 52, kBottom = 60;
constexpr double kMostRecall = 0.9999; // a recall of 1 is drawn here
const char *const kColours[] = {"#0b6e4f", "#c8553d"};

double
RecallScale(double recall)
{
    return -std::log10(1 - std::min(recall, kMostRecall));
}

struct Axes {
    double recall_low = 0, recall_high = 1, rate_low = 0, rate_high = 1; // scaled

    double X(double recall) const
    {
        double share = (RecallScale(recall) - recall_low) / (recall_high - recall_low);
        return kLeft + share * (kWidth - kLeft - kRight);
    }
    double Y(double rate) const
    {
        double share = (std::log10(rate) - rate_low) / (rate_high - rate_low);
        return kHeight - kBottom - share * (kHeight - kTop - kBottom);
    }
};

__attribute__((format(printf, 2, 3))) void
Add(std::string &to, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    to += text;
}

std::string
Escaped(const std::string &text)
{
    std::string escaped;
    for (char c : text) {
        if (c == '&')
            escaped += "&amp;";
        else if (c == '<')
            escaped += "&lt;";
        else
            escaped += c;
    }
    return escaped;
}

Axes
AxesFor(const Figures &figures)
{
    double least_recall = 1, least_rate = INFINITY, most_rate = 0, most_recall = 0;
    for (const SideFigures &side : figures.sides) {
        for (const Point &point : side.points) {
            double rate = std::max(1e-3, point.speed[0].queries_per_second);
            least_recall = std::min(least_recall, point.recall);
            most_recall = std::max(most_recall, point.recall);
            least_rate = std::min(least_rate, rate);
            most_rate = std::max(most_rate, rate);
        }
    }
    Axes axes;
    axes.recall_low = RecallScale(least_recall) - 0.05;
    axes.recall_high = std::max(RecallScale(most_recall) + 0.15, axes.recall_low + 0.3);
    axes.rate_low = std::log10(least_rate) - 0.08;
    axes.rate_high = std::max(std::log10(most_rate) + 0.08, axes.rate_low + 0.3);
    return axes;
}

void
AddGrid(std::string &svg, const Axes &axes)
{
    double bottom = kHeight - kBottom, right = kWidth - kRight;
    static const double recalls[] = {0.1, 0.2,  0.3,  0.4,  0.5,  0.6,   0.7,   0.8,   0.85,
                                     0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999};
    double last_x = -INFINITY;
    for (double recall : recalls) {
        double x = axes.X(recall);
        if (x < kLeft || x > right || x - last_x < 34)
            continue;
        last_x = x;
        Add(svg, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='#ddd'/>", x, kTop, x,
            bottom);
        Add(svg, "<text x='%.1f' y='%.1f' text-anchor='middle'>%g</text>\n", x, bottom + 18,
            recall);
    }
    for (double power = std::floor(axes.rate_low); power <= axes.rate_high; power++) {
        for (double step : {1.0, 2.0, 5.0}) {
            double rate = step * std::pow(10, power), y = axes.Y(rate);
            if (y > bottom || y < kTop)
                continue;
            Add(svg, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='#ddd'/>", kLeft, y,
                right, y);
            Add(svg, "<text x='%.1f' y='%.1f' text-anchor='end'>%g</text>\n", kLeft - 8, y + 4,
                rate);
        }
    }
    Add(svg, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='none' stroke='#888'/>\n",
        kLeft, kTop, right - kLeft, bottom - kTop);
}

void
AddCurve(std::string &svg, const Axes &axes, const SideFigures &side, const char *colour)
{
    std::string line;
    for (const Point &point : side.points)
        Add(line, "%.1f,%.1f ", axes.X(point.recall), axes.Y(point.speed[0].queries_per_second));
    svg += "<polyline fill='none' stroke-width='2' stroke='" + std::string(colour) + "' points='" +
           line + "'/>\n";
    for (const Point &point : side.points) {
        double x = axes.X(point.recall), y = axes.Y(point.speed[0].queries_per_second);
        Add(svg, "<circle cx='%.1f' cy='%.1f' r='3.5' fill='%s'/>", x, y, colour);
        Add(svg, "<text x='%.1f' y='%.1f' font-size='10' fill='%s'>%d</text>\n", x + 5, y - 5,
            colour, point.parameter);
    }
}

} // namespace

std::string
SvgPlot(const Figures &figures)
{
    Axes axes = AxesFor(figures);
    std::string svg;
    Add(svg,
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %g %g' width='%g' height='%g' "
        "font-family='sans-serif' font-size='12' fill='#333'>\n<rect width='100%%' height='100%%' "
        "fill='white'/>\n",
        kWidth, kHeight, kWidth, kHeight);
    svg += "<text x='80' y='24' font-size='15'>" + Escaped(figures.title) + "</text>\n";
    AddGrid(svg, axes);
    Add(svg, "<text x='%.1f' y='%.1f' text-anchor='middle'>recall@%d</text>\n",
        (kLeft + kWidth - kRight) / 2, kHeight - 16, figures.k);
    Add(svg,
        "<text transform='translate(20 %.1f) rotate(-90)' text-anchor='middle'>queries/s, %d "
        "client%s</text>\n",
        (kTop + kHeight - kBottom) / 2, figures.sides[0].points[0].speed[0].clients,
        figures.sides[0].points[0].speed[0].clients == 1 ? "" : "s");
    for (size_t i = 0; i < figures.sides.size(); i++) {
        const SideFigures &side = figures.sides[i];
        const char *colour = kColours[i % 2];
        AddCurve(svg, axes, side, colour);
        double x = kLeft + static_cast<double>(i) * 240;
        Add(svg, "<line x1='%.1f' y1='40' x2='%.1f' y2='40' stroke='%s' stroke-width='3'/>", x,
            x + 18, colour);
        Add(svg, "<text x='%.1f' y='44'>", x + 24);
        svg +=
            Escaped(side.label + (side.with.empty() ? "" : " (" + side.with + ")")) + "</text>\n";
    }
    return svg + "</svg>\n";
}

} // namespace omendb::bench
