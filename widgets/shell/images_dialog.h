#pragma once

class QWidget;

namespace qs::ui {

class Document;
class Plans;

/// Folders, number of calibration images, and the preprocessing with its presets. Not modal; Apply takes over.
void showImagesDialog(Document& document, Plans& plans, QWidget* parent);

} // namespace qs::ui
