#pragma once

#include <qcustomplot.h>

namespace qs::ui {

/// Names at places of an axis, without those that would run into the one before.
class BlockTicker final : public QCPAxisTickerText {
public:
    explicit BlockTicker(const QCPAxis& axis) : m_axis(axis) {}

protected:
    QVector<double> createTickVector(double tickStep, const QCPRange& range) override;

private:
    const QCPAxis& m_axis;
};

} // namespace qs::ui
