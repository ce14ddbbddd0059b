import Foundation

/// A disk in memory that is soon full, unmounted at the end.
package enum SmallDisk {
  package static let byteCount = 64 << 10

  /// Mounting takes root.
  package static var canBeMounted: Bool { (try? TemporaryFolder.with { try with(at: $0) {} }) != nil }

  /// Calls `body` while the empty disk is mounted at `folder`, which is there already.
  package static func with(at folder: String, _ body: () throws -> Void) throws {
    guard try run("mount", ["-t", "tmpfs", "-o", "size=\(byteCount)", "tmpfs", folder]) else {
      throw CocoaError(.featureUnsupported)
    }
    defer { _ = try? run("umount", [folder]) }
    try body()
  }

  /// The same, at a folder of its own.
  package static func with(_ body: (String) throws -> Void) throws {
    try TemporaryFolder.with { folder in try with(at: folder) { try body(folder) } }
  }

  private static func run(_ tool: String, _ arguments: [String]) throws -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/" + tool)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
