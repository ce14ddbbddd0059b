import FewtapCore
import FewtapViewer
import Foundation
import TestSupport
import Testing

extension BrowserTests {
  /// How pages lie on the screen, and what they tell who does not see them.
  @Suite struct Layout {
    private static func pages(_ folder: String) throws -> [String] {
      let (filter, kernel) = try exact()
      try write(
        ViewPage(ViewData(filter, name: String(repeating: "long-name-", count: 12), target: kernel)),
        "\(folder)/filter.html")
      var basis = try bases()[1].1
      basis.family = String(repeating: "a-long-family,", count: 12)
      let data = try ViewData(basis, name: "b.json", oneOf: 2)
      try write(ViewPage(data, or: [ViewData(bases()[0].1, name: "c.json", oneOf: 2)]), "\(folder)/basis.html")
      return ["filter", "basis"]
    }

    /// The shares of the window that moved by themselves (Layout Instability), since the page was opened.
    private static let shifts = """
      new Promise((done) => {
        let sum = 0;
        const observer = new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value)));
        observer.observe({ type: "layout-shift", buffered: true });
        setTimeout(() => done(sum), 200);
      })
      """

    /// Texts whose contrast with what lies behind them is below that of WCAG 2.2's level AA, 4.5.
    private static let faint = """
      (() => {
        const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
        const light = (color) => {
          const [r, g, b] = rgb(color).map((code) => (code / 255 <= 0.04045 ? code / 255 / 12.92 : ((code / 255 + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = (part) => {
          for (; part; part = part.parentElement) {
            const color = getComputedStyle(part).backgroundColor;
            if ((rgb(color)[3] ?? 1) === 1) return color;
          }
          return "rgb(255, 255, 255)";
        };
        return [...document.querySelectorAll("body *")].filter((part) =>
          part.checkVisibility() && !part.disabled && [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
        ).flatMap((part) => {
          const [a, b] = [light(getComputedStyle(part).color), light(ground(part))];
          const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          return contrast < 4.5 ? [`${part.tagName} ${part.textContent.trim().slice(0, 30)} ${contrast.toFixed(2)}`] : [];
        });
      })()
      """

    @Test(
      "at 360, 768 and 1280 pixels, light or dark, nothing is wider than the screen, moves by itself or is faint")
    func widths() throws {
      try TemporaryFolder.with { folder in
        var script = BrowserScript()
        var cases: [String] = []
        for page in try Self.pages(folder) {
          for (width, ratio) in [(360, 3.0), (768, 1.5), (1280, 1)] {
            for scheme in ["light", "dark"] {
              script.act(.media(["prefers-color-scheme": scheme]), .size(width, 800, ratio))
              script.load("\(folder)/\(page).html")
              let name = "\(page), \(width), \(scheme)"
              cases.append(name)
              // A message comes and goes over the page.
              script.act(
                .evaluate("document.getElementById(\"left-view\").scrollIntoView()"),
                .evaluate(PageScript.set("left-view", "\"truth\"")), .press("#zoom-in"))
              script.set("step", "1")
              script.see("\(name): excess", "document.documentElement.scrollWidth - \(width)")
              script.see("\(name): shifts", Self.shifts)
              script.see("\(name): faint", Self.faint)
              script.see(
                "\(name): ground", "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
              script.see(
                "\(name): ratio", "fewtap.state().view.canvas.width / fewtap.state().view.canvas.clientWidth - \(ratio)"
              )
            }
          }
        }
        let seen = try script.run()
        for name in cases {
          #expect(try #require(seen["\(name): excess"] as? Int) <= 0, "\(name)")
          #expect(try #require(seen["\(name): shifts"] as? Double) < 0.001, "\(name)")
          #expect(seen["\(name): faint"] as? [String] == [], "\(name)")
          let ground = try #require(seen["\(name): ground"] as? [Int])
          #expect(name.hasSuffix("dark") == (ground[0] < 64), "\(name)")
          #expect(abs(try #require(seen["\(name): ratio"] as? Double)) < 0.02, "\(name)")
        }
      }
    }

    @Test("a screen reader is told what every control is") func names() throws {
      try TemporaryFolder.with { folder in
        var script = BrowserScript()
        for page in try Self.pages(folder) {
          script.load("\(folder)/\(page).html")
          script.seeTree(page)
        }
        let seen = try script.run()
        // What is used, and what is looked at.
        let roles: Set = [
          "button", "slider", "checkbox", "combobox", "application", "image", "img", "heading", "region",
        ]
        for page in ["filter", "basis"] {
          let parts = try #require(seen[page] as? [[String: String]])
          for part in parts where roles.contains(part["role"] ?? "") {
            let name = try #require(part["name"])
            #expect(name.contains { $0.isLetter }, "\(page): \(part)")
          }
          let sliders = parts.filter { $0["role"] == "slider" }
          #expect(sliders.count == (page == "basis" ? 7 : 3), "\(sliders)")
          #expect(Set(sliders.map { $0["name"] }).count == sliders.count)
        }
      }
    }

    @Test("nothing moves for who asked for that") func motion() throws {
      try TemporaryFolder.with { folder in
        var script = BrowserScript()
        script.act(.media(["prefers-reduced-motion": "reduce"]))
        let pages = try Self.pages(folder)
        for page in pages {
          script.load("\(folder)/\(page).html")
          script.act(.press("#zoom-in"))
          script.see(
            page,
            """
            [document.getAnimations().length, [...document.querySelectorAll("*")].filter((part) => {
              const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(part);
              return transitionDuration !== "0s" || animationName !== "none" || scrollBehavior === "smooth";
            }).length]
            """)
        }
        let seen = try script.run()
        for page in pages { #expect(seen[page] as? [Int] == [0, 0]) }
      }
    }
  }
}
