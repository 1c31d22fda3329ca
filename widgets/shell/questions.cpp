#include "widgets/shell/questions.h"

#include "widgets/model/autosave.h"
#include "widgets/model/files.h"
#include "widgets/model/folders.h"
#include "widgets/shell/message_strip.h"

#include <QDateTime>
#include <QFileInfo>

namespace qs::ui {

void askFolders(MessageStrip& strip, Folders& folders, const QString& one, const QString& other)
{
    const auto open = [&folders](const QString& calibration, const QString& test) {
        folders.open(ImagePurpose::Calibration, calibration);
        folders.open(ImagePurpose::Test, test);
    };
    strip.ask(QObject::tr("Two folders of images: which is for calibration? The other is for testing."),
              {{QFileInfo(one).fileName(), [open, one, other] { open(one, other); }},
               {QFileInfo(other).fileName(), [open, one, other] { open(other, one); }}});
}

void askSize(MessageStrip& strip, Files& files, const QString& path, const std::vector<onnx::ImageSize>& sizes)
{
    std::vector<MessageStrip::Button> buttons;
    for (const onnx::ImageSize& size : sizes)
        buttons.emplace_back(QObject::tr("%1 × %2 px").arg(size.height).arg(size.width), [&files, path, size] {
            onnx::ImportOptions options;
            options.imageSize = size;
            files.openModel(path, options);
        });
    strip.ask(QObject::tr("%1 leaves the height and width of its image open, and 224 × 224 does not fit. It fits at:")
                  .arg(QFileInfo(path).fileName()),
              buttons);
}

void offerRecovery(MessageStrip& strip, Files& files, Autosave& autosave)
{
    const QStringList leftovers = autosave.leftovers();
    if (leftovers.isEmpty())
        return;
    const auto restore = [&files, &autosave, &strip, file = leftovers.first()] {
        files.recover(file);
        // The old copy goes when a new one is written.
        QObject::connect(
            &autosave, &Autosave::saved, &strip, [&autosave, file] { autosave.discard(file); },
            static_cast<Qt::ConnectionType>(Qt::AutoConnection | Qt::SingleShotConnection));
    };
    // What is asked about is what goes: the older ones are asked about one by one.
    const auto discard = [&strip, &files, &autosave, file = leftovers.first()] {
        autosave.discard(file);
        offerRecovery(strip, files, autosave);
    };
    const qsizetype older = leftovers.size() - 1;
    strip.ask(QObject::tr("Quantoscope did not end properly (%1). Its last session was kept%2.")
                  .arg(QFileInfo(leftovers.first()).lastModified().toString(QObject::tr("d MMMM, HH:mm")),
                       older > 0 ? QObject::tr(", and %n older", nullptr, static_cast<int>(older)) : QString()),
              {{QObject::tr("Restore"), restore}, {QObject::tr("Discard"), discard}});
}

} // namespace qs::ui
