import Fewtap
import FewtapImageIO

/// A glyph or short text as a kernel, in words: `glyph:text=&,size=49,font=DejaVu Sans`.
struct GlyphSpecification: CustomStringConvertible {
  static let form = "glyph:text=TEXT[,size=N][,font=NAME or PATH]"
  static let defaultSize = 49

  let text: String
  let size: Int
  let font: String?

  /// Reads the words. A comma that no key follows belongs to the value before it, so that `text=,` is a comma.
  ///
  /// Throws: ``Failure``.
  init(_ words: String) throws {
    var values: [String: String] = [:]
    var current: String?
    for part in words.dropFirst("glyph:".count).split(separator: ",", omittingEmptySubsequences: false) {
      if let key = ["text", "size", "font"].first(where: { part.utf8.starts(with: "\($0)=".utf8) }) {
        guard values[key] == nil else { throw Failure("\(key) is given twice: write \(Self.form)", .usage) }
        values[key] = String(part.utf8.dropFirst(key.utf8.count + 1))
        current = key
      } else if let current {
        values[current, default: ""] += "," + part
      } else {
        throw Failure("\"\(part.prefix(40))\" is no assignment: write \(Self.form)", .usage)
      }
    }
    guard let text = values["text"] else { throw Failure("text is missing: write \(Self.form)", .usage) }
    (self.text, font) = (text, values["font"])
    let range = 3...Kernel.maximumSide
    let size = values["size"].map { Int($0) } ?? Self.defaultSize
    guard let size, range.contains(size), !size.isMultiple(of: 2) else {
      throw Failure(
        "size is \"\((values["size"] ?? "").prefix(40))\": it must be an odd number in "
          + "\(range.lowerBound)...\(range.upperBound) px", .usage)
    }
    self.size = size
  }

  /// True if drawing the glyph opens a file that the words name.
  var opensFile: Bool { font.map(FontFinder.isPath) ?? false }

  /// The words in full.
  var description: String { "glyph:text=\(text),size=\(size)" + (font.map { ",font=\($0)" } ?? "") }

  /// The glyph, its longer side `size` pixels, divided by its sum.
  func kernel() throws -> Kernel {
    do {
      // Four drawn pixels a side for each of the kernel's: the 256 steps of a drawn pixel's coverage then average to far
      // less than what any fit leaves.
      let height = min(max(4 * size, 256), GlyphMask.heights.upperBound)
      let mask = try GlyphMask.render(text: text, font: font, pixelHeight: height)
      return try Kernel.mask(mask, name: description, size: size)
    } catch {
      throw Failure(description, error)
    }
  }
}
