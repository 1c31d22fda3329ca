#pragma once

#include "core/graph/sites.h"

#include <QObject>

#include <vector>

namespace qs::ui {

class Document;

enum class SelectMode { Replace, Add, Toggle };

/// What the panels look at, one for all: sites, an image, and how they are drawn.
class Selection : public QObject {
    Q_OBJECT
public:
    explicit Selection(const Document& document, QObject* parent = nullptr);

    const std::vector<SiteId>& sites() const { return m_sites; } ///< sorted
    bool contains(SiteId site) const;
    /// The site that single-site views show: the last one that was clicked; invalid with an empty selection.
    SiteId current() const { return m_current; }
    void select(std::vector<SiteId> sites, SelectMode mode = SelectMode::Replace);
    void select(SiteId site, SelectMode mode = SelectMode::Replace) { select(std::vector<SiteId>{site}, mode); }
    /// All sites that the recipe's coverage has.
    void selectAll();
    /// The test image that Images and Distribution show; -1: none.
    int image() const { return m_image; }
    void setImage(int image);

    bool logAxis() const { return m_logAxis; }
    void setLogAxis(bool on);
    /// Space: show the float state ("before") instead of the quantized one.
    bool showBefore() const { return m_showBefore; }
    void setShowBefore(bool on);

    /// Another model: these sites by name, no image. announce() then tells of it.
    void replace(const std::vector<std::string>& sites);
    void announce();

signals:
    void changed(); ///< sites or the current one
    void imageChanged();
    void viewChanged(); ///< logAxis or showBefore

private:
    const Document& m_document;
    std::vector<SiteId> m_sites;
    SiteId m_current;
    int m_image = -1;
    bool m_logAxis = true;
    bool m_showBefore = false;
};

} // namespace qs::ui
