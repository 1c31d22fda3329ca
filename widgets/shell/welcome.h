#pragma once

#include <QWidget>

#include <vector>

class QVBoxLayout;

namespace qs::ui {

/// The window without a model: what to do next.
class Welcome : public QWidget {
    Q_OBJECT
public:
    explicit Welcome(QWidget* parent = nullptr);
    void setRecent(const QStringList& files);
    void setDemoAvailable(bool available);

signals:
    void openModel();
    void openDemo(const QString& task); ///< see project::demos()
    void openSession();
    void openRecent(const QString& file);

protected:
    void changeEvent(QEvent* event) override;

private:
    void style();
    QWidget* m_card;
    std::vector<QWidget*> m_demos;
    QVBoxLayout* m_recent;
};

} // namespace qs::ui
