import Foundation
import Testing

/// Files that are a base with some fields changed, and what a reader must say of them: `Tests/Fixtures/*-cases.json`.
struct FileCases {
  private let root: [String: Any]

  init(_ name: String) throws {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: tests.appending(path: "Fixtures/" + name))
    root = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  var accepted: [[String: Any]] { get throws { try list("accepted") } }

  func list(_ name: String) throws -> [[String: Any]] { try #require(root[name] as? [[String: Any]]) }

  func file(for entry: [String: Any]) throws -> Data {
    var file = try #require(root["base"] as? [String: Any]).merging(entry["set"] as? [String: Any] ?? [:]) { $1 }
    for key in entry["remove"] as? [String] ?? [] { file[key] = nil }
    return try JSONSerialization.data(withJSONObject: file)
  }
}
