// The parts of a command line that the programs share: numbers and lists with their checks, and the loop over
// a table of options. One table serves parsing and --help, so that neither can lag behind.
#pragma once

#include "args.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace omendb::bench {

// An option of a program whose arguments are an A. `name` null: a heading, `help`.
template <class A>
struct Option {
    const char *name;
    const char *value; // null: a flag
    const char *help;
    std::function<void(A &, const std::string &)> apply;
};

// All of them throw std::runtime_error with a sentence for the user.
std::vector<std::string> Split(const std::string &text); // at commas, without empty parts
double Number(const std::string &text, double low, double high);
int Whole(const std::string &text, int low, int high);
std::vector<int> WholeList(const std::string &text, int low, int high);
Metric MetricOf(const std::string &text);
// Files hold values, not bits.
void RequireValues(Metric metric, bool from_files);
std::string Assignment(const std::string &text); // name=value

// What tells the two indexes, their extensions and schemas; an option's search parameters are the program's.
std::vector<Option<Args>> SideOptions();
// Fills in what is known of the methods that people have. Throws std::runtime_error for others.
void CompleteSide(SideArgs &side);

template <class A>
void
PrintOptions(const std::vector<Option<A>> &options)
{
    for (const Option<A> &option : options) {
        if (option.name == nullptr) {
            printf("\n%s\n", option.help);
            continue;
        }
        std::string left = std::string("--") + option.name;
        if (option.value != nullptr)
            left += std::string(" ") + option.value;
        printf("  %-24s %s\n", left.c_str(), option.help);
    }
}

// `usage` opens --help, which exits.
template <class A>
void
ParseOptions(const std::vector<Option<A>> &options, const char *usage, int argc, char **argv,
             A &args)
{
    for (int i = 1; i < argc; i++) {
        std::string word = argv[i];
        if (word == "--help" || word == "-h") {
            printf("%s", usage);
            PrintOptions(options);
            exit(0);
        }
        std::string name = word.rfind("--", 0) == 0 ? word.substr(2) : "";
        std::string value;
        size_t equals = name.find('=');
        bool has_value = equals != std::string::npos;
        if (has_value) {
            value = name.substr(equals + 1);
            name.resize(equals);
        }
        const Option<A> *found = nullptr;
        for (const Option<A> &option : options) {
            if (option.name != nullptr && name == option.name)
                found = &option;
        }
        if (found == nullptr)
            throw std::runtime_error("unknown option \"" + word + "\" (--help lists them)");
        if (found->value == nullptr && has_value)
            throw std::runtime_error("--" + name + " takes no value");
        if (found->value != nullptr && !has_value) {
            if (++i == argc)
                throw std::runtime_error("--" + name + " needs a value");
            value = argv[i];
        }
        try {
            found->apply(args, value);
        } catch (const std::runtime_error &error) {
            throw std::runtime_error("--" + name + ": " + error.what());
        }
    }
}

} // namespace omendb::bench
