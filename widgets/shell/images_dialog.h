#pragma once

class QWidget;

namespace qs::ui {

struct Session;

/// Folders, number of calibration images, and the preprocessing with its presets. Not modal; Apply takes over.
void showImagesDialog(Session& session, QWidget* parent);

} // namespace qs::ui
