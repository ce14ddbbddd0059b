import Foundation

/// Writes files whole or not at all: under a temporary name beside the target, then renamed.
public enum AtomicFile {
  /// Replaces or makes the file at `path`; a file that stood there keeps its permissions, a link to it stays a link.
  ///
  /// Throws: ``ImageFileError/cannotWrite(path:cause:advice:)``; the temporary file is removed, the target untouched.
  public static func write(_ bytes: [UInt8], to path: String) throws(ImageFileError) {
    let (target, mode) = try resolve(path)
    let (temporary, file) = try create(beside: target, path)
    do throws(ImageFileError) {
      defer { close(file) }
      try writeAll(bytes, file, path)
      if let mode, fchmod(file, mode) != 0 { throw failure(path) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, target) == 0 else {
      let error = failure(path)
      unlink(temporary)
      throw error
    }
  }

  /// Where to write, following a link, and the permissions of what stands there.
  private static func resolve(_ path: String) throws(ImageFileError) -> (target: String, mode: mode_t?) {
    var status = stat()
    guard stat(path, &status) == 0 else { return (path, nil) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR:
      throw .cannotWrite(path: path, cause: "it is a folder", advice: "give a file's name in it")
    default:
      throw .cannotWrite(path: path, cause: "it is no regular file", advice: "give a file's name")
    }
    guard access(path, W_OK) == 0 else { throw failure(path) }
    guard let resolved = realpath(path, nil) else { throw failure(path) }
    defer { free(resolved) }
    return (String(cString: resolved), status.st_mode & 0o7777)
  }

  /// A new file beside `target`, with its extension.
  private static func create(
    beside target: String, _ path: String
  ) throws(ImageFileError) -> (name: String, file: Int32) {
    let slash = target.lastIndex(of: "/")
    let folder = slash.map { String(target[...$0]) } ?? ""
    let name = target[(slash.map { target.index(after: $0) } ?? target.startIndex)...]
    let suffix = name.lastIndex(of: ".").map { name[$0...] } ?? ""
    // A name in use is one left by a killed run; another draw finds a free one.
    for _ in 0..<16 {
      let random = String(UInt64.random(in: .min ... .max), radix: 36)
      let temporary = "\(folder).fewtap-\(random)\(suffix)"
      let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if file >= 0 { return (temporary, file) }
      if errno != EEXIST { break }
    }
    throw failure(path)
  }

  private static func writeAll(_ bytes: [UInt8], _ file: Int32, _ path: String) throws(ImageFileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
      guard count > 0 else {
        if count < 0, errno == EINTR { continue }
        throw failure(path)
      }
      rest = rest.dropFirst(count)
    }
  }

  private static func failure(_ path: String) -> ImageFileError {
    let code = errno
    let advice =
      switch code {
      case ENOENT, ENOTDIR: "make its folder first"
      case EACCES, EPERM, EROFS: "choose a folder where you may write"
      case ENOSPC, EDQUOT: "make room, or choose another disk"
      case ENAMETOOLONG: "choose a shorter name"
      default: "choose another place"
      }
    return .cannotWrite(path: path, cause: String(cString: strerror(code)), advice: advice)
  }
}
