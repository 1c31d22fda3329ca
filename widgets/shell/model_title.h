#pragma once

#include <QLabel>

namespace qs::ui {

class Document;

/// What is open, for the corner of the menu bar: "deit_tiny · 64 of 256 calib · 100 test"; and the title of the
/// window.
class ModelTitle : public QLabel {
    Q_OBJECT
public:
    explicit ModelTitle(const Document& document, QWidget* parent = nullptr);

    void refresh();
    QString windowTitle() const; ///< with Qt's place for the mark of what is unsaved

private:
    const Document& m_document;
};

} // namespace qs::ui
