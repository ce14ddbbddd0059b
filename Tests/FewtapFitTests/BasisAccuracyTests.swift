import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapSynthesis
import FewtapTargets
import Foundation
import TestSupport
import Testing

@Suite("The accuracy of a basis between its knots is what filtering and blending give")
struct BasisAccuracyTests {
  /// A family of disks, and filters for some of them at several rates, each fitted alone.
  private static func basis() throws -> (FilterBasis, KernelFamily) {
    let family = try KernelFamily("disk:radius=5...14")
    let knots: [(radius: Double, rate: Resampling)] = [
      (8, Resampling(factor: 2, prefilter: .linear, interpolator: .quadratic)),
      (11, Resampling(factor: 4, prefilter: .linear, interpolator: .quadratic)), (14, Resampling(factor: 4)),
    ]
    var filters = [SparseFilter(chain: TapChain(model: .integer, layers: [try layer(of: Kernel.disk(radius: 5))]))]
    for knot in knots { filters.append(try ClosedFit(try Kernel.disk(radius: knot.radius), rate: knot.rate).dense()) }
    let axis = KnotAxis(family.axes[0], knots: [5] + knots.map(\.radius))
    return (FilterBasis(interpolation: .outputs, axes: [axis], filters: filters), family)
  }

  private static func layer(of kernel: Kernel) -> TapLayer {
    var taps: [Tap] = []
    kernel.forEachOffset { x, y, weight in
      if weight != 0 { taps.append(Tap(x: Double(x), y: Double(y), weight: weight)) }
    }
    return TapLayer(taps)
  }

  /// Halfway between rates 1 and 1/2, 1/2 and 1/4, and between two pairs of splines at 1/4.
  private static let points = [6.5, 9.5, 12.5]

  /// A point of light at every phase, seen through the mixture: exact but for rounding.
  @Test("the error of a point of light, over all phases", arguments: points)
  func pointLight(radius: Double) throws {
    let (basis, family) = try Self.basis()
    let kernel = try family.kernel(at: [radius])
    let grid = GridTransform(minimumSize: 2 * (basis.bounds.reach + 1))
    let (target, mixture, period) = (grid.place(kernel), try basis.mixture(at: [radius]), 4)
    var square = 0.0
    for y in 0..<period {
      for x in 0..<period {
        var difference = target.map { -$0 }
        for (filter, weight) in mixture {
          let phase = grid.place(try basis.filters[filter].phaseKernel(x: x, y: y))
          for index in difference.indices { difference[index] += weight * phase[index] }
        }
        square += difference.reduce(0) { $0 + $1 * $1 } / Double(period * period)
      }
    }
    let error = (square / target.reduce(0) { $0 + $1 * $1 }).squareRoot()
    let accuracy = try BasisAccuracy(of: basis, against: family, at: [[radius]])
    // The aliasing's share is a difference of sums over the grid of squares about 1.
    #expect(abs(accuracy.relativeError - error) <= gamma(grid.size * grid.size) / error)
    #expect(accuracy.points[0].parameters == [radius])
  }

  /// Images whose power spectra are exactly the photographs', filtered by each knot and blended.
  @Test("PSNR on photographs", arguments: points)
  func photographs(radius: Double) throws {
    let (basis, family) = try Self.basis()
    let grid = GridTransform(minimumSize: 240)
    let target = grid.forward(grid.place(try family.kernel(at: [radius])))
    let measured = try PhotoSpectrum.quarters(side: grid.size).enumerated().map { index, density in
      let pixels = grid.image(density, seed: UInt64(index) + 1)
      let plane = try Plane(width: grid.size, height: grid.size, values: pixels)
      let truth = grid.inverse(grid.product(grid.forward(pixels), target))
      var blended = truth.map { -$0 }
      for (filter, weight) in try basis.mixture(at: [radius]) {
        let filtered = try ReferenceApply.apply(basis.filters[filter], to: plane, border: .wrap)
        for index in blended.indices { blended[index] += weight * filtered.values[index] }
      }
      return -10 * log10(blended.reduce(0) { $0 + $1 * $1 } / Double(blended.count))
    }
    let accuracy = try BasisAccuracy(of: basis, against: family, at: [[radius]])
    // As in RateAccuracyTests: where aliases meet, the phases of one image chance to add or to cancel.
    #expect(abs(measured.reduce(0, +) / Double(measured.count) - accuracy.photoPSNR) < 0.15)
  }

  @Test("at a knot it is the filter's own accuracy")
  func knots() throws {
    let (basis, family) = try Self.basis()
    for (index, radius) in basis.axes[0].knots.enumerated().dropFirst() {
      let own = try FilterAccuracy(of: basis.filters[index], against: try family.kernel(at: [radius]))
      let accuracy = try BasisAccuracy(of: basis, against: family, at: [[radius]])
      // The two sample the spectra of aliasing on different grids.
      #expect(abs(accuracy.photoPSNR - own.photo.mean) < 0.1)
    }
    let exact = try BasisAccuracy(of: basis, against: family, at: [[5]])
    #expect(exact.worst.photoPSNR > BasisAccuracy.exact && exact.photoPSNR == 300)
  }

  @Test("an offsets basis is measured by its interpolated filter")
  func offsets() throws {
    let family = try KernelFamily("disk:radius=2...4")
    let filters = [2.0, 4].map { radius in
      SparseFilter(
        chain: TapChain(
          model: .bilinear,
          layers: [
            TapLayer(
              (0..<12).map { k in
                let angle = Double(k) * .pi / 6
                return Tap(x: 0.7 * radius * cos(angle), y: 0.7 * radius * sin(angle), weight: 1.0 / 12)
              })
          ]))
    }
    let basis = FilterBasis(
      interpolation: .offsets, axes: [KnotAxis(family.axes[0], knots: [2, 4])], filters: filters)
    let accuracy = try BasisAccuracy(of: basis, against: family, at: [[2.5], [3]])
    for (point, radius) in zip(accuracy.points, [2.5, 3]) {
      let own = try FilterAccuracy(
        of: basis.interpolatedFilter(at: [radius]), against: try family.kernel(at: [radius]))
      #expect(point.photoPSNR == own.photo.mean && point.relativeError == own.relativeError)
    }
    #expect(accuracy.worst.photoPSNR == accuracy.points.map(\.photoPSNR).min())
    #expect(accuracy.relativeError == accuracy.points.map(\.relativeError).max())
  }

  @Test("rates without a common grid, and points of another number of parameters, are refused")
  func refusals() throws {
    var (basis, family) = try Self.basis()
    #expect(throws: BasisFitError.wrongAxisCount(2, ["radius"])) {
      try BasisAccuracy(of: basis, against: family, at: [[6, 7]])
    }
    basis.filters[1].rate?.factor = 7
    #expect(throws: BasisFitError.badRates([1, 4, 4, 7])) { try BasisAccuracy(of: basis, against: family) }
    basis.filters[1].chain.layers[0].taps[0].weight = .nan
    #expect(throws: FilterError.self) { try BasisAccuracy(of: basis, against: family) }
  }
}
