import Fewtap
import FewtapImageIO
import Foundation
import TestSupport
import Testing

/// `fewtap view`: pages, figures, refusals, and the page over HTTP.
@Suite struct ViewTests {
  /// What the script of a page gets to read.
  private func page(_ place: Workplace, _ page: String) throws -> [String: Any] {
    let text = String(decoding: try #require(place.bytes(page)), as: UTF8.self)
    let start = try #require(text.firstRange(of: "id=\"fewtap-data\">")).upperBound
    let end = try #require(text[start...].firstRange(of: "</script>")).lowerBound
    return try #require(JSONSerialization.jsonObject(with: Data(text[start..<end].utf8)) as? [String: Any])
  }

  /// The filters of a page.
  private func filters(_ place: Workplace, _ name: String) throws -> [[String: Any]] {
    try #require(page(place, name)["filters"] as? [[String: Any]])
  }

  /// The only filter of a page.
  private func data(_ place: Workplace, _ name: String) throws -> [String: Any] {
    let filters = try filters(place, name)
    try #require(filters.count == 1)
    return filters[0]
  }

  /// A picture that a page holds.
  private func picture(_ field: Any?) throws -> (type: String, file: ImageFile, bytes: [UInt8]) {
    let field = try #require(field as? [String: Any])
    let text = try #require(field["base64"] as? String)
    let bytes = Array(try #require(Data(base64Encoded: text)))
    return (try #require(field["type"] as? String), try ImageFile.decode(bytes, path: "picture"), bytes)
  }

  @Test func filterWithAnImage() throws {
    let place = try Workplace.withPhotograph()
    try place.run(["fit", "disk:radius=3", "-o", "disk.json", "--taps", "12", "--effort", "fast"])
    let arguments = ["view", "disk.json", "photo.ppm", "-o", "page.html"]
    let told = try place.run(arguments + ["--json"]).json()
    #expect(told["target"] as? Bool == true && told["map"] as? Bool == false && told["truth"] as? Bool == false)
    let written = try #require(place.bytes("page.html"))
    #expect(told["bytes"] as? Int == written.count)
    #expect((told["image"] as? [String: Any])?["asStored"] as? Bool == false)
    let fields = try data(place, "page.html")
    #expect(fields["kind"] as? String == "filter" && fields["name"] as? String == "disk.json")
    #expect(fields["title"] as? String == "disk:radius=3")
    let (type, file, bytes) = try picture(page(place, "page.html")["image"])
    #expect(type == "image/png")
    let source = try ImageFile.read(path: place.path("photo.ppm")).image
    #expect(file.image == source)
    let member = try #require((fields["members"] as? [[String: Any]])?.first)
    #expect(member["target"] is [String: Any])
    // The error is what `info` computes anew.
    let info = try place.run(["info", "disk.json", "--json"]).json()
    let figures = try #require(fields["figures"] as? [String: Any])
    #expect(figures["decibels"] as? Double == info["photoPSNR"] as? Double)
    #expect(figures["relativeError"] as? Double == info["relativeError"] as? Double)
    // The same bytes again; a PNG is embedded as it is; nothing else is left behind.
    try place.write(bytes, to: "photo.png")
    #expect(try place.run(arguments + ["--force"]).code == 0)
    #expect(place.bytes("page.html") == written)
    let again = try place.run(["view", "disk.json", "photo.png", "-o", "png.html", "--json"]).json()
    #expect((again["image"] as? [String: Any])?["asStored"] as? Bool == true)
    let embedded = try picture(page(place, "png.html")["image"]).bytes
    #expect(embedded == bytes)
    #expect(try place.files() == ["disk.json", "page.html", "photo.png", "photo.ppm", "png.html"])
  }

  @Test func largeAndBrightImages() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeGray("large.pgm", width: 2200, [UInt8](repeating: 188, count: 2200 * 2000))
    let outcome = try place.run(["view", "k.json", "large.pgm", "-o", "large.html"])
    #expect(outcome.code == 0 && outcome.errors.contains("2200x2000") && outcome.errors.contains("scaled down"))
    let (type, file, _) = try picture(page(place, "large.html")["image"])
    #expect(type == "image/jpeg" && file.image.width * file.image.height <= 4_000_000)
    #expect(file.image.width * file.image.height > 3_900_000)
    let light = Float(TransferFunction.srgb.decode(188.0 / 255))
    #expect(file.image.planes[0].values.allSatisfy { abs($0 - light) < 0.01 })
  }

  /// Light of a page in half floats: planes, after columns and rows.
  private func light(_ field: Any?) throws -> [Plane<Double>] {
    let field = try #require(field as? [String: Any])
    #expect(field["type"] as? String == "image/x-fewtap-half")
    let bytes = Array(try #require((field["base64"] as? String).flatMap { Data(base64Encoded: $0) }))
    func number(_ place: Int, _ count: Int) -> Int { (0..<count).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
    let (width, height) = (number(0, 4), number(4, 4))
    try #require(bytes.count == 8 + 6 * width * height)
    return (0..<3).map { channel in
      Plane(width: width, height: height) { x, y in
        HalfBits.value(UInt16(number(8 + 6 * (y * width + x) + 2 * channel, 2)))
      }
    }
  }

  @Test func lightAboveOneIsKept() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    try place.writeArray("bright.npy", [[0.25, 4], [-0.5, 65504]])
    let bright = try place.run(["view", "k.json", "bright.npy", "-o", "bright.html"])
    #expect(bright.code == 0 && bright.errors.isEmpty, "\(bright.errors)")
    for plane in try light(page(place, "bright.html")["image"]) {
      #expect(plane.values == [0.25, 4, -0.5, 65504])
    }
    // Colors of OpenEXR are multiplied by alpha; they come before gray, in light.
    let (color, alpha) = (
      Plane<Float>(width: 3, height: 2, repeating: 5), Plane<Float>(width: 3, height: 2, repeating: 0.5)
    )
    try ImageFile(image: Image(planes: [color, color, color, alpha], alphaIndex: 3)).write(
      path: place.path("clear.exr"), options: WriteOptions(type: .half))
    #expect(try place.run(["view", "k.json", "clear.exr", "-o", "clear.html"]).code == 0)
    let read = try ImageFile.read(path: place.path("clear.exr")).image
    let premultiplied =
      read.alphaIsAssociated ? Double(read.planes[0].values[0]) : 0.5 * Double(read.planes[0].values[0])
    let mixed = premultiplied + 0.5 * TransferFunction.srgb.decode(128.0 / 255)
    for plane in try light(page(place, "clear.html")["image"]) {
      #expect(plane.values.allSatisfy { abs($0 - mixed) <= mixed * 0x1p-10 })
    }
    // Beyond what half floats hold, and beyond a megapixel.
    let row = [Double](repeating: 1e6, count: 1250)
    try place.writeArray("large.npy", [[Double]](repeating: row, count: 1000))
    let large = try place.run(["view", "k.json", "large.npy", "-o", "large.html"])
    #expect(large.code == 0 && large.errors.contains("65504") && large.errors.contains("scaled down"))
    let plane = try light(page(place, "large.html")["image"])[0]
    #expect(plane.values.count <= 1_000_000 && plane.values.count > 980_000 && plane.values.allSatisfy { $0 == 65504 })
    // The truth of a map is as bright.
    try place.run(["basis", "disk:radius=0...4", "-o", "b.json", "--knots", "3"])
    try place.writeArray("point.npy", (0..<9).map { y in (0..<9).map { $0 == 4 && y == 4 ? 900 : 0.125 } })
    #expect(try place.run(["view", "b.json", "point.npy", "-o", "point.html", "--at", "3"]).code == 0)
    let point = try ImageFile.read(path: place.path("point.npy")).image.planes[0].map { Double($0) }
    let expected = try ReferenceApply.apply(KernelFamily("disk:radius=0...4").kernel(at: [3]), to: point)
    let truth = try light(data(place, "point.html")["truth"])[1]
    // But for one of 512 steps of the radius.
    #expect(zip(truth.values, expected.values).allSatisfy { abs($0 - $1) <= 0.02 * abs($1) + 0.25 })
    #expect((truth.values.max() ?? 0) > 20)
  }

  @Test func severalFilters() throws {
    let place = try Workplace()
    try place.run(["basis", "disk:radius=0...4", "-o", "disk.json", "--knots", "3"])
    try place.run(["basis", "disk:radius=0...3", "-o", "small.json", "--knots", "3"])
    try place.run(["basis", "gaussian:sigma=0...2", "-o", "soft.json", "--knots", "3"])
    try place.writeIdentity("k.json")
    try place.writeNoise("a.ppm")
    let told = try place.run(
      ["view", "disk.json", "a.ppm", "-o", "page.html", "--also", "k.json", "--also", "soft.json", "--json"]
    ).json()
    #expect(told["title"] as? String == "disk:radius=0...4")
    #expect((told["also"] as? [String])?.last == "gaussian:sigma=0...2" && (told["also"] as? [String])?.count == 2)
    let shown = try filters(place, "page.html")
    #expect(shown.map { $0["kind"] as? String } == ["basis", "filter", "basis"])
    #expect(shown.map { $0["name"] as? String } == ["disk.json", "k.json", "soft.json"])
    // A map is made for each of them, by what each was made for.
    try place.writeArray("radii.npy", (0..<16).map { _ in (0..<24).map { 2 + Double($0) / 24 } })
    #expect(
      try place.run(["view", "disk.json", "a.ppm", "-o", "map.html", "--also", "small.json", "--map", "radii.npy"]).code
        == 0)
    for (filter, high) in zip(try filters(place, "map.html"), [4.0, 3]) {
      let map = try #require(filter["map"] as? [String: Any])
      let text = try #require((map["planes"] as? [String])?.first)
      let bytes = Array(try #require(Data(base64Encoded: text)))
      let code = Int(bytes[0]) | Int(bytes[1]) << 8
      #expect(abs(Double(code) / 65535 * high - 2) < 1e-3)
      #expect(filter["truth"] is [String: Any])
    }
    let output = ["-o", "x.html"]
    try place.expectRefusal(
      64, naming: ["radius", "sigma"],
      ["view", "disk.json", "a.ppm", "--also", "soft.json", "--at", "radius=2"] + output)
    try place.expectRefusal(
      64, naming: ["--at", "k.json"], ["view", "disk.json", "a.ppm", "--also", "k.json", "--at", "radius=2"] + output)
    try place.expectRefusal(1, naming: ["none.json"], ["view", "disk.json", "--also", "none.json"] + output)
    let many = (0..<12).flatMap { _ in ["--also", "k.json"] }
    try place.expectRefusal(64, naming: ["--also", "12", "13"], ["view", "k.json"] + many + output)
  }

  @Test func measuredKernels() throws {
    let place = try Workplace()
    let kernels = try [1.0, 2, 3].map { try Kernel.disk(radius: $0, size: 7) }
    let stack = try #require(NumpyFile(shape: [3, 7, 7], values: kernels.flatMap(\.values.values)))
    try place.write(stack.encode(), to: "k.npy")
    try place.write("radius\n1\n2\n3\n".utf8, to: "p.csv")
    let made = try place.run(["basis", "k.npy", "--positions", "p.csv", "-o", "b.json", "--knots", "3"])
    #expect(made.code == 0, "\(made.errors)")
    let plain = try place.run(["view", "b.json", "-o", "plain.html", "--json"])
    #expect(try plain.json()["target"] as? Bool == false)
    let told = try place.run(
      ["view", "b.json", "-o", "page.html", "--kernel", "k.npy", "--positions", "p.csv", "--json"])
    #expect(try told.json()["target"] as? Bool == true, "\(told.errors)")
    let members = try #require(try data(place, "page.html")["members"] as? [[String: Any]])
    #expect(members.allSatisfy { $0["target"] is [String: Any] })
    let output = ["-o", "x.html"]
    try place.expectRefusal(64, naming: ["k.npy", "--positions"], ["view", "b.json", "--kernel", "k.npy"] + output)
    try place.expectRefusal(
      64, naming: ["--positions", "--kernel"], ["view", "b.json", "--positions", "p.csv"] + output)
    try place.writeIdentity("one.json")
    try place.expectRefusal(
      64, naming: ["--positions", "one.json"],
      ["view", "one.json", "--kernel", "k.npy", "--positions", "p.csv"] + output)
  }

  @Test func webP() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    // 37x19 pixels, as libwebp writes them without loss.
    let bytes = Array(try #require(Data(base64Encoded: "UklGRh4AAABXRUJQVlA4TBEAAAAvJIAEAAdQsiJXpv+BiOh/AAA=")))
    try place.write(bytes, to: "a.webp")
    let told = try place.run(["view", "k.json", "a.webp", "-o", "page.html", "--json"]).json()
    #expect((told["image"] as? [String: Any])?["asStored"] as? Bool == true)
    let image = try #require(try page(place, "page.html")["image"] as? [String: Any])
    #expect(image["base64"] as? String == Data(bytes).base64EncodedString())
    let output = ["-o", "x.html"]
    try place.write(bytes.dropLast(3), to: "cut.webp")
    try place.expectRefusal(1, naming: ["cut.webp", "cut short"], ["view", "k.json", "cut.webp"] + output)
    // 16384x16384 pixels, its head says.
    var huge = bytes
    huge.replaceSubrange(21..<25, with: [0xFF, 0xFF, 0xFF, 0x0F])
    try place.write(huge, to: "huge.webp")
    try place.expectRefusal(1, naming: ["16384x16384", "4000000"], ["view", "k.json", "huge.webp"] + output)
  }

  @Test func basisWithAMap() throws {
    let place = try Workplace()
    try place.run(["basis", "disk:radius=0...4", "-o", "b.json", "--knots", "3"])
    try place.writeNoise("a.ppm")
    let told = try place.run(["view", "b.json", "a.ppm", "-o", "page.html", "--at", "radius=3", "--json"]).json()
    #expect(told["target"] as? Bool == true && told["map"] as? Bool == true && told["truth"] as? Bool == true)
    let fields = try data(place, "page.html")
    let map = try #require(fields["map"] as? [String: Any])
    #expect(map["width"] as? Int == 24 && map["height"] as? Int == 16 && map["planes"] as? [Double] == [3])
    #expect((fields["members"] as? [[String: Any]])?.count == 3)
    // The truth is the disk of that radius, but for one of 512 steps of 0...4 and half a code.
    let truth = try picture(fields["truth"]).file.image
    let image = try ImageFile.read(path: place.path("a.ppm")).image
    let kernel = try KernelFamily("disk:radius=0...4").kernel(at: [3])
    for (channel, plane) in image.planes.enumerated() {
      let expected = try ReferenceApply.apply(kernel, to: plane.map { Double($0) })
      for (seen, value) in zip(truth.planes[channel].values, expected.values) {
        let difference = TransferFunction.srgb.encode(Double(seen)) - TransferFunction.srgb.encode(value)
        #expect(abs(difference) <= 1.5 / 255)
      }
    }
    #expect(try place.run(["view", "b.json", "a.ppm", "-o", "n.html", "--at", "3", "--no-truth"]).code == 0)
    #expect(try data(place, "n.html")["truth"] is NSNull)
    // What is transparent stands before gray, as the page lays it.
    let (color, alpha) = (
      Plane<Float>(width: 24, height: 16, repeating: 0.2), Plane<Float>(width: 24, height: 16, repeating: 0.5)
    )
    try ImageFile(image: Image(planes: [color, color, color, alpha], alphaIndex: 3)).write(
      path: place.path("clear.png"), options: WriteOptions(type: .uint8, transfer: .srgb))
    #expect(try place.run(["view", "b.json", "clear.png", "-o", "clear.html", "--at", "3"]).code == 0)
    let mixed = 0.5 * TransferFunction.srgb.encode(0.2) + 0.5 * 128 / 255
    let gray = try picture(data(place, "clear.html")["truth"]).file.image
    #expect(gray.planes.count == 3)
    #expect(gray.planes[0].values.allSatisfy { abs(TransferFunction.srgb.encode(Double($0)) - mixed) <= 1.5 / 255 })
    // A family that no words make: the page does without.
    try place.write(Samples.basis().json(), to: "boxes.json")
    let boxes = try place.run(["view", "boxes.json", "a.ppm", "-o", "boxes.html", "--at", "3", "--json"]).json()
    #expect(boxes["target"] as? Bool == false && boxes["truth"] as? Bool == false && boxes["map"] as? Bool == true)
  }

  @Test func depthsStayDepths() throws {
    let place = try Workplace()
    try place.write(Samples.basis().json(), to: "b.json")
    try place.writeNoise("a.ppm", width: 16, height: 16)
    let depths = (0...255).map { UInt8($0) }
    try place.writeGray("d.pgm", width: 16, depths)
    let told = try place.run(
      [
        "view", "b.json", "a.ppm", "-o", "page.html", "--depth", "d.pgm", "--focus", "0.3", "--focus-range",
        "0.25...0.5",
        "--f-stop", "2.75", "--max-radius", "3", "--invert-depth", "--json",
      ]
    ).json()
    #expect(told["map"] as? Bool == true && told["depth"] as? Bool == true)
    let map = try #require(data(place, "page.html")["map"] as? [String: Any])
    #expect((map["planes"] as? [Any])?.first is NSNull)
    let depth = try #require(map["depth"] as? [String: Any])
    #expect(depth["axis"] as? Int == 0 && depth["bits"] as? Int == 8 && depth["isInverted"] as? Bool == true)
    let codes = try #require((depth["codes"] as? String).flatMap { Data(base64Encoded: $0) })
    #expect(Array(codes) == depths.map { 255 - $0 })
    let numbers = ["low", "high", "near", "far", "focus", "stop", "largest"].map { depth[$0] as? Double }
    #expect(numbers == [-1, 0, -0.5, -0.25, -0.3, 2.75, 3])
    #expect(depth["law"] as? String == "linear" && depth["lens"] is NSNull)
    // Codes that stand for meters, by a lens that has its own f-number.
    let lens = [
      "--depth", "d.pgm", "--depth-range", "1...5", "--focus", "2", "--focal-length", "85", "--f-stop", "1.8",
    ]
    #expect(try place.run(["view", "b.json", "a.ppm", "-o", "lens.html"] + lens).code == 0)
    let meters = try #require((data(place, "lens.html")["map"] as? [String: Any])?["depth"] as? [String: Any])
    #expect(meters["law"] as? String == "lens" && meters["bits"] as? Int == 16)
    #expect(["low", "high", "focus", "stop"].map { meters[$0] as? Double } == [-1, -0.2, -0.5, 1.8])
    let described = try #require(meters["lens"] as? [String: Any])
    #expect(described["focalLength"] as? Double == 85)
    let scale = try #require(described["pixelsPerMillimeter"] as? Double)
    #expect(abs(scale - 16.0 / 36) <= 1e-12)
    // A map of parameters stays one, and so does what has no depth everywhere.
    #expect(try place.run(["view", "b.json", "a.ppm", "-o", "map.html", "--map", "d.pgm"]).code == 0)
    let baked = try #require(data(place, "map.html")["map"] as? [String: Any])
    #expect(baked["depth"] is NSNull && (baked["planes"] as? [Any])?.first is String)
    try place.writeArray("holes.npy", (0..<16).map { y in (0..<16).map { x in x == 3 && y == 2 ? .nan : Double(x) } })
    let holes = try place.run(
      ["view", "b.json", "a.ppm", "-o", "holes.html", "--depth", "holes.npy", "--focus", "2", "--map-nan", "low"])
    #expect(holes.code == 0 && holes.errors.contains("column 3, row 2 is nan: the page holds"))
    let filled = try #require(data(place, "holes.html")["map"] as? [String: Any])
    #expect(filled["depth"] is NSNull && (filled["planes"] as? [Any])?.first is String)
  }

  /// Passes of every knot, as outputs have them, take their room.
  @Test func warningOfAPageThatIsLarge() throws {
    let place = try Workplace()
    var random = SeededGenerator(seed: 851)
    let axes =
      [KnotAxis(name: "length", unit: "px", knots: [1, 2, 3, 4, 5, 6])]
      + [KnotAxis(name: "angle", unit: "degrees", knots: (0..<9).map { 20 * Double($0) })]
    let filters = (0..<54).map { _ in
      SparseFilter(chain: random.chain(.bilinear, layout: [74, 10, 8, 4], reach: 6))
    }
    try place.write(FilterBasis(interpolation: .outputs, axes: axes, filters: filters).json(), to: "b.json")
    let one = try place.run(["view", "b.json", "-o", "one.html"])
    #expect(one.code == 0 && !one.errors.contains("MB beside"), "\(one.errors)")
    let three = try place.run(["view", "b.json", "-o", "three.html", "--also", "b.json", "--also", "b.json"])
    #expect(three.code == 0)
    let size = try #require(three.errors.firstMatch(of: /the page has ([0-9.]+) MB beside its pictures: use fewer/))
    let megabytes = try #require(Double(size.1))
    let bytes = try #require(place.bytes("three.html")).count
    // Without pictures that is all of it.
    #expect(bytes > 3_000_000 && abs(megabytes - Double(bytes) / 1e6) <= 0.05 + 1e-9)
  }

  @Test func refusals() throws {
    let place = try Workplace.withPhotograph()
    try place.writeIdentity("k.json")
    try place.write(Samples.basis().json(), to: "b.json")
    try place.writeNoise("wide.ppm", width: 40, height: 8)
    try place.write("{\"format\": \"other\"}".utf8, to: "other.json")
    try place.write("no image".utf8, to: "bad.png")
    try place.write(
      Array(Data(base64Encoded: "UklGRh4AAABXRUJQVlA4TBEAAAAvJIAEAAdQsiJXpv+BiOh/AAA=") ?? Data()), to: "a.webp")
    let output = ["-o", "page.html"]
    try place.expectRefusal(1, naming: ["other.json", "other"], ["view", "other.json"] + output)
    try place.expectRefusal(1, naming: ["none.json"], ["view", "none.json"] + output)
    try place.expectRefusal(1, naming: ["bad.png"], ["view", "k.json", "bad.png"] + output)
    try place.expectRefusal(1, naming: ["none.png"], ["view", "k.json", "none.png"] + output)
    try place.expectRefusal(
      64, naming: ["--map", "one filter"], ["view", "k.json", "photo.ppm", "--map", "photo.ppm"] + output)
    try place.expectRefusal(64, naming: ["--at", "IMAGE"], ["view", "b.json", "--at", "radius=2"] + output)
    try place.expectRefusal(
      1, naming: ["40x8", "48x40", "--stretch"], ["view", "b.json", "photo.ppm", "--map", "wide.ppm"] + output)
    try place.expectRefusal(
      64, naming: ["--weights"], ["view", "b.json", "photo.ppm", "--weights", "photo.ppm"] + output)
    try place.expectRefusal(
      64, naming: ["scatter"], ["view", "b.json", "photo.ppm", "--at", "radius=2", "--physics", "scatter"] + output)
    try place.expectRefusal(
      1, naming: ["WebP", "pixels are needed", "PNG"], ["view", "b.json", "a.webp", "--at", "radius=2"] + output)
    try place.expectRefusal(
      1, naming: ["parameters", "angle"], ["view", "b.json", "--kernel", "motion:length=1...4,angle=0...180"] + output)
    try place.expectRefusal(64, naming: ["-o", "--serve"], ["view", "k.json"])
    try place.expectRefusal(64, naming: ["--port", "--serve"], ["view", "k.json", "--port", "80"] + output)
    try place.expectRefusal(64, naming: ["name is empty"], ["view", "k.json", "-o", ""])
    try place.expectRefusal(64, naming: ["IMAGE is empty"], ["view", "k.json", ""] + output)
    try place.expectRefusal(1, naming: ["nowhere", "folder"], ["view", "k.json", "-o", "nowhere/page.html"])
    #expect(try place.run(["view", "k.json"] + output).code == 0)
    try place.expectRefusal(1, naming: ["exists", "--force"], ["view", "k.json"] + output)
  }

  /// Answers of a server: first lines and bodies, each request of its own connection.
  private func answers(_ requests: [String], port: String) throws -> [String] {
    let script = """
      from json import dumps, loads
      from socket import create_connection
      from sys import argv
      answers = []
      for request in loads(argv[2]):
          with create_connection(("127.0.0.1", int(argv[1])), 20) as connection:
              connection.sendall(request.encode("latin-1"))
              parts = []
              while part := connection.recv(65536):
                  parts.append(part)
          answers.append(b"".join(parts).decode("utf-8"))
      print(dumps(answers))
      """
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    let list = String(decoding: try JSONEncoder().encode(requests), as: UTF8.self)
    process.arguments = ["python3", "-c", script, port, list]
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try #require(JSONSerialization.jsonObject(with: bytes) as? [String])
  }

  @Test func overHTTP() throws {
    let place = try Workplace()
    try place.writeIdentity("k.json")
    #expect(try place.run(["view", "k.json", "-o", "page.html"]).code == 0)
    let page = String(decoding: try #require(place.bytes("page.html")), as: UTF8.self)
    let outcome = try place.interrupt(["view", "k.json", "--serve", "--json"], when: "until Ctrl-C") { errors in
      let match = try #require(errors.firstMatch(of: /http:\/\/127\.0\.0\.1:([0-9]+)\//))
      let port = String(match.1)
      func request(_ line: String, host: String? = nil, more: String = "") -> String {
        "\(line)\r\nHost: \(host ?? "127.0.0.1:\(port)")\r\n\(more)\r\n"
      }
      let cases: [(request: String, status: String)] = [
        (request("GET / HTTP/1.1"), "200"), (request("GET / HTTP/1.1", host: "LOCALHOST:\(port)"), "200"),
        (request("GET /page.html HTTP/1.1"), "404"), (request("GET /../k.json HTTP/1.1"), "404"),
        (request("GET /%2e%2e/etc/passwd HTTP/1.1"), "404"), (request("GET //etc/passwd HTTP/1.1"), "404"),
        (request("GET http://127.0.0.1/ HTTP/1.1"), "404"),
        (request("POST / HTTP/1.1", more: "Content-Length: 2\r\n") + "hi", "405"),
        (request("HEAD / HTTP/1.1"), "405"), (request("GET / HTTP/1.1", host: "evil.example"), "421"),
        (request("GET / HTTP/1.1", host: "127.0.0.1"), "421"),
        (request("GET / HTTP/1.1", host: "evil.example:\(port)"), "421"),
        (request("GET / HTTP/1.1", more: "Host: evil.example\r\n"), "400"), ("GET / HTTP/1.1\r\n\r\n", "400"),
        (request("GET / HTTP/1.0"), "505"), (request("GET  / HTTP/1.1"), "400"), (request("nonsense"), "400"),
        (request("GET / HTTP/1.1", more: "no colon\r\n"), "400"),
        (request("GET / HTTP/1.1", more: "X: " + String(repeating: "x", count: 20000) + "\r\n"), "431"),
      ]
      let answers = try answers(cases.map(\.request), port: port)
      for (item, answer) in zip(cases, answers) {
        #expect(answer.hasPrefix("HTTP/1.1 \(item.status) "), "\(item.request.prefix(60)): \(answer.prefix(60))")
        #expect(answer.hasSuffix("\r\n\r\n" + page) == (item.status == "200"))
      }
      #expect(answers[0].contains("Content-Type: text/html; charset=utf-8\r\n"))
      #expect(answers[0].contains("Content-Length: \(page.utf8.count)\r\n"))
      // Another server cannot have the port.
      let second = try place.run(["view", "k.json", "--serve", "--port", port])
      #expect(second.code == 1 && second.errors.contains("port \(port)"))
    }
    #expect(outcome.code == 0, "\(outcome.errors)")
    let address = try outcome.json()["address"] as? String
    #expect(address?.hasPrefix("http://127.0.0.1:") == true)
    #expect(try place.files() == ["k.json", "page.html"])
  }
}
