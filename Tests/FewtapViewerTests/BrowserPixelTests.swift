import FewtapCore
import FewtapEngine
import FewtapImageIO
import FewtapShaders
import FewtapViewer
import Foundation
import TestSupport
import Testing

extension BrowserTests {
  /// Pixels, on every device that the browser has.
  @Suite struct Pixels {
    /// Expects the first three channels near `expected`: within what is promised, of light above 1 as a share of it.
    private func expectNear(_ seen: [Plane<Double>], _ expected: [Plane<Double>], _ label: String) {
      for channel in 0..<3 {
        #expect(seen[channel].width == expected[channel].width && seen[channel].height == expected[channel].height)
        let worst = zip(seen[channel].values, expected[channel].values).reduce(0.0) { worst, pair in
          let difference = abs(pair.0 - pair.1) / max(1, abs(pair.1))
          return difference.isNaN ? .infinity : max(worst, difference)
        }
        #expect(worst <= promised, "\(label), channel \(channel): \(worst)")
      }
    }

    @Test("filters give the reference's pixels, and the input is the image in linear light", arguments: Browser.devices)
    func filters(device: Browser.Device) throws {
      try TemporaryFolder.with { folder in
        let (width, height) = (61, 47)
        let image = try picture(width: width, height: height)
        var script = BrowserScript()
        for (index, (name, filter)) in BrowserTests.filters().enumerated() {
          try write(ViewPage(ViewData(filter, name: name), image: image), "\(folder)/\(index).html")
          script.load("\(folder)/\(index).html", on: device)
          script.see("device of \(name)", "fewtap.device")
          script.see("input of \(name)", PageScript.floats("fewtap.input()"))
          script.see(name, PageScript.floats("fewtap.pixels()"))
        }
        let seen = try script.run()
        let light = try ImageFile.decode(image.bytes, path: "noise.png").image.planes.map { $0.map { Double($0) } }
        for (name, filter) in BrowserTests.filters() {
          #expect(seen["device of \(name)"] as? String == device.rawValue)
          let input = try planes(seen["input of \(name)"], width: width)
          for channel in 0..<3 {
            // The same formula twice, in floats.
            let pairs = zip(input[channel].values, light[channel].values)
            #expect(pairs.allSatisfy { abs($0 - $1) <= 0x1p-20 })
          }
          let expected = try input.map { try ReferenceApply.apply(filter, to: $0, border: .clamp) }
          expectNear(try planes(seen[name], width: width), expected, name)
        }
      }
    }

    @Test(
      "light above 1 stays what it is, through the filter too, and a lower exposure shows it",
      arguments: Browser.devices)
    func brightLight(device: Browser.Device) throws {
      try TemporaryFolder.with { folder in
        let (width, height) = (40, 30)
        var random = SeededGenerator(seed: 836)
        // What half floats hold exactly, so that nothing is lost on the way in.
        let noise: [Plane<Float>] = (0..<3).map { _ in
          random.plane(width: width, height: height, in: -1...2000)
            .map { (value: Float) -> Float in Float(HalfBits.value(HalfBits.bits(nearest: Double(value)))) }
        }
        let filter = BrowserTests.filters()[0].1
        try write(
          ViewPage(ViewData(filter, name: "f"), image: ViewImage(light: Image(planes: noise))), "\(folder)/noise.html")
        let four = Plane<Float>(width: 8, height: 8, repeating: 4)
        try write(
          ViewPage(ViewData(filter, name: "f"), image: ViewImage(light: Image(planes: [four]))), "\(folder)/four.html")
        var script = BrowserScript()
        script.load("\(folder)/noise.html", on: device)
        script.see("input", PageScript.floats("fewtap.input()"))
        script.see("pixels", PageScript.floats("fewtap.pixels()"))
        script.load("\(folder)/four.html", on: device)
        script.set("divider", "1000")
        let middle = """
          \(PageScript.screen).then((codes) => {
            const { width, height } = fewtap.state().view.canvas;
            return codes[4 * (Math.floor(height / 2) * width + Math.floor(width / 2))];
          })
          """
        for exposure in ["0", "-2", "-3"] {
          script.set("exposure", exposure)
          script.see(exposure, middle)
        }
        let seen = try script.run()
        let input = try planes(seen["input"], width: width)
        for channel in 0..<3 { #expect(input[channel].values == noise[channel].values.map(Double.init)) }
        expectNear(
          try planes(seen["pixels"], width: width),
          try input.map { try ReferenceApply.apply(filter, to: $0, border: .clamp) }, "light up to 2000")
        #expect(seen["0"] as? Int == 255 && seen["-2"] as? Int == 255)
        // 4 less 3 stops is 0.5, code 188 of sRGB.
        #expect(seen["-3"] as? Int == 188, "\(seen["-3"] ?? "")")
      }
    }

    @Test("bases give the reference's pixels, by one point and by a map", arguments: Browser.devices)
    func bases(device: Browser.Device) throws {
      try TemporaryFolder.with { folder in
        let (width, height) = (53, 41)
        var random = SeededGenerator(seed: 834)
        let bases = try BrowserTests.bases()
        var script = BrowserScript()
        for (index, (name, basis)) in bases.enumerated() {
          var data = try ViewData(basis, name: name)
          // Smooth, as maps are.
          let ranges = basis.axes.map(\.axis.range)
          let map = ParameterMap(width: width, height: height, axisCount: basis.axes.count) {
            axis, row, columns, values in
            let range = ranges[axis]
            for (place, column) in columns.enumerated() {
              let share = 0.5 + 0.25 * (Double(column) / 52 - Double(row) / 40) + 0.2 * Double(axis)
              values[place] = Float(range.lowerBound + (range.upperBound - range.lowerBound) * share)
            }
          }
          try data.setMap(map)
          try write(ViewPage(data, image: picture(width: width, height: height)), "\(folder)/\(index).html")
          script.load("\(folder)/\(index).html", on: device)
          script.see("\(name) input", PageScript.floats("fewtap.input()"))
          script.see("\(name) mapped", PageScript.floats("fewtap.pixels()"))
          for axis in basis.axes.indices {
            script.see(
              "\(name) map \(axis)",
              PageScript.floats(
                """
                (() => {
                  const plane = fewtap.state().parameters.map.planes[\(axis)];
                  return Float32Array.from({ length: 4 * plane.length }, (_, index) => plane[index >> 2]);
                })()
                """))
          }
          // One point for all pixels, by the slider.
          let range = ranges[0]
          let value = range.lowerBound + (range.upperBound - range.lowerBound) * random.uniform(0.2, 0.9)
          script.set("parameter-0", "\(value)")
          script.see("\(name) single", PageScript.floats("fewtap.pixels()"))
          script.see("\(name) point", "fewtap.state().parameters.point")
        }
        let seen = try script.run()
        for (name, basis) in bases {
          let input = try planes(seen["\(name) input"], width: width)
          func expected(_ values: [Plane<Double>]) throws -> [Plane<Double>] {
            let coordinates = zip(basis.axes, values).map { axis, plane in plane.map { axis.coordinate(of: $0) } }
            let reference = try ReferenceVarying(basis, coordinates: coordinates)
            return try input.map { try reference.apply(to: $0) }
          }
          let maps = try basis.axes.indices.map { try planes(seen["\(name) map \($0)"], width: width)[0] }
          expectNear(try planes(seen["\(name) mapped"], width: width), try expected(maps), "\(name) by a map")
          let point = try #require(seen["\(name) point"] as? [Double])
          let constant = point.map { value in Plane(width: width, height: height) { _, _ in value } }
          expectNear(
            try planes(seen["\(name) single"], width: width), try expected(constant), "\(name) at \(point)")
        }
      }
    }

    @Test("all devices show the same screen, also when the reader switches between them")
    func screens() throws {
      try TemporaryFolder.with { folder in
        let (filter, kernel) = try exact()
        try write(
          ViewPage(ViewData(filter, name: "k", target: kernel), image: picture(width: 96, height: 64)),
          "\(folder)/page.html")
        var script = BrowserScript()
        script.act(.size(500, 700))
        for device in Browser.devices {
          script.load("\(folder)/page.html", on: device)
          script.act(.press("#zoom-in"))
          script.set("exposure", "1")
          script.see("\(device)", "\(PageScript.screen).then((codes) => Array.from(codes))")
          for other in Browser.devices.reversed() {
            script.set("device", "\"\(other.rawValue)\"")
            script.see("\(device) to \(other)", "\(PageScript.screen).then((codes) => Array.from(codes))")
          }
        }
        let seen = try script.run().compactMapValues { $0 as? [Int] }
        #expect(seen.count == Browser.devices.count * (Browser.devices.count + 1))
        let first = try #require(seen["\(Browser.devices[0])"])
        for (name, codes) in seen {
          try #require(codes.count == first.count)
          let worst = zip(codes, first).map { abs($0 - $1) }.max() ?? 255
          #expect(worst <= 1, "\(name): \(worst)")
        }
      }
    }

    @Test("the worker's dense truth is what the exact filter gives", arguments: Browser.devices)
    func truth(device: Browser.Device) throws {
      try TemporaryFolder.with { folder in
        let (filter, kernel) = try exact()
        try write(
          ViewPage(ViewData(filter, name: "disk.json", target: kernel), image: picture(width: 96, height: 64)),
          "\(folder)/page.html")
        var script = BrowserScript()
        script.act(.size(500, 700))
        script.load("\(folder)/page.html", on: device)
        for view in ["filtered", "truth", "input"] {
          script.set("left-view", "\"\(view)\"")
          script.set("right-view", "\"\(view)\"")
          if view == "truth" { script.act(.evaluate(PageScript.until("fewtap.truths"))) }
          script.see(view, "\(PageScript.screen).then((codes) => Array.from(codes))")
        }
        let seen = try script.run().compactMapValues { $0 as? [Int] }
        let filtered = try #require(seen["filtered"])
        let worst = zip(filtered, try #require(seen["truth"])).map { abs($0 - $1) }.max() ?? 255
        #expect(worst <= 2, "codes of 8 bits: \(worst)")
        #expect((zip(filtered, try #require(seen["input"])).map { abs($0 - $1) }.max() ?? 0) > 40)
      }
    }
  }
}
