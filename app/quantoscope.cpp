// The window program: wiring only.
#include "core/project/demos.h"
#include "widgets/model/autosave.h"
#include "widgets/model/session.h"
#include "widgets/shell/arguments.h"
#include "widgets/shell/main_window.h"
#include "widgets/shell/termination.h"
#include "widgets/theme/colours.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QSettings>

namespace {

/// "" where there is none.
QString demoFolder()
{
    const auto folder = qs::project::demoFolder(QUANTOSCOPE_SOURCE_RESOURCES);
    return folder ? QString::fromStdString(folder->string()) : QString();
}

QString text(std::string_view words)
{
    return QString::fromUtf8(words.data(), static_cast<qsizetype>(words.size()));
}

/// Names of the options that open the demos: "demo" the first, "demo-TASK" others.
QString optionOf(const qs::project::DemoDef& demo)
{
    const QString first = QStringLiteral("demo");
    return &demo == qs::project::demos().data() ? first : first + QLatin1Char('-') + text(demo.task);
}

} // namespace

int main(int argc, char** argv)
{
    qs::ui::Arguments arguments(argc, argv);
    QApplication application(arguments.count(), arguments.values());
    QApplication::setApplicationName(QStringLiteral("quantoscope"));
    QApplication::setApplicationDisplayName(QStringLiteral("Quantoscope"));
    QApplication::setOrganizationName(QStringLiteral("quantoscope"));
    QApplication::setApplicationVersion(QStringLiteral(QUANTOSCOPE_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("quantoscope"));

    QCommandLineParser parser;
    parser.setApplicationDescription(
        QApplication::tr("See, repair and export post-training quantization of vision transformers."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("model"), QApplication::tr("An ONNX model."),
                                 QStringLiteral("[model]"));
    const QCommandLineOption calib(QStringLiteral("calib"), QApplication::tr("Folder of calibration images."),
                                   QStringLiteral("DIR"));
    const QCommandLineOption images(QStringLiteral("images"), QApplication::tr("Folder of test images."),
                                    QStringLiteral("DIR"));
    const QCommandLineOption sessionFile(QStringLiteral("session"), QApplication::tr("Open a session."),
                                         QStringLiteral("FILE"));
    const QCommandLineOption theme(QStringLiteral("theme"), QApplication::tr("system, light or dark, for this time."),
                                   QStringLiteral("NAME"));
    parser.addOptions({calib, images, sessionFile, theme});
    for (const qs::project::DemoDef& demo : qs::project::demos())
        parser.addOption({optionOf(demo), QApplication::tr("Open the built-in demo of %1.").arg(text(demo.task))});
    parser.process(application);

    qs::ui::Theme look = static_cast<qs::ui::Theme>(QSettings().value(QStringLiteral("view/theme"), 0).toInt());
    if (parser.value(theme) == QLatin1String("light"))
        look = qs::ui::Theme::Light;
    else if (parser.value(theme) == QLatin1String("dark"))
        look = qs::ui::Theme::Dark;
    qs::ui::applyTheme(look);

    qs::ui::JobRunner runner;
    qs::ui::Session session(runner);
    qs::ui::Autosave autosave(session);
    qs::ui::MainWindow window(session, demoFolder(), &autosave);
    qs::ui::Termination termination;
    QObject::connect(&termination, &qs::ui::Termination::asked, &window,
                     [&] { qs::ui::endQuietly(session.document, autosave); });
    window.show();
    for (const qs::project::DemoDef& demo : qs::project::demos())
        if (parser.isSet(optionOf(demo)))
            window.openDemo(text(demo.task));
    if (parser.isSet(calib))
        session.folders.open(qs::ui::ImagePurpose::Calibration, parser.value(calib));
    if (parser.isSet(images))
        session.folders.open(qs::ui::ImagePurpose::Test, parser.value(images));
    if (parser.isSet(sessionFile))
        window.openPaths({parser.value(sessionFile)});
    else if (!parser.positionalArguments().isEmpty())
        window.openPaths({parser.positionalArguments().first()});
    return QApplication::exec();
}
