// Normally distributed numbers that are the same with every standard library: std::normal_distribution is
// free to draw as it likes, libstdc++ 16 draws otherwise than 15 did, and bounds that a test sets on the
// mean of some rows hold for these rows.
#pragma once

#include <cmath>

namespace omendb::test {

// Mean 0, deviation 1: Marsaglia's polar method, two numbers from each accepted pair.
class Normal {
public:
    template <class Engine>
    float operator()(Engine &random)
    {
        if (has_saved_) {
            has_saved_ = false;
            return saved_;
        }
        float x, y, squares;
        do {
            x = 2 * Uniform(random) - 1;
            y = 2 * Uniform(random) - 1;
            squares = x * x + y * y;
        } while (squares > 1 || squares == 0);
        float factor = std::sqrt(-2 * std::log(squares) / squares);
        saved_ = x * factor;
        has_saved_ = true;
        return y * factor;
    }

private:
    // In [0, 1).
    template <class Engine>
    static float Uniform(Engine &random)
    {
        float range = static_cast<float>(Engine::max() - Engine::min()) + 1;
        float value = static_cast<float>(random() - Engine::min()) / range;
        return value < 1 ? value : std::nextafter(1.0F, 0.0F);
    }

    float saved_ = 0;
    bool has_saved_ = false;
};

} // namespace omendb::test
