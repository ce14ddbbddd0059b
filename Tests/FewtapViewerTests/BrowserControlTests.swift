import FewtapCore
import FewtapImageIO
import FewtapViewer
import Foundation
import TestSupport
import Testing

extension BrowserTests {
  /// Controls, by mouse, keys and fingers.
  @Suite struct Controls {
    private static let screen = PageScript.digest(PageScript.screen)
    private static let pixels = PageScript.digest("fewtap.pixels()")

    private static func plot(_ id: String) -> String {
      PageScript.digest(
        """
        (() => {
          const canvas = document.getElementById("\(id)");
          return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        })()
        """)
    }

    private static func text(_ id: String) -> String { "document.getElementById(\"\(id)\").textContent" }

    /// Steps after each of which something must have changed, or must be as it was.
    private struct Changes {
      var script: BrowserScript
      private var names: [(name: String, isSame: Bool)] = []

      init(_ script: BrowserScript) { self.script = script }

      mutating func expect(_ name: String, in seen: String, isSame: Bool = false, _ steps: [Browser.Step]) {
        let name = "\(names.count): \(name)"
        names.append((name, isSame))
        script.see("\(name) before", seen)
        for step in steps { script.act(step) }
        script.see("\(name) after", seen)
      }

      mutating func set(_ id: String, _ value: String, in seen: String, isSame: Bool = false) {
        expect("\(id) \(value)", in: seen, isSame: isSame, [.evaluate(PageScript.set(id, value))])
      }

      /// What else was seen.
      @discardableResult
      func check() throws -> [String: Any] {
        let seen = try script.run()
        for (name, isSame) in names {
          let before = try #require(seen["\(name) before"] as? NSObject)
          let after = try #require(seen["\(name) after"] as? NSObject)
          #expect((before == after) == isSame, "\(name): \(before) and \(after)")
        }
        return seen
      }
    }

    private static func filterPage(_ folder: String) throws -> (path: String, filter: SparseFilter, kernel: Kernel) {
      let (filter, kernel) = try exact()
      try write(
        ViewPage(ViewData(filter, name: "disk.json", target: kernel), image: picture(width: 96, height: 64)),
        "\(folder)/page.html")
      return ("\(folder)/page.html", filter, kernel)
    }

    @Test("controls of a filter's page change what they should", arguments: Browser.devices)
    func filter(device: Browser.Device) throws {
      try TemporaryFolder.with { folder in
        let (path, filter, kernel) = try Self.filterPage(folder)
        var script = BrowserScript()
        script.act(.size(800, 640))
        script.load(path, on: device)
        script.see("figures", Self.text("figures"))
        script.see("time", Self.text("frame-time"))
        var changes = Changes(script)
        changes.set("divider", "200", in: Self.screen)
        changes.set("exposure", "1.5", in: Self.screen)
        changes.set("exposure", "0", in: Self.screen)
        changes.expect("zoom in", in: Self.screen, [.press("#zoom-in")])
        changes.expect("zoom out", in: Self.screen, [.press("#zoom-out")])
        changes.expect("zoom in again", in: Self.screen, [.press("#zoom-in")])
        changes.expect("fit", in: Self.screen, [.press("#zoom-fit")])
        changes.set("left-view", "\"filtered\"", in: Self.screen)
        // With the same on both sides the divider parts nothing.
        changes.set("divider", "800", in: Self.screen, isSame: true)
        changes.set("right-view", "\"input\"", in: Self.screen)
        changes.set("point-light", "true", in: Self.pixels)
        changes.set("point-light", "false", in: PageScript.digest("fewtap.input()"))
        changes.set("step", "1", in: Self.plot("layer-plot"))
        changes.set("step", "0", in: Self.plot("effective-plot"))
        changes.set("step", "2", in: Self.plot("error-plot"))
        changes.expect(
          "dense time", in: Self.text("dense-result"),
          [.press("#dense-time"), .evaluate(PageScript.until(Self.text("dense-result")))])
        let seen = try changes.check()
        let figures = try #require(seen["figures"] as? String)
        #expect(figures.contains("\(filter.chain.tapCount) in 2 layers") && figures.contains("\(kernel.supportCount)"))
        #expect((seen["time"] as? String)?.contains("ms") == true)
      }
    }

    /// Two bases of the same parameters, with a depth image beside them.
    private static func basisPage(_ folder: String) throws -> String {
      let basis = try bases()[1].1
      var other = ViewDataTests.basis([3, 3], layout: [4], reach: 4)
      other.axes = basis.axes
      other.axes[0].knots = [0, 3, 6]
      try write(
        ViewPage(
          ViewData(basis, name: "b.json", oneOf: 2), or: [ViewData(other, name: "c.json", oneOf: 2)],
          image: picture(width: 96, height: 64)), "\(folder)/page.html")
      let depth = Plane<Float>(width: 96, height: 64) { x, _ in Float(x) / 95 }
      try ImageFile(image: Image(planes: [depth])).write(
        path: "\(folder)/depth.png", options: WriteOptions(type: .uint8, transfer: .linear))
      return "\(folder)/page.html"
    }

    @Test("controls of a basis' page change its pixels", arguments: Browser.devices)
    func basis(device: Browser.Device) throws {
      try TemporaryFolder.with { folder in
        var script = BrowserScript()
        script.act(.size(800, 640))
        script.load(try Self.basisPage(folder), on: device)
        var changes = Changes(script)
        let key = { (name: String) in
          [Browser.Step.evaluate("document.getElementById(\"pad\").focus()"), .key(name)]
        }
        changes.set("parameter-0", "2", in: Self.pixels)
        changes.set("parameter-1", "50", in: Self.pixels)
        changes.expect("pad", in: Self.pixels, [.press("#pad", at: [0.3, 0.4])])
        changes.expect("pad's key", in: Self.pixels, key("ArrowRight"))
        changes.expect("pad's other key", in: Self.pixels, key("ArrowUp"))
        changes.expect(
          "brush", in: Self.pixels, [.evaluate(PageScript.set("brush", "true")), .press("#picture", at: [0.3, 0.3])])
        changes.expect(
          "brush of another value", in: Self.pixels,
          [.evaluate(PageScript.set("brush-value", "0")), .press("#picture", at: [0.3, 0.3])])
        changes.expect(
          "brush of another size", in: Self.pixels,
          [.evaluate(PageScript.set("brush-size", "20")), .drag("#picture", [[0.7, 0.7], [0.8, 0.6], [0.9, 0.8]])])
        changes.expect(
          "brush of the other parameter", in: Self.pixels,
          [.evaluate(PageScript.set("map-axis", "1")), .press("#picture", at: [0.3, 0.3])])
        changes.expect(
          "depth", in: Self.pixels,
          [
            .evaluate(PageScript.set("map-axis", "0")), .evaluate(PageScript.set("brush", "false")),
            .files("#map-file", ["\(folder)/depth.png"]),
            .evaluate(PageScript.until("fewtap.state().parameters.depth")),
          ])
        changes.set("focus", "100", in: Self.pixels)
        changes.set("f-stop", "6", in: Self.pixels)
        changes.expect("focus by a click", in: Self.pixels, [.press("#picture", at: [0.3, 0.3])])
        // The other parameter of a map from depth, as a slider has it.
        changes.set("parameter-1", "120", in: Self.pixels)
        changes.set("filter", "1", in: Self.pixels)
        changes.expect(
          "depth stays", in: "[fewtap.state().parameters.depth !== null, document.getElementById(\"lens\").hidden]",
          isSame: true, [.evaluate(PageScript.set("filter", "0"))])
        changes.expect("one for all", in: Self.pixels, [.press("#map-clear")])
        try changes.check()
      }
    }

    @Test("a click on the divider's handle is one on the picture, dragging it moves the divider") func divider() throws
    {
      try TemporaryFolder.with { folder in
        let path = try Self.basisPage(folder)
        var script = BrowserScript()
        script.act(.size(800, 640))
        script.load(path)
        var changes = Changes(script)
        let share = "fewtap.state().view.divider"
        changes.expect("drag", in: share, [.drag("#split span", [[0.5, 0.5], [2, 0.5], [4, 0.5]])])
        changes.set("brush", "true", in: Self.pixels, isSame: true)
        changes.expect("paint", in: Self.pixels, [.press("#split span")])
        changes.expect("no drag", in: share, isSame: true, [.press("#split span")])
        changes.set("brush", "false", in: Self.pixels, isSame: true)
        changes.expect(
          "depth", in: Self.pixels,
          [
            .files("#map-file", ["\(folder)/depth.png"]),
            .evaluate(PageScript.until("fewtap.state().parameters.depth")),
          ])
        changes.expect("focus", in: "document.getElementById(\"focus\").value", [.press("#split span")])
        // In the middle lies the picture itself.
        changes.expect(
          "middle", in: "document.getElementById(\"focus\").value",
          [.evaluate(PageScript.set("divider", "500")), .press("#picture")])
        try changes.check()
      }
    }

    @Test("fingers move, enlarge, divide and paint") func touch() throws {
      try TemporaryFolder.with { folder in
        let path = try Self.basisPage(folder)
        var script = BrowserScript()
        script.act(.size(360, 740, 3))
        script.load(path)
        script.act(.press("#zoom-in"), .press("#zoom-in"))
        let look = "(({ zoom, x, y }) => [zoom, x, y])(fewtap.state().view)"
        script.see("start", look)
        script.act(.touch("#picture", [[[0.5, 0.3]], [[0.45, 0.3]], [[0.4, 0.3]]]))
        script.see("moved", look)
        script.act(
          .touch("#picture", [[[0.4, 0.3], [0.6, 0.3]], [[0.35, 0.3], [0.65, 0.3]], [[0.3, 0.3], [0.7, 0.3]]]))
        script.see("pinched", look)
        script.see("pixels", Self.pixels)
        script.see("divider", "fewtap.state().view.divider")
        script.act(.touch("#split span", [[[0.5, 0.5]], [[1.5, 0.5]], [[2.5, 0.5]]]))
        script.see("divided", "fewtap.state().view.divider")
        script.see("look divided", look)
        script.set("brush", "true")
        script.act(.touch("#picture", [[[0.2, 0.2]], [[0.25, 0.25]], [[0.3, 0.3]]]))
        script.see("painted", Self.pixels)
        script.see("look painted", look)
        script.see("width", "fewtap.state().view.canvas.width / fewtap.state().view.canvas.clientWidth")
        let seen = try script.run()
        let start = try #require(seen["start"] as? [Double])
        let moved = try #require(seen["moved"] as? [Double])
        let pinched = try #require(seen["pinched"] as? [Double])
        #expect(moved[0] == start[0] && moved[1] > start[1] && abs(moved[2] - start[2]) < 1e-9)
        #expect(abs(pinched[0] / moved[0] - 2) < 0.05, "\(pinched[0] / moved[0])")
        // What lies between the fingers stays there: below the middle of the screen nothing but the zoom moves it.
        #expect(abs(pinched[1] - moved[1]) < 1)
        let (before, after) = (try #require(seen["divider"] as? Double), try #require(seen["divided"] as? Double))
        #expect(after > before + 0.05)
        #expect(seen["look divided"] as? [Double] == pinched && seen["look painted"] as? [Double] == pinched)
        #expect(seen["pixels"] as? Int != seen["painted"] as? Int)
        #expect(abs(try #require(seen["width"] as? Double) - 3) < 0.02)
      }
    }

    @Test("every control is reached by Tab in the order of the page, and works by keys") func keyboard() throws {
      try TemporaryFolder.with { folder in
        let path = try Self.basisPage(folder)
        var script = BrowserScript()
        script.act(.size(800, 640))
        script.load(path)
        script.act(
          .files("#map-file", ["\(folder)/depth.png"]),
          .evaluate(PageScript.until("fewtap.state().parameters.depth")))
        script.see(
          "all",
          """
          [...document.querySelectorAll("button, input, select, summary, [tabindex]")].filter((part) => part.checkVisibility()).map((part) => part.id)
          """)
        // What each control makes known, and by which key it is used.
        let keys = [
          "filter": "ArrowDown", "left-view": "ArrowDown", "right-view": "ArrowDown", "zoom-out": "Enter",
          "zoom-fit": " ", "zoom-in": "Enter", "divider": "ArrowRight", "exposure": "ArrowRight", "point-light": " ",
          "picture": "ArrowRight", "parameter-0": "ArrowLeft", "parameter-1": "ArrowLeft", "pad": "ArrowUp",
          "brush": " ", "brush-size": "ArrowRight", "brush-value": "ArrowLeft", "focus": "ArrowRight",
          "f-stop": "ArrowRight", "dense-time": "Enter", "step": "ArrowLeft", "map-axis": "ArrowDown",
        ]
        let state = { (id: String) in
          """
          fewtap.settled().then(() => {
            const part = document.getElementById("\(id)");
            const { view, parameters } = fewtap.state();
            return part.type === "checkbox" ? part.checked : part.value && part.type !== "submit" && part.type !== "button" ? part.value
              : [view.x, view.zoom, ...parameters.point, document.getElementById("dense-result").textContent].join();
          })
          """
        }
        script.act(.evaluate("document.activeElement.blur()"))
        let order = [
          "filter", "left-view", "right-view", "zoom-out", "zoom-fit", "zoom-in", "open-photo", "picture", "divider",
          "exposure", "point-light", "parameter-0", "parameter-1", "pad", "map-axis", "brush", "brush-size",
          "brush-value", "open-map", "map-clear", "focus", "f-stop", "device", "dense-time", "meaning", "step",
        ]
        for id in order {
          script.act(.key("Tab"))
          script.see("at \(id)", "document.activeElement.id")
          guard let key = keys[id] else { continue }
          script.see("before \(id)", state(id))
          script.act(.key(key))
          if id == "dense-time" { script.act(.evaluate(PageScript.until(Self.text("dense-result")))) }
          script.see("after \(id)", state(id))
        }
        let seen = try script.run()
        #expect(Set(try #require(seen["all"] as? [String])) == Set(order))
        for id in order {
          #expect(seen["at \(id)"] as? String == id)
          guard keys[id] != nil else { continue }
          let before = try #require(seen["before \(id)"] as? NSObject)
          #expect(before != seen["after \(id)"] as? NSObject, "\(id): \(before)")
        }
      }
    }

    @Test("keys on the picture move, enlarge, divide, and press in the middle") func pictureKeys() throws {
      try TemporaryFolder.with { folder in
        let path = try Self.basisPage(folder)
        var script = BrowserScript()
        script.act(.size(800, 640))
        script.load(path)
        script.act(.evaluate("document.getElementById(\"picture\").focus()"), .key("+"))
        var changes = Changes(script)
        for name in ["ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown", "+", "-", "[", "]", "0"] {
          changes.expect(name, in: Self.screen, [.key(name)])
        }
        changes.set("brush", "true", in: Self.pixels, isSame: true)
        changes.expect(
          "Enter", in: Self.pixels, [.evaluate("document.getElementById(\"picture\").focus()"), .key("Enter")])
        try changes.check()
      }
    }

    @Test("the address chooses the device, else it is the best one; a missing one leaves a message and another device")
    func devices() throws {
      try TemporaryFolder.with { folder in
        let (path, _, _) = try Self.filterPage(folder)
        var script = BrowserScript()
        for device in Browser.devices {
          script.load(path, on: device)
          script.see(
            "\(device)", "[fewtap.device, document.getElementById(\"device\").value, fewtap.state().view.painter.name]")
        }
        // The best one that there is, where the address asks for none.
        script.act(.open(path))
        script.see("best", "fewtap.ready.then(() => fewtap.device)")
        let seen = try script.run()
        for device in Browser.devices {
          let name = device == .webGPU ? "WebGPU" : "WebGL 2"
          #expect(seen["\(device)"] as? [String] == [device.rawValue, device.rawValue, name])
        }
        #expect(seen["best"] as? String == Browser.devices.first?.rawValue)
        var other = BrowserScript()
        for wanted in ["#webgpu", ""] {
          other.act(.open(path + wanted))
          other.see("device \(wanted)", "fewtap.ready.then(() => fewtap.device)")
          other.see("message \(wanted)", Self.text("message"))
        }
        let without = try other.run(without: "webgpu")
        #expect(without["device #webgpu"] as? String == "webgl2" && without["device "] as? String == "webgl2")
        let message = try #require(without["message #webgpu"] as? String)
        #expect(message.contains("no WebGPU") && message.contains("WebGL 2"))
        #expect(without["message "] as? String == "")
      }
    }
  }
}
