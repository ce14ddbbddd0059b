import Foundation

/// Where a command will write, looked at before the long work: a fit must not end at a folder that is not there.
struct OutputPath {
  let path: String

  /// Throws a sentence that names the path unless a file can be written there; one that exists only with `force`.
  func check(force: Bool) throws {
    guard !path.isEmpty else { throw Failure("the output's name is empty: give a file name", .usage) }
    var status = stat()
    if stat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFDIR: throw Failure("\(path): it is a folder; give the name of a file in it")
      case S_IFREG: break
      default: throw Failure("\(path): it is no regular file; give another name")
      }
      guard force else { throw Failure("\(path): it exists already; give --force to overwrite it, or another name") }
      guard access(path, W_OK) == 0 else { throw Failure("\(path): \(reason()); choose another name") }
    }
    guard stat(folder, &status) == 0 else {
      throw Failure("\(path): its folder \(folder) does not exist; make it first")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw Failure("\(path): \(folder) is no folder; choose another place")
    }
    guard access(folder, W_OK | X_OK) == 0 else {
      throw Failure("\(path): \(folder): \(reason()); choose a folder where you may write")
    }
  }

  private var folder: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private func reason() -> String { String(cString: strerror(errno)) }
}
