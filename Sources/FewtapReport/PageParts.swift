import FewtapCore

/// A comparison's page on its way: its parts, and its figures as files.
struct PageParts {
  private let title: String
  private let context: ComparisonPage.Context
  private var parts: [String]
  private(set) var figures: [(name: String, svg: String)] = []
  private var figureCount = 0

  init(title: String, _ context: ComparisonPage.Context, finding: String) {
    (self.title, self.context) = (title, context)
    parts = [
      """
      <h1>\(markup(title))</h1>
      <p class="by">fewtap \(markup(context.version)), commit \(markup(context.commit)), \(markup(context.machine))</p>
      <p class="finding">\(markup(finding, limit: 4000))</p>
      """
    ]
  }

  var html: String { PageStyle.document(title: title, parts) }

  mutating func heading(_ text: String) { parts.append("<h2>\(markup(text))</h2>") }

  /// A figure with its number. `caption` is markup.
  mutating func figure(_ content: String, _ caption: String) {
    figureCount += 1
    parts.append(
      "<figure>\n\(content)\n<figcaption><b>Figure \(figureCount).</b> \(caption)</figcaption>\n</figure>")
  }

  mutating func file(_ name: String, _ svg: String) { figures.append((name, PageStyle.standalone(svg))) }

  /// All figures in numbers, who could not take part, and what else is to be known.
  mutating func table<Figures>(_ table: FigureTable<Figures>, _ rows: [ComparisonRow<Figures>]) {
    heading("All figures")
    if rows.contains(where: { $0.measured != nil }) {
      parts.append("<div class=\"wide\">\(table.html(rows))</div>")
      parts.append("<p class=\"by\">\(table.legend)</p>")
    }
    let refusals = rows.refusals().map { refusal in
      let names = refusal.names.joined(separator: ", ")
      return "<li><b>\(markup(names, limit: 2000))</b> cannot: \(markup(refusal.reason, limit: 2000))</li>"
    }
    if !refusals.isEmpty {
      parts.append("<p>Who could not take part:</p>")
      parts.append("<ul class=\"refusals\">\n\(refusals.joined(separator: "\n"))\n</ul>")
    }
    parts += context.notes.map { "<p>\(markup($0, limit: 2000))</p>" }
  }

  /// How it was measured, `text` being markup, and how to do so again.
  mutating func method(_ text: String) {
    heading("How it was measured")
    parts.append(text)
    parts.append(
      """
      <h2>To get this page again</h2>
      <pre>\(context.commands.map { markup($0, limit: 8000) }.joined(separator: "\n"))</pre>
      """)
  }
}
