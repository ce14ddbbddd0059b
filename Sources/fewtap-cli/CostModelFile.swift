import Fewtap
import FewtapImageIO
import Foundation

/// Where `fewtap bench calibrate` keeps what it measured, and the planner finds it.
struct CostModelFile {
  let path: String

  /// `fewtap/cost-model.json` in the user's folder for caches.
  static func standard(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> CostModelFile {
    var folder = environment["XDG_CACHE_HOME"] ?? ""
    // The base directory specification wants relative paths to be ignored.
    if !folder.hasPrefix("/") { folder = (environment["HOME"] ?? NSHomeDirectory()) + "/.cache" }
    return CostModelFile(path: folder + "/fewtap/cost-model.json")
  }

  /// The model in the file, of a target; nil if there is none.
  func read(_ target: CostModel.Target = .cpu) throws -> CostModel? {
    guard access(path, F_OK) == 0 else { return nil }
    let bytes = try readBytes(path: path, limit: CostModel.maximumFileSize)
    do {
      let model = try CostModel(json: Data(bytes))
      guard model.target == target else { throw CostModelError.badTarget(model.target.rawValue) }
      return model
    } catch {
      throw Failure(
        "\(path): \(legible("\(error)", limit: 300))"
          + (target == .cpu ? "; measure it anew with 'fewtap bench calibrate --force', or delete the file" : "")
      )
    }
  }

  /// Writes the model, whole or not at all; makes the folder if there is none.
  func write(_ model: CostModel, makingFolder: Bool) throws {
    if makingFolder {
      let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
      do {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      } catch {
        throw Failure("\(folder): it cannot be made: \(error.localizedDescription); give another place with --output")
      }
    }
    try AtomicFile.write(Array(model.json()), to: path)
  }
}
