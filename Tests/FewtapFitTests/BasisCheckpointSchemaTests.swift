import FewtapFit
import Foundation
import TestSupport
import Testing

/// The reader of checkpoints held to the cases that the published schema is held to (`Scripts/check-schema --self-test`).
@Suite struct BasisCheckpointSchemaTests {
  @Test func everyAcceptedCaseIsReadAndReadsBackTheSame() throws {
    let cases = try FileCases("basis-checkpoint-cases.json")
    for entry in try cases.accepted {
      let checkpoint = try BasisCheckpoint(json: cases.file(for: entry))
      #expect(try BasisCheckpoint(json: checkpoint.json()) == checkpoint, "\(entry)")
    }
    #expect(try cases.accepted.count > 5)
  }

  @Test func everyRefusedCaseIsRefusedAtThePathThatTheSchemaNames() throws {
    let cases = try FileCases("basis-checkpoint-cases.json")
    for entry in try cases.list("refused") {
      let error = #expect(throws: BasisFitError.self, "\(entry)") {
        try BasisCheckpoint(json: cases.file(for: entry))
      }
      guard case .badCheckpoint(let problem) = error, let path = entry["path"] as? String else {
        Issue.record("\(entry): \(String(describing: error))")
        continue
      }
      // Foundation does not say everywhere which number is none of its type's.
      #expect(problem.hasPrefix(path + " ") || entry["isOfType"] as? String == "integer", "\(entry): \(problem)")
    }
    #expect(try cases.list("refused").count > 10)
  }
}
