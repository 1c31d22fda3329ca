#pragma once

class QWidget;

namespace qs::ui {

class Document;
class Files;
class JobRunner;

/// Asks for what the open model's file leaves open, height and width of the image and the output that counts, with
/// the sizes at which the file is known to fit, and opens it again so. Not modal.
void showInputDialog(const Document& document, Files& files, JobRunner& runner, QWidget* parent);

} // namespace qs::ui
