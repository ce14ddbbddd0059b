import FewtapCore
import FewtapTargets
import TestSupport
import Testing

/// Families through measured kernels.
@Suite struct MeasuredFamilyTests {
  private func kernel(_ values: [Double], center: Int? = nil) throws -> Kernel {
    try Kernel(
      name: "k", values: Plane(width: values.count, height: 1, values: values),
      center: center.map { PixelOffset(x: $0, y: 0) })
  }

  private func grid(_ radii: [Double] = [1, 2, 5], _ angles: [Double] = [0, 30]) throws -> MeasuredKernels {
    // Any order will do.
    let points = radii.flatMap { radius in angles.map { [radius, $0] } }.reversed()
    return MeasuredKernels(
      axes: [("radius", "px"), ("angle", "degrees")],
      members: try points.map { ($0, try Kernel.line(length: 3 * $0[0], angle: $0[1])) })
  }

  @Test func `its axes are the values' ranges, and a measured kernel is itself`() throws {
    let family = try KernelFamily(name: "mine", measured: grid())
    #expect(
      family.axes == [
        ParameterAxis(name: "radius", unit: "px", range: 1...5),
        ParameterAxis(name: "angle", unit: "degrees", range: 0...30),
      ])
    for member in try grid().members {
      let kernel = try family.kernel(at: member.point)
      #expect(kernel.isEqual(to: member.kernel) && abs(kernel.sum - 1) <= gamma(kernel.supportCount))
    }
  }

  @Test func `between measured kernels it is linear, centers on centers`() throws {
    let measured = MeasuredKernels(
      axes: [("x", "")],
      members: [
        ([0], try kernel([0, 1, 3], center: 2)), ([2], try kernel([4, 0, 8], center: 0)), ([6], try kernel([2])),
      ])
    let family = try KernelFamily(name: "mine", measured: measured)
    let half = try family.kernel(at: [0.5])
    // Offsets -1...2: three quarters of 1, 3 at -1, 0 and a quarter of 4, 8 at 0, 2.
    #expect(half.center == PixelOffset(x: 1, y: 0) && half.values.values == [0.75, 3.25, 0, 2])
    #expect(try family.kernel(at: [5]).values.values == [2.5, 0, 2])
    #expect(try family.kernel(at: [99]) == family.kernel(at: [6]))
  }

  @Test func `what is no grid is refused, with what is missing`() throws {
    func expect(_ words: String, _ measured: MeasuredKernels) {
      let error = #expect(throws: TargetError.self) { try KernelFamily(name: "mine", measured: measured) }
      #expect(error?.description.contains(words) == true, "\(words): \(String(describing: error))")
    }
    var measured = try grid()
    measured.members.remove(at: 1)
    expect("none at radius 5, angle 0 (5 of 6 are there)", measured)
    measured = try grid()
    measured.members.append(measured.members[0])
    expect("two kernels at radius 5, angle 30", measured)
    measured = try grid()
    measured.members[2].point = [1]
    expect("one finite number for each parameter", measured)
    measured.members[2].point = [1, .nan]
    expect("one finite number for each parameter", measured)
    expect("angle has one value", try grid([1, 2], [7]))
    expect("no value", MeasuredKernels(axes: [("x", "")], members: []))
    expect("0 parameters", MeasuredKernels(axes: [], members: []))
    let same = try kernel([1, 2, 1])
    expect("does not change", MeasuredKernels(axes: [("x", "")], members: [([0], same), ([1], same)]))
  }
}

/// Families of a picture of an aperture.
@Suite struct ApertureFamilyTests {
  /// A picture without any symmetry.
  private let picture: Plane<Double> = {
    var plane = Plane<Double>(width: 5, height: 3)
    plane.values = [0, 1, 2, 0, 1, 3, 1, 0.5, 0, 2, 0, 0, 1, 4, 0.25]
    return plane
  }()

  @Test func `not turned it is the scaled mask, of any size`() throws {
    let family = try KernelFamily(aperture: picture, name: "a.png", parameters: "size=3...41")
    #expect(family.axes == [ParameterAxis(name: "size", unit: "px", range: 3...41)])
    for size in [3, 9, 21, 41] {
      #expect(try family.kernel(at: [Double(size)]).values == Kernel.mask(picture, size: size).values)
    }
    let between = try family.kernel(at: [20.5])
    #expect(between.width == 21 && between.height == 13 && abs(between.sum - 1) <= gamma(273))
  }

  @Test func `turned by a quarter it is the turned picture`() throws {
    var turned = Plane<Double>(width: 3, height: 5)
    for y in 0..<3 {
      for x in 0..<5 { turned[y, 4 - x] = picture[x, y] }
    }
    let family = try KernelFamily(aperture: picture, name: "a.png", parameters: "size=5...21, rotation=-360...360")
    #expect(family.axes[1] == ParameterAxis(name: "rotation", unit: "degrees", range: -360...360, isPeriodic: true))
    for size in [9, 21] {
      let expected = try Kernel.mask(turned, size: size)
      let kernel = try family.kernel(at: [Double(size), 90])
      #expect(kernel.width == expected.width && kernel.height == expected.height)
      // 15 squares of 4 edges at coordinates up to 11, whose rounding areas inherit; weights up to 4 before the sum is 1.
      let tolerance = gamma(200) * 11 * 4
      for (found, wanted) in zip(kernel.values.values, expected.values.values) {
        #expect(abs(found - wanted) <= tolerance)
      }
    }
  }

  @Test func `a number in place of a range is fixed`() throws {
    let family = try KernelFamily(aperture: picture, name: "a.png", parameters: "rotation=0...90,size=9")
    #expect(family.axes.map(\.name) == ["rotation"])
    #expect(try family.kernel(at: [0]).values == Kernel.mask(picture, size: 9).values)
  }

  @Test(arguments: [
    ("size=9", "not a family"), ("rotation=0...90", "no size"), ("size=9...3", "ascending"),
    ("size=3...x", "ascending"),
    ("size=0...9", "1...512"), ("size=3...900", "1...512"), ("radius=3...9", "no parameter"), ("size", "assignment"),
    ("", "assignment"), ("size=3...9,size=4", "twice"), ("size=3...9,rotation=0...720", "-360...360"),
  ])
  func `parameters that cannot be are refused`(text: String, words: String) {
    let error = #expect(throws: TargetError.self) {
      try KernelFamily(aperture: picture, name: "a.png", parameters: text)
    }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test func `pictures that are no aperture are refused`() {
    for bad in [-1.0, .nan, .infinity] {
      var plane = picture
      plane.values[4] = bad
      #expect(throws: TargetError.self) { try KernelFamily(aperture: plane, name: "a", parameters: "size=3...9") }
    }
    let black = Plane<Double>(width: 4, height: 4)
    #expect(throws: TargetError.kernel(.allZero)) {
      try KernelFamily(aperture: black, name: "a", parameters: "size=3...9")
    }
  }
}
