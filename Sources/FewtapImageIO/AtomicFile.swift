import Foundation

/// A file that is written whole or not at all: without a name, or under a temporary one beside the target, until it is done.
///
/// Where the system has nameless files (Linux, on most disks), a run that is killed leaves nothing; elsewhere it leaves the
/// temporary file `.fewtap-...`. A run that fails or is given up leaves neither.
public final class AtomicFile {
  /// The open file; it stays this object's.
  let descriptor: Int32
  /// What errors call it.
  private let path: String
  private let target: String
  /// Permissions of the file that stands there.
  private let mode: mode_t?
  /// nil as long as the file has no name.
  private var temporary: String?

  /// Replaces or makes the file at `path` by one of these bytes.
  ///
  /// Throws: ``ImageFileError/cannotWrite(path:cause:advice:)``; the temporary file is removed, the target untouched.
  public static func write(_ bytes: [UInt8], to path: String) throws(ImageFileError) {
    let file = try AtomicFile(path: path)
    try bytes.withBytes { (bytes) throws(ImageFileError) in try file.write(bytes, at: 0) }
    try file.commit()
  }

  /// An empty file that will stand at `path`.
  ///
  /// Throws: ``ImageFileError/cannotWrite(path:cause:advice:)`` if no file can be written there.
  init(path: String) throws(ImageFileError) {
    self.path = path
    (target, mode) = try Self.resolve(path)
    (temporary, descriptor) = try Self.create(beside: target, path)
  }

  deinit {
    close(descriptor)
    if let temporary { unlink(temporary) }
  }

  /// Writes bytes from `offset` on.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ImageFileError) {
    var done = 0
    while done < bytes.count, let start = bytes.baseAddress {
      let count = pwrite(descriptor, start + done, bytes.count - done, off_t(offset + done))
      guard count > 0 else {
        if count < 0, errno == EINTR { continue }
        throw Self.failure(path)
      }
      done += count
    }
  }

  /// Makes the file empty again.
  func clear() throws(ImageFileError) {
    guard ftruncate(descriptor, 0) == 0 else { throw Self.failure(path) }
  }

  /// Puts the file in its place: one that stood there keeps its permissions, a link to it stays a link.
  func commit() throws(ImageFileError) {
    if let mode, fchmod(descriptor, mode) != 0 { throw Self.failure(path) }
    if temporary == nil { temporary = try Self.name(descriptor, beside: target, path) }
    guard let temporary, rename(temporary, target) == 0 else { throw Self.failure(path) }
    self.temporary = nil
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

  /// A new file in the folder of `target`.
  private static func create(
    beside target: String, _ path: String
  ) throws(ImageFileError) -> (name: String?, file: Int32) {
    #if os(Linux)
    // O_TMPFILE of <fcntl.h>, a macro that is not imported. It needs /proc to get a name later.
    let nameless = open(folder(target) ?? ".", O_WRONLY | O_CLOEXEC | O_DIRECTORY | 0o20000000, 0o666)
    if nameless >= 0 {
      if access("/proc/self/fd/\(nameless)", F_OK) == 0 { return (nil, nameless) }
      close(nameless)
    }
    #endif
    return try freeName(beside: target, path) { name in
      let file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      return file >= 0 ? file : nil
    }
  }

  /// Gives a nameless file a temporary name: only a rename can replace a file.
  private static func name(_ file: Int32, beside target: String, _ path: String) throws(ImageFileError) -> String {
    try freeName(beside: target, path) { name in
      linkat(AT_FDCWD, "/proc/self/fd/\(file)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 ? file : nil
    }.name
  }

  /// A name with the extension of `target`, for which `take` gives a file; nil with EEXIST if it is taken.
  private static func freeName(
    beside target: String, _ path: String, _ take: (String) -> Int32?
  ) throws(ImageFileError) -> (name: String, file: Int32) {
    let name = target.split(separator: "/").last ?? ""
    let suffix = name.lastIndex(of: ".").map { name[$0...] } ?? ""
    // A name in use is one left by a killed run; another draw finds a free one.
    for _ in 0..<16 {
      let random = String(UInt64.random(in: .min ... .max), radix: 36)
      let temporary = "\(folder(target) ?? "").fewtap-\(random)\(suffix)"
      if let file = take(temporary) { return (temporary, file) }
      if errno != EEXIST { break }
    }
    throw failure(path)
  }

  /// The folder of a path with its slash; nil: the current one.
  private static func folder(_ path: String) -> String? { path.lastIndex(of: "/").map { String(path[...$0]) } }

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
