import FewtapImageIO
import Foundation
import Testing

@Suite struct AtomicFileTests {
  private func files(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private func failure(_ path: String, _ bytes: [UInt8] = [1, 2, 3]) -> String? {
    do throws(ImageFileError) {
      try AtomicFile.write(bytes, to: path)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func replacesContentAndKeepsPermissionsAndLinks() throws {
    try TemporaryFolder.with { folder in
      let (path, link) = (folder + "/a.png", folder + "/link.png")
      try AtomicFile.write([1], to: path)
      chmod(path, 0o640)
      symlink(path, link)
      try AtomicFile.write([2, 3], to: link)
      #expect(FileManager.default.contents(atPath: path) == Data([2, 3]))
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
      var status = stat()
      stat(path, &status)
      #expect(status.st_mode & 0o777 == 0o640)
      #expect(try files(folder) == ["a.png", "link.png"])
    }
  }

  @Test func refusesFoldersDevicesAndMissingFolders() throws {
    try TemporaryFolder.with { folder in
      #expect(failure(folder)?.contains("it is a folder") == true)
      #expect(failure("/dev/null")?.contains("no regular file") == true)
      #expect(failure(folder + "/none/a.png")?.contains("make its folder first") == true)
      #expect(failure(folder + "/" + String(repeating: "n", count: 300))?.contains("shorter name") == true)
      let left = try files(folder)
      #expect(left == [])
    }
  }

  @Test(.enabled(if: SmallDisk.canBeMounted, "needs root, to mount a disk in memory"))
  func aFullDiskLeavesNothingBehind() throws {
    try SmallDisk.with { disk in
      try AtomicFile.write([7], to: disk + "/a.png")
      let message = failure(disk + "/a.png", [UInt8](repeating: 1, count: 1 << 20))
      #expect(message?.contains("make room") == true)
      #expect(try files(disk) == ["a.png"])
      #expect(FileManager.default.contents(atPath: disk + "/a.png") == Data([7]))
    }
  }
}

/// A 64 KiB disk in memory, unmounted at the end.
private enum SmallDisk {
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
