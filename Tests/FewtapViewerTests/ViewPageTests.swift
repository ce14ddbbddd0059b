import FewtapCore
import FewtapViewer
import Foundation
import TestSupport
import Testing

/// The page as text: whole, the same each time, small, and proof against names.
@Suite struct ViewPageTests {
  private func filter(_ name: String) throws -> SparseFilter {
    var random = SeededGenerator(seed: 821)
    var filter = SparseFilter(chain: random.chain(.bilinear, layout: [5, 3], reach: 4))
    filter.kernel = KernelReference(try ViewDataTests.disk(side: 9).named(name))
    return filter
  }

  @Test func wholeAndTheSameEachTime() throws {
    let data = try ViewData(filter("disk:radius=4"), name: "disk.json")
    let bytes = ViewPage(data).bytes
    #expect(bytes == ViewPage(data).bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasPrefix("<!doctype html>") && text.contains("<title>disk:radius=4</title>"))
    #expect(!text.contains("fewtap:title") && !text.contains("fewtap:style") && !text.contains("fewtap:modules"))
    #expect(!text.contains("fewtap:data") && !text.contains("fewtap:worker"))
    #expect(text.contains("Content-Security-Policy") && text.contains("default-src 'none'"))
    #expect(text.contains("\"fewtap/main.js\":\"data:text/javascript;base64,"))
  }

  /// Below 3 MB without the image, as the project promises.
  @Test func small() throws {
    var random = SeededGenerator(seed: 822)
    let chain = random.chain(.integer, layout: [300, 40, 20, 10], reach: 32)
    let kernel = try ViewDataTests.disk(side: 257)
    let large = try ViewPage(ViewData(SparseFilter(chain: chain), name: "large.json", target: kernel)).bytes.count
    #expect(large < 3_000_000, "257x257: \(large)")
    let disk = try ViewDataTests.disk(side: 49)
    for interpolation in FilterBasis.Interpolation.allCases {
      let basis = ViewDataTests.basis([6, 9], layout: [74, 10, 8, 4], reach: 6, interpolation)
      let targets = [Kernel](repeating: disk, count: 54)
      let bytes = try ViewPage(ViewData(basis, name: "b.json", targets: targets)).bytes.count
      #expect(bytes < 3_000_000, "\(interpolation) of 54 knots: \(bytes)")
      // Passes of every knot, as outputs have them, take their room in text: of those the command warns.
      guard interpolation == .offsets else { continue }
      let three = try (0..<3).map { _ in try ViewData(basis, name: "b.json", targets: targets, oneOf: 3) }
      let shared = ViewPage(three[0], or: Array(three[1...])).bytes.count
      #expect(shared < 3_000_000, "three \(interpolation) of 54 knots: \(shared)")
    }
    let tall = ViewDataTests.basis([6, 9], layout: [90], reach: 64)
    let targets = [Kernel](repeating: kernel, count: 54)
    let bytes = try ViewPage(ViewData(tall, name: "b.json", targets: targets)).bytes.count
    #expect(bytes < 3_000_000, "54 knots of 129x129 and 257x257: \(bytes)")
  }

  @Test func bytesOfItsOwn() throws {
    var data = try ViewData(ViewDataTests.basis([2], layout: [3], reach: 2), name: "b")
    let plain = ViewPage(data).bytes.count
    #expect(ViewPage(data).ownByteCount == plain)
    data.truth = ViewImage(kind: .png, bytes: [UInt8](repeating: 7, count: 5000))
    try data.setMap(ParameterMap(width: 50, height: 40, constant: [2]))
    let page = ViewPage(data, image: data.truth)
    #expect(page.ownByteCount == plain && page.bytes.count > plain + 10_000)
  }

  static let names = [
    "</script><img src=x onerror=alert(1)>", "<!--<script>alert(1)</script>", "</title><script>alert(1)</script>",
    "\"'`;alert(1)//\\", "]]>&lt;\u{2028}\u{2029}\u{202E}\u{0}", "<!--fewtap:data-->/*fewtap:style*/", "</SCRIPT >",
    "&quot;><svg onload=alert(1)>",
  ]

  /// The same tags as a page without any such name, and the names as they were where a script reads them.
  @Test(arguments: names) func namesStayText(name: String) throws {
    func tags(_ text: String) -> [Substring] { text.matches(of: /<[!\/]?[a-zA-Z-]+/).map(\.output) }
    let plain = try PageData(ViewPage(ViewData(filter("k"), name: "k")))
    let page = try PageData(ViewPage(ViewData(filter(name), name: name)))
    #expect(tags(page.text) == tags(plain.text))
    #expect(page.fields["name"] as? String == name && page.fields["title"] as? String == name)
    #expect(!page.text.contains("<img src=x") && !page.text.contains("\u{202E}"))

    var basis = ViewDataTests.basis([2], layout: [3], reach: 2)
    let ordinary = try PageData(ViewPage(ViewData(basis, name: "k")))
    basis.family = name
    (basis.axes[0].name, basis.axes[0].unit) = (name, name)
    let crafted = try PageData(ViewPage(ViewData(basis, name: name)))
    #expect(tags(crafted.text) == tags(ordinary.text))
    let axis = try #require((crafted.fields["axes"] as? [[String: Any]])?.first)
    #expect(axis["name"] as? String == name && axis["unit"] as? String == name)
  }

  @Test func longNamesAreCut() throws {
    let page = try PageData(ViewPage(ViewData(filter("k"), name: String(repeating: "x", count: 5000))))
    #expect((page.fields["name"] as? String)?.count == 203)
  }
}
