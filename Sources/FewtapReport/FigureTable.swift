import FewtapCore

/// Figures of contenders as an HTML table: a row for each that could take part, a column a figure.
struct FigureTable<Figures: Sendable>: Sendable {
  struct Column: Sendable {
    let head: String
    /// What the head means, for those who ask.
    let meaning: String
    let cell: @Sendable (Figures) -> String
  }

  let columns: [Column]

  func html(_ rows: [ComparisonRow<Figures>]) -> String {
    let head = columns.map { "<th scope=\"col\" title=\"\(markup($0.meaning))\">\(markup($0.head))</th>" }.joined()
    let lines = rows.compactMap { row in
      row.measured.map { figures in
        "<tr class=\"\(row.side.tone)\"><th scope=\"row\">\(markup(row.name))</th>"
          + columns.map { "<td>\(markup($0.cell(figures)))</td>" }.joined() + "</tr>"
      }
    }
    return """
      <div class="scroll" role="region" aria-label="All figures" tabindex="0">
      <table><thead><tr><th scope="col">filter</th>\(head)</tr></thead>
      <tbody>
      \(lines.joined(separator: "\n"))
      </tbody></table></div>
      """
  }

  /// What the heads mean.
  var legend: String {
    columns.map { "<b>\(markup($0.head))</b>: \(markup($0.meaning))" }.joined(separator: "; ") + "."
  }
}

extension Contender.Side {
  /// The name of its color in ``PageStyle``.
  var tone: String {
    switch self {
    case .ours: "ours"
    case .rival: "rival"
    case .exact: "exact"
    }
  }
}
