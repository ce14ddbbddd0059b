import FewtapCore
import Foundation
import TestSupport
import Testing

/// Pages in a real browser: `Scripts/drive-viewer`.
struct Browser {
  /// What filters run on.
  enum Device: String, CaseIterable {
    case webGPU = "webgpu"
    case webGL2 = "webgl2"
  }

  /// What is done with a page, one after the other.
  enum Step {
    case open(String)
    /// Columns and rows of the window, and pixels of the screen along one of those.
    case size(Int, Int, Double = 1)
    /// What the reader wishes for.
    case media([String: String])
    case evaluate(String)
    case files(String, [String])
    case drop(String, [String])
    /// A click at shares of an element's width and height.
    case press(String, at: [Double] = [0.5, 0.5])
    case drag(String, [[Double]])
    /// Where each finger is, moment by moment.
    case touch(String, [[[Double]]])
    case key(String)
    /// What a screen reader is told.
    case tree

    fileprivate var json: [String: Any] {
      switch self {
      case .open(let page): ["open": page]
      case .size(let width, let height, let ratio): ["size": [Double(width), Double(height), ratio]]
      case .media(let features): ["media": features]
      case .evaluate(let expression): ["evaluate": expression]
      case .files(let selector, let paths): ["files": selector, "paths": paths]
      case .drop(let selector, let paths): ["drop": selector, "paths": paths]
      case .press(let selector, let shares): ["press": selector, "at": shares]
      case .drag(let selector, let places): ["drag": selector, "at": places]
      case .touch(let selector, let moments): ["touch": selector, "at": moments]
      case .key(let name): ["key": name]
      case .tree: ["tree": true]
      }
    }

    var givesResult: Bool {
      switch self {
      case .evaluate, .tree: true
      default: false
      }
    }
  }

  /// Why a device is not there; nil if it is.
  static func missing(_ device: Device) -> String? {
    do {
      _ = try run(["--check", device.rawValue])
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Why there is no browser with WebGL 2; nil if there is.
  static let missing = missing(.webGL2)
  /// The devices that the browser has.
  static let devices = Device.allCases.filter { missing($0) == nil }

  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  /// The results of the steps that evaluate. The console must stay silent, and nothing may be asked for but the pages themselves.
  static func results(
    _ steps: [Step], without lack: String? = nil, at location: SourceLocation = #_sourceLocation
  ) throws -> [Any] {
    try TemporaryFolder.with { folder in
      let path = "\(folder)/steps.json"
      try JSONSerialization.data(withJSONObject: steps.map(\.json)).write(to: URL(filePath: path))
      let bytes = try run((lack.map { ["--without-\($0)"] } ?? []) + [path])
      let seen = try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
      #expect(seen["errors"] as? [String] == [], sourceLocation: location)
      let opened = steps.compactMap { step -> String? in
        guard case .open(let page) = step, let path = page.split(separator: "#").first else { return nil }
        return URL(filePath: String(path)).absoluteString
      }
      #expect(seen["requests"] as? [String] == opened, sourceLocation: location)
      let results = try #require(seen["results"] as? [Any])
      return zip(steps, results).compactMap { $0.givesResult ? $1 : nil }
    }
  }

  private static func run(_ arguments: [String]) throws -> Data {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try TemporaryFolder.with { folder in
      let output = "\(folder)/output"
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["python3", root.appending(path: "Scripts/drive-viewer").path] + arguments
      try Data().write(to: URL(filePath: output))
      let (file, errors) = (try FileHandle(forWritingTo: URL(filePath: output)), Pipe())
      (process.standardOutput, process.standardError) = (file, errors)
      try process.run()
      let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        throw Problem(description: String(text.suffix(4000)).trimmingCharacters(in: .whitespacesAndNewlines))
      }
      return try Data(contentsOf: URL(filePath: output))
    }
  }
}

/// Four floats a pixel in base64, as ``PageScript/floats(_:)`` has it, as planes.
func planes(_ result: Any?, width: Int) throws -> [Plane<Double>] {
  let bytes = try #require((result as? String).flatMap { Data(base64Encoded: $0) })
  let values = bytes.withUnsafeBytes { bytes in
    (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
  }
  return try (0..<4).map { channel in
    try Plane(
      width: width, height: values.count / 4 / width,
      values: stride(from: channel, to: values.count, by: 4).map { Double(values[$0]) })
  }
}

/// Expressions that tests ask pages.
enum PageScript {
  /// Floats as base64.
  static func floats(_ values: String) -> String {
    """
    (async () => {
      const bytes = new Uint8Array((await \(values)).slice().buffer);
      let text = "";
      for (let start = 0; start < bytes.length; start += 4096) text += String.fromCharCode(...bytes.subarray(start, start + 4096));
      return btoa(text);
    })()
    """
  }

  /// What stands on the screen's canvas, drawn again: bytes, four a pixel.
  static let screen = """
    (async () => {
      await fewtap.settled();
      const { view } = fewtap.state();
      const { width, height } = view.canvas;
      const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
      view.draw([0.5, 0.5, 0.5]);
      context.drawImage(view.canvas, 0, 0);
      return context.getImageData(0, 0, width, height).data;
    })()
    """

  /// A number that stands for bytes or floats, once all is drawn that was asked for.
  static func digest(_ values: String) -> String {
    """
    (async () => {
      await fewtap.settled();
      return Array.prototype.reduce.call(
        await \(values), (sum, value, index) => (sum * 31 + Math.round(value * 65536) + index % 7) % 2147483647, 7);
    })()
    """
  }

  /// Waits until an expression holds, and gives what it is.
  static func until(_ expression: String) -> String {
    """
    new Promise((done) => {
      const look = () => {
        const value = \(expression);
        if (value) done(value);
        else setTimeout(look, 20);
      };
      look();
    })
    """
  }

  /// What the page says to its reader, once it says something.
  static let message = until("document.getElementById(\"message\").textContent")

  /// Sets a control as a hand does.
  static func set(_ id: String, _ value: String) -> String {
    """
    (() => {
      const control = document.getElementById("\(id)");
      if (control.type === "checkbox") control.checked = \(value);
      else control.value = \(value);
      control.dispatchEvent(new Event("input", { bubbles: true }));
      control.dispatchEvent(new Event("change", { bubbles: true }));
      return fewtap.settled();
    })()
    """
  }
}
