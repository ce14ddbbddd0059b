import Fewtap
import FewtapImageIO
import Foundation
import Testing

/// `fewtap basis`: from a family to a file that `info` and `apply` take.
@Suite struct BasisTests {
  private let fit = ["basis", "disk:radius=0...6", "-o", "b.json", "--knots", "4"]

  @Test func familyBasisInfoApply() throws {
    let place = try Workplace()
    let outcome = try place.run(fit + ["--json", "--threads", "1"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let basis = try FilterBasis(json: #require(place.bytes("b.json")))
    #expect(basis.family == "disk:radius=0...6" && basis.shape == [4] && basis.axes[0].knots.last == 6)
    let told = try outcome.json()
    #expect(told["command"] as? String == "basis" && told["filterCount"] as? Int == 4)
    #expect(told["termination"] as? String == "completed")
    let info = try place.run(["info", "b.json", "--json"]).json()
    for key in ["worstPhotoPSNR", "photoPSNR", "sampleCount", "taps", "halo", "seed"] {
      #expect("\(info[key] ?? "none")" == "\(told[key] ?? "nothing")", "\(key)")
    }
    try place.writeNoise("a.ppm")
    let applied = try place.run(["apply", "b.json", "a.ppm", "r.png", "--ramp", "falloff=50%,high=5"])
    #expect(applied.code == 0, "\(applied.errors)")
    // A seed gives the same file for any number of threads.
    #expect(try place.run(fit + ["--threads", "2", "--force"]).code == 0)
    let again = try FilterBasis(json: #require(place.bytes("b.json")))
    #expect(again == basis)
  }

  @Test func graphicsProcessorsGetOffsetsAndTheirWork() throws {
    let place = try Workplace()
    let outcome = try place.run([
      "basis", "disk:radius=1...4", "-o", "g.json", "--for", "gpu", "--error", "45", "--json",
    ])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let told = try outcome.json()
    #expect(told["interpolation"] as? String == "offsets")
    let gpu = try #require(told["gpu"] as? [String: Any])
    #expect(try #require(gpu["worstPhotoPSNR"] as? Double) >= 45)
    let basis = try FilterBasis(json: #require(place.bytes("g.json")))
    // A pass for the coordinates, and one a layer; of each tap two rows of the table and the image.
    let layers = basis.filters[0].chain.layout
    #expect(gpu["passes"] as? Int == 1 + layers.count)
    #expect(gpu["fetches"] as? Double == Double(1 + layers.count + 3 * layers.reduce(0, +)))
    #expect(gpu["fractionBits"] as? Int == 8 && gpu["format"] as? String == "rgba16f")
    // Outputs are told about too, where they are asked for.
    let outputs = try place.run([
      "basis", "disk:radius=0...6", "-o", "o.json", "--for", "gpu", "--operator", "outputs", "--knots", "4", "--json",
    ]).json()
    #expect(outputs["interpolation"] as? String == "outputs")
    #expect(try #require((outputs["gpu"] as? [String: Any])?["fetches"] as? Double) > 1)
  }

  @Test func tapsAlongASeriesAreToldAndApplied() throws {
    let place = try Workplace()
    let outcome = try place.run([
      "basis", "disk:radius=1...4", "-o", "s.json", "--operator", "offsets", "--tracks", "series", "--terms", "3",
      "--taps", "10", "--json",
    ])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let told = try outcome.json()
    #expect(told["tracks"] as? String == "series")
    #expect((told["series"] as? [String: Any])?["terms"] as? Int == 3)
    let basis = try FilterBasis(json: #require(place.bytes("s.json")))
    #expect(basis.series?.shape == [3] && basis.series?.tapCount == 10)
    let info = try place.run(["info", "s.json"])
    #expect(info.output.contains("3 Chebyshev polynomials of radius"))
    #expect(try place.run(["info", "s.json", "--json"]).json()["taps"] as? Int == told["taps"] as? Int)
    try place.writeNoise("a.ppm")
    let applied = try place.run(["apply", "s.json", "a.ppm", "r.png", "--ramp", "falloff=50%,high=4"])
    #expect(applied.code == 0, "\(applied.errors)")
  }

  /// Where kernels turn, a few functions in a turning frame come nearer than as many knots.
  @Test func autoFitsBothFormsAndKeepsTheNearer() throws {
    let place = try Workplace()
    func fit(_ tracks: String) throws -> [String: Any] {
      let outcome = try place.run([
        "basis", "motion:length=1...8,angle=0...180", "-o", "\(tracks).json", "--operator", "offsets", "--tracks",
        tracks,
        "--knots", "3,5", "--taps", "10", "--json", "--threads", "1",
      ])
      #expect(outcome.code == 0, "\(outcome.errors)")
      return try outcome.json()
    }
    let (knots, either) = (try fit("knots"), try fit("auto"))
    #expect(knots["tracks"] as? String == "knots" && either["tracks"] as? String == "series")
    let worst = try [knots, either].map { try #require($0["worstPhotoPSNR"] as? Double) }
    #expect(worst[1] > worst[0])
    #expect(try FilterBasis(json: #require(place.bytes("auto.json"))).series?.shape == [3, 5])
    #expect(try place.run(["info", "auto.json"]).output.contains("3 Chebyshev polynomials of length"))
    try place.writeNoise("a.ppm")
    let applied = try place.run(["apply", "auto.json", "a.ppm", "r.png", "--at", "length=4,angle=30"])
    #expect(applied.code == 0, "\(applied.errors)")
  }

  @Test func aCheckpointIsWrittenAndGoneOnFrom() throws {
    let place = try Workplace()
    #expect(try place.run(fit + ["--checkpoint", "c"]).code == 0)
    let basis = try #require(place.bytes("b.json"))
    #expect(place.bytes("c") != nil)
    let resumed = try place.run(fit + ["--resume", "c", "--force"])
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(place.bytes("b.json") == basis)
    try place.expectRefusal(
      1, naming: ["checkpoint", "seed"], fit + ["--resume", "c", "--force", "--seed", "7"])
  }

  /// Three parameters from end to end: each may have its own source.
  @Test func threeParameters() throws {
    let place = try Workplace()
    let family = "ellipse:radius-x=1...4,radius-y=2...3,angle=0...180"
    let outcome = try place.run(["basis", family, "-o", "b.json", "--knots", "2,2,3"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let basis = try FilterBasis(json: #require(place.bytes("b.json")))
    #expect(basis.axes.map(\.name) == ["radius-x", "radius-y", "angle"] && basis.shape == [2, 2, 3])
    #expect(basis.axes.map(\.isPeriodic) == [false, false, true])
    try place.writeNoise("a.ppm")
    let applied = try place.run([
      "apply", "b.json", "a.ppm", "r.pfm", "--radial", "radius-x:outer=100%", "--at", "radius-y=2.25", "--field",
      "angle=direction",
    ])
    #expect(applied.code == 0, "\(applied.errors)")
    let image = try ImageFile.read(path: place.path("a.ppm")).image
    let ramp = MapRamp(low: 1, high: 4, start: .share(0), rise: .share(1))
    let map = try ParameterMap(
      width: image.width, height: image.height, [.radial(ramp), .constant(2.25), .field(.direction)])
    let expected = try VaryingPlan(basis, width: image.width).apply(
      to: image, map: map.admitted(to: basis.axes.map(\.axis)).map)
    #expect(try ImageFile.read(path: place.path("r.pfm")).image == expected)
  }

  @Test func measuredKernelsAreAFamily() throws {
    let place = try Workplace()
    let radii = [1.0, 2, 3]
    let kernels = try radii.map { try Kernel.disk(radius: $0, size: 7) }
    let stack = try #require(NumpyFile(shape: [3, 7, 7], values: kernels.flatMap(\.values.values)))
    try place.write(stack.encode(), to: "k.npy")
    try place.write("radius\n1\n2\n3\n".utf8, to: "p.csv")
    let outcome = try place.run(["basis", "k.npy", "--positions", "p.csv", "-o", "b.json", "--knots", "3"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let basis = try FilterBasis(json: #require(place.bytes("b.json")))
    #expect(basis.axes[0].name == "radius" && basis.axes[0].unit == "px" && basis.axes[0].axis.range == 1...3)
    try FileManager.default.createDirectory(atPath: place.path("f"), withIntermediateDirectories: true)
    for (radius, kernel) in zip(radii, kernels) {
      try KernelFile.write(kernel, path: place.path("f/radius=\(radius).npy"))
    }
    #expect(try place.run(["basis", "f", "-o", "f.json", "--knots", "3"]).code == 0)
    // Without its last column and row a stack has no middle.
    let even = kernels.flatMap { kernel in (0..<6).flatMap { y in (0..<6).map { kernel.values[$0, y] } } }
    try place.write(#require(NumpyFile(shape: [3, 6, 6], values: even)).encode(), to: "even.npy")
    let stackOf6 = ["basis", "even.npy", "--positions", "p.csv", "-o", "even.json", "--knots", "3"]
    try place.expectRefusal(1, naming: ["even.npy", "--center X,Y"], stackOf6)
    #expect(try place.run(stackOf6 + ["--center", "3,3"]).code == 0)
    try place.expectRefusal(64, naming: ["--positions"], ["basis", "f", "-o", "x.json", "--positions", "p.csv"])
    try place.expectRefusal(
      64, naming: ["--keep-sum", "words"], ["basis", "disk:radius=1...3", "-o", "x.json", "--keep-sum"])
    try place.write("radius\n1\n2\n".utf8, to: "q.csv")
    try place.expectRefusal(
      1, naming: ["q.csv", "2 points for 3"], ["basis", "k.npy", "-o", "x.json", "--positions", "q.csv"])
    try place.write("1,2,3\n3,4,5\n6,7,8".utf8, to: "q.csv")
    try place.expectRefusal(64, naming: ["--axes"], ["basis", "k.npy", "-o", "x.json", "--positions", "q.csv"])
    try place.write("1,2\n3,4\n5,6".utf8, to: "q.csv")
    try place.expectRefusal(
      1, naming: ["grid", "x 1, y 4"], ["basis", "k.npy", "-o", "x.json", "--positions", "q.csv"])
  }

  @Test func aPictureIsAnAperture() throws {
    let place = try Workplace()
    try place.writeGray("a.pgm", width: 5, [0, 9, 9, 9, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 9, 9, 9, 0])
    let outcome = try place.run(["basis", "a.pgm:size=3...9", "-o", "b.json", "--knots", "3"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    try place.expectRefusal(1, naming: ["none.pgm"], ["basis", "none.pgm:size=3...9", "-o", "x.json"])
    try place.expectRefusal(1, naming: ["ascending"], ["basis", "a.pgm:size=9...3", "-o", "x.json"])
  }
}
