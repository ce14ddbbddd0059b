import FewtapCore
import FewtapViewer
import Foundation
import Testing

/// What a page's script gets to read.
struct PageData {
  let text: String
  /// Those of the page.
  let page: [String: Any]
  /// Those of its filters, and of the first one.
  let filters: [[String: Any]]
  var fields: [String: Any] { filters[0] }

  init(_ page: ViewPage) throws {
    text = String(decoding: page.bytes, as: UTF8.self)
    let start = try #require(text.firstRange(of: "<script type=\"application/json\" id=\"fewtap-data\">")).upperBound
    let end = try #require(text[start...].firstRange(of: "</script>")).lowerBound
    let json = try JSONSerialization.jsonObject(with: Data(text[start..<end].utf8))
    self.page = try #require(json as? [String: Any])
    filters = try #require(self.page["filters"] as? [[String: Any]])
    try #require(!filters.isEmpty)
  }

  var members: [[String: Any]] { fields["members"] as? [[String: Any]] ?? [] }

  /// A field of the figures.
  func figure(_ name: String) -> Double? { (fields["figures"] as? [String: Any])?[name] as? Double }

  /// The kernels of a member's steps.
  func steps(_ member: Int = 0) throws -> [PageKernel] {
    try #require(members[member]["steps"] as? [[String: Any]]).map { try PageKernel($0) }
  }

  /// The kernel that a member is meant to have.
  func target(_ member: Int = 0) throws -> PageKernel? {
    try (members[member]["target"] as? [String: Any]).map { try PageKernel($0) }
  }
}

/// A kernel as a script decodes it.
struct PageKernel {
  let width: Int, height: Int, x: Int, y: Int, scale: Int
  let low: Double, high: Double
  let values: [Double]

  init(_ fields: [String: Any]) throws {
    func whole(_ name: String) throws -> Int { try #require(fields[name] as? Int) }
    (width, height, x, y) = try (whole("width"), whole("height"), whole("x"), whole("y"))
    scale = try whole("scale")
    (low, high) = try (#require(fields["low"] as? Double), #require(fields["high"] as? Double))
    let (least, span) = (low, high - low)
    let text = try #require(fields["values"] as? String)
    values = try codes(text).map { least + span * Double($0) / 65535 }
    try #require(values.count == width * height)
  }

  /// The value at an offset in its own pixels; zero outside.
  subscript(_ column: Int, _ row: Int) -> Double {
    let (column, row) = (column + x, row + y)
    guard (0..<width).contains(column), (0..<height).contains(row) else { return 0 }
    return values[row * width + column]
  }

  /// Largest difference from `kernel`, in half codes; 1 is what rounding may do. Needs a scale of 1.
  func halfCodes(from kernel: Kernel) -> Double {
    var largest = 0.0
    let reach = max(kernel.radius, width, height)
    for row in -reach...reach {
      for column in -reach...reach {
        let (i, j) = (column + kernel.center.x, row + kernel.center.y)
        let inside = (0..<kernel.width).contains(i) && (0..<kernel.height).contains(j)
        largest = max(largest, abs(self[column, row] - (inside ? kernel.values[i, j] : 0)))
      }
    }
    return high > low ? largest / ((high - low) / 131070) : largest
  }
}

/// Numbers of 16 bits, little-endian.
func codes(_ base64: String) throws -> [UInt16] {
  let bytes = try #require(Data(base64Encoded: base64))
  return stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
}
