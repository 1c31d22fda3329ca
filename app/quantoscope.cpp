// The window program: wiring only.
#include "widgets/model/autosave.h"
#include "widgets/model/session.h"
#include "widgets/shell/arguments.h"
#include "widgets/shell/main_window.h"
#include "widgets/shell/termination.h"
#include "widgets/theme/colours.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QDir>
#include <QFileInfo>
#include <QSettings>

namespace {

/// QUANTOSCOPE_RESOURCES, the installed place, the source tree: the first that has the demo; "" where none has.
QString demoFolder()
{
    for (const QString& place : {qEnvironmentVariable("QUANTOSCOPE_RESOURCES"),
                                 QCoreApplication::applicationDirPath() + QStringLiteral("/../share/quantoscope"),
                                 QStringLiteral(QUANTOSCOPE_SOURCE_RESOURCES)})
        if (!place.isEmpty() && QFileInfo::exists(place + QStringLiteral("/demo/demo_vit.onnx")))
            return QDir::cleanPath(place + QStringLiteral("/demo"));
    return {};
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
    const QCommandLineOption demo(QStringLiteral("demo"), QApplication::tr("Open the built-in demo."));
    const QCommandLineOption sessionFile(QStringLiteral("session"), QApplication::tr("Open a session."),
                                         QStringLiteral("FILE"));
    const QCommandLineOption theme(QStringLiteral("theme"), QApplication::tr("system, light or dark, for this time."),
                                   QStringLiteral("NAME"));
    parser.addOptions({calib, images, demo, sessionFile, theme});
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
    if (parser.isSet(demo))
        window.openDemo();
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
