import FewtapCore
import FewtapEngine
import FewtapImageIO
import FewtapViewer
import Foundation
import TestSupport
import Testing

extension BrowserTests {
  /// Depths that a page brings: focus by clicks and sliders, from the first moment.
  @Suite struct Depths {
    private static let (width, height) = (53, 41)
    private static let names = ["as it came", "by a click", "by the slider", "stopped down", "as it came again"]

    /// A blur by depths, and where its focus goes.
    struct Law: CustomTestStringConvertible, Sendable {
      let testDescription: String
      var blur: DepthBlur
      var fNumber = 1.0
      /// The near and the far depth of the picture.
      var depths = 0.0...1.0
      /// Whether depths are codes of 8 bits.
      var isShort = false
      /// What is sharp where the click goes, and at the slider's 730.
      let clicked: ClosedRange<Double>, slid: ClosedRange<Double>

      /// The left side has the depth that the click gets.
      var plane: Plane<Float> {
        let (near, far) = (depths.lowerBound, depths.upperBound)
        return Plane(width: Depths.width, height: Depths.height) { x, y in
          let share = x < 20 ? 0.4 : x > 40 ? 1 : x == 30 ? 0 : Double((7 * x + 3 * y) % 97) / 96
          let depth = Float(near + (far - near) * share)
          return isShort ? (255 * depth).rounded() / 255 : depth
        }
      }

      /// The engine's radii.
      func radii(sharp: ClosedRange<Double>? = nil, fNumber number: Double? = nil, in range: ClosedRange<Double>) throws
        -> Plane<Double>
      {
        var (blur, divisor) = (blur, number ?? fNumber)
        if let sharp { (blur.focus, blur.focusedAt) = (sharp, nil) }
        if case .lens(var lens) = blur.law {
          lens.fNumber = number ?? lens.fNumber
          (blur.law, divisor) = (.lens(lens), 1)
        }
        let largest = blur.largestRadius
        let source = MapSource.depth(plane, blur, depths: depths, isSigned: range.lowerBound < 0)
          .mapping { [divisor] in min(max($0 / divisor, -largest), largest) }
        return try ParameterMap(width: width, height: height, [source]).plane(axis: 0)
          .map { min(max(Double($0), range.lowerBound), range.upperBound) }
      }
    }

    static let laws: [Law] = [
      Law(
        testDescription: "of no unit, 8 bits", blur: DepthBlur(law: .linear, focus: 0.3...0.3, largestRadius: 9),
        isShort: true, clicked: 0.4...0.4, slid: 0.73...0.73),
      Law(
        testDescription: "turned round, a range in focus",
        blur: DepthBlur(law: .linear, focus: 0.5...0.7, focusedAt: 0.6, isInverted: true, largestRadius: 8),
        fNumber: 1.75, clicked: 0.3...0.5, slid: 0.17...0.37),
      Law(
        testDescription: "distances without a lens",
        blur: DepthBlur(law: .reciprocal, focus: 2...2, largestRadius: 12), depths: 1...11, clicked: 5...5,
        slid: (1 / (1 - 0.73 * 10 / 11))...(1 / (1 - 0.73 * 10 / 11))),
      Law(
        testDescription: "a lens",
        blur: DepthBlur(
          law: .lens(ThinLens(focalLength: 50, fNumber: 2, sensorWidth: 4)), focus: 2...2, largestRadius: 9),
        depths: 1...11, clicked: 5...5, slid: (1 / (1 - 0.73 * 10 / 11))...(1 / (1 - 0.73 * 10 / 11))),
    ]

    private static func radii(_ index: Int) -> String {
      PageScript.floats(
        """
        fewtap.settled().then(() => {
          const plane = fewtap.state().parameters.map.planes[\(index)];
          return Float32Array.from({ length: 4 * plane.length }, (_, index) => plane[index >> 2]);
        })
        """)
    }

    /// The largest difference.
    private static func worst(_ seen: Plane<Double>, _ expected: Plane<Double>) -> Double {
      guard seen.width == expected.width, seen.height == expected.height else { return .infinity }
      return zip(seen.values, expected.values).reduce(0) { worst, pair in
        let difference = abs(pair.0 - pair.1)
        return difference.isNaN ? .infinity : max(worst, difference)
      }
    }

    /// A second parameter is a map of its own.
    @Test(
      "the picture is the engine's, as the page came and focused elsewhere by a click and by the slider",
      arguments: laws.map { ($0, 2) } + [(laws[1], 1), (laws[3], 3)])
    func focus(law: Law, basisIndex: Int) throws {
      // Radii of the last one are negative in front of the focus.
      var signed = try bases()[2]
      signed.1.axes[0].knots = [-9, -2, 3, 9]
      let (name, basis) = (try bases() + [signed])[basisIndex]
      let axes = basis.axes.map(\.axis)
      let angles = Plane<Double>(width: Self.width, height: Self.height) { x, y in Double(20 + x + y) }
      var data = try ViewData(basis, name: name)
      let map = [try law.radii(in: axes[0].range)] + (axes.count > 1 ? [angles] : [])
      try data.setMap(
        ParameterMap(map.map { $0.map { Float($0) } }),
        depth: ViewDepth(law.plane, law.blur, fNumber: law.fNumber, depths: law.depths, axis: 0))
      let page = ViewPage(data, image: try picture(width: Self.width, height: Self.height))
      let depth = try #require((PageData(page).fields["map"] as? [String: Any])?["depth"] as? [String: Any])
      #expect(depth["bits"] as? Int == (law.isShort ? 8 : 16))
      try TemporaryFolder.with { folder in
        try write(page, "\(folder)/page.html")
        var script = BrowserScript()
        script.act(.size(800, 640))
        for device in Browser.devices {
          func look(_ name: String) {
            script.see("\(device) \(name)", PageScript.floats("fewtap.settled().then(() => fewtap.pixels())"))
            script.see("\(device) \(name) radii", Self.radii(0))
          }
          script.load("\(folder)/page.html", on: device)
          script.see("input", PageScript.floats("fewtap.input()"))
          look(Self.names[0])
          script.act(.press("#picture", at: [0.2, 0.3]))
          look(Self.names[1])
          script.set("focus", "730")
          look(Self.names[2])
          script.set("f-stop", "4")
          look(Self.names[3])
          script.act(.press("#map-again"))
          look(Self.names[4])
        }
        let seen = try script.run()
        let input = try planes(seen["input"], width: Self.width)
        let range = axes[0].range
        let expected = [
          try law.radii(in: range), try law.radii(sharp: law.clicked, in: range),
          try law.radii(sharp: law.slid, in: range),
          try law.radii(sharp: law.slid, fNumber: 4, in: range), try law.radii(in: range),
        ]
        for (one, other) in zip(expected, expected.dropFirst()) { #expect(Self.worst(one, other) > 0.5) }
        for (name, radii) in zip(Self.names, expected) {
          let coordinates = zip(basis.axes, [radii, angles]).map { axis, plane in plane.map { axis.coordinate(of: $0) }
          }
          let reference = try ReferenceVarying(basis, coordinates: coordinates)
          let pixels = try input.prefix(3).map { try reference.apply(to: $0) }
          for device in Browser.devices {
            let shown = try planes(seen["\(device) \(name) radii"], width: Self.width)[0]
            #expect(Self.worst(shown, radii) <= 1e-3, "\(device) \(name)")
            let colors = try planes(seen["\(device) \(name)"], width: Self.width)
            for (color, plane) in zip(colors, pixels) {
              #expect(Self.worst(color, plane) <= promised, "\(device) \(name)")
            }
          }
        }
      }
    }

    /// A page with a truth that is another picture than the input and the filtered one.
    private static func truePage(_ folder: String, hasDepth: Bool) throws {
      let (law, basis) = (laws[0], try bases()[2].1)
      var data = try ViewData(basis, name: "b.json")
      try data.setMap(
        ParameterMap([law.radii(in: basis.axes[0].axis.range).map { Float($0) }]),
        depth: hasDepth ? ViewDepth(law.plane, law.blur, depths: law.depths, axis: 0) : nil)
      data.truth = try picture(width: width, height: height, seed: 900)
      try write(ViewPage(data, image: picture(width: width, height: height)), "\(folder)/page.html")
      try write(ViewPage(data, image: data.truth), "\(folder)/truth.html")
    }

    @Test(
      "the truth is shown while all is as it came, and never beside another map",
      arguments: Browser.devices.map { ($0, true) } + [(.webGL2, false)])
    func truth(device: Browser.Device, hasDepth: Bool) throws {
      try TemporaryFolder.with { folder in
        try Self.truePage(folder, hasDepth: hasDepth)
        try ImageFile(image: Image(planes: [Self.laws[0].plane])).write(
          path: "\(folder)/depth.png", options: WriteOptions(type: .uint8, transfer: .linear))
        var script = BrowserScript()
        script.act(.size(800, 640))
        func look(_ name: String) {
          script.see(name, PageScript.digest(PageScript.screen))
          script.see("\(name): message", "document.getElementById(\"message\").textContent")
        }
        func show(_ side: String) {
          for id in ["left-view", "right-view"] { script.set(id, "\"\(side)\"") }
        }
        script.load("\(folder)/truth.html", on: device)
        show("input")
        look("the truth")
        script.load("\(folder)/page.html", on: device)
        show("input")
        look("the input")
        show("truth")
        look("at first")
        let changes: [(String, [Browser.Step])] = [
          ("focus", [.evaluate(PageScript.set("focus", "700"))]),
          ("f-stop", [.evaluate(PageScript.set("f-stop", "3"))]),
          ("click", [.press("#picture", at: [0.3, 0.3])]),
          ("brush", [.evaluate(PageScript.set("brush", "true")), .press("#picture", at: [0.3, 0.3])]),
          ("one for all", [.evaluate(PageScript.set("brush", "false")), .press("#map-clear")]),
          ("parameter", [.evaluate(PageScript.set("brush", "false")), .press("#map-clear"), .press("#parameter-0")]),
          (
            "own depth",
            [
              .files("#map-file", ["\(folder)/depth.png"]),
              .evaluate(PageScript.until("fewtap.state().parameters.isTouched")),
            ]
          ),
        ].filter { hasDepth || !["focus", "f-stop", "click"].contains($0.0) }
        for (name, steps) in changes {
          for step in steps { script.act(step) }
          look(name)
          script.act(.press("#map-again"))
          look("after \(name)")
          script.see("lens after \(name)", "document.getElementById(\"lens\").hidden")
        }
        // What the slider left comes back by the slider.
        if hasDepth {
          script.set("focus", "700")
          script.set("focus", "300")
          look("the focus again")
        }
        let seen = try script.run()
        let (truth, input) = (try #require(seen["the truth"] as? Int), try #require(seen["the input"] as? Int))
        #expect(truth != input && seen["at first"] as? Int == truth)
        for (name, _) in changes {
          #expect(seen[name] as? Int == input, "\(name)")
          let message = try #require(seen["\(name): message"] as? String)
          if ["one for all", "parameter"].contains(name) {
            #expect(message.contains("which kernel is meant"), "\(message)")
          } else {
            #expect(message.contains(hasDepth ? "focus 0.3 at f/1" : "the map that the page came with"), "\(message)")
            #expect(message.contains("As it came"), "\(message)")
          }
          #expect(seen["after \(name)"] as? Int == truth && seen["after \(name): message"] as? String == "", "\(name)")
          #expect(seen["lens after \(name)"] as? Bool == !hasDepth, "\(name)")
        }
        if hasDepth { #expect(seen["the focus again"] as? Int == truth) }
      }
    }

    /// Two apertures: focus and f-stop stay, and each has the largest radius that it was given.
    @Test("another aperture keeps the focus") func apertures() throws {
      let (first, second) = (Self.laws[0], Self.laws[0])
      var laws = [first, second]
      laws[1].blur.largestRadius = 4
      let bases = try [0, 2].map { try BrowserTests.bases()[$0].1 }
      let views = try zip(laws, bases).map { law, basis in
        var data = try ViewData(basis, name: "b", oneOf: 2)
        try data.setMap(
          ParameterMap([law.radii(in: 0...9).map { Float($0) }]),
          depth: ViewDepth(law.plane, law.blur, depths: law.depths, axis: 0))
        return data
      }
      try TemporaryFolder.with { folder in
        let page = ViewPage(views[0], or: [views[1]], image: try picture(width: Self.width, height: Self.height))
        try write(page, "\(folder)/page.html")
        var script = BrowserScript()
        script.load("\(folder)/page.html")
        script.set("focus", "730")
        for (name, filter) in [("second", 1), ("first", 0)] {
          script.set("filter", "\(filter)")
          script.see(name, Self.radii(0))
        }
        script.act(.press("#map-again"))
        script.see("again", Self.radii(0))
        script.set("filter", "1")
        script.see("second again", Self.radii(0))
        let seen = try script.run()
        let expected = [
          ("second", try laws[1].radii(sharp: 0.73...0.73, in: 0...9)),
          ("first", try laws[0].radii(sharp: 0.73...0.73, in: 0...9)), ("again", try laws[0].radii(in: 0...9)),
          ("second again", try laws[1].radii(in: 0...9)),
        ]
        for (name, radii) in expected {
          let worst = Self.worst(try planes(seen[name], width: Self.width)[0], radii)
          #expect(worst <= 1e-3, "\(name): \(worst)")
        }
      }
    }

    @Test("a constant beside the depths is where its slider stands, and the slider moves it for all pixels")
    func constantBeside() throws {
      try TemporaryFolder.with { folder in
        let (law, basis) = (Self.laws[0], try bases()[1].1)
        var data = try ViewData(basis, name: "b.json")
        let angles = Plane<Float>(width: Self.width, height: Self.height, repeating: 35)
        try data.setMap(
          ParameterMap([law.radii(in: 0...9).map { Float($0) }, angles]),
          depth: ViewDepth(law.plane, law.blur, depths: law.depths, axis: 0))
        try write(
          ViewPage(data, image: picture(width: Self.width, height: Self.height)), "\(folder)/page.html")
        var script = BrowserScript()
        script.load("\(folder)/page.html")
        let angle =
          "fewtap.settled().then(() => [fewtap.state().parameters.at(3, 3)[1], Number(fewtap.state().parameters.isAsBrought)])"
        script.see("slider", "Number(document.getElementById(\"parameter-1\").value)")
        script.see("at first", angle)
        script.set("parameter-0", "5")
        script.see("own parameter", angle)
        script.set("parameter-1", "90")
        script.see("moved", angle)
        script.act(.press("#map-again"))
        script.see("again", angle)
        let seen = try script.run()
        let slider = try #require(seen["slider"] as? Double)
        #expect(abs(slider - 35) <= 0.1)
        #expect(seen["at first"] as? [Double] == [35, 1] && seen["own parameter"] as? [Double] == [35, 1])
        let moved = try #require(seen["moved"] as? [Double])
        #expect(abs(moved[0] - 90) <= 0.1 && moved[1] == 0)
        #expect(seen["again"] as? [Double] == [35, 1])
      }
    }

    @Test("a page of depths says in a browser without devices that they do not act") func withoutDevices() throws {
      try TemporaryFolder.with { folder in
        try Self.truePage(folder, hasDepth: true)
        var script = BrowserScript()
        script.act(.open("\(folder)/page.html"))
        script.see("message", "fewtap.ready.then(() => document.getElementById(\"message\").textContent)")
        script.see(
          "disabled", "[\"focus\", \"f-stop\", \"map-again\"].map((id) => document.getElementById(id).disabled)")
        let seen = try script.run(without: "devices")
        #expect((seen["message"] as? String)?.contains("still frame") == true)
        #expect(seen["disabled"] as? [Bool] == [true, true, true])
      }
    }
  }
}
