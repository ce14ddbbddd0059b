import FewtapCore
import FewtapTargets
import Testing

/// Families in words.
@Suite struct KernelFamilyTests {
  @Test func `a range makes an axis of the parameter's name and unit`() throws {
    let family = try KernelFamily("disk:radius=0...24")
    #expect(family.axes == [ParameterAxis(name: "radius", unit: "px", range: 0...24)])
    for radius in [0.5, 7.3, 24] {
      #expect(try family.kernel(at: [radius]).values == Kernel.disk(radius: radius).values)
    }
  }

  @Test func `a length of 0 is a single pixel, and values outside are the ends`() throws {
    for text in ["disk:radius=0...24", "star:radius=0...22,inner=32%", "ring:radius=0...20,inner=60%"] {
      let family = try KernelFamily(text)
      let least = try family.kernel(at: [0])
      #expect(least.supportCount == 1 && abs(least.sum - 1) <= 0x1p-50, "\(text)")
      #expect(try family.kernel(at: [-5]) == least)
      let largest = family.axes[0].range.upperBound
      #expect(try family.kernel(at: [largest + 7]) == family.kernel(at: [largest]))
    }
  }

  @Test func `motion is the line, its angle coming around after half a turn`() throws {
    let family = try KernelFamily("motion:length=1...24,angle=0...180")
    #expect(
      family.axes == [
        ParameterAxis(name: "length", unit: "px", range: 1...24),
        ParameterAxis(name: "angle", unit: "degrees", range: 0...180, isPeriodic: true),
      ])
    #expect(try family.kernel(at: [12, 30]).values == Kernel.line(length: 12, angle: 30).values)
    #expect(try family.kernel(at: [12, 210]) == family.kernel(at: [12, 30]))
    #expect(try family.kernel(at: [12, -150]) == family.kernel(at: [12, 30]))
  }

  @Test(arguments: [
    ("motion:length=1...24,angle=0...90", 1, false), ("star:radius=4...22,inner=32%,rotation=0...90", 1, true),
    ("star:points=5,radius=4...22,inner=32%,rotation=0...90", 1, false), ("star:points=5,rotation=0...72", 0, true),
    ("polygon:blades=6,rotation=-30...30", 0, true), ("line:angle=0...360", 0, true),
    // At the middle radius this ellipse is a circle, which no angle changes.
    ("ellipse:radius-x=5...15,radius-y=10,angle=0...90", 1, false),
    ("ellipse:radius-x=5...15,radius-y=10,angle=0...180", 1, true),
  ])
  func `an angle is periodic if the kernel comes back to itself`(text: String, axis: Int, expected: Bool) throws {
    #expect(try KernelFamily(text).axes[axis].isPeriodic == expected)
  }

  @Test func `a percentage follows the first length with a range`() throws {
    let family = try KernelFamily("star:radius=4...22,inner=32%,rotation=0...90")
    for (radius, rotation) in [(4.0, 10.0), (10, 45), (22, 80)] {
      let star = try Kernel.star(points: 4, radius: radius, inner: 0.32 * radius, rotation: rotation)
      #expect(try family.kernel(at: [radius, rotation]).values == star.values)
    }
    let box = try KernelFamily("box:width=3...9,height=50%")
    #expect(try box.kernel(at: [7]).values == Kernel.box(width: 7, height: 3.5).values)
  }

  @Test func `numbers without a unit may have ranges`() throws {
    let family = try KernelFamily("psf:coma=-0.5...0.5,defocus=0...1,size=31")
    #expect(family.axes.map(\.name) == ["coma", "defocus"])
    #expect(try family.kernel(at: [0.25, 0.5]).width == 31)
    #expect(try KernelFamily("polygon:curvature=0...1").axes[0].unit == "")
  }

  @Test func `spaces do not matter`() throws {
    let family = try KernelFamily(" star : radius = 4 ... 22 , inner = 32 % ")
    #expect(family.axes[0].range == 4...22)
  }

  @Test func `a family may be a closure`() throws {
    let family = KernelFamily(name: "mine", axes: [ParameterAxis(name: "radius", range: 1...5)]) { point in
      try Kernel.disk(radius: point[0])
    }
    try family.checkMembers()
    #expect(try family.kernel(at: [9]) == Kernel.disk(radius: 5))
  }
}

/// What is no family, and how that is said.
@Suite struct KernelFamilyErrorTests {
  private static let lengths = "a number in 0.01...512 px"

  @Test(arguments: [
    ("disk", TargetError.notAFamily(kernel: "disk", "disk")),
    ("disk:radius=5", .notAFamily(kernel: "disk", "disk:radius=5")),
    ("disc:radius=0...5", .unknownKernel("disc", nearest: "disk")), ("", .unknownKernel("", nearest: nil)),
    ("disk:r=0...5", .unknownParameter(kernel: "disk", "r", known: ["radius", "size"])),
    ("disk:radius=0...5,radius=7", .duplicateParameter(kernel: "disk", "radius")),
    ("star:inner=5,inner=50%,radius=9...20", .duplicateParameter(kernel: "star", "inner")),
    ("disk:radius", .notAnAssignment(kernel: "disk", "radius")),
    ("disk:radius=0...5,", .notAnAssignment(kernel: "disk", "")),
    ("disk:radius=0...513", .outOfRange(kernel: "disk", parameter: "radius", value: 513, expected: lengths)),
    ("disk:radius=-1...5", .outOfRange(kernel: "disk", parameter: "radius", value: -1, expected: lengths)),
    (
      "line:angle=0...720,length=9",
      .outOfRange(kernel: "line", parameter: "angle", value: 720, expected: "a number in -360...360 degrees")
    ),
    (
      "delta:size=1...9",
      .malformed(
        kernel: "delta", parameter: "size", text: "1...9", expected: "an odd number in 1...1025 px, not a range")
    ),
    (
      "disk:radius=0...5,size=8",
      .outOfRange(kernel: "disk", parameter: "size", value: 8, expected: "an odd number in 1...1025 px")
    ),
    (
      "star:inner=50%,rotation=0...90",
      .contradiction(kernel: "star", "a percentage needs a length with a range")
    ),
    ("star:inner=120%,radius=5...9", .contradiction(kernel: "star", "the inner radius must be less than the radius")),
    ("disk:radius=0...20,size=31", .cutOff(kernel: "disk", size: 31, needed: 41)),
    (
      "polygon:blades=3...6",
      .malformed(
        kernel: "polygon", parameter: "blades", text: "3...6", expected: "a whole number in 3...64, not a range")
    ),
    (
      "ellipse:radius-x=5,radius-y=5,angle=0...90",
      .constantParameter(kernel: "ellipse:radius-x=5,radius-y=5,angle=0...90", parameter: "angle")
    ),
    (
      "psf:strut-angle=0...90,size=9",
      .constantParameter(kernel: "psf:strut-angle=0...90,size=9", parameter: "strut-angle")
    ),
  ])
  func specifications(text: String, expected: TargetError) {
    #expect(throws: expected) { try KernelFamily(text) }
  }

  @Test(arguments: [[], [3], [3, 4, 5]])
  func `a point of other than one value a parameter is refused`(point: [Double]) throws {
    let family = try KernelFamily("motion:length=1...24,angle=0...180")
    let error = TargetError.pointCount(family: family.name, found: point.count, names: ["length", "angle"])
    #expect(throws: error) { try family.kernel(at: point) }
    #expect("\(error)".contains("length, angle"))
  }

  @Test(arguments: ["5...5", "9...5", "...5", "5...", "0x1...5", "nan...5", "0...inf", "1...2...3", "a...b"])
  func `a range is two ascending numbers`(range: String) {
    #expect(
      throws: TargetError.malformed(
        kernel: "disk", parameter: "radius", text: range, expected: "two ascending numbers a...b, or one number")
    ) { try KernelFamily("disk:radius=\(range)") }
  }

  @Test(arguments: ["0%", "-5%", "%", "x%", "nan%"])
  func `a percentage is above 0`(text: String) {
    #expect(
      throws: TargetError.malformed(
        kernel: "star", parameter: "inner", text: text, expected: "a length's percentage above 0")
    ) { try KernelFamily("star:radius=4...22,inner=\(text)") }
    #expect(throws: TargetError.self) { try KernelFamily("star:radius=4...22,rotation=50%") }
  }

  @Test func `a family of a closure is held to what it says`() {
    func family(_ axes: [ParameterAxis]) -> KernelFamily {
      KernelFamily(name: "mine", axes: axes) { try Kernel.line(length: 9, angle: $0[0]) }
    }
    let angle = ParameterAxis(name: "angle", unit: "degrees", range: 0...90, isPeriodic: true)
    #expect(throws: TargetError.endsDiffer(kernel: "mine", parameter: "angle", low: 0, high: 90)) {
      try family([angle]).checkMembers()
    }
    let unused = ParameterAxis(name: "unused", range: 0...1)
    #expect(throws: TargetError.constantParameter(kernel: "mine", parameter: "unused")) {
      try family([ParameterAxis(name: "angle", range: 0...90), unused]).checkMembers()
    }
    for axes in [[], Array(repeating: unused, count: 5), [ParameterAxis(name: "angle", range: 3...3)]] {
      #expect(throws: TargetError.self) { try family(axes).checkMembers() }
    }
    let failing = KernelFamily(name: "failing", axes: [ParameterAxis(name: "radius", range: 0...1)]) {
      try Kernel.disk(radius: $0[0])
    }
    #expect(
      throws: TargetError.outOfRange(
        kernel: "disk", parameter: "radius", value: 0, expected: "a number in 0.01...512 px")
    ) { try failing.checkMembers() }
  }
}
