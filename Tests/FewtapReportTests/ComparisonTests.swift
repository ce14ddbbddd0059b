import FewtapBaselines
import FewtapCore
import FewtapEngine
import FewtapReport
import FewtapTargets
import Testing

/// Contenders made and measured on small planes.
@Suite struct ComparisonTests {
  private func options(_ contenders: [String]) throws -> ComparisonRun.Options {
    var options = ComparisonRun.Options()
    options.contenders = try contenders.map { try Contender($0) }
    options.timedSize = (96, 64)
    (options.rounds, options.effort) = (2, .fast)
    return options
  }

  private func scene(_ name: String = "noise", channels: Int = 1, alphaIndex: Int? = nil) throws -> ComparisonRun.Scene
  {
    var random = SeededGenerator(seed: 5)
    let planes = try (0..<channels).map { _ in
      try Plane(width: 60, height: 50, values: (0..<3000).map { _ in Float(random.unit()) })
    }
    return ComparisonRun.Scene(name: name, image: try Image(planes: planes, alphaIndex: alphaIndex))
  }

  private func measured(_ row: Comparison.Row) throws -> Comparison.Measured {
    guard case .measured(let measured) = row.outcome else {
      Issue.record("\(row)")
      throw ComparisonError.insetTooLarge(0, width: 0, height: 0)
    }
    return measured
  }

  /// What a row tells is what its filter does to the image.
  @Test func rowsTellWhatFiltersDo() throws {
    let kernel = try KernelSpecification("disk:radius=4").makeKernel()
    let scene = try scene(channels: 3)
    let run = ComparisonRun(
      kernel, scenes: [scene], try options(["fewtap:24", "low-rank:2", "kawase", "dense", "fft"]))
    let comparison = try run.run()
    #expect(comparison.rows.map(\.name) == ["fewtap 24 integer", "low rank 2", "Kawase", "dense", "FFT in Double"])
    #expect(comparison.rows.map(\.side) == [.ours, .rival, .rival, .exact, .exact])
    #expect(comparison.images.map(\.channels) == [3] && comparison.trueCrops.count == 2)
    for row in comparison.rows {
      let m = try measured(row)
      var planes: [Plane<Float>] = []
      var truths: [Plane<Float>] = []
      for plane in scene.image.planes {
        planes.append(try m.result.filter.apply(toPlane: plane, options: ApplyOptions(border: .mirror)))
        truths.append(try DenseApply(kernel).apply(toPlane: plane, options: ApplyOptions(border: .mirror)))
      }
      let psnr = try ImageComparison(Image(planes: planes), reference: Image(planes: truths)).psnr
      if row.side == .exact {
        // Rounding of Float is all there is.
        #expect(m.photoMean > 120 && psnr > 120 && m.highlights.psnr > 90)
      } else {
        #expect(abs(m.photoMean - psnr) < 0.01, "\(row.name): \(m.photoMean), \(psnr)")
      }
      #expect(m.images.count == 1 && m.photoWorst == m.photoMean && m.crops.count == 2)
      #expect(m.time.median > 0 && m.crops[0].image.width == 60 && m.crops[0].image.planes.count == 3)
      let sum = try #require(m.moments.sumRatio)
      #expect(abs(sum - 1) < 1e-6)
    }
    // Ours beats a blur that knows only the kernel's width, on photographs: the image is noise.
    let predicted = try comparison.rows.map { try measured($0).result.accuracy.photo.mean }
    #expect(predicted[0] > predicted[2], "\(predicted)")
  }

  @Test func withoutAnImageErrorsArePredicted() throws {
    let kernel = try KernelSpecification("disk:radius=4").makeKernel()
    let comparison = try ComparisonRun(kernel, scenes: [], try options(["low-rank:2"])).run()
    let m = try measured(comparison.rows[0])
    #expect(m.photoMean == m.result.accuracy.photo.mean && m.photoWorst == m.result.accuracy.photo.worst)
    #expect(m.ssim == nil && m.flip == nil && m.crops.count == 1 && m.highlights.psnr.isFinite)
  }

  /// Who cannot stays in the table and says why, without repeating the name.
  @Test func refusalsStay() throws {
    let kernel = try KernelSpecification("star:points=4,radius=8,inner=3").makeKernel()
    let comparison = try ComparisonRun(
      kernel, scenes: [], try options(["complex-disk:2", "box", "recursive-gaussian", "kawase"])
    ).run()
    let reasons = comparison.rows.map { row in
      if case .cannot(let reason) = row.outcome { reason } else { "" }
    }
    #expect(reasons[0].hasPrefix("disks only") && reasons[1].hasPrefix("Gaussians along") && reasons[2] == reasons[1])
    #expect(reasons[3].isEmpty && comparison.rows.count == 4)
  }

  @Test func figuresDoNotDependOnThreads() throws {
    let kernel = try KernelSpecification("heart:size=15").makeKernel()
    var options = try options(["fewtap:24", "fewtap:40dB", "paper:6x2", "low-rank:1"])
    let one = try ComparisonRun(kernel, scenes: [try scene()], options).run()
    options.threads = 3
    let three = try ComparisonRun(kernel, scenes: [try scene()], options).run()
    for (a, b) in zip(one.rows, three.rows) {
      let (a, b) = (try measured(a), try measured(b))
      #expect(
        a.result.effectiveKernel == b.result.effectiveKernel && a.images == b.images && a.highlights == b.highlights)
    }
  }

  /// Colors count as light: multiplied by alpha, which is left out.
  @Test func alphaIsTakenIntoTheColors() throws {
    let kernel = try KernelSpecification("disk:radius=3").makeKernel()
    let comparison = try ComparisonRun(
      kernel, scenes: [try scene(channels: 2, alphaIndex: 1)], try options(["low-rank:1"])
    ).run()
    #expect(comparison.images[0].channels == 1)
  }

  @Test func aRequestToStopIsHeard() throws {
    let kernel = try KernelSpecification("disk:radius=3").makeKernel()
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: ApplyError.cancelled) {
      try ComparisonRun(kernel, scenes: [], options(["low-rank:1"])).run(cancellation: cancellation)
    }
  }
}
