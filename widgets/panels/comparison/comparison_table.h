#pragma once

#include "core/report/comparison.h"

#include <QTableWidget>

namespace qs::ui {

/// Lines of a comparison; a click on a header sorts. In each group of equal bits and coverage the best figure of a
/// column stands out.
class ComparisonTable : public QTableWidget {
    Q_OBJECT
public:
    enum Column {
        kMethod,
        kBits,
        kCoverage, ///< hidden where all lines have the same
        kTop1,
        kAgreement,
        kKl,
        kSqnr,
        kSize,
        kInt8,
        kTime,
        kCalibration, ///< hidden likewise; the failure of lines that have one
        kColumns
    };

    explicit ComparisonTable(QWidget* parent = nullptr);

    void setComparison(const report::Comparison& comparison);
    const report::ComparisonRow* at(int row) const; ///< as sorted now

signals:
    void loadWished(const qs::report::ComparisonRow& row); ///< Enter or a double click

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void fill();
    QString figuresHelp(const report::ComparisonRow& row, int column) const;
    /// The names of the methods get what the figures leave, so that the table is no wider than the panel.
    void nameHeadline();
    void giveRestToMethods();

    report::Comparison m_comparison;
};

} // namespace qs::ui
