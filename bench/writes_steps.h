// The steps of omendb_writes. Each begins with WrittenTable::Renew and sets the figures of one side;
// README.md says what each figure means.
#pragma once

#include "query_set.h"
#include "writes_figures.h"
#include "writes_table.h"

#include <string>

namespace omendb::bench {

struct StepContext {
    const WritesArgs &args;
    const QuerySet &queries;
    WriteFigures &figures;
    size_t side; // 0 or 1
};

void RunCopyStep(const StepContext &context, WrittenTable &table);
void RunInsertStep(const StepContext &context, WrittenTable &table, const VectorFile &base);
void RunWalStep(const StepContext &context, WrittenTable &table);
void RunUpdateStep(const StepContext &context, WrittenTable &table);
void RunVacuumStep(const StepContext &context, WrittenTable &table);
void RunChurnStep(const StepContext &context, WrittenTable &table);

} // namespace omendb::bench
