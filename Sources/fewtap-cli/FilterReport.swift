import Fewtap

/// What a filter file holds.
struct FilterReport: Report {
  let filter: SparseFilter
  let name: String
  /// The error against the kernel itself; nil if that could not be made again.
  let recomputed: FilterAccuracy?
  let listsTaps: Bool

  private var dense: Int? { filter.kernel.map { $0.width * $0.height } }

  /// The recomputed error, or the file's.
  private var error: ErrorFigures? {
    recomputed.map { ErrorFigures($0, of: filter) } ?? filter.fit.map { ErrorFigures($0) }
  }

  var json: [(String, JSON)] {
    let bounds = filter.bounds
    return [("command", .string("info")), ("filter", .string(name)), ("kernel", filter.kernel?.json ?? .null)]
      + filter.costJSON(dense: dense) + [
        ("layers", .array(filter.chain.layers.map(layerJSON))), ("bounds", bounds.json),
        ("halo", .integer(bounds.reach)), ("gain", .number(filter.gain)),
        ("sum", .number(filter.chain.sum * filter.gain)), ("noiseGain", .number(filter.chain.noiseGain)),
        ("errorFrom", .string(error == nil ? nil : recomputed == nil ? "file" : "kernel")),
      ] + ErrorFigures.json(error) + [
        ("objective", .string(filter.fit?.objective)), ("recipe", .string(filter.fit?.recipe)),
        ("effort", .string(filter.fit?.effort)), ("seed", filter.fit.map { .unsigned($0.seed) } ?? .null),
        ("termination", .string(filter.fit?.termination)),
      ]
  }

  var text: String {
    let bounds = filter.bounds
    var rows: [(label: String, value: String)] = [("kernel", kernelText)]
    rows += filter.costRows(dense: dense)
    rows += [
      (
        "reach", "x \(bounds.minX)...\(bounds.maxX), y \(bounds.minY)...\(bounds.maxY), halo \(bounds.reach) px"
      ),
      ("sum", significant(filter.chain.sum * filter.gain, 10)), ("noise gain", fixed(filter.chain.noiseGain, 2)),
    ]
    if let error {
      rows += error.rows + [("", recomputed == nil ? "as the file says" : "computed anew against the kernel")]
    }
    if let fit = filter.fit {
      rows.append(
        (
          "fitted",
          "recipe \(legible(fit.recipe)), objective \(legible(fit.objective)), effort \(legible(fit.effort)), "
            + "seed \(fit.seed), \(legible(fit.termination))"
        ))
    }
    let layers = filter.chain.layers.enumerated().map { index, layer in
      "  layer \(index + 1): \(layer.taps.count) taps, reach \(significant(layer.reach)) \(filter.rate == nil ? "" : "low-rate ")px, sum "
        + "\(significant(layer.sum, 6)), noise gain \(fixed(layer.absoluteSum, 3))" + tapText(layer)
    }
    return "\(name)\n" + aligned(rows) + "\n" + layers.joined(separator: "\n")
  }

  private var kernelText: String {
    guard let kernel = filter.kernel else { return "unknown" }
    return "\(legible(kernel.name)), \(kernel.width)x\(kernel.height), center \(kernel.center.x),\(kernel.center.y)"
  }

  private func tapText(_ layer: TapLayer) -> String {
    guard listsTaps else { return "" }
    return layer.taps.map { "\n    \(significant($0.x, 6)) \(significant($0.y, 6)) \($0.weight)" }.joined()
  }

  private func layerJSON(_ layer: TapLayer) -> JSON {
    var fields: [(String, JSON)] = [
      ("taps", .integer(layer.taps.count)), ("multiplyAdds", .integer(layer.mergedIntegerTaps().count)),
      ("bounds", layer.bounds.json), ("sum", .number(layer.sum)), ("noiseGain", .number(layer.absoluteSum)),
    ]
    if listsTaps {
      fields.append(
        ("list", .array(layer.taps.map { .array([.number($0.x), .number($0.y), .number($0.weight)]) })))
    }
    return .object(fields)
  }
}

extension OffsetBounds {
  var json: JSON {
    .object([
      ("minX", .integer(minX)), ("maxX", .integer(maxX)), ("minY", .integer(minY)), ("maxY", .integer(maxY)),
    ])
  }
}
