import Foundation

/// A 64 KiB disk in memory, unmounted at the end.
enum SmallDisk {
  static var canBeMounted: Bool { (try? with { _ in }) != nil }

  static func with(_ body: (String) throws -> Void) throws {
    try TemporaryFolder.with { folder in
      let disk = folder + "/disk"
      try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
      guard try run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]) else {
        throw CocoaError(.featureUnsupported)
      }
      defer { _ = try? run("umount", [disk]) }
      try body(disk)
    }
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
