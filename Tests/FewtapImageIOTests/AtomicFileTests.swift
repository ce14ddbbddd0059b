import FewtapImageIO
import Foundation
import TestSupport
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
