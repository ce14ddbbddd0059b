import Fewtap
import Foundation

/// What a kernel is: size, sum, support, moments, hash.
struct KernelReport: Report {
  let kernel: Kernel
  let output: String?
  let isShown: Bool

  var json: [(String, JSON)] {
    let (bounds, moments) = (kernel.supportBounds, kernel.moments)
    return [
      ("command", .string("kernel")), ("output", .string(output)), ("name", .string(kernel.name)),
      ("width", .integer(kernel.width)), ("height", .integer(kernel.height)),
      ("center", .array([.integer(kernel.center.x), .integer(kernel.center.y)])), ("sum", .number(kernel.sum)),
      ("absoluteSum", .number(kernel.absoluteSum)), ("minimum", .number(kernel.values.values.min() ?? .nan)),
      ("maximum", .number(kernel.values.values.max() ?? .nan)), ("support", .integer(kernel.supportCount)),
      ("supportBounds", bounds.json), ("radius", .integer(kernel.radius)),
      ("centroid", .array([.number(moments.centroidX), .number(moments.centroidY)])),
      ("variance", .array([.number(moments.varianceX), .number(moments.varianceY)])),
      ("covariance", .number(moments.covariance)), ("sha256", .string(kernel.sha256)),
    ]
  }

  var text: String {
    let (bounds, moments) = (kernel.supportBounds, kernel.moments)
    let rows: [(label: String, value: String)] =
      [
        ("size", "\(kernel.width)x\(kernel.height), center \(kernel.center.x),\(kernel.center.y)"),
        ("sum", kernel.isZeroSum ? "0" : significant(kernel.sum, 6)),
        (
          "support",
          "\(kernel.supportCount) pixels, x \(bounds.minX)...\(bounds.maxX), y \(bounds.minY)...\(bounds.maxY), radius "
            + "\(kernel.radius)"
        ),
        ("centroid", "\(fixed(moments.centroidX, 3)), \(fixed(moments.centroidY, 3)) px from the center"),
        (
          "variance",
          "\(fixed(moments.varianceX, 2)), \(fixed(moments.varianceY, 2)) px^2, covariance \(fixed(moments.covariance, 2))"
        ),
        ("sha256", kernel.sha256),
      ] + (output.map { [("written to", $0)] } ?? [])
    let art = isShown ? KernelArt(kernel, columns: Console.width(of: STDOUT_FILENO)).text + "\n" : ""
    return art + "\(kernel.name)\n" + aligned(rows)
  }
}
