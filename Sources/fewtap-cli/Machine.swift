import Fewtap
import Foundation

/// Where figures were measured.
struct Machine {
  /// The processor's name, and the instruction set that filters run in.
  let processor: String
  let instructionSet: String
  let cores = ProcessInfo.processInfo.activeProcessorCount
  /// Commit of the checkout that the command runs in; "unknown" elsewhere.
  let commit: String

  /// Throws: ``ApplyError/unknownInstructionSet(_:available:)``.
  init() throws {
    processor = Host.processorName() ?? "unknown processor"
    instructionSet = try RowKernels.chosen().name
    commit = Host.output("git", "rev-parse", "--short=12", "HEAD") ?? "unknown"
  }

  var json: JSON {
    .object([
      ("commit", .string(commit)), ("processor", .string(processor)), ("instructionSet", .string(instructionSet)),
      ("cores", .integer(cores)),
    ])
  }

  var text: String { "\(processor), \(instructionSet), \(cores) cores, commit \(commit)" }
}
