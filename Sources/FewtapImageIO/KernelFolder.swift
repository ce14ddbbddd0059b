import FewtapCore
import Foundation

extension KernelStack {
  /// The kernels of a folder. Their parameters stand in its `parameters.json` (the axes are then in the order of the alphabet), such as
  /// `[{"file": "a.png", "radius": 3.5}]`, or in their names: `radius=3.5,angle=30.png`. Other files are passed over.
  ///
  /// Throws: ``ImageFileError``: no kernels, a parameter that some lack, a file that is no kernel.
  public init(
    folder: String, center: PixelOffset? = nil, keepSum: Bool = false
  ) throws(ImageFileError) {
    var listed = try Self.listed(folder) ?? []
    if listed.isEmpty { listed = try Self.named(folder) }
    guard let first = listed.first else {
      throw .cannotOpen(
        path: folder,
        cause: "it has neither a parameters.json nor files named by their parameters, such as radius=3.5.png")
    }
    guard listed.count <= Self.maximumCount else {
      throw .cannotOpen(path: folder, cause: "it has \(listed.count) kernels, at most \(Self.maximumCount) are read")
    }
    axes = first.parameters.map(\.key).sorted { first.order[$0, default: 0] < first.order[$1, default: 0] }
    members = []
    for entry in listed {
      guard Set(entry.parameters.keys) == Set(axes) else {
        throw .cannotOpen(
          path: folder,
          cause:
            "\(entry.file) has the parameters \(entry.parameters.keys.sorted()), unlike \(first.file): \(axes.sorted())"
        )
      }
      let kernel = try KernelFile.read(path: folder + "/" + entry.file, center: center, keepSum: keepSum)
      members.append((axes.map { entry.parameters[$0] ?? 0 }, kernel))
    }
  }

  private struct Entry {
    let file: String
    let parameters: [String: Double]
    /// Where each stands in the name; none where JSON tells them, which has no order.
    var order: [String: Int] = [:]
  }

  /// What `parameters.json` says; nil if there is none.
  private static func listed(_ folder: String) throws(ImageFileError) -> [Entry]? {
    let path = folder + "/parameters.json"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let bytes = try readBytes(path: path, limit: 1 << 20)
    guard let list = try? JSONDecoder().decode([[String: FileOrNumber]].self, from: Data(bytes)) else {
      throw .damaged(path: path, cause: "it must be a list such as [{\"file\": \"a.png\", \"radius\": 3.5}]")
    }
    var entries: [Entry] = []
    for (index, item) in list.enumerated() {
      guard case .text(let file) = item["file"], !file.contains("/") else {
        throw .damaged(path: path, cause: "entry \(index) names no \"file\" in this folder")
      }
      var parameters: [String: Double] = [:]
      for (key, value) in item where key != "file" {
        guard case .number(let number) = value, number.isFinite else {
          throw .damaged(path: path, cause: "entry \(index): \"\(key)\" is no number")
        }
        parameters[key] = number
      }
      guard !parameters.isEmpty else { throw .damaged(path: path, cause: "entry \(index) has no parameter") }
      let order = Dictionary(uniqueKeysWithValues: parameters.keys.sorted().enumerated().map { ($1, $0) })
      entries.append(Entry(file: file, parameters: parameters, order: order))
    }
    return entries
  }

  private enum FileOrNumber: Decodable {
    case text(String)
    case number(Double)

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let number = try? value.decode(Double.self) {
        self = .number(number)
      } else {
        self = .text(try value.decode(String.self))
      }
    }
  }

  /// Files named `key=number,key=number.extension`.
  private static func named(_ folder: String) throws(ImageFileError) -> [Entry] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw .cannotOpen(path: folder, cause: "it is no folder that can be read")
    }
    return names.sorted().compactMap { name in
      guard let dot = name.lastIndex(of: ".") else { return nil }
      let parts = name[..<dot].split(separator: ",").map { $0.split(separator: "=", omittingEmptySubsequences: false) }
      var entry = Entry(file: name, parameters: [:])
      var parameters: [String: Double] = [:]
      for (index, sides) in parts.enumerated() {
        guard sides.count == 2, !sides[0].isEmpty, let value = Double(sides[1]), value.isFinite else { return nil }
        entry.order[String(sides[0])] = index
        parameters[String(sides[0])] = value
      }
      return parameters.isEmpty ? nil : Entry(file: name, parameters: parameters, order: entry.order)
    }
  }
}
