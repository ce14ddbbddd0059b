/// How long each stage of a command took.
struct StageClock {
  private(set) var stages: [(name: String, seconds: Double)] = []
  private var last = ContinuousClock.now

  /// Ends a stage that began where the one before it ended.
  mutating func end(_ name: String) {
    let now = ContinuousClock.now
    stages.append((name, (now - last) / .seconds(1)))
    last = now
  }
}
