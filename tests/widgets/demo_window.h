#pragma once

#include "session_helper.h"

#include "widgets/model/history.h"
#include "widgets/shell/main_window.h"
#include "widgets/theme/colours.h"

#include <QComboBox>
#include <QDir>
#include <QFileInfo>
#include <QSettings>
#include <QTemporaryDir>

#include <memory>

namespace qs::test {

constexpr int kDemoPatienceMs = 240000 * kSlowdown;

inline QString demoFolder()
{
    return QStringLiteral(QUANTOSCOPE_SOURCE_RESOURCES) + QStringLiteral("/demo");
}
inline bool hasDemo()
{
    return QFileInfo::exists(demoFolder() + QStringLiteral("/demo_vit.onnx"));
}

/// Pictures of a widget as `name`-light.png and `name`-dark.png in the folder QUANTOSCOPE_SCREENSHOTS, where that is
/// set.
inline void shoot(QWidget& widget, const QString& name)
{
    const QString folder = qEnvironmentVariable("QUANTOSCOPE_SCREENSHOTS");
    if (folder.isEmpty())
        return;
    QDir().mkpath(folder);
    for (const ui::Theme theme : {ui::Theme::Light, ui::Theme::Dark}) {
        ui::applyTheme(theme);
        QTest::qWait(200);
        const QString file =
            QStringLiteral("%1-%2.png")
                .arg(name, theme == ui::Theme::Light ? QStringLiteral("light") : QStringLiteral("dark"));
        widget.grab().save(QDir(folder).filePath(file));
    }
    ui::applyTheme(ui::Theme::Light);
}

inline SiteId siteWith(const ui::Session& session, graph::Role role, int block,
                       graph::SiteKind kind = graph::SiteKind::Activation)
{
    for (const graph::Site& site : session.document.sites())
        if (site.role == role && site.kind == kind && site.block == block)
            return site.id;
    return {};
}

/// As a person does.
inline void choose(QComboBox* box, int data)
{
    QVERIFY(box && box->isEnabled());
    const int at = box->findData(data);
    QVERIFY(at >= 0);
    box->setCurrentIndex(at);
    emit box->activated(at);
}

/// The window at 1280 × 800 with settings of its own; the demo is opened by openDemo.
class DemoWindow {
public:
    explicit DemoWindow(const char* name)
    {
        QCoreApplication::setOrganizationName(QStringLiteral("quantoscope-test"));
        QCoreApplication::setApplicationName(QLatin1String(name));
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, m_folder.path());
        ui::applyTheme(ui::Theme::Light);
        m_runner = std::make_unique<ui::JobRunner>(2);
        m_session = std::make_unique<ui::Session>(*m_runner);
        m_window = std::make_unique<ui::MainWindow>(*m_session, demoFolder(), nullptr);
        m_window->resize(1280, 800);
        m_window->show();
    }
    ~DemoWindow()
    {
        m_window.reset();
        m_session.reset();
        m_runner->waitForDone(kDemoPatienceMs);
    }

    ui::Session& session() { return *m_session; }
    ui::MainWindow& window() { return *m_window; }
    QString folder() const { return m_folder.path(); } ///< for files of the test
    /// A panel by its id.
    template <class Panel>
    Panel* panel(const char* id)
    {
        return dynamic_cast<Panel*>(m_window->panel(QLatin1String(id)));
    }
    /// A control of the recipe panel by its object name.
    template <class T>
    T* control(const char* name)
    {
        return m_window->panel(QStringLiteral("recipe"))->findChild<T*>(QLatin1String(name));
    }
    /// The plan and the figures of the probe belong to the present recipe.
    bool ready() const
    {
        return m_session->plans.plan().current && m_session->figures.probe().current &&
               !m_session->figures.probe().running;
    }

private:
    QTemporaryDir m_folder;
    std::unique_ptr<ui::JobRunner> m_runner;
    std::unique_ptr<ui::Session> m_session;
    std::unique_ptr<ui::MainWindow> m_window;
};

} // namespace qs::test

#define QS_READY(demo) QTRY_VERIFY_WITH_TIMEOUT((demo).ready(), qs::test::kDemoPatienceMs)
