#pragma once

#include <qcustomplot.h>

#include <vector>

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

/// Of places 0, 1, ... that belong to blocks: the name of each run of equal blocks in its middle.
QSharedPointer<QCPAxisTicker> blockTicker(const QCPAxis& axis, const std::vector<int>& blocks);

} // namespace qs::ui
