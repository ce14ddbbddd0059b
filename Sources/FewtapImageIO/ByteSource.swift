import Foundation

/// The bytes of an image file: a regular file, of which only what is asked for is read, or memory.
final class ByteSource {
  /// Where they are.
  enum Place {
    /// An open file, closed with the source.
    case file(descriptor: Int32)
    /// Memory that outlives the source.
    case memory(UnsafeRawBufferPointer)
  }

  /// What errors call it.
  let path: String
  let place: Place
  let count: Int
  private let owned: UnsafeMutableRawBufferPointer?

  /// Bytes in memory, which must outlive the source.
  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    self.path = path
    place = .memory(bytes)
    count = bytes.count
    owned = nil
  }

  /// The file at `path`. What is no regular file (a pipe) is read at once, up to `limit` bytes.
  ///
  /// Throws: ``ImageFileError/cannotOpen(path:cause:)``.
  init(path: String, limit: Int) throws(ImageFileError) {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .cannotOpen(path: path, cause: systemError()) }
    var status = stat()
    guard fstat(file, &status) == 0 else {
      let error = ImageFileError.cannotOpen(path: path, cause: systemError())
      close(file)
      throw error
    }
    self.path = path
    if status.st_mode & S_IFMT == S_IFREG {
      place = .file(descriptor: file)
      count = Int(status.st_size)
      owned = nil
    } else {
      defer { close(file) }
      let bytes = try readBytes(of: file, path: path, limit: limit)
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
      memory.copyBytes(from: bytes)
      place = .memory(UnsafeRawBufferPointer(memory))
      count = bytes.count
      owned = memory
    }
  }

  deinit {
    if case .file(let descriptor) = place { close(descriptor) }
    owned?.deallocate()
  }

  /// Fills `buffer` with the bytes from `offset` on.
  ///
  /// Throws: ``ImageFileError/damaged(path:cause:)`` if the file ends before.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError) {
    guard read(at: offset, upTo: buffer) == buffer.count else {
      throw .damaged(path: path, cause: "it ends early: bytes \(offset) to \(offset + buffer.count) are missing")
    }
  }

  /// The `size` bytes from `offset` on, less if the file ends before.
  func bytes(at offset: Int, upTo size: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: max(0, min(size, count - offset))) { buffer, initialized in
      initialized = read(at: offset, upTo: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// How many bytes could be read: an error of the disk ends a file as well.
  private func read(at offset: Int, upTo buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard offset >= 0, offset <= count else { return 0 }
    switch place {
    case .memory(let bytes):
      let available = min(buffer.count, count - offset)
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + available]))
      return available
    case .file(let descriptor):
      var done = 0
      while done < buffer.count, let start = buffer.baseAddress {
        let got = pread(descriptor, start + done, buffer.count - done, off_t(offset + done))
        guard got > 0 else {
          if got < 0, errno == EINTR { continue }
          break
        }
        done += got
      }
      return done
    }
  }
}
