import FewtapCore
import Foundation
import TestSupport
import Testing

/// Pages in a real browser: `Scripts/drive-viewer`.
struct Browser {
  /// What is done with a page, one after the other.
  enum Step {
    case open(String)
    case size(Int, Int)
    case evaluate(String)
    case files(String, [String])
    /// A click at shares of an element's width and height.
    case press(String, at: [Double] = [0.5, 0.5])

    fileprivate var json: [String: Any] {
      switch self {
      case .open(let path): ["open": path]
      case .size(let width, let height): ["size": [width, height]]
      case .evaluate(let expression): ["evaluate": expression]
      case .files(let selector, let paths): ["files": selector, "paths": paths]
      case .press(let selector, let shares): ["press": selector, "at": shares]
      }
    }

    /// Opens a page and waits for its first frame; gives what went wrong, null where nothing did.
    static func load(_ path: String) -> [Step] {
      [.open(path), .evaluate("fewtap.ready.then(() => \(settled)).then(() => fewtap.failure)")]
    }
  }

  /// When the browser has drawn what was asked for.
  static let settled = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"

  /// Why there is none; nil if there is.
  static let missing: String? = {
    do {
      _ = try run(["--check"])
      return nil
    } catch {
      return "\(error)"
    }
  }()

  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  /// The results of the steps that evaluate. The console must stay silent, and nothing may be asked for but the pages themselves.
  static func results(
    _ steps: [Step], hasWebGL: Bool = true, at location: SourceLocation = #_sourceLocation
  ) throws -> [Any] {
    try TemporaryFolder.with { folder in
      let path = "\(folder)/steps.json"
      try JSONSerialization.data(withJSONObject: steps.map(\.json)).write(to: URL(filePath: path))
      let bytes = try run((hasWebGL ? [] : ["--without-webgl"]) + [path])
      let seen = try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
      #expect(seen["errors"] as? [String] == [], sourceLocation: location)
      let opened = steps.compactMap { step -> String? in
        if case .open(let path) = step { URL(filePath: path).absoluteString } else { nil }
      }
      #expect(seen["requests"] as? [String] == opened, sourceLocation: location)
      let results = try #require(seen["results"] as? [Any])
      return zip(steps, results).compactMap { step, result in
        if case .evaluate = step { result } else { nil }
      }
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
func planes(_ result: Any, width: Int) throws -> [Plane<Double>] {
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
    (() => {
      const bytes = new Uint8Array(\(values).slice().buffer);
      let text = "";
      for (let start = 0; start < bytes.length; start += 4096) text += String.fromCharCode(...bytes.subarray(start, start + 4096));
      return btoa(text);
    })()
    """
  }

  /// What stands on the screen's canvas, drawn again: bytes, four a pixel.
  static let screen = """
    (() => {
      const { view } = fewtap.state();
      view.draw([0.5, 0.5, 0.5]);
      const { gl, canvas } = view;
      const bytes = new Uint8Array(4 * canvas.width * canvas.height);
      gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
      return bytes;
    })()
    """

  /// A number that stands for bytes or floats.
  static func digest(_ values: String) -> String {
    "Array.prototype.reduce.call(\(values), (sum, value, index) => (sum * 31 + Math.round(value * 65536) + index % 7) % 2147483647, 7)"
  }

  /// Sets a control as a hand does.
  static func set(_ id: String, _ value: String) -> String {
    """
    (() => {
      const control = document.getElementById("\(id)");
      if (control.type === "checkbox") control.checked = \(value);
      else control.value = \(value);
      control.dispatchEvent(new Event("input", { bubbles: true }));
      control.dispatchEvent(new Event("change", { bubbles: true }));
      return \(Browser.settled);
    })()
    """
  }
}
