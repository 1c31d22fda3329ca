#pragma once

#include "core/base/error.h"

#include <QObject>
#include <QString>

namespace qs::ui {

/// What the rooms of the window have to say to the person before it. Errors and notes are said once; the window
/// shows them.
class Messages : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    /// Nothing for ErrorCode::Cancelled.
    void fail(const Error& error);
    void note(const QString& text);
    /// A file could not be written, in words that name it.
    void failWriting(const QString& text);
    /// Says what is missing where the condition does not hold, and returns it.
    bool need(bool condition, const QString& missing);
    /// Whether there is a value; says the error where there is none.
    template <class T>
    bool succeeded(const Result<T>& result)
    {
        if (!result)
            fail(result.error());
        return result.has_value();
    }

signals:
    void failed(const qs::Error& error);
    /// Something worth saying that is no error: warnings of the importer, of a folder, of a plan.
    void noticed(const QString& text);
};

} // namespace qs::ui
