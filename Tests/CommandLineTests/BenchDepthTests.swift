import Fewtap
import FewtapImageIO
import Foundation
import Testing

/// `fewtap bench depth`: figures of a small scene, and its pictures.
@Suite struct BenchDepthTests {
  @Test func occlusionComesNearerToTheLens() throws {
    let place = try Workplace()
    let basis = ["basis", "disk:radius=0...4", "--knots", "4", "-o", "b.json", "--quiet"]
    #expect(try place.run(basis).code == 0)
    let bench = ["bench", "depth", "b.json", "--size", "160x90", "--radius", "4", "--threads", "2", "--json"]
    let outcome = try place.run(bench + ["--samples", "128", "--output", "out"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let rows = try #require(try outcome.json()["rows"] as? [[String: Any]])
    let figures = Dictionary(
      uniqueKeysWithValues: rows.compactMap { row in
        (row["name"] as? String).map { ($0, (row["psnr"] as? Double ?? 0, row["flip"] as? Double ?? 1)) }
      })
    let (ours, plain) = try (#require(figures["with occlusion"]), #require(figures["plain gather"]))
    #expect(ours.0 > plain.0 && ours.1 < plain.1)
    #expect(figures.keys.sorted() == ["dense gather", "no blur", "plain gather", "with occlusion"])
    #expect(try ImageFile.read(path: place.path("out/part-0.png")).image.height == 48)
    // The lens' picture serves again.
    let again = try place.run(bench + ["--truth", "out/lens.npy", "--quick"])
    let first = try #require(try again.json()["rows"] as? [[String: Any]])
    #expect(first[0]["psnr"] as? Double == rows[0]["psnr"] as? Double)
  }
}
