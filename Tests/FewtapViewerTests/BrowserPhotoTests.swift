import FewtapCore
import FewtapEngine
import FewtapImageIO
import FewtapViewer
import Foundation
import TestSupport
import Testing

extension BrowserTests {
  /// Photos from outside, names, and browsers that lack devices.
  @Suite struct Photos {
    @Test("photos are taken, chosen or dropped; broken, empty and huge ones get a message, and names stay text")
    func photos() throws {
      try TemporaryFolder.with { folder in
        let (filter, _) = try exact()
        try write(ViewPage(ViewData(filter, name: "disk.json")), "\(folder)/page.html")
        let image = try picture(width: 40, height: 30)
        let crafted = "<img src=x onerror=document.title=1>.png"
        try Data(image.bytes).write(to: URL(filePath: "\(folder)/good.png"))
        try Data(picture(width: 24, height: 33).bytes).write(to: URL(filePath: "\(folder)/other.png"))
        try Data(image.bytes.prefix(90)).write(to: URL(filePath: "\(folder)/broken.png"))
        try Data(Array("no image".utf8)).write(to: URL(filePath: "\(folder)/\(crafted)"))
        try Data().write(to: URL(filePath: "\(folder)/empty.png"))
        // A head that tells of 60000 x 60000 pixels: sizes stand at bytes 16 to 23 (PNG, 11.2.1), their check after them.
        var huge = image.bytes
        for place in [16, 20] { huge.replaceSubrange(place..<place + 4, with: [0, 0, 0xEA, 0x60]) }
        huge.replaceSubrange(29..<33, with: Self.checksum(huge[12..<29]))
        try Data(huge).write(to: URL(filePath: "\(folder)/huge.png"))
        var script = BrowserScript()
        script.load("\(folder)/page.html")
        let bad = ["broken.png", "empty.png", "huge.png", crafted]
        let ways: [(String, (String) -> Browser.Step)] = [
          ("chosen", { .files("#photo-file", ["\(folder)/\($0)"]) }),
          ("dropped", { .drop("#picture", ["\(folder)/\($0)"]) }),
        ]
        for (way, give) in ways {
          for name in bad {
            script.act(.evaluate("document.getElementById(\"message\").textContent = \"\""), give(name))
            script.see("\(way) \(name)", PageScript.message)
          }
        }
        let size = "[fewtap.width, fewtap.height]"
        for (way, name, width) in [("chosen", "good.png", 40), ("dropped", "other.png", 24)] {
          script.act((way == "chosen" ? ways[0].1 : ways[1].1)(name))
          script.act(.evaluate(PageScript.until("fewtap.width === \(width)")))
          script.see(way, "fewtap.settled().then(() => \(size))")
          script.see("message of \(way)", "document.getElementById(\"message\").textContent")
          script.see("pixels of \(way)", PageScript.floats("fewtap.input()"))
        }
        script.see("end", "[document.title, document.images.length]")
        let seen = try script.run()
        for (way, _) in ways {
          for name in bad {
            let text = try #require(seen["\(way) \(name)"] as? String)
            #expect(text.contains(name), "\(text)")
          }
          #expect(seen["message of \(way)"] as? String == "")
        }
        #expect(seen["chosen"] as? [Int] == [40, 30] && seen["dropped"] as? [Int] == [24, 33])
        let dropped = try planes(seen["pixels of dropped"], width: 24)
        let light = try ImageFile.decode(picture(width: 24, height: 33).bytes, path: "other.png").image.planes
        #expect(zip(dropped[0].values, light[0].values).allSatisfy { abs($0 - Double($1)) <= 0x1p-20 })
        let end = try #require(seen["end"] as? [Any])
        #expect(end[0] as? String == "disk.json" && end[1] as? Int == 0)
      }
    }

    @Test("a depth image dropped on the parameters focuses; on a page of one filter, or broken, it gets a message")
    func droppedDepth() throws {
      try TemporaryFolder.with { folder in
        let depth = Plane<Float>(width: 24, height: 16) { x, _ in Float(x) / 23 }
        try ImageFile(image: Image(planes: [depth])).write(
          path: "\(folder)/depth.png", options: WriteOptions(type: .uint8, transfer: .linear))
        try Data("none".utf8).write(to: URL(filePath: "\(folder)/bad.png"))
        let image = try picture(width: 96, height: 64)
        try write(ViewPage(ViewData(BrowserTests.bases()[0].1, name: "b"), image: image), "\(folder)/page.html")
        var script = BrowserScript()
        script.act(.size(1280, 900))
        script.load("\(folder)/page.html")
        script.act(.drop("#parameters", ["\(folder)/bad.png"]))
        script.see("bad", PageScript.message)
        script.see("before", PageScript.digest("fewtap.pixels()"))
        script.act(.drop("#parameters", ["\(folder)/depth.png"]))
        script.act(.evaluate(PageScript.until("fewtap.state().parameters.depth")))
        script.see("after", PageScript.digest("fewtap.pixels()"))
        script.see("lens", "document.getElementById(\"lens\").hidden")
        let seen = try script.run()
        #expect((seen["bad"] as? String)?.contains("bad.png") == true)
        #expect(seen["before"] as? Int != seen["after"] as? Int)
        #expect(seen["lens"] as? Bool == false)
      }
    }

    /// CRC-32 of a PNG chunk, big-endian (PNG, annex D).
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
      var sum: UInt32 = 0xFFFF_FFFF
      for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum & 1 == 1 ? 0xEDB8_8320 ^ sum >> 1 : sum >> 1 }
      }
      return (0..<4).map { UInt8(truncatingIfNeeded: ~sum >> (24 - 8 * UInt32($0))) }
    }

    @Test("names of files, kernels, families and parameters inject nothing") func names() throws {
      try TemporaryFolder.with { folder in
        var script = BrowserScript()
        for (index, name) in ViewPageTests.names.enumerated() {
          var basis = ViewDataTests.basis([2, 2], layout: [3], reach: 2)
          basis.family = name
          for axis in basis.axes.indices { (basis.axes[axis].name, basis.axes[axis].unit) = ("\(axis)\(name)", name) }
          let data = try ViewData(basis, name: name, oneOf: 2)
          try write(ViewPage(data, or: [data]), "\(folder)/\(index).html")
          // The dialog of an alert would hold the page up, and this would never end.
          script.load("\(folder)/\(index).html")
          script.set("filter", "1")
          script.see(
            name,
            """
            [document.getElementById("title").textContent, document.images.length, document.scripts.length,
              document.querySelectorAll("svg").length, document.querySelectorAll("#filter option").length]
            """)
        }
        let seen = try script.run()
        for name in ViewPageTests.names {
          let seen = try #require(seen[name] as? [Any])
          #expect(seen[0] as? String == name && seen[1] as? Int == 0 && seen[2] as? Int == 4 && seen[3] as? Int == 0)
          #expect(seen[4] as? Int == 2)
        }
      }
    }

    @Test("without WebGL and WebGPU there is a message, and one frame by the processor") func withoutDevices() throws {
      try TemporaryFolder.with { folder in
        let (filter, kernel) = try exact()
        let image = try picture(width: 40, height: 30)
        let other = SparseFilter(
          chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 0.5)])]))
        try write(
          ViewPage(
            ViewData(filter, name: "disk.json", target: kernel), or: [ViewData(other, name: "half.json")], image: image),
          "\(folder)/page.html")
        let codes = """
          Array.from(document.querySelector("#picture canvas").getContext("2d").getImageData(0, 0, 40, 30).data)
          """
        var script = BrowserScript()
        script.act(.open("\(folder)/page.html"))
        script.see("message", "fewtap.ready.then(() => document.getElementById(\"message\").textContent)")
        script.act(.evaluate(PageScript.until("fewtap.frames === 1")))
        script.see("first", codes)
        script.set("filter", "1")
        script.act(.evaluate(PageScript.until("fewtap.frames === 2")))
        script.see("second", codes)
        let seen = try script.run(without: "devices")
        let message = try #require(seen["message"] as? String)
        #expect(message.contains("WebGPU") && message.contains("WebGL 2") && message.contains("processor"))
        let light = try ImageFile.decode(image.bytes, path: "noise.png").image.planes
        for (name, filter) in [("first", filter), ("second", other)] {
          let codes = try #require(seen[name] as? [Int])
          for channel in 0..<3 {
            let expected = try ReferenceApply.apply(filter, to: light[channel].map { Double($0) }, border: .clamp)
            for (place, value) in expected.values.enumerated() {
              let code = 255 * TransferFunction.srgb.encode(value)
              // Rounded to 8 bits, and the page's kernel to 16.
              #expect(abs(Double(codes[4 * place + channel]) - code) <= 0.75)
            }
          }
        }
      }
    }
  }
}
