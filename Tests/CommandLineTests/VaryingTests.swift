import Fewtap
import FewtapImageIO
import Foundation
import TestSupport
import Testing

extension Samples {
  /// A basis of boxes that are wider, and higher, at later knots: radius 0, 1 and 4, and an angle if asked for.
  static func basis(angles: [Double]? = nil) -> FilterBasis {
    let radii = [0.0, 1, 4]
    var axes = [KnotAxis(name: "radius", unit: "px", knots: radii)]
    if let angles { axes.append(KnotAxis(name: "angle", unit: "degrees", knots: angles, isPeriodic: true)) }
    let filters = radii.flatMap { radius in
      (angles ?? [0]).map { angle in
        let reach = Int(radius)
        let taps = (-reach...reach).map { offset in
          let place = Double(offset)
          return Tap(x: angle == 90 ? 0 : place, y: angle == 90 ? place : 0, weight: 1 / Double(2 * reach + 1))
        }
        return SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(taps)]))
      }
    }
    return FilterBasis(interpolation: .outputs, axes: axes, filters: filters, family: "boxes \u{1B}[2J")
  }
}

extension Workplace {
  /// A basis file and a photograph, 24x16.
  fileprivate convenience init(angles: [Double]?) throws {
    try self.init()
    try write(Samples.basis(angles: angles).json(), to: "b.json")
    try writeNoise("a.ppm")
  }

  /// What `arguments` make of the photograph.
  fileprivate func applied(_ arguments: [String]) throws -> Image {
    let outcome = try run(["apply", "b.json", "a.ppm", "r.pfm", "--force"] + arguments)
    #expect(outcome.code == 0, "\(outcome.errors)")
    return try ImageFile.read(path: path("r.pfm")).image
  }

  /// What the library makes of it by a map of `sources`.
  fileprivate func expected(_ basis: FilterBasis, _ sources: [MapSource]) throws -> Image {
    let image = try ImageFile.read(path: path("a.ppm")).image
    let map = try ParameterMap(width: image.width, height: image.height, sources)
    let admitted = try map.admitted(to: basis.axes.map(\.axis)).map
    return try VaryingPlan(basis, width: image.width).apply(to: image, map: admitted)
  }
}

/// `fewtap apply` with a basis: what the options say is what the library does.
@Suite struct VaryingTests {
  @Test func constantsRampsAndPlaces() throws {
    let place = try Workplace(angles: nil)
    let basis = Samples.basis()
    let ramp = MapRamp(low: 0, high: 3.5, start: .share(0.05), rise: .pixels(6))
    let cases: [([String], MapSource)] = [
      (["--at", "radius=2.5"], .constant(2.5)), (["--at", "0"], .constant(0)),
      (
        ["--ramp", "y=60%,sharp=5%,falloff=6,high=3.5"],
        .ramp(ramp, center: MapCenter(y: .share(0.6)))
      ),
      (
        ["--ramp", "radius:x=3,y=40%,angle=30,sharp=5%,falloff=6,low=0,high=3.5,power=1"],
        .ramp(ramp, center: MapCenter(x: .pixels(3), y: .share(0.4)), angle: 30)
      ),
      (
        ["--radial", "inner=10%,outer=90%,power=2"],
        .radial(MapRamp(low: 0, high: 4, start: .share(0.1), rise: .share(0.8), exponent: 2))
      ),
      (
        ["--radial", "x=0,y=0,outer=20"],
        .radial(
          MapRamp(low: 0, high: 4, start: .share(0), rise: .pixels(20)), center: MapCenter(x: .pixels(0), y: .pixels(0))
        )
      ),
      (["--field", "radius"], .field(.radius)), (["--field", "radius=y"], .field(.y)),
    ]
    for (arguments, source) in cases {
      #expect(try place.applied(arguments) == place.expected(basis, [source]), "\(arguments)")
    }
    // A radius of 0 is the image itself.
    #expect(try place.applied(["--at", "0"]) == ImageFile.read(path: place.path("a.ppm")).image)
  }

  @Test func twoParameters() throws {
    let place = try Workplace(angles: [0, 90, 180])
    let basis = Samples.basis(angles: [0, 90, 180])
    let sources: [MapSource] = [.field(.radius), .field(.direction, center: MapCenter(x: .share(0.3)))]
    #expect(
      try place.applied(["--field", "radius=radius", "--field", "angle=direction:x=30%"])
        == place.expected(basis, sources))
    #expect(
      try place.applied(["--at", "angle=400,radius=3"]) == place.expected(basis, [.constant(3), .constant(40)]))
    try place.expectRefusal(
      64, naming: ["angle has no values", "--at angle="], ["apply", "b.json", "a.ppm", "x.png", "--at", "radius=3"])
    try place.expectRefusal(
      64, naming: ["--ramp y=3", "radius, angle"], ["apply", "b.json", "a.ppm", "x.png", "--ramp", "y=3"])
    try place.expectRefusal(
      64, naming: ["--depth", "angle is in degrees"],
      ["apply", "b.json", "a.ppm", "x.png", "--depth", "angle=a.ppm", "--focus", "1", "--at", "radius=3"])
    try place.expectRefusal(
      64, naming: ["--ramp and --at both give radius"],
      ["apply", "b.json", "a.ppm", "x.png", "--at", "radius=3,angle=7", "--ramp", "radius:high=3"])
  }

  @Test func physics() throws {
    let place = try Workplace(angles: nil)
    let (basis, image) = (Samples.basis(), try ImageFile.read(path: place.path("a.ppm")).image)
    let map = try ParameterMap(width: 24, height: 16, [.field(.radius)]).admitted(to: basis.axes.map(\.axis)).map
    for direction in VaryingDirection.allCases {
      let expected = try VaryingPlan(basis, width: 24).apply(to: image, map: map, direction: direction)
      #expect(try place.applied(["--field", "radius", "--physics", direction.rawValue]) == expected)
    }
    #expect(try place.applied(["--field", "radius"]) == place.applied(["--field", "radius", "--physics", "gather"]))
  }

  @Test func pictures() throws {
    let place = try Workplace(angles: nil)
    let basis = Samples.basis()
    let codes = (0..<24 * 16).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try place.writeGray("m.pgm", width: 24, codes)
    let plane = try ImageFile.read(path: place.path("m.pgm"), transfer: .linear).image.planes[0]
    // Codes are taken as they are, no light, and go over the whole range; floats are the values.
    #expect(
      try place.applied(["--map", "m.pgm"]) == place.expected(basis, [MapSource.plane(plane).mapping { 4 * $0 }]))
    #expect(
      try place.applied(["--map", "radius=m.pgm", "--map-range", "1...2.5"])
        == place.expected(basis, [MapSource.plane(plane).mapping { 1 + 1.5 * $0 }]))
    try place.writeArray("m.npy", (0..<8).map { row in (0..<12).map { Double(row + $0) / 5 } })
    var small = Plane<Float>(width: 12, height: 8)
    small.values = (0..<8).flatMap { row in (0..<12).map { Float(Double(row + $0) / 5) } }
    #expect(try place.applied(["--map", "m.npy"]) == place.expected(basis, [.plane(small)]))
    #expect(
      try place.applied(["--map", "m.npy", "--nearest"])
        == place.expected(basis, [.plane(small, sampling: MapSampling(interpolation: .nearest))]))
    #expect(
      try place.applied(["--map", "m.npy", "--map-range", "0...2"])
        == place.expected(basis, [MapSource.plane(small).mapping { 2 * $0 }]))
  }

  @Test func channelsAreTheParametersInTheirOrder() throws {
    let place = try Workplace(angles: [0, 90, 180])
    let basis = Samples.basis(angles: [0, 90, 180])
    let planes = try ImageFile.read(path: place.path("a.ppm"), transfer: .linear).image.planes
    func source(_ channel: Int, _ scale: Double) -> MapSource {
      MapSource.plane(planes[channel]).mapping { scale * $0 }
    }
    #expect(try place.applied(["--map", "a.ppm"]) == place.expected(basis, [source(0, 4), source(1, 180)]))
    #expect(
      try place.applied(["--map", "radius=a.ppm", "--map", "angle=a.ppm", "--map-channel", "angle=2"])
        == place.expected(basis, [source(0, 4), source(2, 180)]))
    try place.writeGray("m.pgm", width: 24, [UInt8](repeating: 9, count: 24 * 16))
    try place.expectRefusal(
      1, naming: ["m.pgm", "1 channels for 2"], ["apply", "b.json", "a.ppm", "x.png", "--map", "m.pgm"])
    try place.expectRefusal(
      64, naming: ["a.ppm", "channel 3", "0 to 2"],
      ["apply", "b.json", "a.ppm", "x.png", "--map", "a.ppm", "--map-channel", "angle=3"])
  }

  @Test func depths() throws {
    let place = try Workplace(angles: nil)
    let basis = Samples.basis()
    let codes = (0..<24 * 16).map { UInt8(truncatingIfNeeded: $0 / 2) }
    try place.writeGray("d.pgm", width: 24, codes)
    let plane = try ImageFile.read(path: place.path("d.pgm"), transfer: .linear).image.planes[0]
    func source(_ blur: DepthBlur, _ plane: Plane<Float>, _ depths: ClosedRange<Double> = 0...1) -> MapSource {
      .depth(plane, blur, depths: depths)
    }
    let depth = ["--depth", "d.pgm", "--no-occlusion"]
    #expect(
      try place.applied(depth + ["--focus", "0.3"])
        == place.expected(basis, [source(DepthBlur(law: .linear, focus: 0.3...0.3, largestRadius: 4), plane)]))
    let inverted = DepthBlur(law: .linear, focus: 0.2...0.4, isInverted: true, largestRadius: 3)
    #expect(
      try place.applied(depth + ["--focus-range", "0.2...0.4", "--invert-depth", "--max-radius", "3"])
        == place.expected(basis, [source(inverted, plane)]))
    #expect(
      try place.applied(depth + ["--focus", "0", "--f-stop", "2"])
        == place.expected(
          basis, [source(DepthBlur(law: .linear, focus: 0...0, largestRadius: 4), plane).mapping { $0 / 2 }]))
    // Meters: a lens whose blur stays below the basis' largest.
    var meters = plane
    for index in meters.values.indices { meters.values[index] = Float(1 + 3 * Double(plane.values[index])) }
    let lens = DepthBlur(
      law: .lens(ThinLens(focalLength: 50, fNumber: 2.8)), focus: 2...2, focusedAt: 2, largestRadius: 4)
    #expect(
      try place.applied(depth + ["--depth-range", "1...4", "--focal-length", "50", "--focus", "2"])
        == place.expected(basis, [source(lens, meters, 1...4)]))
  }

  @Test func depthsHideWhatIsFarther() throws {
    let place = try Workplace(angles: [0, 90, 180])
    let basis = Samples.basis(angles: [0, 90, 180])
    let image = try ImageFile.read(path: place.path("a.ppm")).image
    // A card before a slope.
    let codes: [UInt8] = (0..<24 * 16).map { index in
      let isCard = (9...13).contains(index % 24)
      return isCard ? 10 : UInt8(100 + index / 4)
    }
    try place.writeGray("d.pgm", width: 24, codes)
    var plane = Plane<Float>(width: 24, height: 16)
    plane.values = codes.map { Float($0) / 255 }
    let blur = DepthBlur(law: .linear, focus: 0.5...0.5, largestRadius: 4)
    let map = try ParameterMap(
      width: 24, height: 16, [.depth(plane, blur, depths: 0...1, isSigned: true), .constant(45)])
    let expected = try DepthOfField(basis).apply(to: image, map: map)
    let depth = ["--depth", "radius=d.pgm", "--focus", "0.5", "--at", "angle=45"]
    #expect(try place.applied(depth) == expected)
    #expect(try place.applied(depth + ["--threads", "3"]) == expected)
    #expect(try place.applied(depth + ["--no-occlusion"]) != expected)
    let apply = ["apply", "b.json", "a.ppm", "x.png"]
    try place.expectRefusal(64, naming: ["--no-occlusion", "--depth"], apply + ["--at", "3", "--no-occlusion"])
    try place.expectRefusal(64, naming: ["--physics", "--no-occlusion"], apply + depth + ["--physics", "scatter"])
    try place.expectRefusal(
      1, naming: ["constant border", "--no-occlusion"], apply + depth + ["--border", "constant"])
    try place.expectRefusal(1, naming: ["--memory", "--no-occlusion"], apply + depth + ["--memory", "1M"])
  }

  @Test func valuesOutsideAreCountedOrRefused() throws {
    let place = try Workplace(angles: nil)
    try place.writeArray("m.npy", (0..<16).map { row in (0..<24).map { $0 == 0 ? Double(row) : 1 } })
    let apply = ["apply", "b.json", "a.ppm", "r.png", "--map", "m.npy"]
    let outcome = try place.run(apply + ["--json"])
    #expect(outcome.code == 0)
    #expect(
      outcome.errors.contains("radius: 11 of 384 pixels are outside of 0...4") && outcome.errors.contains("0...15"))
    #expect(try outcome.json()["warnings"] as? [String] != [])
    #expect(try (outcome.json()["parameters"] as? [String: [Double]])?["radius"] == [0, 4])
    try place.expectRefusal(
      1, naming: ["radius", "11 pixels", "0.0...15.0", "--strict"], apply + ["--strict", "--force"])
    try place.writeArray("nan.npy", (0..<16).map { row in (0..<24).map { row == 5 && $0 == 7 ? .nan : 1 } })
    let bad = ["apply", "b.json", "a.ppm", "x.png", "--map", "nan.npy"]
    try place.expectRefusal(1, naming: ["radius is nan at column 7, row 5", "--map-nan"], bad)
    #expect(try place.run(bad + ["--map-nan", "low"]).errors.contains("1 pixels are NaN and got the low end"))
  }

  @Test func anotherShapeIsRefusedOrStretched() throws {
    let place = try Workplace(angles: nil)
    try place.writeGray("m.pgm", width: 16, [UInt8](repeating: 99, count: 16 * 16))
    let apply = ["apply", "b.json", "a.ppm", "x.png", "--map", "m.pgm"]
    try place.expectRefusal(1, naming: ["16x16", "24x16", "--stretch"], apply)
    #expect(try place.run(apply + ["--stretch"]).code == 0)
  }

  @Test(arguments: [
    (["--at", "radius=x"], ["--at", "radius=VALUE"]), (["--at", "radius=nan"], ["finite"]),
    ([], ["radius has no values"]),
    (["--ramp", "tilt=3"], ["no key", "sharp"]), (["--ramp", "sharp"], ["key=value"]),
    (["--ramp", "sharp=3,sharp=4"], ["sharp is given twice"]), (["--ramp", "sharp=wide"], ["pixels", "50%"]),
    (["--radial", "inner=10,outer=50%"], ["both"]), (["--field", "corner"], ["column", "direction"]),
    (["--field", "direction:z=3"], ["no key"]), (["--at", "1", "--at", "2"], ["--at: it is given twice"]),
    (["--map", ""], ["empty"]), (["--map", "a.ppm", "--map-channel", "x"], ["--map-channel", "number"]),
    (["--map", "a.ppm", "--map-range", "3"], ["LOW...HIGH"]), (["--focus", "3"], ["--depth"]),
    (["--depth", "a.ppm"], ["--focus"]),
    (["--depth", "a.ppm", "--focus", "1", "--focus-range", "2...3"], ["--focus-range"]),
    (["--depth", "a.ppm", "--focus", "1", "--sensor-width", "24"], ["--focal-length"]),
    (["--depth", "a.ppm", "--focus", "1", "--focal-length", "50"], ["--depth-range"]),
    (["--depth", "a.ppm", "--focus", "1", "--focal-length", "50", "--depth-law", "linear"], ["contradict"]),
    (["--ramp", "falloff=0"], ["--ramp", "falloff is 0", "more than 0"]),
    (["--ramp", "sharp=-1%"], ["--ramp", "sharp is -1%", "0 or more"]),
    (["--ramp", "power=-1"], ["--ramp", "power is -1", "more than 0"]),
    (["--ramp", "low=-1e308,high=1e308"], ["--ramp", "high is 1e308", "nearer"]),
    (["--radial", "inner=50%,outer=20%"], ["--radial", "outer is 20%", "more than inner"]),
    (["--radial", "inner=-5"], ["--radial", "inner is -5"]),
    (["--at", "1", "--map-range", "0...1"], ["--map-range", "--map"]),
    (["--at", "1", "--map-channel", "1"], ["--map-channel", "--map"]), (["--at", "1", "--stretch"], ["--stretch"]),
    (["--map", "a.ppm", "--map-channel", "-1"], ["--map-channel -1", "from 0"]),
    (["--map", "a.ppm", "--map-range", "-1e308...1e308"], ["LOW...HIGH"]),
    (["--map", "a.ppm", "--map", "a.ppm"], ["--map: it is given twice for radius"]),
    (
      ["--depth", "a.ppm", "--focus", "1", "--focal-length", "50", "--depth-range", "-1...5"],
      ["--depth-range -1...5", "meters"]
    ),
    (["--at", "1", "--compare"], ["--compare", "basis"]), (["--at", "1", "--half"], ["--half", "basis"]),
  ]) func optionsThatCannotBe(options: [String], words: [String]) throws {
    let place = try Workplace(angles: nil)
    try place.expectRefusal(64, naming: words, ["apply", "b.json", "a.ppm", "x.png"] + options)
  }

  @Test(arguments: [
    (["--depth", "a.ppm", "--focus", "0.04", "--focal-length", "50", "--depth-range", "1...2"], "focal length"),
    (["--map", "none.png"], "none.png"),
  ]) func mapsThatCannotBe(options: [String], word: String) throws {
    let place = try Workplace(angles: nil)
    try place.expectRefusal(1, naming: [word], ["apply", "b.json", "a.ppm", "x.png"] + options)
  }

  @Test func mapsAreForBases() throws {
    let place = try Workplace(angles: nil)
    try place.writeIdentity("k.json")
    for options in [["--at", "radius=1"], ["--strict"], ["--map", "a.ppm"], ["--depth", "a.ppm", "--focus", "1"]] {
      try place.expectRefusal(
        64, naming: [options[0], "k.json", "basis"], ["apply", "k.json", "a.ppm", "x.png"] + options)
    }
    for (text, words) in [
      ("{\"format\": \"fewtap.basis-checkpoint\"}", ["fewtap.basis-checkpoint", "\"fewtap.basis\""]),
      ("{\"format\": \"fewtap.basis\", \"version\": 1", ["JSON"]),
    ] {
      try place.write(text.utf8, to: "broken.json")
      try place.expectRefusal(1, naming: ["broken.json"] + words, ["info", "broken.json"])
      try place.expectRefusal(1, naming: words, ["apply", "broken.json", "a.ppm", "x.png", "--at", "1"])
    }
    try place.expectRefusal(64, naming: ["--kernel", "b.json"], ["info", "b.json", "--kernel", "disk:radius=3"])
  }

  /// What a file says moves no cursor, in errors neither.
  @Test func errorsAreLegible() throws {
    let place = try Workplace()
    var basis = Samples.basis()
    basis.axes[0].name = "\u{1B}[31mradius"
    try place.write(basis.json(), to: "b.json")
    try place.writeNoise("a.ppm")
    try place.expectRefusal(
      64, naming: ["\\u001b[31mradius has no values"], ["apply", "b.json", "a.ppm", "x.png"])
    #expect(try !place.run(["apply", "b.json", "a.ppm", "x.png"]).errors.contains("\u{1B}"))
  }

  @Test func infoTellsTheBasis() throws {
    let place = try Workplace(angles: [0, 90, 180])
    let text = try place.run(["info", "b.json", "--taps"]).output
    for words in [
      "radius", "3 knots: 0 1 4 px", "0 90 180 degrees, periodic", "outputs", "9 with 39 taps", "halo 4 px",
    ] {
      #expect(text.contains(words), "\(words) is not in \(text)")
    }
    #expect(!text.contains("\u{1B}"))
    let json = try place.run(["info", "b.json", "--json", "--taps"]).json()
    #expect(json["filterCount"] as? Int == 9 && (json["filters"] as? [Any])?.count == 9)
    #expect(((json["axes"] as? [[String: Any]])?[1]["knots"] as? [Double]) == [0, 90, 180])
    let file = try #require(place.bytes("b.json"))
    #expect(try place.run(["info", "-"], input: file).code == 0)
  }
}
