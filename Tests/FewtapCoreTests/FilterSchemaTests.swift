import FewtapCore
import Foundation
import TestSupport
import Testing

/// The Swift reader held to the cases that the published schema is held to (`Scripts/check-schema --self-test`), so that the
/// two cannot drift apart.
@Suite("Filter files as the schema has them")
struct FilterSchemaTests {
  @Test("every accepted case is read, and written so that it reads back the same")
  func accepted() throws {
    let cases = try FileCases("filter-cases.json")
    for entry in try cases.accepted {
      let filter = try SparseFilter(json: cases.file(for: entry))
      #expect(try SparseFilter(json: filter.json()) == filter, "\(entry)")
    }
    #expect(try cases.accepted.count > 5)
  }

  @Test("every refused case is refused at the path that the schema names")
  func refused() throws {
    let cases = try FileCases("filter-cases.json")
    for entry in try cases.list("refused") {
      let path = entry["path"] as? String
      let error = #expect(throws: FilterError.self, "\(entry)") {
        try SparseFilter(json: cases.file(for: entry))
      }
      #expect(error?.path == path, "\(entry)")
    }
    #expect(try cases.list("refused").count > 30)
  }

  @Test("a number that no Double holds is refused by its path, not read as infinity")
  func overflowingNumber() throws {
    let filter = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 0.75)])]))
    let text = String(decoding: try filter.json(), as: UTF8.self).replacing("0.75", with: "1e999")
    let error = #expect(throws: FilterError.self) { try SparseFilter(json: Data(text.utf8)) }
    #expect(error?.path == "layers[0][0][2]")
  }
}
