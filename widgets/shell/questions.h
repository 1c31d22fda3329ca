#pragma once

#include "core/onnx/import.h"

#include <QString>

#include <vector>

namespace qs::ui {

class Autosave;
class Files;
class Folders;
class MessageStrip;

// Questions that the rooms cannot answer themselves; the answer is the command.

/// Which of two folders is for calibration; the other is for testing.
void askFolders(MessageStrip& strip, Folders& folders, const QString& one, const QString& other);
/// At which of its sizes a model that leaves it open is opened.
void askSize(MessageStrip& strip, Files& files, const QString& path, const std::vector<onnx::ImageSize>& sizes);
/// What becomes of the sessions of programs that died; nothing where there are none.
void offerRecovery(MessageStrip& strip, Files& files, Autosave& autosave);

} // namespace qs::ui
