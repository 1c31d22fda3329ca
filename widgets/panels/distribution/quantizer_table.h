#pragma once

#include "core/quant/trials.h"

#include <QTableWidget>
#include <QWidget>

#include <vector>

class QLabel;

namespace qs::ui {

/// Quantizers at one site side by side, with their isolated errors; the best of each column stands out, the one in
/// use is ticked. A click, or Enter, takes one.
class QuantizerTable : public QWidget {
    Q_OBJECT
public:
    explicit QuantizerTable(QWidget* parent = nullptr);

    /// stale: being measured anew.
    void setTrials(const std::vector<quant::QuantizerTrial>& trials, const quant::SiteSettings& settings, bool stale);
    /// In place of rows: why there are none.
    void showReason(const QString& text);

    const std::vector<quant::QuantizerTrial>& trials() const { return m_trials; }
    QTableWidget& table() { return *m_table; }
    QString csv() const;

signals:
    void taken(const qs::quant::QuantizerTrial& trial);

protected:
    void changeEvent(QEvent* event) override;

private:
    void fill();
    void take(int row);

    QTableWidget* m_table;
    QLabel* m_note;
    std::vector<quant::QuantizerTrial> m_trials;
    quant::SiteSettings m_settings;
    bool m_stale = false;
};

} // namespace qs::ui
