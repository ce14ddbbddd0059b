import Foundation
import TestSupport
import Testing

#if OpenImageIO
/// `compare --report`: the page, and where it may stand.
@Suite struct CompareReportTests {
  private let compare = [
    "compare", "disk:radius=3", "photo.ppm", "--with", "fewtap:16", "--with", "low-rank:1", "--with", "box", "--plane",
    "64x48", "--rounds", "1", "--effort", "fast",
  ]

  private func prepared() throws -> Workplace {
    let place = try Workplace()
    try place.writeNoise("photo.ppm", width: 48, height: 40)
    return place
  }

  private func text(_ place: Workplace, _ name: String) throws -> String {
    String(decoding: try #require(place.bytes(name)), as: UTF8.self)
  }

  @Test func aFolderIsMadeWithThePageItsFiguresAndItsNumbers() throws {
    let place = try prepared()
    let outcome = try place.run(compare + ["--report", "page/"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("page: page/index.html"))
    let page = try text(place, "page/index.html")
    for word in [
      "fewtap 16 integer", "low rank 1", "iterated box 3", "photo.ppm", "--with fewtap:16", "--report page/",
    ] {
      #expect(page.contains(word), "\(word)")
    }
    // A picture of the kernel as PNG.
    #expect(page.contains("src=\"data:image/png;base64,iVBORw0KGgo"))
    let files = try place.files().filter { $0.hasPrefix("page/") }
    for name in ["page/comparison.json", "page/kernels.svg", "page/error-time.svg", "page/scene-1.svg"] {
      #expect(files.contains(name))
    }
    #expect(!files.contains { $0.contains(".fewtap-") })
  }

  @Test func theNumbersAreThoseOfJSON() throws {
    let place = try prepared()
    let outcome = try place.run(compare + ["--report", "page", "--json"])
    #expect(try text(place, "page/comparison.json") == outcome.output)
    #expect(try outcome.json()["page"] as? String == "page/index.html")
    #expect(try place.run(compare + ["--json"]).json()["page"] is NSNull)
  }

  @Test func nothingIsOverwrittenWithoutForce() throws {
    let place = try prepared()
    for (index, name) in ["index.html", "comparison.json", "kernels.svg"].enumerated() {
      let folder = "page\(index)"
      try FileManager.default.createDirectory(atPath: place.path(folder), withIntermediateDirectories: true)
      try place.write(Array("precious".utf8), to: "\(folder)/\(name)")
      try place.expectRefusal(
        1, naming: ["\(folder)/\(name)", "exists already", "--force"], compare + ["--report", folder])
      #expect(place.bytes("\(folder)/\(name)") == Data("precious".utf8))
      #expect(try place.run(compare + ["--report", folder, "--force"]).code == 0)
      #expect(place.bytes("\(folder)/\(name)") != Data("precious".utf8))
    }
  }

  @Test func otherFilesOfAFolderStay() throws {
    let place = try prepared()
    try FileManager.default.createDirectory(atPath: place.path("page"), withIntermediateDirectories: true)
    try place.write(Array("notes".utf8), to: "page/notes.txt")
    #expect(try place.run(compare + ["--report", "page"]).code == 0)
    #expect(place.bytes("page/notes.txt") == Data("notes".utf8))
  }

  @Test func placesThatAreNone() throws {
    let place = try prepared()
    // Minutes of fitting, if it began.
    let long = ["compare", "disk:radius=200", "--with", "fewtap:2048", "--effort", "thorough", "--report"]
    try place.expectRefusal(1, naming: ["photo.ppm", "no folder"], long + ["photo.ppm"])
    try place.expectRefusal(1, naming: ["none/page", "none does not exist"], long + ["none/page"])
    try place.expectRefusal(1, naming: ["photo.ppm/page"], long + ["photo.ppm/page"])
    try place.expectRefusal(64, naming: ["--report", "empty"], long + [""])
    try place.expectRefusal(64, naming: ["--force", "--report"], ["compare", "disk:radius=3", "--force"])
  }

  @Test(.enabled(if: geteuid() != 0, "root writes everywhere")) func aFolderWithoutPermission() throws {
    let place = try prepared()
    try FileManager.default.createDirectory(
      atPath: place.path("locked"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o500])
    for folder in ["locked", "locked/page"] {
      try place.expectRefusal(1, naming: ["locked", "where you may write"], compare + ["--report", folder])
    }
  }

  @Test func theCommandIsQuotedForAShell() throws {
    let place = try prepared()
    try FileManager.default.copyItem(atPath: place.path("photo.ppm"), toPath: place.path("my <b>'photo'.ppm"))
    let words = compare.map { $0 == "photo.ppm" ? "my <b>'photo'.ppm" : $0 } + ["--report", "a page"]
    #expect(try place.run(words).code == 0)
    let page = try text(place, "a page/index.html")
    #expect(page.contains("&#39;my &lt;b&gt;&#39;\\&#39;&#39;photo&#39;\\&#39;&#39;.ppm&#39;"))
    #expect(page.contains("--report &#39;a page&#39;") && !page.contains("<b>'photo"))
  }
}
#else
/// Without OpenImageIO there is nothing to make the page's pictures with.
@Suite struct CompareReportTests {
  @Test func saysWhatIsMissing() throws {
    try Workplace().expectRefusal(
      1, naming: ["--report page", "OpenImageIO"], ["compare", "disk:radius=3", "--report", "page"])
  }
}
#endif
