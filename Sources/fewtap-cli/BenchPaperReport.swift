import Fewtap
import FewtapReport

/// The tables of `fewtap bench paper`.
struct BenchPaperReport: Report {
  let machine: Machine
  let suite: PaperSuite
  let results: PaperResults
  let skipped: [SkippedKernel]
  /// Of all, by the wall clock.
  let seconds: Double
  /// Whether every row is printed with all figures.
  let isVerbose: Bool

  private typealias Rival = PaperSuite.Rival

  // MARK: JSON

  var json: [(String, JSON)] {
    [
      ("command", .string("bench paper")), ("machine", machine.json), ("threads", .integer(suite.threads)),
      ("seconds", .number(seconds)), ("complete", .bool(results.isComplete)), ("seeds", .integer(suite.seeds)),
      ("effort", .string(suite.effort.name)),
      (
        "tempering",
        .object([
          ("iterations", .integer(suite.tempering.iterations)), ("replicas", .integer(suite.tempering.replicas)),
        ])
      ),
      ("layouts", .array(suite.layouts.map { .string($0.description) })),
      (
        "kernels",
        .array(
          suite.subjects.map { .object([("name", .string($0.name)), ("kernel", KernelReference($0.kernel).json)]) })
      ),
      (
        "skipped",
        .array(skipped.map { .object([("kernel", .string($0.name)), ("reason", .string($0.reason))]) })
      ),
      ("rows", .array(results.rows.map(json))), ("lowRank", .array(results.ranks.map(json))),
      (
        "gains",
        .array(
          PaperResults.pairs.flatMap { first, second in
            results.gains(of: first, over: second).map { gain in
              .object([
                ("of", .string(first.rawValue)), ("over", .string(second.rawValue)), ("kernel", .string(gain.kernel)),
                ("layout", .string(gain.layout.description)), ("decibels", .number(gain.decibels)),
              ])
            }
          })
      ),
      ("guesses", .array(results.guesses.map(json))),
    ]
  }

  private func json(_ row: PaperResults.Row) -> JSON {
    .object([
      ("kernel", .string(row.kernel)), ("layout", .string(row.layout?.description)),
      ("rival", .string(row.rival.rawValue)),
      ("rank", row.rank.map { .integer($0) } ?? .null), ("guess", .string(row.guess?.rawValue)),
      ("photoPSNR", json(row.photoPSNR)), ("worstPhotoPSNR", json(row.worstPhotoPSNR)),
      ("relativeError", json(row.relativeError)), ("absoluteError", json(row.absoluteError)),
      ("noiseGain", json(row.noiseGain)), ("taps", json(row.tapCount)),
      ("seconds", json(row.fitSeconds)), ("failure", .string(row.failure)), ("runs", .array(row.runs.map(json))),
    ])
  }

  private func json(_ spread: Spread?) -> JSON {
    guard let spread else { return .null }
    return .object([
      ("mean", .number(spread.mean)), ("deviation", .number(spread.deviation)), ("least", .number(spread.least)),
      ("most", .number(spread.most)),
    ])
  }

  private func json(_ run: PaperResults.Run) -> JSON {
    var fields: [(String, JSON)] = [
      ("seed", run.seed.map { .unsigned($0) } ?? .null), ("photoPSNR", .number(run.photoPSNR)),
      ("worstPhotoPSNR", .number(run.worstPhotoPSNR)), ("relativeError", .number(run.relativeError)),
      ("absoluteError", .number(run.absoluteError)),
      ("noiseGain", .number(run.noiseGain)), ("taps", .integer(run.tapCount)),
      ("multiplyAdds", .number(run.multiplyAddCount)), ("seconds", .number(run.fitSeconds)),
    ]
    guard !run.trace.points.isEmpty else { return .object(fields) }
    let points = run.trace.points
    fields.append(
      (
        "trace",
        .object([
          ("steps", .array(points.map { .integer($0.steps) })), ("seconds", .array(points.map { .number($0.seconds) })),
          ("photoPSNR", .array(points.map { .number($0.photoPSNR) })),
          ("relativeError", .array(points.map { .number($0.relativeError) })),
        ])
      ))
    return .object(fields)
  }

  // MARK: Text

  var text: String {
    let parts = [heading, photographs, means, gains, ranks, guesses, isVerbose ? details : nil, notes]
    return parts.compactMap { $0 }.joined(separator: "\n\n")
  }

  private var heading: String {
    let seeds = suite.seeds == 1 ? "1 seed" : "\(suite.seeds) seeds"
    var lines = [
      "\(seeds), \(fixed(seconds / 60, 1)) minutes on \(suite.threads) threads, \(machine.text)",
      "PSNR in dB predicted on reference photographs; +- is the standard deviation over the seeds.",
    ]
    lines += skipped.map { "\($0.name) is skipped: \($0.reason)" }
    return lines.joined(separator: "\n")
  }

  /// One cell: mean and spread, or why there is none.
  private func cell(_ row: PaperResults.Row?) -> String {
    guard let row else { return "" }
    guard let photo = row.photoPSNR else { return "no" }
    if photo.mean > 200 { return "exact" }
    let spread = row.runsAsked == 1 ? "" : " +-\(fixed(photo.deviation, 1))"
    return fixed(photo.mean, 1) + spread + (row.isComplete ? "" : "*")
  }

  /// The main table, kernel by kernel.
  private var photographs: String {
    let table =
      [["kernel", "layout", "taps"] + Rival.allCases.map(\.description)]
      + results.kernels.flatMap { kernel in
        results.layouts.compactMap { layout -> [String]? in
          let rows = Rival.allCases.map { results.row(kernel, layout, $0) }
          guard rows.contains(where: { $0 != nil }) else { return nil }
          return [kernel, layout.description, "\(layout.taps.reduce(0, +))"] + rows.map { cell($0) }
        }
      }
    let failures = results.rows.filter { $0.failure != nil }.map { row in
      "  no: \(row.kernel) \(row.layout?.description ?? ""), \(row.rival): \(row.failure ?? "")"
    }
    let partial = results.isComplete ? [] : ["  *: not all seeds were run"]
    return (["Photo PSNR, dB", columns(table, leading: 2)] + partial + failures).joined(separator: "\n")
  }

  /// Means over the kernels.
  private var means: String? {
    let rows = results.layouts.flatMap { layout in
      Rival.allCases.compactMap { rival -> [String]? in
        let rows = results.rows.filter { $0.layout == layout && $0.rival == rival && !$0.runs.isEmpty }
        return rows.isEmpty ? nil : [layout.description, rival.description] + figures(rows)
      }
    }
    guard !rows.isEmpty else { return nil }
    let header = [
      "layout", "rival", "dB", "worst dB", "L2 error", "L1 error", "noise gain", "taps", "multiply-adds", "CPU s",
    ]
    return "Means over \(results.kernels.count) kernels; worst: of all photographs, seeds and kernels\n"
      + columns([header] + rows, leading: 2)
  }

  /// PSNR, worst PSNR, error, noise gain, taps, multiply-adds and seconds, means over the rows' means.
  private func figures(_ rows: [PaperResults.Row]) -> [String] {
    func mean(_ value: (PaperResults.Row) -> Double?) -> Double { Spread(rows.compactMap(value))?.mean ?? .nan }
    // What is exact would hide the others in a mean.
    let inexact = rows.filter { ($0.photoPSNR?.mean ?? 0) <= 200 }
    let photo = Spread(inexact.compactMap { $0.photoPSNR?.mean })
    let worst = Spread(inexact.compactMap { $0.worstPhotoPSNR?.least })
    return [
      photo.map { fixed($0.mean, 2) } ?? "exact", worst.map { fixed($0.least, 2) } ?? "exact",
      fixed(mean { $0.relativeError?.mean }, 3), fixed(mean { $0.absoluteError?.mean }, 3),
      fixed(mean { $0.noiseGain?.mean }, 2),
      fixed(mean { $0.tapCount?.mean }, 0),
      fixed(mean { Spread($0.runs.map(\.multiplyAddCount))?.mean }, 0), fixed(mean { $0.fitSeconds?.mean }, 2),
    ]
  }

  /// What each pair of rivals gains, kernels below one another, layouts beside.
  private var gains: String? {
    let tables = PaperResults.pairs.compactMap { first, second -> String? in
      let gains = results.gains(of: first, over: second)
      guard !gains.isEmpty else { return nil }
      let rows = results.kernels.map { kernel in
        [kernel]
          + results.layouts.map { layout in
            let gain = gains.first { $0.kernel == kernel && $0.layout == layout }
            return gain.map { signed($0.decibels) } ?? ""
          }
      }
      let (wins, losses) = (gains.count { $0.decibels > 0 }, gains.count { $0.decibels < 0 })
      let table = columns([[""] + results.layouts.map(\.description)] + rows, leading: 1)
      let tally =
        "\(first) above \(second): \(wins) of \(gains.count), below: \(losses)"
        + (losses == 0 || wins == 0 ? "" : " (" + lost(gains, to: second) + ")")
      let exact = gains.contains { $0.decibels < -100 } ? "; (exact): the second is" : ""
      return "\(first) - \(second), dB of the means\(exact)\n\(table)\n  \(tally)" + ownLoss(first, second)
    }
    return tables.isEmpty ? nil : tables.joined(separator: "\n\n")
  }

  /// How the paper's recipe stands by what it minimizes itself.
  private func ownLoss(_ first: Rival, _ second: Rival) -> String {
    guard first == .paper, second != .lowRank else { return "" }
    let (wins, all) = results.absoluteWins(of: first, over: second)
    return "\n  by the L1 error, nearly DISK's own loss: \(wins) of \(all) above"
  }

  /// The kernels of the losses with how many they have, as many as fit a line.
  private func lost(_ gains: [PaperResults.Gain], to second: PaperSuite.Rival) -> String {
    let losses = gains.filter { $0.decibels < 0 }
    return results.kernels.compactMap { kernel in
      let count = losses.count { $0.kernel == kernel }
      return count == 0 ? nil : "\(kernel) \(count)"
    }.joined(separator: ", ")
  }

  private func signed(_ decibels: Double) -> String {
    // An exact filter's PSNR is a bound on rounding, no figure to subtract from.
    abs(decibels) > 100 ? (decibels < 0 ? "(exact)" : "exact") : (decibels < 0 ? "" : "+") + fixed(decibels, 1)
  }

  private var ranks: String? {
    guard !results.ranks.isEmpty else { return nil }
    let rows = results.kernels.map { kernel in
      [kernel] + PaperSuite.ranks.map { rank in cell(results.ranks.first { $0.kernel == kernel && $0.rank == rank }) }
    }
    let names = PaperSuite.ranks.map { "rank \($0) (\(98 * $0) taps)" }
    return "Low rank, photo PSNR in dB; taps of 49 pixels a pass: 49x4 is rank 2, 49x6 is rank 3\n"
      + columns([[""] + names] + rows, leading: 1)
  }

  private var guesses: String? {
    guard !results.guesses.isEmpty else { return nil }
    let all = FitOptions.Guess.allCases
    let layout = results.guesses[0].layout?.description ?? ""
    let pairs = results.guesses.map { [$0.kernel, $0.rival.rawValue] }
      .reduce(into: [[String]]()) { if !$0.contains($1) { $0.append($1) } }
    let rows = pairs.map { pair in
      let rows = results.guesses.filter { [$0.kernel, $0.rival.rawValue] == pair }
      return [pair[0], rows[0].rival.description] + all.map { guess in cell(rows.first { $0.guess == guess }) }
    }
    return "Where the search starts, \(layout), photo PSNR in dB; the curves are in the JSON\n"
      + columns([["kernel", "rival"] + all.map(\.rawValue)] + rows, leading: 2)
  }

  private var details: String {
    let header = [
      "kernel", "layout", "rival", "dB", "worst dB", "L2 error", "L1 error", "noise gain", "taps", "multiply-adds",
      "CPU s",
    ]
    let rows = results.rows.filter { !$0.runs.isEmpty }.map { row in
      [row.kernel, row.layout?.description ?? "", row.rival.description] + figures([row])
    }
    return "All rows\n" + columns([header] + rows, leading: 3)
  }

  private var notes: String {
    let moves = suite.tempering.iterations
    return """
      ours integer: whole offsets, one multiply-add a tap, as many taps as the layout has; the fit finds the layers.
      ours bilinear: the layout itself. Both with effort \(suite.effort.name), from the mass guess.
      DISK: the paper's recipe, 1000 gradient steps from sparse sampling, bilinear taps.
      PST: parallel tempering as the paper ran it, \(moves) iterations of \(suite.tempering.replicas) replicas, each an evaluation of the energy,
      bilinear taps; PST/10: a tenth of the iterations, as many as DISK has steps, and about as many seconds.
      Where PST is above DISK on photographs it has worked longer (CPU s above), and on another loss: it minimizes the
      squared error of the kernel (L2), which tells more of photographs than DISK's Charbonnier loss does (nearly L1).
      low rank: the rank that the taps allow, but at least one term, which has more taps than small layouts.
      """
  }
}
