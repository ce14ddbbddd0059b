import FewtapCore
import FewtapImageIO
import Foundation
import Testing

/// Several kernels from a file or folder.
@Suite struct KernelStackTests {
  /// A folder that is gone after the test.
  private final class Folder {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("fewtap-stack-\(UUID().uuidString)").path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
      return path + "/" + name
    }

    @discardableResult
    func write(_ values: [Double], shape: [Int], to name: String) throws -> String {
      try #require(NumpyFile(shape: shape, values: values)).write(path: path + "/" + name)
      return path + "/" + name
    }
  }

  @Test func `a stack's kernels come in their order, of sum 1 unless it is kept`() throws {
    let folder = try Folder()
    let values = (1...24).map(Double.init)
    let path = try folder.write(values, shape: [2, 3, 4], to: "psf.npy")
    let center = PixelOffset(x: 2, y: 1)
    let kept = try KernelStack.kernels(path: path, center: center, keepSum: true)
    #expect(kept.map(\.values.values) == [Array(values[..<12]), Array(values[12...])])
    #expect(kept.allSatisfy { $0.width == 4 && $0.height == 3 && $0.center == center })
    #expect(kept.map(\.name) == ["psf.npy[0]", "psf.npy[1]"])
    let normalized = try KernelStack.kernels(path: path, center: center)
    #expect(normalized.allSatisfy { abs($0.sum - 1) <= 12 * 0x1p-53 })
  }

  @Test func `a stack that is none is refused`() throws {
    let folder = try Folder()
    let flat = try folder.write([1, 2, 3, 4], shape: [2, 2], to: "flat.npy")
    #expect(throws: ImageFileError.self) { try KernelStack.kernels(path: flat) }
    let even = try folder.write([Double](repeating: 1, count: 8), shape: [2, 2, 2], to: "even.npy")
    let error = #expect(throws: ImageFileError.self) { try KernelStack.kernels(path: even) }
    #expect(error?.description.contains("center") == true)
    let black = try folder.write([Double](repeating: 0, count: 18), shape: [2, 3, 3], to: "black.npy")
    #expect(throws: ImageFileError.self) { try KernelStack.kernels(path: black) }
    #expect(throws: ImageFileError.self) { try KernelStack.kernels(path: folder.path + "/none.npy") }
  }

  @Test func `points are an array or a table`() throws {
    let folder = try Folder()
    let array = try folder.write([1, 2, 3, 4, 5, 6], shape: [3, 2], to: "p.npy")
    let fromArray = try KernelStack.points(path: array)
    #expect(fromArray.names == nil && fromArray.points == [[1, 2], [3, 4], [5, 6]])
    let named = try KernelStack.points(path: folder.write("x, y\r\n1,2\r\n\r\n 3 ,-4e1\r\n", to: "p.csv"))
    #expect(named.names == ["x", "y"] && named.points == [[1, 2], [3, -40]])
    let bare = try KernelStack.points(path: folder.write("1\n2\n3", to: "q.csv"))
    #expect(bare.names == nil && bare.points == [[1], [2], [3]])
  }

  @Test(arguments: ["", "\n\n", "x,y", "1,2\n3", "x,y\n1,2,3", "1,nan", "1,x", "x\n1\ny\n2", "\u{0}\u{1}"])
  func `tables that are none are refused with the line`(text: String) throws {
    let folder = try Folder()
    let path = try folder.write(text, to: "p.csv")
    #expect(throws: ImageFileError.self) { try KernelStack.points(path: path) }
    try Data([0xFF, 0xFE]).write(to: URL(fileURLWithPath: path))
    #expect(throws: ImageFileError.self) { try KernelStack.points(path: path) }
  }

  @Test func `a folder's names tell the parameters`() throws {
    let folder = try Folder()
    for (radius, angle) in [(3.5, 0), (3.5, 30), (-1, 0)] {
      try folder.write([1, 2, radius + 5], shape: [1, 3], to: "radius=\(radius),angle=\(angle).npy")
    }
    _ = try folder.write("notes", to: "readme.txt")
    _ = try folder.write("notes", to: "a=b.txt")
    let stack = try KernelStack(folder: folder.path, keepSum: true)
    #expect(stack.axes == ["radius", "angle"])
    let found = stack.members.map { $0.point + $0.kernel.values.values }
    #expect(Set(found) == [[3.5, 0, 1, 2, 8.5], [3.5, 30, 1, 2, 8.5], [-1, 0, 1, 2, 4]])
  }

  @Test func `a folder's parameters.json goes before names`() throws {
    let folder = try Folder()
    try folder.write([1, 2, 3], shape: [1, 3], to: "a.npy")
    try folder.write([1, 5, 3], shape: [1, 3], to: "radius=9.npy")
    _ = try folder.write(
      #"[{"file": "a.npy", "radius": 1, "angle": 7.5}, {"file": "radius=9.npy", "angle": 8, "radius": 2}]"#,
      to: "parameters.json")
    let stack = try KernelStack(folder: folder.path)
    #expect(stack.axes == ["angle", "radius"] && stack.members.map(\.point) == [[7.5, 1], [8, 2]])
  }

  @Test(arguments: [
    ("{}", "list"), ("[{\"radius\": 1}]", "\"file\""), (#"[{"file": "../a.npy", "radius": 1}]"#, "\"file\""),
    (#"[{"file": "a.npy"}]"#, "no parameter"), (#"[{"file": "a.npy", "radius": "x"}]"#, "\"radius\" is no number"),
    (#"[{"file": "a.npy", "radius": 1}, {"file": "a.npy", "angle": 1}]"#, "unlike a.npy"),
    (#"[{"file": "none.npy", "radius": 1}]"#, "none.npy"), ("[]", "neither"), ("[{", "list"),
  ])
  func `a list that tells nothing is refused`(text: String, words: String) throws {
    let folder = try Folder()
    try folder.write([1, 2, 3], shape: [1, 3], to: "a.npy")
    _ = try folder.write(text, to: "parameters.json")
    let error = #expect(throws: ImageFileError.self) { try KernelStack(folder: folder.path) }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test func `a folder without kernels is refused`() throws {
    let folder = try Folder()
    #expect(throws: ImageFileError.self) { try KernelStack(folder: folder.path) }
    #expect(throws: ImageFileError.self) { try KernelStack(folder: folder.path + "/none") }
  }
}
