#include "core/images/folder.h"
