#pragma once

#include "core/tasks/task.h"

namespace qs::tasks {

// One function a file; task_list.cpp puts them in their order.
const TaskDef& classificationTask();
const TaskDef& multiLabelTask();
const TaskDef& segmentationTask();
const TaskDef& detectionTask();
const TaskDef& featuresTask();
const TaskDef& denseValuesTask();
const TaskDef& textTask();
const TaskDef& tensorsTask();

} // namespace qs::tasks
