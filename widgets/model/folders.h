#pragma once

#include "widgets/model/image_set.h"
#include "widgets/model/job.h"

#include <QObject>
#include <QString>
#include <QStringList>

#include <optional>
#include <set>
#include <string>

namespace qs::ui {

class Document;
class Jobs;
class Messages;
enum class ImagePurpose;

/// Folders of images on their way into the document. A file of theirs that cannot be read any more (removed, or
/// damaged, since they were opened) has its folder read again, which leaves it out and says so; what is computed of
/// the images starts anew.
class Folders : public QObject {
    Q_OBJECT
public:
    Folders(Document& document, Jobs& jobs, Messages& messages, QObject* parent = nullptr);
    ~Folders() override;

    void open(ImagePurpose purpose, const QString& folder);
    /// What was dropped. One folder is for calibration where there is none, else for testing; two are told apart by
    /// testFolderOf, and asked for where nothing tells.
    void open(const QStringList& folders);

signals:
    /// Two folders, and nothing tells which is for calibration.
    void asked(const QString& one, const QString& other);

private:
    void leaveOut(const Error& error);

    Document& m_document;
    Messages& m_messages;
    Job<std::shared_ptr<const ImageSet>> m_calibration, m_test;
    std::set<std::string> m_lost; ///< files that a folder was read again for: once
};

/// Which of two folders of images is for testing: by words of their names ("calib", "train"; "test", "val"), else the
/// one that alone has a file of labels. 0 or 1; nullopt where nothing tells.
std::optional<int> testFolderOf(const QString& first, const QString& second);

} // namespace qs::ui
