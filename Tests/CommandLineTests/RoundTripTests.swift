import Fewtap
import FewtapImageIO
import Foundation
import TestSupport
import Testing

/// The way of a new user: look at a kernel, fit it, look at the filter, run it over an image.
@Suite struct RoundTripTests {
  @Test func kernelFitInfoApply() throws {
    let place = try Workplace()
    let shown = try place.run(["kernel", "heart:size=15", "--show", "-o", "heart.npy"])
    #expect(shown.code == 0 && shown.errors.isEmpty)
    #expect(shown.output.contains("@@") && shown.output.contains("15x15, center 7,7"))
    #expect(try place.array("heart.npy").values == Kernel.heart(size: 15).values.values)

    let fitted = try place.run(["fit", "heart:size=15", "-o", "heart.json", "--taps", "30", "--effort", "fast"])
    #expect(fitted.code == 0 && fitted.errors.isEmpty)
    #expect(fitted.output.contains("30 integer taps") && fitted.output.contains("225"))
    let filter = try SparseFilter(json: #require(place.bytes("heart.json")))
    #expect(filter.chain.tapCount == 30)
    #expect(filter.kernel?.name == "heart:size=15")

    let info = try place.run(["info", "heart.json", "--json"]).json()
    #expect(info["errorFrom"] as? String == "kernel")
    // The same numbers in the same order; read back by a parser that is off by some units in the last place.
    let (told, written) = (try #require(info["relativeError"] as? Double), try #require(filter.fit).relativeError)
    #expect(abs(told - written) <= 8 * written.ulp)

    try place.writeNoise("photo.ppm")
    let applied = try place.run(["apply", "heart.json", "photo.ppm", "blurred.ppm", "--compare", "--json"])
    #expect(applied.code == 0)
    let source = try ImageFile.read(path: place.path("photo.ppm"))
    let result = try ImageFile.read(path: place.path("blurred.ppm"))
    #expect(result.image.width == 24 && result.image.height == 16 && result.image.planes.count == 3)
    // What the command says it measured is what the library measures.
    let comparison = try ImageComparison(
      ApplyPlan(filter, width: source.image.width).apply(to: source.image),
      reference: DenseApply(.heart(size: 15)).apply(to: source.image))
    // Foundation's JSONSerialization is off by some units in the last place; its decoder is exact.
    let measured = try JSONDecoder().decode(Told.self, from: Data(applied.output.utf8)).comparison
    #expect(measured.psnr == comparison.psnr)
    #expect(measured.psnrPerChannel == comparison.psnrPerChannel)
    #expect(measured.largestDifference == comparison.largestDifference)
  }

  private struct Told: Decodable {
    struct Comparison: Decodable {
      let psnr: Double
      let psnrPerChannel: [Double]
      let largestDifference: Double
    }
    let comparison: Comparison
  }

  @Test(arguments: [["--dense"], ["--taps", "24", "--effort", "fast"]]) func aLowerRate(how: [String]) throws {
    let place = try Workplace()
    let fit = ["fit", "disk:radius=12", "-o", "disk.json", "--rate", "3", "--json"] + how
    let fitted = try place.run(fit).json()
    let filter = try SparseFilter(json: #require(place.bytes("disk.json")))
    #expect(filter.rate == Resampling(factor: 3))
    let info = try place.run(["info", "disk.json", "--json"]).json()
    for report in [fitted, info] {
      #expect((report["rate"] as? [String: Any])?["factor"] as? Int == 3)
      #expect((report["flicker"] as? Double ?? 0) > 0.01)
    }
    #expect(info["halo"] as? Int == filter.bounds.reach && filter.bounds.reach > 12)
    #expect(info["errorFrom"] as? String == "kernel")
    let text = try place.run(["info", "disk.json"]).output
    for words in ["1/3", "bspline2", "flicker", "halo \(filter.bounds.reach) px", "low-rate px"] {
      #expect(text.contains(words), "\(words)")
    }
  }

  @Test func filtersGoThroughPipes() throws {
    let place = try Workplace()
    let fitted = try place.run(["fit", "disk:radius=3", "-o", "-", "--taps", "12", "--effort", "fast"])
    #expect(fitted.errors.contains("12 integer taps"))
    let info = try place.run(["info", "-", "--json"], input: Data(fitted.output.utf8)).json()
    #expect(info["taps"] as? Int == 12)
    try place.writeNoise("a.ppm")
    #expect(try place.run(["apply", "-", "a.ppm", "b.ppm"], input: Data(fitted.output.utf8)).code == 0)
  }

  @Test(arguments: [[], ["--keep-sum"], ["--size", "9"], ["--size", "9", "--keep-sum"], ["--center", "1,2"]])
  func aFileKernelIsFoundAgainByItsHash(options: [String]) throws {
    let place = try Workplace()
    var generator = SeededGenerator(seed: 5)
    try place.writeArray("k.npy", (0..<7).map { _ in (0..<5).map { _ in generator.uniform(0.1, 1) } })
    let fit = ["fit", "k.npy", "-o", "k.json", "--taps", "9", "--effort", "fast"] + options
    #expect(try place.run(fit).code == 0)
    let info = try place.run(["info", "k.json", "--kernel", "k.npy", "--json"])
    #expect(try info.json()["errorFrom"] as? String == "kernel", "\(info.errors)")
    #expect(try place.run(["info", "k.json", "--json"]).json()["errorFrom"] as? String == "file")
  }

  @Test func aGlyphIsAKernel() throws {
    let place = try Workplace()
    let outcome = try place.run(["kernel", "glyph:text=&,size=21", "--json"])
    guard outcome.code == 0 else {
      // Without a font the message says what to install.
      #expect(outcome.errors.contains("fonts-dejavu-core"))
      return
    }
    #expect(try outcome.json()["name"] as? String == "glyph:text=&,size=21")
    let size = try [outcome.json()["width"] as? Int, outcome.json()["height"] as? Int].compactMap { $0 }.max()
    #expect(size == 21)
    try place.run(["fit", "glyph:text=&,size=21", "-o", "and.json", "--taps", "20", "--effort", "fast"])
    #expect(try place.run(["info", "and.json", "--json"]).json()["errorFrom"] as? String == "kernel")
  }

  @Test func aMaskLargerThanAKernelIsScaled() throws {
    let place = try Workplace()
    try place.writeGray("mask.pgm", width: 1200, [UInt8](repeating: 255, count: 1200 * 600))
    let json = try place.run(["kernel", "mask.pgm", "--size", "21", "--json"]).json()
    #expect(json["width"] as? Int == 21 && json["height"] as? Int == 11)
  }

  @Test func thePaperRecipeTakesItsOwnLayout() throws {
    let place = try Workplace()
    let outcome = try place.run(["fit", "disk:radius=3", "-o", "paper.json", "--recipe", "paper", "--json"])
    let json = try outcome.json()
    #expect(json["layout"] as? [Int] == [24, 24, 24, 24] && json["tapModel"] as? String == "bilinear")
  }

  @Test func anImageKernelAndSignedKernelsAreFitted() throws {
    let place = try Workplace()
    try place.writeGray("mask.pgm", width: 3, [0, 9, 0, 9, 9, 9, 0, 9, 0])
    for kernel in ["mask.pgm", "log:sigma=1", "sharpen:sigma=1"] {
      #expect(try place.run(["fit", kernel, "-o", "k.json", "--effort", "fast", "--force"]).code == 0)
    }
  }
}
