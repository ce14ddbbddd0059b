import FewtapCore

public struct MomentsKept: Equatable, Sendable {
  public var sumRatio: Double?
  public var shiftX: Double?
  public var shiftY: Double?
  public var varianceRatioX: Double?
  public var varianceRatioY: Double?
  init(of kernel: Kernel, against target: Kernel) throws {}
}

struct HighlightScene {
  let image: Image
  init(for kernel: Kernel) {
    var plane = Plane<Float>(width: 384, height: 384, repeating: 0.05)
    for i in 0..<16 { plane[40 + (i % 4) * 97, 40 + (i / 4) * 97] = 1000 }
    image = Image(sameSizePlanes: [plane])
  }
}
