import Fewtap
import FewtapImageIO
import FewtapReport
import Foundation

/// The folder of `compare --report`: looked at before the long work, filled after it, its page last.
struct ReportFolder {
  let path: String

  static let page = "index.html"
  static let figures = "comparison.json"

  /// Where the page is.
  var pagePath: String { path.hasSuffix("/") ? path + Self.page : "\(path)/\(Self.page)" }

  /// Throws a sentence that names the path unless files can be written there; a folder that holds a report only with `force`.
  func check(force: Bool) throws {
    guard !path.isEmpty else { throw Failure("--report: the folder's name is empty: give a folder", .usage) }
    do { _ = try Self.png(Image(planes: [Plane(width: 1, height: 1)])) } catch {
      throw Failure("--report \(path): the page holds pictures: \(error)")
    }
    var status = stat()
    guard stat(path, &status) == 0 else {
      // It can be made where a file could be.
      return try OutputPath(path: path.trimmedSlashes).check(force: false)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw Failure("\(path): it is no folder; --report takes a folder, which is made if it is missing")
    }
    for name in try present() { try OutputPath(path: "\(path)/\(name)").check(force: force) }
    guard access(path, W_OK | X_OK) == 0 else {
      throw Failure("\(path): \(String(cString: strerror(errno))); choose a folder where you may write")
    }
  }

  /// Files of the kinds that a report writes.
  private func present() throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).sorted().filter {
        $0 == Self.page || $0 == Self.figures || $0.hasSuffix(".svg")
      }
    } catch {
      throw Failure("\(path): it cannot be looked into; choose another folder")
    }
  }

  /// Writes the page, its figures, and the report as `--json` prints it.
  func write(_ html: String, _ figures: [(name: String, svg: String)], json: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Failure("\(path): the folder cannot be made; choose another place")
    }
    let files = figures.map { ($0.name + ".svg", $0.svg) } + [(Self.figures, json), (Self.page, html)]
    for (name, text) in files { try AtomicFile.write(Array(text.utf8), to: "\(path.trimmedSlashes)/\(name)") }
  }

  /// An image as PNG with codes of sRGB.
  static func png(_ image: Image) throws -> [UInt8] {
    try ImageFile(image: image).encode(
      as: .png, options: WriteOptions(type: .uint8, transfer: .srgb), path: "pictures as PNG"
    ).bytes
  }

  /// The command line as a shell reads it.
  static func command(_ arguments: [String]) -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%")
    return arguments.map { word in
      !word.isEmpty && word.allSatisfy(plain.contains) ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }.joined(separator: " ")
  }
}

extension String {
  /// Without slashes at its end, the root's own kept.
  var trimmedSlashes: String {
    var text = Substring(self)
    while text.count > 1, text.hasSuffix("/") { text.removeLast() }
    return String(text)
  }
}
