import Fewtap

/// The dense kernel that a filter was fitted to, made again and held to the hash in the filter's file.
struct TargetOfFilter {
  let filter: SparseFilter
  /// What errors call the filter.
  let name: String
  /// What the user says the kernel is; nil: what the filter says.
  let given: KernelArgument?

  /// The kernel.
  ///
  /// Throws: ``Failure`` if it cannot be made again, or is another one than the filter's.
  func kernel() throws -> Kernel {
    let source = try self.source()
    guard let reference = filter.kernel, let hash = reference.sha256 else {
      return try source.kernel(center: filter.kernel?.center)
    }
    var attempts: [Result<Kernel, any Error>] = []
    for (size, keepSum) in Self.waysToRead(source, reference) {
      attempts.append(Result { try source.kernel(center: reference.center, size: size, keepSum: keepSum) })
      if case .success(let kernel) = attempts[attempts.count - 1], kernel.sha256 == hash { return kernel }
    }
    // What no way can read says why itself.
    _ = try (attempts.first { if case .success = $0 { true } else { false } } ?? attempts[0]).get()
    throw Failure(
      "\(name): it was fitted to another kernel than \(given?.text ?? reference.name) gives here: expected "
        + "\(reference.name), \(reference.width)x\(reference.height), sha256 \(hash)")
  }

  private func source() throws -> KernelArgument.Source {
    if let given { return try given.source() }
    guard let reference = filter.kernel else {
      throw Failure("\(name): it does not name its kernel; give it with --kernel")
    }
    // Words from a file never open another file.
    guard let source = try? KernelArgument.words(reference.name) else {
      throw Failure("\(name): it was fitted to the file \(reference.name); give that with --kernel FILE")
    }
    return source
  }

  /// The file's values may have been normalized or not, scaled or not; the hash tells.
  private static func waysToRead(
    _ source: KernelArgument.Source, _ reference: KernelReference
  ) -> [(size: Int?, keepSum: Bool)] {
    guard case .file = source else { return [(nil, false)] }
    let side = max(reference.width, reference.height)
    return [(side, false), (side, true), (nil, false), (nil, true)]
  }
}
