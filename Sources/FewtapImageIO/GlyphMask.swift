import CFewtapImageIO
import FewtapCore

/// A glyph or short text as a coverage mask, drawn by FreeType.
public enum GlyphMask {
  /// Most code points of a text: a kernel is a shape, not a page.
  public static let maximumLength = 16
  /// Heights that are drawn, in pixels an em.
  public static let heights = 4...4096

  /// Draws `text`, cropped to where there is ink: coverage 0...1 in steps of 1/255.
  ///
  /// `font` is a font file's path or a family's name (``FontFinder``), nil for a bold sans-serif; `pixelHeight` is the em in
  /// pixels, so a capital letter is about 0.7 of it high.
  /// Throws: ``GlyphMaskError``.
  public static func render(
    text: String, font: String? = nil, pixelHeight: Int
  ) throws(GlyphMaskError) -> Plane<Double> {
    guard !text.isEmpty, text.unicodeScalars.count <= maximumLength else {
      throw .length(text.unicodeScalars.count)
    }
    guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
      throw .empty(text: text)
    }
    guard heights.contains(pixelHeight) else { throw .height(pixelHeight) }
    let file = try FontFinder.file(for: font)
    try refuseMissingGlyphs(text, file)
    guard let mask = try draw(text, file, pixelHeight).flatMap(cropped) else { throw .empty(text: text) }
    return mask
  }

  /// A font draws nothing, or one sign, for all that it lacks: what a noncharacter looks like.
  private static func refuseMissingGlyphs(_ text: String, _ font: String) throws(GlyphMaskError) {
    // Large enough to tell boxes with different content apart.
    let size = 64
    let missing = try draw("\u{10FFFF}", font, size).flatMap(cropped)
    for scalar in text.unicodeScalars
    where !scalar.properties.isWhitespace && !scalar.properties.isDefaultIgnorableCodePoint {
      let glyph = try draw(String(Character(scalar)), font, size).flatMap(cropped)
      guard glyph != nil, glyph != missing else { throw .noGlyph(character: String(Character(scalar)), font: font) }
    }
  }

  /// The text in a box with some room around it; nil if it takes no room.
  private static func draw(_ text: String, _ font: String, _ size: Int) throws(GlyphMaskError) -> Plane<Double>? {
    var (width, height) = (Int32(0), Int32(0))
    try check(font) { message, capacity in
      fewtap_io_measure_text(text, font, Int32(size), &width, &height, message, capacity)
    }
    guard width > 0, height > 0 else { return nil }
    var coverage = [Float](repeating: 0, count: Int(width) * Int(height))
    try check(font) { message, capacity in
      fewtap_io_draw_text(text, font, Int32(size), width, height, &coverage, message, capacity)
    }
    var plane = Plane<Double>(width: Int(width), height: Int(height))
    for index in coverage.indices { plane.values[index] = Double(coverage[index]) }
    return plane
  }

  private static func cropped(_ plane: Plane<Double>) -> Plane<Double>? {
    let columns = (0..<plane.width).filter { x in (0..<plane.height).contains { y in plane[x, y] > 0 } }
    let rows = (0..<plane.height).filter { y in (0..<plane.width).contains { x in plane[x, y] > 0 } }
    guard let left = columns.first, let right = columns.last, let top = rows.first, let bottom = rows.last else {
      return nil
    }
    var result = Plane<Double>(width: right - left + 1, height: bottom - top + 1)
    for y in top...bottom {
      for x in left...right { result[x - left, y - top] = plane[x, y] }
    }
    return result
  }

  private static func check(
    _ font: String, _ call: (UnsafeMutablePointer<CChar>?, Int) -> fewtap_io_status
  ) throws(GlyphMaskError) {
    do throws(ImageFileError) {
      try FewtapImageIO.check(font, call) { .damaged(path: font, cause: $0) }
    } catch {
      throw .font(error)
    }
  }
}

/// Why a text makes no mask.
public enum GlyphMaskError: Error, Equatable, CustomStringConvertible {
  /// No text, or too long a one.
  case length(Int)
  /// The size is not one that is drawn.
  case height(Int)
  /// Nothing of the text leaves ink.
  case empty(text: String)
  /// The font has no glyph for a character.
  case noGlyph(character: String, font: String)
  /// No such font was found in these folders.
  case noFont(name: String?, folders: [String])
  /// The font file cannot be used.
  case font(ImageFileError)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .length(let length):
      "the text has \(length) code points: a glyph mask takes 1 to \(GlyphMask.maximumLength)"
    case .height(let height):
      "a glyph \(height) pixels high cannot be drawn: \(GlyphMask.heights.lowerBound) to "
        + "\(GlyphMask.heights.upperBound) pixels can"
    case .empty(let text): "the text \(quoted(text)) leaves no ink: give a visible character"
    case .noGlyph(let character, let font):
      "\(font) has no glyph for \(quoted(character)): choose a font that has it (font=NAME or PATH)"
    case .noFont(let name, let folders):
      "no \(name.map { "font named \(quoted($0))" } ?? "bold sans-serif font") in "
        + "\(folders.joined(separator: ", ")): install one (Debian and Ubuntu: fonts-dejavu-core) or give a font file's path"
    case .font(let error): error.description
    }
  }
}
