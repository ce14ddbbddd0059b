import FewtapCore
import Foundation
import TestSupport
import Testing

/// The reader of basis files held to the cases that the published schema is held to (`Scripts/check-schema --self-test`).
@Suite("Basis files as the schema has them")
struct BasisSchemaTests {
  @Test("every accepted case is read, and written so that it reads back the same")
  func accepted() throws {
    let cases = try FileCases("basis-cases.json")
    for entry in try cases.accepted {
      let basis = try FilterBasis(json: cases.file(for: entry))
      #expect(try FilterBasis(json: basis.json()) == basis, "\(entry)")
    }
    #expect(try cases.accepted.count > 5)
  }

  @Test("every refused case is refused at the path that the schema names", arguments: ["refused", "refusedByReader"])
  func refused(list: String) throws {
    let cases = try FileCases("basis-cases.json")
    let entries = try cases.list(list)
    for entry in entries {
      let error = #expect(throws: FilterError.self, "\(entry)") { try FilterBasis(json: cases.file(for: entry)) }
      #expect(error?.path == entry["path"] as? String, "\(entry)")
      #expect(error?.expected.isEmpty == false && error?.problem.isEmpty == false)
    }
    #expect(entries.count > 10)
  }

  @Test(
    "a number that no Double holds is refused by its path",
    arguments: [
      ("[0, 4]", "[0, 1e999]", "axes[0].knots[1]"), ("[30, 0.25]", "[30, 1e999]", "axes[1].curve[0][1]"),
      ("\"at\": [0, 0]", "\"at\": [0, 1e999]", "filters[0].at[1]"), ("[0.5, 30]", "[0.5, -1e999]", "fit.worstAt[1]"),
      ("Count\": 40", "Count\": 1e999", "fit.sampleCount"), ("Count\": 40", "Count\": 4.5", "fit.sampleCount"),
    ])
  func overflowingNumber(old: String, new: String, path: String) throws {
    let cases = try FileCases("basis-cases.json")
    let text = String(decoding: try FilterBasis(json: cases.file(for: [:])).json(), as: UTF8.self)
    let bad = text.replacing(old, with: new, maxReplacements: 1)
    #expect(bad != text)
    let error = #expect(throws: FilterError.self) { try FilterBasis(json: Data(bad.utf8)) }
    #expect(error?.path == path)
  }

  @Test("a file that was cut off is refused, wherever")
  func truncated() throws {
    let cases = try FileCases("basis-cases.json")
    let whole = try FilterBasis(json: cases.file(for: [:])).json()
    for count in stride(from: 0, to: whole.count - 2, by: 7) {
      let error = #expect(throws: FilterError.self, "\(count) bytes") { try FilterBasis(json: whole.prefix(count)) }
      #expect(error?.path == "")
    }
  }
}
