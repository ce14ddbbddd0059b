import Foundation

/// Files that are a base with some fields changed, and what a reader must say of them: `Tests/Fixtures/*-cases.json`.
package struct FileCases {
  /// A file of cases without what cases need.
  struct Malformed: Error { let what: String }

  private let root: [String: Any]

  package init(_ name: String) throws {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: tests.appending(path: "Fixtures/" + name))
    guard let root = try JSONSerialization.jsonObject(with: data) as? [String: Any] else { throw Malformed(what: name) }
    self.root = root
  }

  package var accepted: [[String: Any]] { get throws { try list("accepted") } }

  package func list(_ name: String) throws -> [[String: Any]] {
    guard let list = root[name] as? [[String: Any]] else { throw Malformed(what: name) }
    return list
  }

  package func file(for entry: [String: Any]) throws -> Data {
    guard let base = root["base"] as? [String: Any] else { throw Malformed(what: "base") }
    var file = base.merging(entry["set"] as? [String: Any] ?? [:]) { $1 }
    for key in entry["remove"] as? [String] ?? [] { file[key] = nil }
    return try JSONSerialization.data(withJSONObject: file)
  }
}
