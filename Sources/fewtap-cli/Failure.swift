/// What a command could not do: one sentence for the user, and which exit code it gets.
struct Failure: Error, CustomStringConvertible {
  /// Whose fault it is.
  enum Kind {
    /// Something outside the command line: a file, a disk, a fit. Exit code 1.
    case failed
    /// The command line is wrong in itself. Exit code 64.
    case usage
    /// The machine has no device of the kind asked for. Exit code ``noDeviceCode``.
    case noDevice
  }

  /// EX_UNAVAILABLE of sysexits.h.
  static let noDeviceCode: Int32 = 69

  let message: String
  let kind: Kind

  var description: String { message }

  init(_ message: String, _ kind: Kind = .failed) {
    self.message = message
    self.kind = kind
  }

  /// An error that does not say which file or flag it is about.
  init(_ subject: String, _ error: any Error, _ kind: Kind = .failed) {
    self.init("\(subject): \(error)", kind)
  }
}
