import Foundation

/// A Markdown table whose rows are printed as soon as they are known, in columns of fixed width.
struct Table {
  /// Width of each column, from its heading: `kernel____` is 10 wide.
  private let widths: [Int]

  /// Prints the heading. Underscores at a heading's end make its column wider.
  init(_ title: String, _ headings: [String]) {
    widths = headings.map(\.count)
    print("\n## \(title)\n")
    row(headings.map { $0.replacingOccurrences(of: "_", with: " ").trimmingCharacters(in: .whitespaces) })
    print("|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|")
  }

  func row(_ cells: [String]) {
    let padded = zip(cells, widths).map { $0.padding(toLength: max($0.count, $1), withPad: " ", startingAt: 0) }
    print("| " + padded.joined(separator: " | ") + " |")
    // A long run is watched through a pipe.
    fflush(nil)
  }
}

/// `value` with so many decimals.
func decimals(_ value: Double, _ count: Int) -> String { String(format: "%.\(count)f", value) }
