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
      return try remade(source)
    }
    var attempts: [Result<Kernel, any Error>] = []
    for (size, keepSum) in Self.waysToRead(source, reference) {
      attempts.append(Result { try remade(source, size: size, keepSum: keepSum) })
      if case .success(let kernel) = attempts[attempts.count - 1], kernel.sha256 == hash { return kernel }
    }
    // What no way can read says why itself.
    _ = try (attempts.first { if case .success = $0 { true } else { false } } ?? attempts[0]).get()
    throw Failure(
      "\(name): it was fitted to another kernel than \(given?.text ?? legible(reference.name)) gives here: expected "
        + "\(legible(reference.name)), \(reference.width)x\(reference.height), sha256 \(legible(hash))")
  }

  private func source() throws -> KernelArgument.Source {
    if let given { return try given.source() }
    guard let reference = filter.kernel else {
      throw Failure("\(name): it does not name its kernel; give it with --kernel")
    }
    guard let source = try? KernelArgument.words(reference.name) else {
      throw Failure("\(name): it was fitted to the file \(legible(reference.name)); give that with --kernel FILE")
    }
    // Words from a file never open another file.
    if case .glyph(let glyph) = source, glyph.opensFile {
      throw Failure("\(name): its kernel \(legible(reference.name)) needs a font's file; give it with --kernel")
    }
    return source
  }

  /// The kernel of `source` around the center that the filter's file tells; what is wrong with that file's words is no
  /// fault of the command line.
  private func remade(_ source: KernelArgument.Source, size: Int? = nil, keepSum: Bool = false) throws -> Kernel {
    let center = filter.kernel?.center
    if case .file = source { return try source.kernel(center: center, size: size, keepSum: keepSum) }
    let kernel: Kernel
    do {
      kernel = try source.kernel()
    } catch {
      guard given == nil else { throw error }
      throw Failure("\(name): kernel.name: \(legible("\(error)", limit: 500))")
    }
    guard let center else { return kernel }
    do {
      return try kernel.centered(at: center)
    } catch {
      throw Failure("\(name): kernel.center", error)
    }
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
