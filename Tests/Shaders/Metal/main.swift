import Foundation
import Metal

// Runs exports by the host that `fewtap export --host swift` writes. Each argument is a folder of an export that also has `size`, two
// numbers, `image` and, of a basis, `parameters`; `result` gets the output, floats.

func floats(_ file: URL) throws -> [Float] {
  try Data(contentsOf: file).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
}

func run(_ folder: URL, _ device: any MTLDevice, _ queue: any MTLCommandQueue) throws {
  let size = try String(contentsOf: folder.appending(path: "size"), encoding: .utf8).split(
    whereSeparator: \.isWhitespace
  ).compactMap { Int($0) }
  let filter = try FewtapFilter(folder, device: device, width: size[0], height: size[1])
  let values = try floats(folder.appending(path: "parameters"))
  func filtered(_ image: [Float], _ parameters: [Float]) throws -> [Float] {
    if !values.isEmpty { try filter.setParameters(filter.texture(of: parameters)) }
    guard let commands = queue.makeCommandBuffer() else { throw FewtapError(description: "no command buffer") }
    let result = try filter.encode(filter.texture(of: image), into: commands)
    commands.commit()
    commands.waitUntilCompleted()
    return texels(of: result)
  }
  // What another image and other parameters leave behind must not show.
  _ = try filtered(.init(repeating: 0.5, count: 4 * size[0] * size[1]), values.map { _ in 0.3 })
  let result = try filtered(floats(folder.appending(path: "image")), values)
  try result.withUnsafeBytes { try Data($0).write(to: folder.appending(path: "result")) }
}

guard let device = MTLCreateSystemDefaultDevice(), let queue = device.makeCommandQueue() else {
  throw FewtapError(description: "no device with Metal")
}
for folder in CommandLine.arguments.dropFirst() { try run(URL(filePath: folder), device, queue) }
