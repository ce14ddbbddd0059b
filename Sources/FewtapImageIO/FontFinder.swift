import Foundation

/// Finds font files by name in the usual folders.
package enum FontFinder {
  /// Where Debian and its like, and macOS, keep fonts.
  static let folders = [
    "/usr/share/fonts", "/usr/local/share/fonts", NSHomeDirectory() + "/.local/share/fonts", "/Library/Fonts",
    "/System/Library/Fonts", NSHomeDirectory() + "/Library/Fonts",
  ]

  /// The bold sans-serifs that are tried first: those of Debian and Ubuntu, Fedora, and macOS.
  private static let usual = ["DejaVuSans-Bold", "LiberationSans-Bold", "NotoSans-Bold", "Arial Bold", "Helvetica"]

  /// The file of a font given by path, by file name (`DejaVuSans-Bold`) or by family, whose bold is preferred
  /// (`DejaVu Sans`); nil: a bold sans-serif.
  ///
  /// Throws: ``GlyphMaskError/noFont(name:folders:)``, or the system's reason for a path.
  static func file(for name: String?) throws(GlyphMaskError) -> String {
    if let name, isPath(name) {
      guard access(name, R_OK) == 0 else { throw .font(.cannotOpen(path: name, cause: systemError())) }
      return name
    }
    let files = all()
    let wanted = name.map { [$0 + "Bold", $0, $0 + "Regular"] } ?? usual
    for wanted in wanted.map(normalized) {
      if let file = files.first(where: { normalized(stem($0)) == wanted }) { return file }
    }
    let anyBold = files.first { file in
      let stem = normalized(stem(file))
      return stem.contains("sans") && stem.hasSuffix("bold")
    }
    guard name == nil, let anyBold else { throw .noFont(name: name, folders: folders) }
    return anyBold
  }

  /// True if `name` is taken for the path of a font file, not for a name to look for.
  package static func isPath(_ name: String) -> Bool { name.contains("/") || isFont(name[...]) }

  /// All font files, sorted, so that one name finds one file wherever folders list it.
  private static func all() -> [String] {
    folders.flatMap { folder in
      let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
      return names.filter { isFont($0[...]) }.sorted().map { folder + "/" + $0 }
    }
  }

  private static func isFont(_ name: Substring) -> Bool {
    [".ttf", ".otf", ".ttc"].contains { name.lowercased().hasSuffix($0) }
  }

  private static func stem(_ file: String) -> Substring {
    let name = file.split(separator: "/").last ?? ""
    return name.dropLast(4)
  }

  private static func normalized(_ name: some StringProtocol) -> String {
    name.lowercased().filter { $0.isLetter || $0.isNumber }
  }
}
