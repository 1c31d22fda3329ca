#include "widgets/model/messages.h"

namespace qs::ui {

void Messages::fail(const Error& error)
{
    if (error.code != ErrorCode::Cancelled)
        emit failed(error);
}

void Messages::note(const QString& text)
{
    emit noticed(text);
}

void Messages::failWriting(const QString& text)
{
    fail(Error{ErrorCode::Io, text.toStdString(), {}});
}

bool Messages::need(bool condition, const QString& missing)
{
    if (!condition)
        fail(Error{ErrorCode::InvalidArgument, missing.toStdString(), {}});
    return condition;
}

} // namespace qs::ui
