/// Memory that a tile works in: allocated once, zeroed, and handed from tile to tile.
final class Workspace: @unchecked Sendable {
  let floats: UnsafeMutablePointer<Float>
  let count: Int

  init(count: Int) {
    self.count = count
    // A cache line's alignment: rows then start where vectors do.
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
    askForLargePages(raw, byteCount: count * MemoryLayout<Float>.stride)
    floats = raw.bindMemory(to: Float.self, capacity: count)
    // What a block reads beyond its rows never reaches a result, but a denormal there would cost time.
    floats.initialize(repeating: 0, count: count)
  }

  deinit { floats.deallocate() }
}

/// The workspaces of a plan that no thread uses now.
final class WorkspacePool: Sendable {
  private let idle = Locked<[Workspace]>([])

  /// Calls `body` with the smallest workspace of at least `count` floats.
  func withWorkspace<Result>(count: Int, _ body: (Workspace) throws -> Result) rethrows -> Result {
    // Nobody's memory must be cleared away, or be missed elsewhere, for nothing.
    guard count > 0 else { return try body(Workspace(count: 0)) }
    let found = idle.withLock { idle -> Workspace? in
      let index = idle.indices.filter { idle[$0].count >= count }.min { idle[$0].count < idle[$1].count }
      guard let index else {
        // Too small for this image: the next one will be larger than they were, too.
        idle.removeAll()
        return nil
      }
      return idle.remove(at: index)
    }
    let workspace = found ?? Workspace(count: count)
    defer { idle.withLock { $0.append(workspace) } }
    return try body(workspace)
  }
}
