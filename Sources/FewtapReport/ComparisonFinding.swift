import FewtapBaselines

/// What a comparison found, in plain sentences made of its figures; a loss is told like a win.
package struct ComparisonFinding {
  /// A contender that took part.
  package struct Entry {
    var name: String
    var side: Contender.Side
    /// On photographs, and on points of light.
    var decibels: Double
    var points: Double
    var milliseconds: Double

    package init(name: String, side: Contender.Side, decibels: Double, points: Double, milliseconds: Double) {
      (self.name, self.side, self.decibels) = (name, side, decibels)
      (self.points, self.milliseconds) = (points, milliseconds)
    }
  }

  private let entries: [Entry]
  private let size: (width: Int, height: Int)
  private let isMeasured: Bool

  /// The finding about `entries`, timed on a plane of `size`; whether photographs were measured or predicted.
  package init(_ entries: [Entry], size: (width: Int, height: Int), isMeasured: Bool) {
    (self.entries, self.size, self.isMeasured) = (entries, size, isMeasured)
  }

  init(_ comparison: Comparison) {
    let entries = comparison.rows.compactMap { row in
      row.measured.map {
        Entry(
          name: row.name, side: row.side, decibels: $0.photoMean, points: $0.highlights.psnr,
          milliseconds: $0.time.median)
      }
    }
    self.init(entries, size: comparison.timedSize, isMeasured: !comparison.images.isEmpty)
  }

  /// At what quality speeds are compared: what people ask for, or what ours reach, in steps of 5 dB.
  private var level: Double? {
    guard let best = entries.filter({ $0.side == .ours }).map(\.decibels).max() else { return nil }
    return best >= 60 ? 60 : max(0, (best / 5).rounded(.down) * 5)
  }

  /// The sentences.
  package var text: String {
    let others = entries.filter { $0.side != .ours }
    guard let level, let ours = fastest(entries.filter { $0.side == .ours }, level) else {
      guard let best = others.filter({ $0.side == .rival }).max(by: { $0.decibels < $1.decibels }) else {
        return "Nobody here approximates this kernel."
      }
      return
        "Of these rivals, \(best.name) comes nearest: \(decibelsWithUnit(best.decibels)) in \(time(best)); no filter of "
        + "fewtap took part."
    }
    let quality = "\(decimal(level, 0)) dB or better on photographs\(isMeasured ? "" : " (predicted)")"
    let start =
      "For \(quality), the fastest filter of fewtap, \(ours.name), takes \(time(ours)) a plane of \(size.width) × \(size.height)"
    var sentences: [String] = []
    if let rival = fastest(others, level) {
      let ratio = rival.milliseconds / ours.milliseconds
      let name = rival.side == .exact ? "\(rival.name) (which is exact)" : rival.name
      sentences.append(
        start + "; the fastest rival that is as good, \(name), takes \(time(rival)), "
          + Self.words(ratio) + ".")
    } else {
      sentences.append(start + (others.isEmpty ? "." : "; no rival here is as good."))
    }
    if let rival = others.filter({ $0.milliseconds <= ours.milliseconds }).max(by: { $0.decibels < $1.decibels }) {
      sentences.append(
        "Of the rivals that are no slower than that, the best is \(rival.name): \(decibelsWithUnit(rival.decibels)) against "
          + "\(decibelsWithUnit(ours.decibels)).")
    } else if !others.isEmpty {
      sentences.append("No rival here is as fast.")
    }
    if let rival = others.filter({ $0.side == .rival }).max(by: { $0.points < $1.points }) {
      sentences.append(
        "On points of light, where the kernel itself is seen, \(ours.name) \(reach(ours.points)); the best approximation "
          + "of a rival, \(rival.name), \(reach(rival.points)) and takes \(time(rival)).")
    }
    return sentences.joined(separator: " ")
  }

  /// How a rival's time compares with ours.
  private static func words(_ ratio: Double) -> String {
    func times(_ value: Double) -> String { "\(decimal(value, value < 100 ? 1 : 0)) times" }
    switch ratio {
    // Less than timings differ from run to run.
    case 0.95...1.05: return "about as long"
    case 1...: return "\(times(ratio)) as long"
    default: return "and is \(times(1 / ratio)) as fast as fewtap"
    }
  }

  private func fastest(_ entries: [Entry], _ level: Double) -> Entry? {
    entries.filter { $0.decibels >= level }.min { $0.milliseconds < $1.milliseconds }
  }

  private func reach(_ value: Double) -> String { isExact(value) ? "is exact" : "reaches \(decibelsWithUnit(value))" }

  private func time(_ entry: Entry) -> String { "\(milliseconds(entry.milliseconds)) ms" }
}

/// Milliseconds with about three digits.
func milliseconds(_ value: Double) -> String { decimal(value, value < 10 ? 2 : value < 100 ? 1 : 0) }
