import FewtapCore
import Foundation
import Testing

/// Steps of a test in a browser, and the names of what they see.
struct BrowserScript {
  private var steps: [Browser.Step] = []
  /// One a step that gives a result; nil: nobody asks for it.
  private var names: [String?] = []

  /// Does something whose result does not matter.
  mutating func act(_ steps: Browser.Step...) {
    for step in steps {
      self.steps.append(step)
      if step.givesResult { names.append(nil) }
    }
  }

  /// Opens a page, whose start must not fail.
  mutating func load(_ path: String, on device: Browser.Device = .webGL2) {
    steps.append(.open("\(path)#\(device.rawValue)"))
    see("failure \(steps.count)", "fewtap.ready.then(() => fewtap.failure)")
  }

  /// Remembers what an expression is.
  mutating func see(_ name: String, _ expression: String) {
    steps.append(.evaluate(expression))
    names.append(name)
  }

  /// Remembers what a screen reader is told.
  mutating func seeTree(_ name: String) {
    steps.append(.tree)
    names.append(name)
  }

  /// Sets a control as a hand does.
  mutating func set(_ id: String, _ value: String) { act(.evaluate(PageScript.set(id, value))) }

  /// What was seen, by name. Nothing may have failed.
  func run(
    without lack: String? = nil, at location: SourceLocation = #_sourceLocation
  ) throws -> [String: Any] {
    let results = try Browser.results(
      steps + [.evaluate("fewtap.failure")], without: lack, at: location)
    #expect(results.last is NSNull, "\(results.last ?? "")", sourceLocation: location)
    var seen: [String: Any] = [:]
    for case (let name?, let result) in zip(names, results) {
      if name.hasPrefix("failure ") { #expect(result is NSNull, "\(result)", sourceLocation: location) }
      seen[name] = result
    }
    return seen
  }
}
