#include "widgets/model/folders.h"

#include "widgets/model/document.h"
#include "widgets/model/jobs.h"
#include "widgets/model/messages.h"

#include <QFileInfo>

#include <algorithm>

namespace qs::ui {

Folders::Folders(Document& document, Jobs& jobs, Messages& messages, QObject* parent)
    : QObject(parent), m_document(document), m_messages(messages), m_calibration(jobs.runner(), Lane::Interactive),
      m_test(jobs.runner(), Lane::Interactive)
{
    jobs.show(m_calibration, JobKind::OpenImages, QT_TR_NOOP("Reading the calibration images"));
    jobs.show(m_test, JobKind::OpenImages, QT_TR_NOOP("Reading the test images"));
    connect(&messages, &Messages::failed, this, &Folders::leaveOut);
}

Folders::~Folders() = default;

void Folders::open(ImagePurpose purpose, const QString& folder)
{
    auto& job = purpose == ImagePurpose::Calibration ? m_calibration : m_test;
    job.start([root = std::filesystem::path(folder.toStdString()),
               use = m_document.useOf(purpose)](const Context& context) { return readImageSet(root, use, context); },
              [this, purpose](Result<std::shared_ptr<const ImageSet>> result) {
                  if (!m_messages.succeeded(result))
                      return;
                  // Model, preprocessing or offset may have changed while the folder was read.
                  const auto images = refit(**result, m_document.useOf(purpose));
                  if (m_messages.succeeded(images))
                      m_document.setImages(purpose, *images);
              });
}

void Folders::leaveOut(const Error& error)
{
    if (m_lost.contains(error.where))
        return;
    for (const ImagePurpose purpose : {ImagePurpose::Calibration, ImagePurpose::Test}) {
        const std::shared_ptr<const ImageSet>& set = m_document.images(purpose);
        if (!set || std::ranges::none_of(set->folder.entries, [&error](const images::ImageEntry& entry) {
                return entry.path.string() == error.where;
            }))
            continue;
        m_lost.insert(error.where);
        m_messages.note(tr("%1 is left out: its folder is read again.").arg(QString::fromStdString(error.where)));
        open(purpose, QString::fromStdString(set->folder.root.string()));
    }
}

void Folders::open(const QStringList& folders)
{
    if (folders.size() == 1) {
        const bool has = m_document.calibrationImages() || m_calibration.running();
        open(has ? ImagePurpose::Test : ImagePurpose::Calibration, folders[0]);
    } else if (folders.size() == 2) {
        const std::optional<int> test = testFolderOf(folders[0], folders[1]);
        if (!test) {
            emit asked(folders[0], folders[1]);
            return;
        }
        open(ImagePurpose::Calibration, folders[1 - *test]);
        open(ImagePurpose::Test, folders[*test]);
    } else if (!folders.isEmpty()) {
        m_messages.fail(Error{ErrorCode::InvalidArgument,
                              "at most two folders at once: one of calibration images, one of test images",
                              {}});
    }
}

std::optional<int> testFolderOf(const QString& first, const QString& second)
{
    const auto named = [](const QString& folder, std::initializer_list<const char*> words) {
        const QString name = QFileInfo(folder).fileName().toLower();
        return std::ranges::any_of(words, [&name](const char* word) { return name.contains(QLatin1String(word)); });
    };
    const auto labelled = [](const QString& folder) {
        return QFileInfo::exists(folder + QStringLiteral("/labels.csv"));
    };
    const auto only = [](bool a, bool b) { return a == b ? std::nullopt : std::optional(a ? 0 : 1); };
    const std::optional<int> test = only(named(first, {"test", "val"}), named(second, {"test", "val"}));
    const std::optional<int> calibration = only(named(first, {"calib", "train"}), named(second, {"calib", "train"}));
    if (test && calibration && *test == *calibration) // "train-test" says both
        return std::nullopt;
    if (test)
        return test;
    if (calibration)
        return 1 - *calibration;
    return only(labelled(first), labelled(second));
}

} // namespace qs::ui
