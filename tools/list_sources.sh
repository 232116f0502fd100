#!/bin/sh
# Prints every C++ file of the project, one a line, relative to the root.
cd "$(dirname "$0")/.." || exit 1
find src include test bench -name '*.h' -o -name '*.cc' -o -name '*.inc' | sort
